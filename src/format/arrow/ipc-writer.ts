/** Query batches → one Arrow IPC stream. Columns are wrapped, not copied; each batch becomes one buffer of whole messages. */

import {
  Schema as ArrowSchema,
  DataType,
  type RecordBatch,
  RecordBatchStreamWriter,
  type Vector,
} from "apache-arrow";
import {
  RecordBatch as BatchMetadata,
  BufferRegion,
  FieldNode,
  Message,
} from "apache-arrow/ipc/metadata/message";
import { BufferPool } from "../../base/buffer-pool.ts";
import type { Column, ColumnBatch, NumberArray } from "../../column/column.ts";
import type { Schema } from "../../column/schema.ts";
import { allNull, type Validity } from "../../column/validity.ts";
import type { BatchWriter } from "../batch-writer.ts";
import { DictionaryVector } from "./dictionary-vector.ts";
import { type ArrowTypes, type EncodedField, encodedFields, isNullText } from "./encoded-fields.ts";
import { EncodedTexts } from "./encoded-texts.ts";
import type { DictionaryMode } from "./schema.ts";
import { TextRows, writeTexts } from "./text-kernel.ts";

export interface IpcOptions {
  readonly dictionaries: DictionaryMode;
  /** `stream`: all output joined is one stream. `self`: each batch is a whole stream with schema and dictionaries. */
  readonly framing: "stream" | "self";
  /** Default: `exact`. */
  readonly types?: ArrowTypes;
}

/** One for all writers: what lies unused is bounded, however many queries there are. */
const MEMORY = new BufferPool();

/**
 * Writes an Arrow IPC stream, or, where columns change, one behind the other: each ends with its end-of-stream marker.
 * @see Arrow columnar format, "Serialization and interprocess communication"; apache-arrow 21.2.0
 */
export function ipcWriter(options: IpcOptions): BatchWriter<Uint8Array> {
  let encoder: BatchEncoder | undefined;
  let writer = new ChunkWriter();
  let batches = 0;
  const begin = (columns: Schema): Uint8Array => {
    encoder = new BatchEncoder(columns, options);
    if (options.framing === "self") return NO_BYTES;
    writer.start(encoder.schema);
    return writer.takeBytes();
  };
  return {
    begin,
    change(columns) {
      if (options.framing === "self") return begin(columns);
      writer.finish();
      const end = writer.takeBytes();
      writer = new ChunkWriter();
      return Buffer.concat([end, begin(columns)]);
    },
    batch(batch, facts) {
      if (encoder === undefined) throw new TypeError("ipcWriter: begin() comes before batch()");
      batches++;
      if (options.framing === "self") {
        encoder.forgetDictionaries();
        const own = new ChunkWriter();
        own.start(encoder.schema);
        encoder.write(own, batch, facts ?? new Map());
        own.finish();
        return own.takeBytes();
      }
      encoder.write(writer, batch, facts ?? new Map());
      return writer.takeBytes();
    },
    recycle(bytes) {
      MEMORY.give(bytes);
    },
    end(all = batches) {
      if (encoder === undefined) return NO_BYTES;
      if (options.framing === "self") {
        if (all > 0) return NO_BYTES;
        // Without a batch there was no stream yet that has the columns.
        writer.start(encoder.schema);
      }
      writer.finish();
      return writer.takeBytes();
    },
  };
}

/**
 * Puts each batch's messages into one buffer: the stock writer hands them out in some twenty small chunks, asynchronously,
 * and makes vectors of all columns first. Dictionaries are left to it.
 * Relies on internals of apache-arrow 21.2.0, which is why that version is pinned.
 */
class ChunkWriter extends RecordBatchStreamWriter {
  #chunks: Uint8Array[] = [];
  #length = 0;

  start(schema: ArrowSchema): void {
    this.reset(undefined, schema);
  }

  /** Writes dictionaries that have got more texts, and replaces those that are others. */
  writeDictionaries(dictionaries: Map<number, Vector>): void {
    this._writeDictionaries({ dictionaries } as RecordBatch);
  }

  /** Writes one record batch; buffers are borrowed until `takeBytes`. */
  writeBody(body: BatchBody, facts: ReadonlyMap<string, string>): void {
    const { rows, nodes, regions, buffers, bytes } = body;
    const batch = new BatchMetadata(rows, nodes, regions, null, [], new Map(facts));
    this._writeMessage(Message.from(batch, bytes));
    this._writeBodyBuffers(buffers);
  }

  takeBytes(): Uint8Array {
    const bytes = MEMORY.take(this.#length);
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

/** The buffers of one record batch, in the order that its schema demands, each to be padded to eight bytes. */
class BatchBody {
  readonly rows: number;
  readonly nodes: FieldNode[] = [];
  readonly regions: BufferRegion[] = [];
  readonly buffers: Uint8Array[] = [];
  bytes = 0;

  constructor(rows: number) {
    this.rows = rows;
  }

  /** A column's node and validity; an empty buffer where all rows have a value. */
  node(length: number, { validity, nullCount }: Validity): void {
    const hasNulls = nullCount > 0 && validity !== undefined;
    this.nodes.push(new FieldNode(length, hasNulls ? nullCount : 0));
    this.buffer(hasNulls ? validity.subarray(0, (length + 7) >> 3) : NO_BYTES);
  }

  buffer(values: Uint8Array): void {
    const bytes = (values.byteLength + 7) & ~7;
    this.buffers.push(values);
    this.regions.push(new BufferRegion(this.bytes, bytes));
    this.bytes += bytes;
  }
}

const NO_BYTES = new Uint8Array(0);

/** The first `count` values, as bytes. */
function bytesOf(values: NumberArray, count: number): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, count * values.BYTES_PER_ELEMENT);
}

class BatchEncoder {
  readonly schema: ArrowSchema;
  readonly #fields: readonly EncodedField[];
  #dictionaries: readonly DictionaryVector[];
  /** Of each column whose texts are written out. */
  readonly #texts: readonly { readonly texts: EncodedTexts; readonly written: TextRows }[];

  constructor(columns: Schema, { dictionaries, types = "exact" }: IpcOptions) {
    this.#fields = encodedFields(columns, dictionaries, types);
    this.schema = new ArrowSchema(this.#fields.map(({ field }) => field));
    this.#texts = columns.map(() => ({ texts: new EncodedTexts(), written: new TextRows() }));
    this.#dictionaries = columns.map(() => new DictionaryVector());
  }

  forgetDictionaries(): void {
    this.#dictionaries = this.#dictionaries.map(() => new DictionaryVector());
  }

  write(writer: ChunkWriter, batch: ColumnBatch, facts: ReadonlyMap<string, string>): void {
    const body = new BatchBody(batch.rows);
    const dictionaries = new Map<number, Vector>();
    for (const one of this.#fields) this.#column(body, dictionaries, batch.columns[one.from]!, one);
    if (dictionaries.size > 0) writer.writeDictionaries(dictionaries);
    writer.writeBody(body, facts);
  }

  #column(
    body: BatchBody,
    dictionaries: Map<number, Vector>,
    column: Column,
    one: EncodedField,
  ): void {
    const { rows } = body;
    const { from: i, field, numbers } = one;
    if (column.kind === "null" && isNullText(column, one)) {
      body.node(rows, { validity: allNull(rows), nullCount: rows });
      body.buffer(new Uint8Array((rows + 1) * 4));
      body.buffer(NO_BYTES);
      return;
    }
    // Arrow's null columns have no buffers at all.
    if (column.kind === "null") {
      body.nodes.push(new FieldNode(rows, rows));
      return;
    }
    body.node(rows, column);
    switch (column.kind) {
      case "number":
        body.buffer(numbers(column.values, rows));
        break;
      case "utf8":
        body.buffer(bytesOf(column.offsets, rows + 1));
        body.buffer(column.bytes.subarray(0, column.offsets[rows]));
        break;
      case "dictionary": {
        const { type } = field;
        if (DataType.isDictionary(type)) {
          body.buffer(bytesOf(column.codes, rows));
          const vector = this.#dictionaries[i]!;
          if (vector.isBehind(column.dictionary))
            dictionaries.set(type.id, vector.of(column.dictionary));
        } else {
          const { texts, written } = this.#texts[i]!;
          writeTexts(texts.of(column.dictionary), column.codes.subarray(0, rows), written);
          body.buffer(bytesOf(written.offsets, rows + 1));
          body.buffer(written.bytes);
        }
        break;
      }
      case "list": {
        const elements = column.offsets[rows]!;
        body.buffer(bytesOf(column.offsets, rows + 1));
        body.node(elements, { validity: undefined, nullCount: 0 });
        body.buffer(numbers(column.values, elements));
        break;
      }
    }
  }
}
