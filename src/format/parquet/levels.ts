/** Which rows of a row group have a value. */

import { isValid } from "../../column/validity.ts";
import { writeValidity } from "./hybrid.ts";
import { PageBytes } from "./page-bytes.ts";

export class Levels {
  rows = 0;
  nulls = 0;
  readonly #isNullable: boolean;
  #bits: Uint8Array | undefined;

  constructor(isNullable: boolean) {
    this.#isNullable = isNullable;
  }

  /** @param validity of a batch; `undefined` where all rows have a value */
  add(validity: Uint8Array | undefined, rows: number, nulls: number): void {
    const { rows: before } = this;
    this.rows += rows;
    if (nulls === 0 || validity === undefined) {
      if (this.#bits !== undefined) this.#ensure();
      return;
    }
    this.nulls += nulls;
    this.#ensure();
    const bits = this.#bits!;
    if ((before & 7) === 0) {
      bits.set(validity.subarray(0, (rows + 7) >> 3), before >> 3);
      // Rows to come have values until they say otherwise.
      if ((rows & 7) !== 0) bits[(before + rows) >> 3]! |= 0xff << (rows & 7);
      return;
    }
    for (let row = 0; row < rows; row++) {
      if (isValid(validity, row)) continue;
      const at = before + row;
      bits[at >> 3]! &= ~(1 << (at & 7));
    }
  }

  /** The levels of some rows, from a multiple of eight on; none where every row of the column must have a value. */
  write(from: number, to: number): PageBytes {
    const out = new PageBytes(64);
    if (this.#isNullable) writeValidity(out, this.#bits, from, to);
    return out;
  }

  /** How many of some rows have a value. */
  valuesIn(from: number, to: number): number {
    const bits = this.#bits;
    if (bits === undefined) return to - from;
    let count = 0;
    for (let row = from; row < to; row++) count += (bits[row >> 3]! >> (row & 7)) & 1;
    return count;
  }

  clear(): void {
    this.rows = 0;
    this.nulls = 0;
    this.#bits = undefined;
  }

  #ensure(): void {
    const needed = (this.rows >> 3) + 1;
    const bits = this.#bits;
    if (bits !== undefined && bits.length >= needed) return;
    const larger = new Uint8Array(Math.max(needed, (bits?.length ?? 0) * 2, 1 << 14)).fill(0xff);
    if (bits !== undefined) larger.set(bits);
    this.#bits = larger;
  }
}
