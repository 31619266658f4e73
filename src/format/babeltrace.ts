import {
  clockTimeWriter,
  isUsual,
  LOCAL_TIME_OF_DAY,
  type SplitTime,
  splitNs,
  type TimeStyle,
  writeNanoseconds,
} from "../base/time.ts";
import { Utf8Writer } from "../base/utf8-writer.ts";
import { halvesOf } from "../column/halves.ts";
import { isPresent } from "../column/row-reader.ts";
import type { PlannedColumn } from "../column/schema.ts";
import type { LineFormat, LinePart } from "../scan/line-format.ts";
import { type BatchWriter, NO_BYTES } from "./batch-writer.ts";
import { textCapacity } from "./cell.ts";

/**
 * Lines exactly as babeltrace2 prints them: `[HH:MM:SS.NNNNNNNNN] (+S.NNNNNNNNN) RECORD`, times in local time; only RECORD
 * where there is no clock.
 * The query has two columns, `record` and `timestamp`.
 *
 * @param showsDelta false as under `babeltrace2 --no-delta`
 * @param times as under `--clock-gmt` and `--clock-date`
 */
export function babeltraceWriter(
  showsDelta: boolean,
  times: TimeStyle = LOCAL_TIME_OF_DAY,
): BatchWriter<Uint8Array> {
  const time = clockTimeWriter(times);
  const delta: SplitTime = { seconds: 0, nanoseconds: 0 };
  let previous: { hi: number; lo: number } | undefined;
  return {
    begin: () => NO_BYTES,
    change: () => NO_BYTES,
    lines: (columns) => (isUsual(times) ? babeltraceLines(showsDelta, columns) : undefined),
    batch(batch) {
      if (batch.lines !== undefined) return batch.lines.slice();
      const out = new Utf8Writer(textCapacity(batch));
      const halves = halvesOf(batch.timestamps);
      const [record, times] = batch.columns;
      if (record?.kind !== "utf8")
        throw new TypeError("babeltrace format: expected the column record");
      for (let row = 0; row < batch.rows; row++) {
        const hi = halves[row * 2 + 1]!;
        const lo = halves[row * 2]!;
        const start = record.offsets[row]!;
        const end = record.offsets[row + 1]!;
        if (times !== undefined && !isPresent(times, row)) {
          out.range(record.bytes, start, end);
          out.ascii("\n");
          continue;
        }
        out.ascii("[");
        time.write(hi, lo, out);
        out.ascii(showsDelta ? "] (+" : "] ");
        if (showsDelta) {
          if (previous === undefined) {
            out.ascii("?.?????????");
          } else {
            const borrow = lo >>> 0 < previous.lo >>> 0 ? 1 : 0;
            splitNs(hi - previous.hi - borrow, (lo - previous.lo) | 0, delta);
            // A late row is older than the one before it; babeltrace2 has none.
            const isLate = delta.seconds < 0;
            out.unsigned(isLate ? 0 : delta.seconds);
            out.ascii(".");
            writeNanoseconds(isLate ? 0 : delta.nanoseconds, out);
          }
          out.ascii(") ");
        }
        out.range(record.bytes, start, end);
        out.ascii("\n");
        previous ??= { hi, lo };
        previous.hi = hi;
        previous.lo = lo;
      }
      return out.bytes.subarray(0, out.length);
    },
    end: () => NO_BYTES,
  };
}

function babeltraceLines(showsDelta: boolean, columns: readonly PlannedColumn[]): LineFormat {
  const literal = (text: string): LinePart => ({
    kind: "literal",
    bytes: new TextEncoder().encode(text),
  });
  const delta: readonly LinePart[] = [literal("] (+"), { kind: "delta" }, literal(") ")];
  const parts: readonly LinePart[] = [
    literal("["),
    { kind: "time" },
    ...(showsDelta ? delta : [literal("] ")]),
    { kind: "text", column: 0, isRaw: true },
  ];
  const timeColumn = columns.findIndex(({ type }) => type.kind === "timestamp");
  return {
    parts,
    timeParts: parts.length - 1,
    noTime: NO_BYTES,
    timeColumn: timeColumn < 0 ? undefined : timeColumn,
    trims: false,
    isObject: false,
  };
}
