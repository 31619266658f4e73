/** Query batches → one Arrow IPC stream. Columns are wrapped, not copied; each batch becomes one buffer of whole messages. */

import {
  type Data,
  DataType,
  type Dictionary as DictionaryType,
  makeData,
  RecordBatch,
  RecordBatchStreamWriter,
  type Schema,
  Struct,
  type Utf8,
} from "apache-arrow";
import type { BatchWriter } from "../scan/batch-writer.ts";
import type { Column, ColumnBatch } from "../scan/column.ts";
import type { PlannedColumn } from "../scan/layout.ts";
import { DictionaryVector } from "./dictionary-vector.ts";
import { arrowSchema, type DictionaryMode } from "./schema.ts";

export interface IpcOptions {
  readonly dictionaries: DictionaryMode;
  /** `stream`: all output joined is one stream. `self`: each batch is a whole stream with schema and dictionaries. */
  readonly framing: "stream" | "self";
}

/**
 * Writes an Arrow IPC stream.
 * @see Arrow columnar format, "Serialization and interprocess communication"; apache-arrow 21.2.0
 */
export function ipcWriter(options: IpcOptions): BatchWriter {
  let encoder: BatchEncoder | undefined;
  const writer = new ChunkWriter();
  return {
    begin(columns) {
      encoder = new BatchEncoder(columns, options.dictionaries);
      if (options.framing === "self") return new Uint8Array(0);
      writer.start(encoder.schema);
      return writer.takeBytes();
    },
    batch(batch, facts) {
      if (encoder === undefined) throw new TypeError("ipcWriter: begin() comes before batch()");
      if (options.framing === "self") {
        encoder.forgetDictionaries();
        const own = new ChunkWriter();
        own.start(encoder.schema);
        own.write(encoder.encode(batch, facts));
        own.finish();
        return own.takeBytes();
      }
      writer.write(encoder.encode(batch, facts));
      return writer.takeBytes();
    },
    end() {
      if (options.framing === "self" || encoder === undefined) return new Uint8Array(0);
      writer.finish();
      return writer.takeBytes();
    },
  };
}

/**
 * Gives each batch's bytes at once: the stock sink hands them out in some twenty small chunks, asynchronously.
 * Relies on protected members of apache-arrow 21.2.0, which is why that version is pinned.
 */
class ChunkWriter extends RecordBatchStreamWriter {
  #chunks: Uint8Array[] = [];
  #length = 0;

  start(schema: Schema): void {
    this.reset(undefined, schema);
  }

  takeBytes(): Uint8Array {
    const bytes = Buffer.allocUnsafeSlow(this.#length);
    let at = 0;
    for (const chunk of this.#chunks) {
      bytes.set(chunk, at);
      at += chunk.length;
    }
    this.#chunks = [];
    this.#length = 0;
    // Kept for the footer of IPC files, which a stream never has: it would grow for ever.
    this._recordBatchBlocks.length = 0;
    this._dictionaryBlocks.length = 0;
    return bytes;
  }

  protected override _write(chunk: ArrayBufferView): this {
    if (this._started && chunk.byteLength > 0) {
      this.#chunks.push(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength));
      this.#length += chunk.byteLength;
      this._position += chunk.byteLength;
    }
    return this;
  }
}

class BatchEncoder {
  readonly schema: Schema;
  readonly #struct: Struct;
  #dictionaries: readonly DictionaryVector[];

  constructor(columns: readonly PlannedColumn[], mode: DictionaryMode) {
    this.schema = arrowSchema(columns, mode);
    this.#struct = new Struct(this.schema.fields);
    this.#dictionaries = columns.map(() => new DictionaryVector());
  }

  forgetDictionaries(): void {
    this.#dictionaries = this.#dictionaries.map(() => new DictionaryVector());
  }

  encode(batch: ColumnBatch, facts: ReadonlyMap<string, string> = new Map()): RecordBatch {
    const { rows } = batch;
    const children = batch.columns.map((column, i) => this.#data(column, i, rows));
    const data = makeData({ type: this.#struct, length: rows, nullCount: 0, children });
    return new RecordBatch(this.schema, data, new Map(facts));
  }

  #data(column: Column, i: number, length: number): Data {
    const { type } = this.schema.fields[i]!;
    const { nullCount, validity } = column;
    const nulls =
      nullCount === 0 || validity === undefined
        ? { nullCount: 0 }
        : { nullCount, nullBitmap: validity };
    switch (column.kind) {
      case "number":
        return makeData({ type, length, ...nulls, data: column.values } as never);
      case "utf8":
        return makeData({
          type: type as Utf8,
          length,
          ...nulls,
          valueOffsets: column.offsets,
          data: column.bytes,
        });
      case "dictionary":
        if (DataType.isDictionary(type)) {
          return makeData({
            type: type as DictionaryType<Utf8>,
            length,
            ...nulls,
            data: column.codes as never,
            dictionary: this.#dictionaries[i]!.of(column.dictionary),
          });
        }
        return makeData({ type: type as Utf8, length, ...nulls, ...plainText(column, length) });
      case "list": {
        const { children } = type as DataType & { children: Schema["fields"] };
        const item = children[0]!.type as DataType;
        const child = makeData({
          type: item,
          length: column.offsets[length]!,
          nullCount: 0,
          data: column.values,
        } as never);
        return makeData({ type, length, ...nulls, valueOffsets: column.offsets, child } as never);
      }
    }
  }
}

const textEncoder = new TextEncoder();

/** Dictionary codes written out, each text encoded once a batch. */
function plainText(
  column: Column & { kind: "dictionary" },
  length: number,
): { valueOffsets: Int32Array; data: Uint8Array } {
  const texts = new Map<number, Uint8Array>();
  const valueOffsets = new Int32Array(length + 1);
  const { codes, dictionary } = column;
  for (let row = 0; row < length; row++) {
    const code = codes[row]!;
    let text = texts.get(code);
    if (text === undefined) {
      text = dictionary.size === 0 ? new Uint8Array(0) : textEncoder.encode(dictionary.text(code));
      texts.set(code, text);
    }
    valueOffsets[row + 1] = valueOffsets[row]! + text.length;
  }
  const data = new Uint8Array(valueOffsets[length]!);
  for (let row = 0; row < length; row++) data.set(texts.get(codes[row]!)!, valueOffsets[row]!);
  return { valueOffsets, data };
}
