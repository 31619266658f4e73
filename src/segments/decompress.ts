/** What pages of Parquet files are compressed with. */

import * as zlib from "node:zlib";
import { type Compressors, type FileMetaData, snappyUncompress } from "hyparquet";
import { SourceError } from "../base/errors.ts";
import { MAX_BLOCK_BYTES } from "./segment.ts";

type Unpack = (
  input: Uint8Array,
  options: { readonly maxOutputLength: number },
) => Uint8Array<ArrayBufferLike>;

/** Node has it from 22.15 on. */
const unzstd = (zlib as { readonly zstdDecompressSync?: Unpack }).zstdDecompressSync;

export const COMPRESSORS: Compressors = {
  SNAPPY: (input, length) => {
    const output = new Uint8Array(checked(length));
    snappyUncompress(input, output);
    return output;
  },
  GZIP: by(zlib.gunzipSync),
  BROTLI: by(zlib.brotliDecompressSync),
  ...(unzstd !== undefined && { ZSTD: by(unzstd) }),
};

function by(unpack: Unpack): (input: Uint8Array, length: number) => Uint8Array {
  // An empty page has no bytes at all, which is no stream of any of them.
  return (input, length) =>
    length === 0
      ? new Uint8Array(0)
      : new Uint8Array(unpack(input, { maxOutputLength: checked(length) }));
}

function checked(length: number): number {
  if (length >= 0 && length <= MAX_BLOCK_BYTES) return length;
  throw new RangeError(`a page of ${length} bytes, more than ${MAX_BLOCK_BYTES}`);
}

/** @throws SourceError `SEGMENT_COMPRESSION` for what cannot be read */
export function checkCompression({ row_groups }: FileMetaData, path: string): void {
  for (const { columns } of row_groups) {
    for (const { meta_data } of columns) {
      const codec = meta_data?.codec ?? "UNCOMPRESSED";
      if (codec === "UNCOMPRESSED" || codec in COMPRESSORS) continue;
      const node = `; Zstandard takes Node 22.15 or later, this is ${process.versions.node}`;
      const known = Object.keys(COMPRESSORS).join(", ");
      throw new SourceError(
        "SEGMENT_COMPRESSION",
        `${path}: expected columns without compression or with one of ${known}, got ${codec}${codec === "ZSTD" ? node : ""}`,
      );
    }
  }
}
