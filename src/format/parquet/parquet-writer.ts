/** Query batches → one Parquet file: row groups as they fill, the footer at the end. */

import { ByteWriter, ParquetWriter } from "hyparquet-writer";
import { SourceError } from "../../base/errors.ts";
import { type BatchWriter, NO_BYTES } from "../batch-writer.ts";
import { RowGroup } from "./row-group.ts";
import { parquetSchema } from "./schema.ts";

/** A row group is written when it has so many rows, or so many bytes. */
const GROUP_ROWS = 1 << 17;
const GROUP_BYTES = 64 << 20;

/** Gives the bytes out that were written since it did so last. */
class Output extends ByteWriter {
  takeBytes(): Uint8Array {
    const bytes = new Uint8Array(this.getBuffer());
    this.index = 0;
    return bytes;
  }
}

interface File {
  readonly output: Output;
  readonly writer: ParquetWriter;
  readonly group: RowGroup;
  /** Behind each row group: bytes of the file, and columns with an index of their pages. */
  readonly ends: { readonly bytes: number; readonly indexes: number }[];
}

/**
 * Writes a Parquet file. What travels beside the rows (losses, the watermark …) stands in the file's key-value metadata, as
 * it was with the last batch. Of totals, only the last are written.
 * @throws SourceError `PARQUET_COLUMNS` when a column gets its type behind the first rows: a file has one schema
 */
export function parquetWriter(): BatchWriter<Uint8Array> {
  let file: File | undefined;
  let last: ReadonlyMap<string, string> = new Map();
  return {
    begin(columns) {
      const output = new Output();
      const writer = new ParquetWriter({
        writer: output,
        schema: parquetSchema(columns),
        createdBy: "tracewire",
      });
      file = { output, writer, group: new RowGroup(columns), ends: [] };
      return output.takeBytes();
    },
    change(columns) {
      const names = columns.map(({ name }) => name).join(", ");
      throw new SourceError(
        "PARQUET_COLUMNS",
        `parquet: expected columns that keep their types, got other ones behind the first rows (${names}); name the type, such as NAME:int64`,
      );
    },
    batch(batch, facts) {
      if (file === undefined) throw new TypeError("parquetWriter: begin() comes before batch()");
      if (facts !== undefined) last = facts;
      if (batch.snapshot !== undefined) return NO_BYTES;
      const { group, output } = file;
      group.add(batch);
      if (group.rows < GROUP_ROWS && group.bytes < GROUP_BYTES) return NO_BYTES;
      writeGroup(file);
      return output.takeBytes();
    },
    endAt(bytes) {
      if (file === undefined) return NO_BYTES;
      const { writer, output, ends } = file;
      const kept = ends.filter((end) => end.bytes <= bytes);
      writer.row_groups.length = kept.length;
      writer.num_rows = writer.row_groups.reduce((sum, { num_rows }) => sum + num_rows, 0n);
      writer.pendingIndexes.length = kept.at(-1)?.indexes ?? 0;
      output.takeBytes();
      output.offset = bytes;
      writer.kvMetadata = [...last].map(([key, value]) => ({ key, value }));
      void writer.finish();
      return output.takeBytes();
    },
    end() {
      if (file === undefined) return NO_BYTES;
      const { writer, output, group } = file;
      if (group.rows > 0) writeGroup(file);
      writer.kvMetadata = [...last].map(([key, value]) => ({ key, value }));
      void writer.finish();
      return output.takeBytes();
    },
  };
}

function writeGroup({ writer, output, group, ends }: File): void {
  group.write(writer);
  ends.push({ bytes: output.offset, indexes: writer.pendingIndexes.length });
}
