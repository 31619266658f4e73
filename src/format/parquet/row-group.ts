/** The rows of a row group, column by column, until there are enough of them; then its bytes. */

import type { ColumnChunk as ChunkEntry, SchemaElement } from "hyparquet";
import type { ParquetWriter } from "hyparquet-writer";
import type { ColumnBatch } from "../../column/column.ts";
import type { ColumnLayout, Schema } from "../../column/schema.ts";
import type { ColumnChunk } from "./chunk.ts";
import { ListChunk } from "./list-chunk.ts";
import { NumberChunk } from "./number-chunk.ts";
import { writeChunk } from "./pages.ts";
import { physical } from "./schema.ts";
import { TextChunk } from "./text-chunk.ts";

interface GroupColumn {
  readonly name: string;
  readonly element: Pick<SchemaElement, "type">;
  readonly chunk: ColumnChunk | ListChunk;
}

export class RowGroup {
  readonly #columns: readonly GroupColumn[];
  rows = 0;
  /** About how much memory the values take, bytes. */
  bytes = 0;

  constructor(columns: Schema) {
    this.#columns = columns.map((column) => ({
      name: column.name,
      element: column.type.kind === "list" ? {} : physical(column.type),
      chunk: chunkOf(column),
    }));
  }

  add(batch: ColumnBatch): void {
    this.rows += batch.rows;
    this.#columns.forEach(({ chunk }, i) => {
      this.bytes += chunk.add(batch.columns[i]!, batch.rows);
    });
  }

  /** Appends its bytes, and its entry to those of the footer; begins anew. */
  write(file: ParquetWriter): void {
    const { rows } = this;
    const start = file.writer.offset;
    const columns = this.#columns.flatMap(({ name, element, chunk }) =>
      chunk instanceof ListChunk
        ? writeLists(file, name, chunk.take(), rows)
        : writeChunk(file, { name, element, rows }, chunk.encode()),
    );
    this.rows = 0;
    this.bytes = 0;
    file.num_rows += BigInt(rows);
    file.row_groups.push({
      columns,
      total_byte_size: columns.reduce(
        (sum, { meta_data }) => sum + (meta_data?.total_uncompressed_size ?? 0n),
        0n,
      ),
      num_rows: BigInt(rows),
      total_compressed_size: BigInt(file.writer.offset - start),
    });
  }
}

function chunkOf({ type, nullable }: ColumnLayout): ColumnChunk | ListChunk {
  switch (type.kind) {
    case "timestamp":
      return new NumberChunk("int64", nullable, false);
    case "number":
      return new NumberChunk(type.number, nullable, true);
    case "list":
      return new ListChunk();
    default:
      return new TextChunk(nullable || type.kind === "null");
  }
}

/** The library writes a group of that column alone, whose entry becomes one of the group's. */
function writeLists(
  file: ParquetWriter,
  name: string,
  values: unknown[],
  rows: number,
): ChunkEntry[] {
  // Without a `flush` of its output, the writer promises nothing.
  void file.write({ columnData: [{ name, data: values as never }], rowGroupSize: rows });
  file.num_rows -= BigInt(rows);
  return file.row_groups.pop()!.columns;
}
