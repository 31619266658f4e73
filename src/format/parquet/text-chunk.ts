/** Texts of a row group: codes of a dictionary where many are equal, else their lengths and then their bytes. */

import { grownCopy } from "../../base/grow.ts";
import type { Column, DictionaryTexts } from "../../column/column.ts";
import { isValid } from "../../column/validity.ts";
import { type ColumnChunk, ENCODING, type EncodedChunk, type EncodedPage } from "./chunk.ts";
import { writeDelta32 } from "./delta.ts";
import { bitWidth, writeHybrid } from "./hybrid.ts";
import { Levels } from "./levels.ts";
import { PageBytes } from "./page-bytes.ts";
import { TextTable } from "./text-table.ts";

/** About how many bytes a page of texts has. */
const PAGE_BYTES = 1 << 20;

/** Texts that come as bytes, or as codes of dictionaries; the same column may change from one to the other. */
export class TextChunk implements ColumnChunk {
  readonly #levels: Levels;
  readonly #table = new TextTable();
  /** Of the rows that have a value: their places in the table, while it takes them. */
  #codes = new Int32Array(1 << 12);
  #count = 0;
  /** The texts one after another, once the table is given up, and their lengths. */
  #bytes: Uint8Array | undefined;
  #byteLength = 0;
  #lengths = new Int32Array(0);
  /** How many groups in a row were no dictionary. */
  #failures = 0;
  /** Codes of the dictionary that came last → places in the table, 1 and up. */
  #known: { readonly of: DictionaryTexts; places: Int32Array } | undefined;

  constructor(isNullable: boolean) {
    this.#levels = new Levels(isNullable);
  }

  add(column: Column, rows: number): number {
    const before = this.#byteLength + this.#table.byteLength + this.#count * 4;
    if (column.kind === "utf8") this.#addTexts(column, rows);
    else if (column.kind === "dictionary") this.#addCodes(column, rows);
    else this.#levels.add(new Uint8Array((rows + 7) >> 3), rows, rows);
    return this.#byteLength + this.#table.byteLength + this.#count * 4 - before;
  }

  encode(): EncodedChunk {
    const chunk = this.#bytes === undefined ? this.#coded() : this.#plain(this.#bytes);
    this.#failures = this.#bytes === undefined ? 0 : this.#failures + 1;
    this.#levels.clear();
    this.#table.clear();
    this.#count = 0;
    this.#byteLength = 0;
    this.#known = undefined;
    // Most columns stay what they are; now and then a dictionary is tried again.
    this.#bytes = this.#failures > 0 && this.#failures % 8 !== 0 ? this.#bytes : undefined;
    return chunk;
  }

  #addTexts(column: Column & { kind: "utf8" }, rows: number): void {
    const { offsets, bytes, validity, nullCount } = column;
    const nulls = validity === undefined ? 0 : nullCount;
    this.#levels.add(validity, rows, nulls);
    this.#room(rows);
    if (nulls === 0 && this.#bytes !== undefined) {
      this.#appendAll(bytes, offsets, rows);
      return;
    }
    for (let row = 0; row < rows; row++) {
      if (nulls > 0 && !isValid(validity!, row)) continue;
      const start = offsets[row]!;
      const end = offsets[row + 1]!;
      if (this.#bytes === undefined) {
        const place = this.#table.place(bytes, start, end);
        if (place !== -1 && !this.#isHopeless()) {
          this.#codes[this.#count++] = place;
          continue;
        }
        this.#giveUpTable();
      }
      this.#append(bytes, start, end);
    }
  }

  #addCodes(column: Column & { kind: "dictionary" }, rows: number): void {
    const { codes, dictionary, validity, nullCount } = column;
    const nulls = validity === undefined ? 0 : nullCount;
    this.#levels.add(validity, rows, nulls);
    this.#room(rows);
    if (this.#known?.of !== dictionary) this.#known = { of: dictionary, places: new Int32Array(0) };
    const known = this.#known;
    if (known.places.length < dictionary.size)
      known.places = grownCopy(known.places, Int32Array, dictionary.size);
    const { places } = known;
    for (let row = 0; row < rows; row++) {
      if (nulls > 0 && !isValid(validity!, row)) continue;
      const code = codes[row]!;
      const place = places[code]!;
      if (place > 0 && this.#bytes === undefined) this.#codes[this.#count++] = place - 1;
      else this.#addCode(dictionary, code, places);
    }
  }

  #addCode(dictionary: DictionaryTexts, code: number, places: Int32Array): void {
    const text = encoder.encode(dictionary.text(code));
    if (this.#bytes === undefined) {
      const place = this.#table.place(text, 0, text.length);
      if (place !== -1) {
        places[code] = place + 1;
        this.#codes[this.#count++] = place;
        return;
      }
      this.#giveUpTable();
    }
    this.#append(text, 0, text.length);
  }

  /** Whether most texts are new. */
  #isHopeless(): boolean {
    return this.#count > 1024 && this.#table.count > this.#count / 2;
  }

  #room(rows: number): void {
    if (this.#codes.length < this.#count + rows)
      this.#codes = grownCopy(this.#codes, Int32Array, this.#count + rows);
    if (this.#bytes !== undefined && this.#lengths.length < this.#count + rows)
      this.#lengths = grownCopy(this.#lengths, Int32Array, this.#count + rows);
  }

  /** What came as codes becomes texts one after another. */
  #giveUpTable(): void {
    const { offsets, bytes } = this.#table;
    const count = this.#count;
    this.#bytes = new Uint8Array(PAGE_BYTES);
    this.#byteLength = 0;
    if (this.#lengths.length < this.#codes.length)
      this.#lengths = new Int32Array(this.#codes.length);
    this.#count = 0;
    for (let i = 0; i < count; i++) {
      const place = this.#codes[i]!;
      this.#append(bytes, offsets[place]!, offsets[place + 1]!);
    }
    this.#table.clear();
  }

  /** All texts of a batch. */
  #appendAll(bytes: Uint8Array, offsets: Int32Array, rows: number): void {
    const [first, last] = [offsets[0]!, offsets[rows]!];
    this.#bytesFor(last - first).set(bytes.subarray(first, last), this.#byteLength);
    this.#byteLength += last - first;
    for (let row = 0; row < rows; row++)
      this.#lengths[this.#count++] = offsets[row + 1]! - offsets[row]!;
  }

  /** The texts so far, with room for so many bytes more. */
  #bytesFor(more: number): Uint8Array {
    const bytes = this.#bytes!;
    if (this.#byteLength + more <= bytes.length) return bytes;
    const larger = new Uint8Array((this.#byteLength + more) * 2);
    larger.set(bytes.subarray(0, this.#byteLength));
    this.#bytes = larger;
    return larger;
  }

  #append(bytes: Uint8Array, start: number, end: number): void {
    const length = end - start;
    const target = this.#bytesFor(length);
    // Most texts are shorter than what a call to `set` costs.
    let at = this.#byteLength;
    if (length > 48) target.set(bytes.subarray(start, end), at);
    else for (let i = start; i < end; i++) target[at++] = bytes[i]!;
    this.#byteLength += length;
    this.#lengths[this.#count++] = length;
  }

  #coded(): EncodedChunk {
    const { rows, nulls } = this.#levels;
    const table = this.#table;
    const width = bitWidth(Math.max(0, table.count - 1));
    const values = new PageBytes(((this.#count * width) >> 3) + 64);
    values.u8(width);
    writeHybrid(values, this.#codes, 0, this.#count, width);
    const page = { levels: this.#levels.write(0, rows), values: values.written, rows, nulls };
    return {
      encoding: ENCODING.dictionary,
      isCompressed: false,
      dictionary: { values: table.plain(), count: table.count },
      pages: [page],
      nulls,
      ...table.bounds(),
    };
  }

  #plain(bytes: Uint8Array): EncodedChunk {
    const { rows, nulls } = this.#levels;
    const pages: EncodedPage[] = [];
    const bounds = new TextBounds(bytes);
    let [row, value, at] = [0, 0, 0];
    while (row < rows) {
      // About as many rows as make a page, of texts as long as the rest of them; levels are cut at whole bytes.
      const share = Math.ceil(
        (rows - row) / Math.max(1, Math.ceil((this.#byteLength - at) / PAGE_BYTES)),
      );
      const to = Math.min(rows, row + ((share + 7) & ~7));
      const count = this.#levels.valuesIn(row, to);
      const lengths = this.#lengths.subarray(value, value + count);
      const out = new PageBytes(count * 2 + 1024);
      writeDelta32(out, lengths, count);
      const from = at;
      for (const length of lengths) {
        bounds.take(at, at + length);
        at += length;
      }
      out.raw(bytes.subarray(from, at));
      pages.push({
        levels: this.#levels.write(row, to),
        values: out.written,
        rows: to - row,
        nulls: to - row - count,
      });
      value += count;
      row = to;
    }
    return {
      encoding: ENCODING.deltaLength,
      isCompressed: true,
      dictionary: undefined,
      pages,
      nulls,
      least: bounds.least,
      most: bounds.most,
    };
  }
}

const encoder = new TextEncoder();

/** The least and the greatest of texts, byte by byte. */
class TextBounds {
  readonly #bytes: Uint8Array;
  #least: readonly [number, number] | undefined;
  #most: readonly [number, number] | undefined;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  take(start: number, end: number): void {
    if (this.#least === undefined || this.#compare(start, end, this.#least) < 0)
      this.#least = [start, end];
    if (this.#most === undefined || this.#compare(start, end, this.#most) > 0)
      this.#most = [start, end];
  }

  get least(): Uint8Array | undefined {
    return this.#least && this.#bytes.slice(...this.#least);
  }

  get most(): Uint8Array | undefined {
    return this.#most && this.#bytes.slice(...this.#most);
  }

  #compare(start: number, end: number, other: readonly [number, number]): number {
    const bytes = this.#bytes;
    for (let i = start, j = other[0]; i < end && j < other[1]; i++, j++) {
      const difference = bytes[i]! - bytes[j]!;
      if (difference !== 0) return difference;
    }
    return end - start - (other[1] - other[0]);
  }
}
