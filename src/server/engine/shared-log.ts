import type { Schema } from "../../column/schema.ts";
import type { Loss } from "../../feed/losses.ts";
import type { Delivery } from "./delivery.ts";

/** What a delivery had sent when a part of its result left. */
export type Delivered = Pick<Delivery, "rows" | "batches" | "late" | "unnamedRows" | "watermarkNs">;

/** A call of a `Sink`, for each of several. */
export type Part =
  | { readonly kind: "columns"; readonly columns: Schema }
  | {
      readonly kind: "bytes";
      readonly bytes: Uint8Array;
      readonly isBatch: boolean;
      readonly delivered: Delivered;
    }
  | { readonly kind: "loss"; readonly loss: Loss }
  | { readonly kind: "note"; readonly text: string }
  | { readonly kind: "end" }
  | { readonly kind: "fail"; readonly error: unknown };

/** Bytes of results that all logs of a thread hold together. */
export interface HeldBytes {
  bytes: number;
}

/** The newest parts of a result. A part's number is the same whenever the query is run. */
export class SharedLog {
  readonly #held: HeldBytes;
  #parts: { readonly part: Part; readonly offset: number }[] = [];
  #first = 0;
  #endOffset = 0;

  constructor(held: HeldBytes) {
    this.#held = held;
  }

  /** The number of the first part that is held. */
  get first(): number {
    return this.#first;
  }

  /** The number of the next part. */
  get end(): number {
    return this.#first + this.#parts.length;
  }

  /** Bytes of the result up to here. */
  get endOffset(): number {
    return this.#endOffset;
  }

  /** Bytes that are held. */
  get bytes(): number {
    return this.#endOffset - this.offset(this.#first);
  }

  /** Bytes of the result before a part that is held, or is the next. */
  offset(number: number): number {
    return this.#parts[number - this.#first]?.offset ?? this.#endOffset;
  }

  at(number: number): Part | undefined {
    return this.#parts[number - this.#first]?.part;
  }

  add(part: Part): void {
    this.#parts.push({ part, offset: this.#endOffset });
    if (part.kind !== "bytes") return;
    this.#endOffset += part.bytes.length;
    this.#held.bytes += part.bytes.length;
  }

  /** Drops the parts before a number. */
  dropBefore(number: number): void {
    const count = Math.min(number, this.end) - this.#first;
    if (count <= 0) return;
    const before = this.bytes;
    this.#parts.splice(0, count);
    this.#first += count;
    this.#held.bytes -= before - this.bytes;
  }
}
