import { Utf8Writer } from "../base/utf8-writer.ts";
import { isPresent } from "../column/row-reader.ts";
import type { Schema } from "../column/schema.ts";
import { type BatchWriter, NO_BYTES } from "./batch-writer.ts";
import { cellWriter, jsonDialect, textCapacity } from "./cell.ts";
import { ndjsonLines } from "./cell-lines.ts";

const encoder = new TextEncoder();

/** One JSON object a line. Fields that a row does not have are left out; totals so far say their number as `snapshot`. */
export function ndjsonWriter(): BatchWriter<Uint8Array> {
  let columns: Schema = [];
  let keys: Uint8Array[] = [];
  return {
    begin(planned) {
      columns = planned;
      keys = columns.map(({ name }) => encoder.encode(`${JSON.stringify(name)}:`));
      return NO_BYTES;
    },
    change(planned) {
      columns = planned;
      return NO_BYTES;
    },
    lines: ndjsonLines,
    batch(batch) {
      if (batch.lines !== undefined) return batch.lines.slice();
      const out = new Utf8Writer(textCapacity(batch));
      const cells = batch.columns.map((column, i) =>
        cellWriter(column, columns[i]!.type, jsonDialect),
      );
      for (let row = 0; row < batch.rows; row++) {
        let separator = "{";
        if (batch.snapshot !== undefined) {
          out.ascii(`{"snapshot":${batch.snapshot}`);
          separator = ",";
        }
        for (let i = 0; i < cells.length; i++) {
          if (!isPresent(batch.columns[i]!, row)) continue;
          out.ascii(separator);
          separator = ",";
          out.raw(keys[i]!);
          cells[i]!(row, out);
        }
        out.ascii(separator === "{" ? "{}\n" : "}\n");
      }
      return out.bytes.subarray(0, out.length);
    },
    end: () => NO_BYTES,
  };
}
