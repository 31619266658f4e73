/** Batches of rows in Arrow's format, each a stream of its own. Only rows that are shown are decoded. */

import { type Column as ArrowColumn, type Table, Type, tableFromIPC } from "@uwdata/flechette";
import type { Row } from "./frames.ts";

const CONTINUES = -1;
const RECORD_BATCH = 3;

export class Batch {
  readonly rows: number;
  /** Of its memory. */
  readonly bytes: number;
  readonly columns: readonly string[];
  /** What numbers of a column count: `ns`, `%`. */
  readonly units: ReadonlyMap<string, string>;
  /** What travels beside the rows: docs/protocol.md. */
  readonly facts: ReadonlyMap<string, string>;
  readonly #table: Table;

  /** @throws Error for what is no Arrow stream */
  constructor(bytes: Uint8Array<ArrayBuffer>) {
    this.#table = tableFromIPC(bytes, { useBigInt: true, useBigIntTimestamp: true });
    this.rows = this.#table.numRows;
    this.bytes = bytes.length;
    this.columns = this.#table.names as string[];
    this.units = unitsOf(this.#table);
    this.facts = factsOf(bytes);
  }

  /** A row; columns without a value are left out. */
  row(place: number): Row {
    const row: Record<string, unknown> = {};
    for (const [i, name] of this.columns.entries()) {
      const value = valueAt(this.#table.getChildAt(i), place);
      if (value !== undefined) row[name] = value;
    }
    return row;
  }

  /** The rows from a place on. */
  *rowsFrom(first: number = 0): Generator<Row> {
    for (let place = first; place < this.rows; place++) yield this.row(place);
  }
}

function unitsOf({ schema }: Table): ReadonlyMap<string, string> {
  const units = new Map<string, string>();
  for (const { name, metadata } of schema.fields) {
    const unit = metadata?.get("tracewire.unit");
    if (unit !== undefined) units.set(name, unit);
  }
  return units;
}

/** Times are bigints, whole numbers that a double cannot hold are texts, lists are arrays of numbers. */
function valueAt(column: ArrowColumn<unknown>, place: number): unknown {
  const value = column.at(place);
  if (value === null || value === undefined) return undefined;
  if (typeof value === "bigint") {
    if (column.type.typeId === Type.Timestamp) return value;
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : String(value);
  }
  return ArrayBuffer.isView(value) ? Array.from(value as Float64Array, Number) : value;
}

/**
 * The metadata of the first record batch, which flechette does not read.
 * @see Arrow columnar format, "Encapsulated message format"; Message.fbs
 */
function factsOf(bytes: Uint8Array<ArrayBuffer>): ReadonlyMap<string, string> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at + 8 <= view.byteLength; ) {
    const length = view.getInt32(at + 4, true);
    if (view.getInt32(at, true) !== CONTINUES || length <= 0) break;
    const message = new FlatTable(view, at + 8 + view.getUint32(at + 8, true));
    if (message.byte(6) === RECORD_BATCH) return message.pairs(12);
    at += 8 + length + message.long(10);
  }
  return new Map();
}

/** A table of a flatbuffer. Fields are known by their place in the vtable. */
class FlatTable {
  readonly #view: DataView;
  readonly #at: number;

  constructor(view: DataView, at: number) {
    this.#view = view;
    this.#at = at;
  }

  /** Where a field stands; 0 if it is left out. */
  #field(place: number): number {
    const vtable = this.#at - this.#view.getInt32(this.#at, true);
    if (place >= this.#view.getUint16(vtable, true)) return 0;
    const offset = this.#view.getUint16(vtable + place, true);
    return offset === 0 ? 0 : this.#at + offset;
  }

  byte(place: number): number {
    const at = this.#field(place);
    return at === 0 ? 0 : this.#view.getUint8(at);
  }

  long(place: number): number {
    const at = this.#field(place);
    return at === 0 ? 0 : Number(this.#view.getBigInt64(at, true));
  }

  /** A vector of `KeyValue`. */
  pairs(place: number): ReadonlyMap<string, string> {
    const pairs = new Map<string, string>();
    const field = this.#field(place);
    if (field === 0) return pairs;
    const vector = this.#target(field);
    for (let i = 0; i < this.#view.getUint32(vector, true); i++) {
      const pair = new FlatTable(this.#view, this.#target(vector + 4 + 4 * i));
      pairs.set(pair.#text(4), pair.#text(6));
    }
    return pairs;
  }

  #text(place: number): string {
    const field = this.#field(place);
    if (field === 0) return "";
    const at = this.#target(field);
    const { buffer, byteOffset } = this.#view;
    const bytes = new Uint8Array(buffer, byteOffset + at + 4, this.#view.getUint32(at, true));
    return new TextDecoder().decode(bytes);
  }

  /** What an offset points to. */
  #target(at: number): number {
    return at + this.#view.getUint32(at, true);
  }
}
