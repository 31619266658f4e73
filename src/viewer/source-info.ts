/** A source of the server, as `/v1/sources` has it, and how it fares. */

import type { Range } from "./time.ts";

export interface SourceInfo {
  readonly source: string;
  readonly kind: "live" | "recorded";
  readonly state: string;
  /** When the state began, ISO 8601. */
  readonly since: string | null;
  /** Why, and what is tried; empty where all is well. */
  readonly message: string;
  readonly sessions: readonly string[];
  /** Of a recorded trace. */
  readonly extent: Range | undefined;
}

const WELL = /^(attached|readable)$/;

/** Whether a source brings what it has. */
export function isWell({ state }: SourceInfo): boolean {
  return WELL.test(state);
}
