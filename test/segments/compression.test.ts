/** Parquet files that other programs compressed are read where Node can, and what it cannot is said by its name. */

import { join } from "node:path";
import * as zlib from "node:zlib";
import type { CompressionCodec } from "hyparquet";
import { parquetWriteBuffer } from "hyparquet-writer";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { SourceError } from "../../src/base/errors.ts";
import { parquetFile } from "../../src/segments/parquet-file.ts";
import { Folders } from "../support/folder.ts";

const test = suite("segments/compression");
const folders = new Folders();
test.after(() => folders.removeAll());

const TEXTS = Array.from({ length: 1000 }, (_, i) => `text ${i % 7}`);

type Compress = (bytes: Uint8Array) => Uint8Array;

/** The texts of a file whose pages a function compresses. */
async function textsOf(codec: CompressionCodec, compress: Compress): Promise<number> {
  const bytes = parquetWriteBuffer({
    columnData: [{ name: "name", data: TEXTS, type: "STRING" }],
    codec,
    compressors: { [codec]: compress },
  });
  const path = join(folders.make({ "a.parquet": new Uint8Array(bytes) }), "a.parquet");
  let rows = 0;
  for await (const item of parquetFile(path)) if (item.kind === "batch") rows += item.batch.rows;
  return rows;
}

/** The error of a file whose pages are said to be compressed. */
async function errorOf(codec: CompressionCodec): Promise<SourceError> {
  try {
    await textsOf(codec, (bytes) => bytes);
  } catch (error) {
    if (error instanceof SourceError) return error;
    throw error;
  }
  throw new Error("it was read");
}

for (const [codec, compress] of [
  ["GZIP", zlib.gzipSync],
  ["BROTLI", zlib.brotliCompressSync],
] as const)
  test(`${codec} is read`, async () => {
    assert.is(await textsOf(codec, compress), TEXTS.length);
  });

test("Zstandard is read where Node has it, else the error says which does", async () => {
  const { zstdCompressSync } = zlib as { readonly zstdCompressSync?: Compress };
  if (zstdCompressSync !== undefined) {
    assert.is(await textsOf("ZSTD", zstdCompressSync), TEXTS.length);
    return;
  }
  const error = await errorOf("ZSTD");
  assert.is(error.code, "SEGMENT_COMPRESSION");
  assert.match(error.message, /got ZSTD; Zstandard takes Node 22\.15 or later, this is \d/);
});

test("what is not known is named", async () => {
  const error = await errorOf("LZ4_RAW");
  assert.is(error.code, "SEGMENT_COMPRESSION");
  assert.match(
    error.message,
    /a\.parquet: expected columns without compression or .*, got LZ4_RAW$/,
  );
});

test.run();
