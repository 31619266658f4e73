/** One column of a row group: values as they come, then pages. */

import type { Column } from "../../column/column.ts";
import type { PageBytes } from "./page-bytes.ts";

/** Of Parquet's numbers. */
export const ENCODING = {
  plain: { name: "PLAIN", id: 0 },
  dictionary: { name: "RLE_DICTIONARY", id: 8 },
  delta: { name: "DELTA_BINARY_PACKED", id: 5 },
  deltaLength: { name: "DELTA_LENGTH_BYTE_ARRAY", id: 6 },
} as const;
export type Encoding = (typeof ENCODING)[keyof typeof ENCODING];

export interface EncodedPage {
  /** Levels and values. */
  readonly levels: PageBytes;
  readonly values: Uint8Array;
  readonly rows: number;
  readonly nulls: number;
}

/** What a column's pages are, and its statistics. */
export interface EncodedChunk {
  readonly encoding: Encoding;
  /** Whether pages are worth compressing. */
  readonly isCompressed: boolean;
  /** The values of a dictionary, in plain coding, and how many they are. */
  readonly dictionary: { readonly values: Uint8Array; readonly count: number } | undefined;
  readonly pages: readonly EncodedPage[];
  readonly nulls: number;
  readonly least: number | bigint | Uint8Array | undefined;
  readonly most: number | bigint | Uint8Array | undefined;
}

export interface ColumnChunk {
  /** Takes the rows of a batch. @returns about how many bytes that takes */
  add(column: Column, rows: number): number;
  /** The pages of all rows that came; begins anew. */
  encode(): EncodedChunk;
}
