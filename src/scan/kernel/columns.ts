/** A query's columns in the kernel's memory: regions that code appends to, and their rows taken out as batches. */

import type { Column, NumberArray, NumberType } from "../column.ts";
import { Dictionary } from "../dictionary.ts";
import type { PlannedColumn } from "../layout.ts";
import type { RenderStyle } from "../render-style.ts";
import { KernelDictionary } from "./dictionary.ts";
import { type KernelMemory, State } from "./memory.ts";

/** Rows that the regions hold; a scan that fills them stops, and goes on when they were taken. */
export const ROW_CAPACITY = 16_384;
const FIRST_TEXT_BYTES = 1 << 20;

/** What every kernel column has. Addresses are bytes; `nulls` is an i32 count. */
interface Region {
  readonly column: PlannedColumn;
  readonly validity: number;
  readonly nulls: number;
}

export type KernelColumn =
  | (Region & { readonly kind: "number"; readonly number: NumberType; readonly values: number })
  /** Texts in a dictionary that code looks up. */
  | (Region & {
      readonly kind: "dictionary";
      readonly codes: number;
      readonly dictionary: KernelDictionary;
    })
  /** Codes that are the same for all records of a class: constant number `constant` of the class record. */
  | (Region & {
      readonly kind: "constant";
      readonly codes: number;
      readonly constant: number;
      readonly dictionary: Dictionary;
    })
  /** `text` is where address, capacity and a non-ASCII flag of the bytes stand, an i32 each. */
  | (Region & { readonly kind: "utf8"; readonly offsets: number; readonly text: number })
  /** Text that the render machine writes; constant number `constant` of the class record is its program. */
  | {
      readonly kind: "rendered";
      readonly column: PlannedColumn;
      readonly style: RenderStyle;
      readonly offsets: number;
      readonly text: number;
      readonly constant: number;
    }
  | { readonly kind: "timestamp"; readonly column: PlannedColumn }
  /** Filled by JavaScript from the records that passed. */
  | { readonly kind: "deferred"; readonly column: PlannedColumn };

export class KernelColumns {
  readonly columns: readonly KernelColumn[];
  /** i64 each. */
  readonly timestamps: number;
  /** First bit of each row's record, and the number of its class, i32 each: only where columns are deferred. */
  readonly records: number | undefined;
  readonly classes: number;
  readonly #memory: KernelMemory;
  #constants = 0;

  constructor(columns: readonly PlannedColumn[], memory: KernelMemory) {
    this.#memory = memory;
    this.timestamps = memory.allocate(ROW_CAPACITY * 8);
    this.columns = columns.map((column) => this.#kernelColumn(column));
    const hasDeferred = this.columns.some(({ kind }) => kind === "deferred");
    this.records = hasDeferred ? memory.allocate(ROW_CAPACITY * 4) : undefined;
    this.classes = hasDeferred ? memory.allocate(ROW_CAPACITY * 4) : 0;
  }

  /** Whether rows need the packet's own text. */
  get rendersRecords(): boolean {
    return this.columns.some(({ column }) => column.request.kind === "record");
  }

  /** How many constants a class record holds. */
  get constants(): number {
    return this.#constants;
  }

  /** Copies the rows out and empties the regions. Deferred columns are left to the caller. */
  take(rows: number): { timestamps: BigInt64Array; columns: (Column | undefined)[] } {
    const timestamps = new BigInt64Array(this.#memory.memory.buffer, this.timestamps, rows).slice();
    const columns = this.columns.map((column) => this.#takeColumn(column, rows, timestamps));
    this.#memory.set(State.renderSeen, 0);
    return { timestamps, columns };
  }

  /** Makes room for a text of so many bytes in an empty region. */
  growTexts(bytes: number): void {
    for (const column of this.columns) {
      if (column.kind !== "utf8" && column.kind !== "rendered") continue;
      if (this.#memory.get(column.text + 4) >= bytes) continue;
      const capacity = Math.max(bytes, this.#memory.get(column.text + 4) * 2);
      this.#memory.set(column.text, this.#memory.allocate(capacity + 16));
      this.#memory.set(column.text + 4, capacity);
    }
  }

  /** Empties dictionaries that are full, between batches. */
  renewDictionaries(): void {
    for (const column of this.columns) if (column.kind === "dictionary") column.dictionary.renew();
  }

  #kernelColumn(column: PlannedColumn): KernelColumn {
    const { type, request } = column;
    const memory = this.#memory;
    switch (type.kind) {
      case "timestamp":
        return { kind: "timestamp", column };
      case "number": {
        const values = memory.allocate(ROW_CAPACITY * 8);
        return { kind: "number", number: type.number, values, ...this.#region(column) };
      }
      case "dictionary": {
        const codes = memory.allocate(ROW_CAPACITY * 4);
        if (request.kind === "context" || request.kind === "field") {
          return {
            kind: "dictionary",
            codes,
            dictionary: new KernelDictionary(memory),
            ...this.#region(column),
          };
        }
        // Bounded by the number of event classes, so it need never be renewed.
        const dictionary = new Dictionary(Number.MAX_SAFE_INTEGER);
        return {
          kind: "constant",
          codes,
          constant: this.#constants++,
          dictionary,
          ...this.#region(column),
        };
      }
      case "utf8":
        if (request.kind === "payload" || request.kind === "record")
          return this.#rendered(column, request);
        return type.content === "text" ? this.#utf8(column) : { kind: "deferred", column };
      case "list":
        return { kind: "deferred", column };
    }
  }

  #utf8(column: PlannedColumn): KernelColumn {
    return { kind: "utf8", ...this.#texts(), ...this.#region(column) };
  }

  #rendered(column: PlannedColumn, request: PlannedColumn["request"]): KernelColumn {
    const style = request.kind === "payload" ? request.style : "babeltrace";
    return { kind: "rendered", column, style, constant: this.#constants++, ...this.#texts() };
  }

  #texts(): { offsets: number; text: number } {
    const memory = this.#memory;
    const offsets = memory.allocate((ROW_CAPACITY + 1) * 4);
    const text = memory.allocate(16);
    memory.set(text, memory.allocate(FIRST_TEXT_BYTES + 16));
    memory.set(text + 4, FIRST_TEXT_BYTES);
    return { offsets, text };
  }

  #region(column: PlannedColumn): Region {
    const validity = this.#memory.allocate(ROW_CAPACITY / 8);
    this.#memory.u8.fill(0xff, validity, validity + ROW_CAPACITY / 8);
    return { column, validity, nulls: this.#memory.allocate(4) };
  }

  #takeColumn(column: KernelColumn, rows: number, timestamps: BigInt64Array): Column | undefined {
    const { buffer } = this.#memory.memory;
    switch (column.kind) {
      case "timestamp":
        return { kind: "number", values: timestamps, validity: undefined, nullCount: 0 };
      case "deferred":
        return undefined;
      case "rendered":
        return this.#takeRendered(column, rows);
      case "number":
        return {
          kind: "number",
          values: numbers(column.number, buffer, column.values, rows),
          ...this.#validity(column, rows),
        };
      case "dictionary": {
        const codes = new Int32Array(buffer, column.codes, rows).slice();
        return {
          kind: "dictionary",
          codes,
          dictionary: column.dictionary.texts,
          ...this.#validity(column, rows),
        };
      }
      case "constant": {
        const codes = new Int32Array(buffer, column.codes, rows).slice();
        return {
          kind: "dictionary",
          codes,
          dictionary: column.dictionary,
          ...this.#validity(column, rows),
        };
      }
      case "utf8": {
        const offsets = new Int32Array(buffer, column.offsets, rows + 1).slice();
        const bytes = new Uint8Array(buffer, this.#memory.get(column.text), offsets[rows]).slice();
        const isAscii = this.#memory.get(column.text + 8) === 0;
        this.#memory.set(column.text + 8, 0);
        const text = isAscii ? { offsets, bytes } : validUtf8(offsets, bytes, rows);
        return { kind: "utf8", ...text, ...this.#validity(column, rows) };
      }
    }
  }

  /** Rendered text of all styles but babeltrace2's, which passes bytes as they are, must be valid. */
  #takeRendered(column: KernelColumn & { kind: "rendered" }, rows: number): Column {
    const { buffer } = this.#memory.memory;
    const offsets = new Int32Array(buffer, column.offsets, rows + 1).slice();
    const bytes = new Uint8Array(buffer, this.#memory.get(column.text), offsets[rows]).slice();
    const isPlain = column.style === "babeltrace" || this.#memory.get(State.renderSeen) === 0;
    const text = isPlain ? { offsets, bytes } : validUtf8(offsets, bytes, rows);
    return { kind: "utf8", ...text, validity: undefined, nullCount: 0 };
  }

  #validity(
    { validity, nulls }: Region,
    rows: number,
  ): { validity: Uint8Array | undefined; nullCount: number } {
    const nullCount = this.#memory.get(nulls);
    if (nullCount === 0) return { validity: undefined, nullCount };
    const bytes = this.#memory.u8.slice(validity, validity + ((rows + 7) >> 3));
    this.#memory.u8.fill(0xff, validity, validity + bytes.length);
    this.#memory.set(nulls, 0);
    return { validity: bytes, nullCount };
  }
}

function numbers(
  type: NumberType,
  buffer: ArrayBuffer,
  address: number,
  rows: number,
): NumberArray {
  switch (type) {
    case "int8":
      return new Int8Array(buffer, address, rows).slice();
    case "uint8":
      return new Uint8Array(buffer, address, rows).slice();
    case "int16":
      return new Int16Array(buffer, address, rows).slice();
    case "uint16":
      return new Uint16Array(buffer, address, rows).slice();
    case "int32":
      return new Int32Array(buffer, address, rows).slice();
    case "uint32":
      return new Uint32Array(buffer, address, rows).slice();
    case "int64":
      return new BigInt64Array(buffer, address, rows).slice();
    case "uint64":
      return new BigUint64Array(buffer, address, rows).slice();
    case "float32":
      return new Float32Array(buffer, address, rows).slice();
    case "float64":
      return new Float64Array(buffer, address, rows).slice();
  }
}

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** Arrow's utf8 must be valid: what is not becomes U+FFFD, text by text. */
function validUtf8(
  offsets: Int32Array,
  bytes: Uint8Array,
  rows: number,
): { offsets: Int32Array; bytes: Uint8Array } {
  const texts: Uint8Array[] = [];
  const repaired = new Int32Array(rows + 1);
  for (let row = 0; row < rows; row++) {
    const text = encoder.encode(decoder.decode(bytes.subarray(offsets[row], offsets[row + 1])));
    texts.push(text);
    repaired[row + 1] = repaired[row]! + text.length;
  }
  const joined = new Uint8Array(repaired[rows]!);
  texts.forEach((text, row) => {
    joined.set(text, repaired[row]!);
  });
  return { offsets: repaired, bytes: joined };
}
