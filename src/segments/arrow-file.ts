/** Reads Arrow IPC, as a stream or as a file, record batch by record batch. */

import { type RecordBatch, RecordBatchReader } from "apache-arrow";
import { SourceError } from "../base/errors.ts";
import type { ColumnBatch } from "../column/column.ts";
import type { Schema } from "../column/schema.ts";
import { ArrowColumns, layoutOf } from "./arrow-columns.ts";
import { ArrowFrames } from "./arrow-frames.ts";
import { damaged, type SegmentItem, timesOf } from "./segment.ts";

/** @throws SourceError `SEGMENT_CUT`, `SEGMENT_DAMAGED`, `SEGMENT_FOREIGN`, `SEGMENT_SIZE`, `SEGMENT_TYPE`, behind what was whole */
export async function* arrowFile(path: string): AsyncGenerator<SegmentItem, void, void> {
  const frames = new ArrowFrames(path);
  try {
    if (!frames.hasMore)
      throw new SourceError("SEGMENT_CUT", `${path}: expected an Arrow stream, got an empty file`);
    while (frames.hasMore) yield* arrowStream(path, frames);
  } catch (error) {
    throw damaged(path, error);
  } finally {
    frames.close();
  }
}

async function* arrowStream(
  path: string,
  frames: ArrowFrames,
): AsyncGenerator<SegmentItem, void, void> {
  const reader = await RecordBatchReader.from(inTurn(frames.stream()));
  await reader.open();
  if (reader.schema === undefined) return;
  const columns = reader.schema.fields.map((field) => layoutOf(field, path));
  yield { kind: "columns", columns };
  const converted = new ArrowColumns(path);
  for await (const batch of reader) {
    const facts = batch.metadata;
    yield { kind: "batch", batch: columnBatch(batch, columns, converted), facts };
  }
}

async function* inTurn(messages: Iterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
  yield* messages;
}

function columnBatch(
  { data, numRows }: RecordBatch,
  schema: Schema,
  converted: ArrowColumns,
): ColumnBatch {
  const columns = schema.map((layout, i) => converted.column(data.children[i]!, layout, i));
  return { rows: numRows, timestamps: timesOf(schema, columns, numRows), columns };
}
