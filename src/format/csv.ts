import { Utf8Writer } from "../base/utf8-writer.ts";
import { isPresent } from "../column/row-reader.ts";
import type { Schema } from "../column/schema.ts";
import { type BatchWriter, NO_BYTES } from "./batch-writer.ts";
import { cellWriter, csvDialect, textCapacity } from "./cell.ts";
import { csvLines } from "./cell-lines.ts";

const encoder = new TextEncoder();
const COMMA = 44;
const LINE_FEED = 10;

/** Comma-separated values with a header line (RFC 4180, but lines end in LF). Absent values are empty; of totals, only the last. */
export function csvWriter(): BatchWriter<Uint8Array> {
  let columns: Schema = [];
  return {
    begin(planned) {
      columns = planned;
      const out = new Utf8Writer();
      columns.forEach(({ name }, i) => {
        if (i > 0) out.ascii(",");
        csvDialect.text(encoder.encode(name), out);
      });
      out.ascii("\n");
      return out.bytes.subarray(0, out.length);
    },
    change(planned) {
      columns = planned;
      return NO_BYTES;
    },
    lines: csvLines,
    batch(batch) {
      if (batch.lines !== undefined) return batch.lines.slice();
      // A table has no place for totals so far: it has those of the end.
      if (batch.snapshot !== undefined) return NO_BYTES;
      const out = new Utf8Writer(textCapacity(batch));
      const cells = batch.columns.map((column, i) =>
        cellWriter(column, columns[i]!.type, csvDialect),
      );
      for (let row = 0; row < batch.rows; row++) {
        for (let i = 0; i < cells.length; i++) {
          if (i > 0) out.byte(COMMA);
          if (isPresent(batch.columns[i]!, row)) cells[i]!(row, out);
        }
        out.byte(LINE_FEED);
      }
      return out.bytes.subarray(0, out.length);
    },
    end: () => NO_BYTES,
  };
}
