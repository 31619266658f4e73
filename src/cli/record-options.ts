import type { TailOptions } from "./tail.ts";

export interface RecordOptions extends TailOptions {
  readonly to: string;
  readonly segmentSize: number;
  /** In ms. */
  readonly segmentTime?: number;
  readonly maxSize?: number;
  readonly keep?: number;
}
