/**
 * Pages of a column, and the column's entry in the footer.
 * @see https://github.com/apache/parquet-format: data pages of version 2, whose levels stand uncompressed before the values
 */

import type { ColumnChunk as ChunkEntry, SchemaElement } from "hyparquet";
import type { ParquetWriter } from "hyparquet-writer";
import { ENCODING, type EncodedChunk, type EncodedPage } from "./chunk.ts";
import { PageBytes } from "./page-bytes.ts";

interface ChunkColumn {
  readonly name: string;
  readonly element: Pick<SchemaElement, "type">;
  readonly rows: number;
}

const DICTIONARY_PAGE = 2;
const DATA_PAGE_V2 = 3;
/** Structures in the page's header: the dictionary's is field 7, that of data field 8. */
const DICTIONARY_HEADER = 0x4c;
const DATA_HEADER = 0x5c;
const IS_COMPRESSED = 0x11;
const IS_PLAIN = 0x12;
const STOP = 0;

/** Appends a column's pages. */
export function writeChunk(
  file: ParquetWriter,
  { name, element, rows }: ChunkColumn,
  chunk: EncodedChunk,
): ChunkEntry {
  const { writer } = file;
  const start = writer.offset;
  const { dictionary, encoding, nulls } = chunk;
  let saved = 0;
  if (dictionary !== undefined) {
    writer.appendBytes(dictionaryHead(dictionary.values.length, dictionary.count));
    writer.appendBytes(dictionary.values);
  }
  const dataStart = writer.offset;
  const compress = chunk.isCompressed ? file.compressors.SNAPPY : undefined;
  for (const page of chunk.pages) {
    const values = compress?.(page.values) ?? page.values;
    saved += page.values.length - values.length;
    writer.appendBytes(dataHead(page, encoding.id, values.length, compress !== undefined));
    writer.appendBytes(page.levels.written);
    writer.appendBytes(values);
  }
  const bytes = writer.offset - start;
  const { least, most } = chunk;
  const bounds =
    least === undefined || most === undefined ? {} : { min_value: least, max_value: most };
  return {
    file_offset: BigInt(start),
    meta_data: {
      type: element.type!,
      encodings: dictionary === undefined ? [encoding.name] : [ENCODING.plain.name, encoding.name],
      path_in_schema: [name],
      codec: chunk.isCompressed ? "SNAPPY" : "UNCOMPRESSED",
      num_values: BigInt(rows),
      total_compressed_size: BigInt(bytes),
      total_uncompressed_size: BigInt(bytes + saved),
      data_page_offset: BigInt(dataStart),
      ...(dictionary !== undefined && { dictionary_page_offset: BigInt(start) }),
      statistics: { null_count: BigInt(nulls), ...bounds },
    },
  };
}

function dictionaryHead(bytes: number, count: number): Uint8Array {
  const out = new PageBytes(32);
  out.field(1, DICTIONARY_PAGE);
  out.field(1, bytes);
  out.field(1, bytes);
  out.u8(DICTIONARY_HEADER);
  out.field(1, count);
  out.field(1, ENCODING.plain.id);
  out.u8(STOP);
  out.u8(STOP);
  return out.written;
}

function dataHead(
  { rows, nulls, levels, values }: EncodedPage,
  encoding: number,
  bytes: number,
  isCompressed: boolean,
): Uint8Array {
  const out = new PageBytes(64);
  out.field(1, DATA_PAGE_V2);
  out.field(1, levels.length + values.length);
  out.field(1, levels.length + bytes);
  out.u8(DATA_HEADER);
  out.field(1, rows);
  out.field(1, nulls);
  out.field(1, rows);
  out.field(1, encoding);
  out.field(1, levels.length);
  out.field(1, 0);
  out.u8(isCompressed ? IS_COMPRESSED : IS_PLAIN);
  out.u8(STOP);
  out.u8(STOP);
  return out.written;
}
