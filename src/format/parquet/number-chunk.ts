/** Integers and floats of a row group: codes of a dictionary where they are few, else differences; floats as they are. */

import type { Column, NumberArray, NumberType } from "../../column/column.ts";
import { isValid } from "../../column/validity.ts";
import {
  type ColumnChunk,
  ENCODING,
  type EncodedChunk,
  type EncodedPage,
  type Encoding,
} from "./chunk.ts";
import { writeDelta32, writeDelta64 } from "./delta.ts";
import { Distinct } from "./distinct.ts";
import { bitWidth, writeHybrid } from "./hybrid.ts";
import { Levels } from "./levels.ts";
import { PageBytes } from "./page-bytes.ts";

/** Rows that there is room for at first. */
const FIRST_ROWS = 1 << 17;

const distinct = new Distinct();

export class NumberChunk implements ColumnChunk {
  readonly #type: NumberType;
  readonly #levels: Levels;
  /** Bytes of a value in the file. */
  readonly #size: 4 | 8;
  /** Values alone, without the rows that have none. */
  #values: Int32Array | BigInt64Array | Float32Array | Float64Array;
  #count = 0;
  /** Whether a dictionary was too small for the last group: then one in eight tries. */
  #failures = 0;
  #codes: Int32Array = new Int32Array(0);
  readonly #mayRepeat: boolean;

  /** @param mayRepeat whether a dictionary is worth trying */
  constructor(type: NumberType, isNullable: boolean, mayRepeat: boolean) {
    this.#type = type;
    this.#levels = new Levels(isNullable);
    this.#mayRepeat = mayRepeat;
    this.#size = type.endsWith("64") ? 8 : 4;
    this.#values = this.#room(FIRST_ROWS);
  }

  add(column: Column, rows: number): number {
    if (column.kind !== "number") {
      // A column that is not declared yet: no row has a value.
      this.#levels.add(new Uint8Array((rows + 7) >> 3), rows, rows);
      return 0;
    }
    const { values, validity, nullCount } = column;
    if (this.#count + rows > this.#values.length) {
      const larger = this.#room((this.#count + rows) * 2);
      larger.set(this.#values as never);
      this.#values = larger;
    }
    const nulls = validity === undefined ? 0 : nullCount;
    this.#levels.add(validity, rows, nulls);
    if (nulls === 0 || validity === undefined) {
      this.#take(values, 0, rows);
      return rows * this.#size;
    }
    for (let row = 0; row < rows; ) {
      while (row < rows && !isValid(validity, row)) row++;
      const from = row;
      while (row < rows && isValid(validity, row)) row++;
      if (row > from) this.#take(values, from, row);
    }
    return (rows - nulls) * this.#size;
  }

  encode(): EncodedChunk {
    const { nulls, rows } = this.#levels;
    const page = (values: PageBytes): EncodedPage => ({
      levels: this.#levels.write(0, rows),
      values: values.written,
      rows,
      nulls,
    });
    const dictionary = this.#dictionary();
    const [encoding, values] =
      dictionary === undefined ? this.#plain() : ([ENCODING.dictionary, dictionary.codes] as const);
    const chunk: EncodedChunk = {
      encoding,
      isCompressed: false,
      dictionary: dictionary?.values,
      pages: [page(values)],
      nulls,
      ...this.#bounds(),
    };
    this.#levels.clear();
    this.#count = 0;
    return chunk;
  }

  /** Copies values; a narrow integer becomes one of 32 bits. */
  #take(values: NumberArray, from: number, to: number): void {
    const target = this.#values;
    const at = this.#count;
    this.#count += to - from;
    if (target instanceof BigInt64Array) {
      // The same bits, signed or not.
      const { buffer, byteOffset } = values as BigInt64Array;
      target.set(new BigInt64Array(buffer, byteOffset + from * 8, to - from), at);
      return;
    }
    target.set(values.subarray(from, to) as Int32Array, at);
  }

  #room(rows: number): Int32Array | BigInt64Array | Float32Array | Float64Array {
    if (this.#type === "float32") return new Float32Array(rows);
    if (this.#type === "float64") return new Float64Array(rows);
    return this.#size === 8 ? new BigInt64Array(rows) : new Int32Array(rows);
  }

  #dictionary(): { codes: PageBytes; values: { values: Uint8Array; count: number } } | undefined {
    if (!this.#mayRepeat || this.#type.startsWith("float") || this.#count === 0) return undefined;
    if (this.#failures > 0 && this.#failures++ % 8 !== 0) return undefined;
    const count = this.#count;
    if (this.#codes.length < count) this.#codes = new Int32Array(this.#values.length);
    distinct.clear();
    const isFew = this.#size === 4 ? this.#codes32(count) : this.#codes64(count);
    if (!isFew || distinct.count > count / 2) {
      this.#failures = Math.max(1, this.#failures);
      return undefined;
    }
    this.#failures = 0;
    const width = bitWidth(distinct.count - 1);
    const codes = new PageBytes(((count * width) >> 3) + 64);
    codes.u8(width);
    writeHybrid(codes, this.#codes, 0, count, width);
    return { codes, values: { values: distinct.plain(this.#size), count: distinct.count } };
  }

  #codes32(count: number): boolean {
    const values = this.#values as Int32Array;
    const codes = this.#codes;
    let last = 0;
    let lastPlace = -1;
    for (let i = 0; i < count; i++) {
      const value = values[i]!;
      if (value !== last || lastPlace === -1) {
        lastPlace = distinct.place(value, 0);
        if (lastPlace === -1) return false;
        last = value;
      }
      codes[i] = lastPlace;
    }
    return true;
  }

  #codes64(count: number): boolean {
    const halves = this.#halves();
    const codes = this.#codes;
    for (let i = 0; i < count; i++) {
      const place = distinct.place(halves[2 * i]!, halves[2 * i + 1]!);
      if (place === -1) return false;
      codes[i] = place;
    }
    return true;
  }

  #plain(): readonly [Encoding, PageBytes] {
    const count = this.#count;
    const out = new PageBytes(count * this.#size + 1024);
    if (this.#type.startsWith("float")) {
      const { buffer, byteOffset } = this.#values;
      out.raw(new Uint8Array(buffer, byteOffset, count * this.#size));
      return [ENCODING.plain, out];
    }
    if (this.#size === 4) writeDelta32(out, this.#values as Int32Array, count);
    else writeDelta64(out, this.#halves(), count);
    return [ENCODING.delta, out];
  }

  #halves(): Int32Array {
    const { buffer, byteOffset } = this.#values;
    return new Int32Array(buffer, byteOffset, this.#count * 2);
  }

  #bounds(): Pick<EncodedChunk, "least" | "most"> {
    if (this.#count === 0) return { least: undefined, most: undefined };
    if (this.#type.startsWith("float"))
      return floatBounds(this.#values as Float64Array, this.#count);
    const isUnsigned = this.#type.startsWith("u");
    return this.#size === 4
      ? bounds32(this.#values as Int32Array, this.#count, isUnsigned)
      : bounds64(this.#halves(), this.#count, isUnsigned);
  }
}

/** Without what is no number; zeros count as either. */
function floatBounds(values: Float32Array | Float64Array, count: number) {
  let least = Number.POSITIVE_INFINITY;
  let most = Number.NEGATIVE_INFINITY;
  let numbers = 0;
  for (let i = 0; i < count; i++) {
    const value = values[i]!;
    if (Number.isNaN(value)) continue;
    numbers++;
    if (value < least) least = value;
    if (value > most) most = value;
  }
  if (numbers === 0) return { least: undefined, most: undefined };
  return { least: least === 0 ? -0 : least, most: most === 0 ? 0 : most };
}

function bounds32(values: Int32Array, count: number, isUnsigned: boolean) {
  const flip = isUnsigned ? 0x80000000 | 0 : 0;
  let least = values[0]! ^ flip;
  let most = least;
  for (let i = 1; i < count; i++) {
    const value = values[i]! ^ flip;
    if (value < least) least = value;
    if (value > most) most = value;
  }
  return { least: least ^ flip, most: most ^ flip };
}

function bounds64(halves: Int32Array, count: number, isUnsigned: boolean) {
  const flip = isUnsigned ? 0x80000000 | 0 : 0;
  let least = 0;
  let most = 0;
  for (let i = 1; i < count; i++) {
    if (isLess(halves, i, least, flip)) least = i;
    else if (isLess(halves, most, i, flip)) most = i;
  }
  const values = new BigInt64Array(halves.buffer, halves.byteOffset, count);
  return { least: values[least]!, most: values[most]! };
}

function isLess(halves: Int32Array, a: number, b: number, flip: number): boolean {
  const [highA, highB] = [halves[2 * a + 1]! ^ flip, halves[2 * b + 1]! ^ flip];
  return highA < highB || (highA === highB && halves[2 * a]! >>> 0 < halves[2 * b]! >>> 0);
}
