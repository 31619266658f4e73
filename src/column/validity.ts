/** Which rows of a column have a value: a bit each, least significant first as in Arrow, and 1 for a value. */

import { grownCopy } from "../base/grow.ts";

/** Bit `i & 7` of byte `i >> 3` is 1 where row `i` has a value; `undefined` if all have. */
export interface Validity {
  readonly validity: Uint8Array | undefined;
  readonly nullCount: number;
}

const FIRST_BYTES = 32;

/** Bits for so many rows that all have values. */
export function allValid(rows: number): Uint8Array {
  return new Uint8Array((rows + 7) >> 3).fill(0xff);
}

/** Bits for so many rows of which none has a value. */
export function allNull(rows: number): Uint8Array {
  return new Uint8Array((rows + 7) >> 3);
}

export function isValid(bits: Uint8Array, row: number): boolean {
  return (bits[row >> 3]! & (1 << (row & 7))) !== 0;
}

export function setValid(bits: Uint8Array, row: number): void {
  bits[row >> 3]! |= 1 << (row & 7);
}

export function setNull(bits: Uint8Array, row: number): void {
  bits[row >> 3]! &= ~(1 << (row & 7));
}

/** Bits for so many rows, of which some have no value; none are made where all have. */
export function validityOf(rows: number, isNull: (row: number) => boolean): Validity {
  let bits: Uint8Array | undefined;
  let nullCount = 0;
  for (let row = 0; row < rows; row++) {
    if (!isNull(row)) continue;
    bits ??= allValid(rows);
    setNull(bits, row);
    nullCount++;
  }
  return { validity: bits, nullCount };
}

/** The bits of some rows, in their order. */
export function takeValidity({ validity }: Validity, rows: Int32Array): Validity {
  if (validity === undefined) return { validity, nullCount: 0 };
  return validityOf(rows.length, (i) => !isValid(validity, rows[i]!));
}

/** The validity of the rows `[from, to)`. */
export function validityRange({ validity }: Validity, from: number, to: number): Validity {
  if (validity === undefined) return { validity, nullCount: 0 };
  return validityOf(to - from, (i) => !isValid(validity, from + i));
}

/** Keeps which rows have a value. Costs nothing until the first null. */
export class ValidityBuilder {
  #bits: Uint8Array | undefined;
  #nullCount = 0;

  /** Forgets what is known of rows from one on: at most one of them has come. */
  cut(row: number): void {
    const bits = this.#bits;
    if (bits === undefined || row >> 3 >= bits.length) return;
    if (isValid(bits, row)) return;
    setValid(bits, row);
    this.#nullCount--;
  }

  null(row: number): void {
    const needed = (row >> 3) + 1;
    if (this.#bits === undefined)
      this.#bits = new Uint8Array(Math.max(needed, FIRST_BYTES)).fill(0xff);
    if (needed > this.#bits.length) {
      const old = this.#bits.length;
      this.#bits = grownCopy(this.#bits, Uint8Array, needed).fill(0xff, old);
    }
    setNull(this.#bits, row);
    this.#nullCount++;
  }

  /** Sized to `rows`, so that bytes of rows after the last null are there too. */
  take(rows: number): { validity: Uint8Array | undefined; nullCount: number } {
    const nullCount = this.#nullCount;
    let validity = this.#bits;
    if (validity !== undefined && validity.length < (rows + 7) >> 3) {
      const old = validity.length;
      validity = grownCopy(validity, Uint8Array, (rows + 7) >> 3).fill(0xff, old);
    }
    this.#bits = undefined;
    this.#nullCount = 0;
    return { validity, nullCount };
  }
}

/** Validity of rows that are gathered from several columns. */
export class ValidityGatherer {
  #bits: Uint8Array | undefined;
  #nullCount = 0;
  readonly #capacity: number;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  append({ validity }: Validity, from: number, to: number, at: number): void {
    if (validity === undefined) return;
    for (let i = from, j = at; i < to; i++, j++) {
      if (!isValid(validity, i)) this.null(j);
    }
  }

  null(at: number): void {
    this.#bits ??= allValid(this.#capacity);
    setNull(this.#bits, at);
    this.#nullCount++;
  }

  take(): { validity: Uint8Array | undefined; nullCount: number } {
    const taken = { validity: this.#bits, nullCount: this.#nullCount };
    this.#bits = undefined;
    this.#nullCount = 0;
    return taken;
  }
}
