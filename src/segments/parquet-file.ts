/** Reads Parquet files row group by row group. */

import { closeSync, fstatSync } from "node:fs";
import { type AsyncBuffer, type FileMetaData, parquetMetadataAsync, parquetRead } from "hyparquet";
import { SourceError } from "../base/errors.ts";
import type { Column, ColumnBatch } from "../column/column.ts";
import type { Schema } from "../column/schema.ts";
import { openRegularFile } from "../ctf/data-files.ts";
import { COMPRESSORS, checkCompression } from "./decompress.ts";
import { columnOf, layoutsOf } from "./parquet-columns.ts";
import {
  damaged,
  MAX_BLOCK_BYTES,
  MAX_METADATA_BYTES,
  readBytes,
  type SegmentItem,
  timesOf,
} from "./segment.ts";

const MAGIC = "PAR1";
/** A row group is held as values, one object or number each. */
const MAX_GROUP_ROWS = 1 << 22;
/** Rows of a batch. */
const BATCH_ROWS = 8192;

/** @throws SourceError `SEGMENT_COMPRESSION`, `SEGMENT_CUT`, `SEGMENT_DAMAGED`, `SEGMENT_SIZE`, `SEGMENT_TYPE`, behind what was whole */
export async function* parquetFile(path: string): AsyncGenerator<SegmentItem, void, void> {
  const { fd: file } = openRegularFile(path);
  try {
    const buffer = bufferOf(file, path);
    checkEnds(buffer.byteLength, (at, length) => readAt(file, path, at, length), path);
    const metadata = await parquetMetadataAsync(buffer);
    checkCompression(metadata, path);
    const columns = layoutsOf(metadata.schema, path);
    yield { kind: "columns", columns };
    const facts = new Map(
      (metadata.key_value_metadata ?? []).map(({ key, value }) => [key, value ?? ""]),
    );
    let rowStart = 0;
    for (const { num_rows } of metadata.row_groups) {
      const rows = groupRows(num_rows, path);
      const values = await groupValues({ buffer, metadata, rowStart, rows, path }, columns);
      for (let from = 0; from < rows; from += BATCH_ROWS) {
        const to = Math.min(rows, from + BATCH_ROWS);
        yield { kind: "batch", batch: batchOf(columns, values, from, to), facts };
      }
      rowStart += rows;
    }
    yield { kind: "facts", facts };
  } catch (error) {
    throw damaged(path, error);
  } finally {
    closeSync(file);
  }
}

function groupRows(rows: bigint, path: string): number {
  if (rows >= 0n && rows <= BigInt(MAX_GROUP_ROWS)) return Number(rows);
  throw new SourceError(
    "SEGMENT_SIZE",
    `${path}: expected row groups of at most ${MAX_GROUP_ROWS} rows, got one of ${rows}`,
  );
}

interface Group {
  readonly buffer: AsyncBuffer;
  readonly metadata: FileMetaData;
  readonly rowStart: number;
  readonly rows: number;
  readonly path: string;
}

/** The values of a row group, column by column. */
async function groupValues(
  { buffer, metadata, rowStart, rows, path }: Group,
  columns: Schema,
): Promise<unknown[][]> {
  const values = columns.map((): unknown[] => []);
  const places = new Map(columns.map(({ name }, i) => [name, i]));
  // One column at a time: of several that fail, the reader leaves all but one to end the process.
  for (const { name } of columns)
    await parquetRead({
      file: buffer,
      metadata,
      columns: [name],
      rowStart,
      rowEnd: rowStart + rows,
      compressors: COMPRESSORS,
      parsers: { timestampFromNanoseconds: (ns: bigint) => ns },
      onChunk: ({ columnName, columnData, rowStart: first }) => {
        const own = values[places.get(columnName)!]!;
        for (let i = 0; i < columnData.length; i++) own[first - rowStart + i] = columnData[i];
      },
    });
  columns.forEach(({ name }, i) => {
    if (values[i]!.length === rows) return;
    throw new SourceError(
      "SEGMENT_DAMAGED",
      `${path}: column ${name}: expected ${rows} values in a row group, got ${values[i]!.length}`,
    );
  });
  return values;
}

function batchOf(schema: Schema, values: readonly unknown[][], from: number, to: number) {
  const columns: Column[] = schema.map((layout, i) => columnOf(layout, values[i]!.slice(from, to)));
  const rows = to - from;
  const batch: ColumnBatch = { rows, timestamps: timesOf(schema, columns, rows), columns };
  return batch;
}

/** @throws SourceError `SEGMENT_CUT`, `SEGMENT_SIZE` */
function checkEnds(
  size: number,
  read: (at: number, length: number) => Uint8Array<ArrayBuffer>,
  path: string,
): void {
  const tail = size < 12 ? undefined : read(size - 8, 8);
  const end = tail && new TextDecoder("latin1").decode(tail.subarray(4));
  if (tail === undefined || end !== MAGIC)
    throw new SourceError(
      "SEGMENT_CUT",
      `${path}: expected ${MAGIC} at the end of a Parquet file, got ${size} bytes without it`,
    );
  const length = new DataView(tail.buffer).getUint32(0, true);
  if (length > MAX_METADATA_BYTES || length > size - 12)
    throw new SourceError(
      "SEGMENT_SIZE",
      `${path}: expected a footer of at most ${Math.min(MAX_METADATA_BYTES, size - 12)} bytes, got ${length}`,
    );
}

function bufferOf(file: number, path: string): AsyncBuffer {
  const byteLength = fstatSync(file).size;
  return {
    byteLength,
    slice: (start, end = byteLength) => readAt(file, path, start, end - start).buffer,
  };
}

function readAt(file: number, path: string, at: number, length: number): Uint8Array<ArrayBuffer> {
  const size = fstatSync(file).size;
  if (at < 0 || length < 0 || length > MAX_BLOCK_BYTES || at + length > size)
    throw new SourceError(
      "SEGMENT_DAMAGED",
      `${path}: expected places within ${size} bytes, got ${length} bytes at byte ${at}`,
    );
  return readBytes(path, file, at, length);
}
