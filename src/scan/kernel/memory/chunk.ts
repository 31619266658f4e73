/**
 * Chunks: so many rows of a query in the kernel's memory, in Arrow's layout. Scans append rows to them, of one stream after
 * the other: a stream has segments of them. The merge reads them, and the batch that it puts together is a chunk too.
 *
 * 0 i32 rows · from 16 on 32 bytes for each column: 0 i32 nulls · 4 i32 address of its texts or list elements · 8 i32 their
 * capacity in bytes · 12 i32 whether a byte beyond ASCII is among them · 16 i32 address of its dictionary · 20 i32 bytes that
 * a merge will add; then the regions: times, and for each column values (or codes, or offsets) and validity.
 */

import { type KernelColumn, widthOf } from "./columns.ts";

/** Rows of a chunk that scans fill. */
export const CHUNK_ROWS = 4096;

export const ChunkField = { rows: 0 } as const;
export const Slot = {
  nulls: 0,
  text: 4,
  textCapacity: 8,
  seen: 12,
  dictionary: 16,
  incoming: 20,
} as const;
const SLOTS = 16;
const SLOT_BYTES = 32;

/** Byte offsets from a chunk's address. */
export interface Place {
  readonly slot: number;
  /** Values, codes, or offsets (one more than rows). */
  readonly values: number;
  readonly validity: number;
}

export interface ChunkLayout {
  readonly rows: number;
  readonly bytes: number;
  /** i64 each. */
  readonly timestamps: number;
  /** One for each column. */
  readonly places: readonly Place[];
}

/** Rows in the kernel's memory. */
export interface Chunk {
  readonly address: number;
  rows: number;
}

/** Rows `from` to `to - 1` of a chunk, at least one, all of one stream. */
export interface Segment {
  /** The chunk's. */
  readonly address: number;
  readonly from: number;
  readonly to: number;
}

export function chunkLayout(columns: readonly KernelColumn[], rows: number): ChunkLayout {
  let next = roundUp(SLOTS + columns.length * SLOT_BYTES);
  const region = (bytes: number): number => {
    const offset = next;
    // Stores of whole words may pass the region's end.
    next = roundUp(next + bytes + 8);
    return offset;
  };
  const timestamps = region(rows * 8);
  const places = columns.map((column, i) => {
    const isTime = column.kind === "timestamp";
    const values = isTime ? timestamps : region(valuesBytes(column, rows));
    return { slot: SLOTS + i * SLOT_BYTES, values, validity: region((rows + 7) >> 3) };
  });
  return { rows, bytes: next, timestamps, places };
}

function valuesBytes(column: KernelColumn, rows: number): number {
  if (column.kind === "null") return 0;
  if (column.kind === "class-id") return rows * 8;
  return column.kind === "number" ? rows * widthOf(column.number) : (rows + 1) * 4;
}

/** Whether a column has bytes beside its rows. */
export function hasTexts({ kind }: KernelColumn): boolean {
  return kind === "utf8" || kind === "rendered" || kind === "list";
}

function roundUp(bytes: number): number {
  return (bytes + 15) & ~15;
}
