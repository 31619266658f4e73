import { clockTimeWriter } from "../base/time.ts";
import { Utf8Writer } from "../base/utf8-writer.ts";
import { type BatchWriter, NO_BYTES } from "../scan/batch-writer.ts";
import type { ColumnBatch } from "../scan/column.ts";
import type { ColumnRequest, PlannedColumn } from "../scan/layout.ts";
import { type CellDialect, cellWriter, isPresent, textCapacity, type WriteCell } from "./cell.ts";
import { halvesOf } from "./halves.ts";

/** Escape sequences around the parts of a line; all empty where colours are off. */
export interface TextColors {
  readonly time: readonly [string, string];
  readonly container: readonly [string, string];
  readonly process: readonly [string, string];
  readonly event: readonly [string, string];
  readonly name: readonly [string, string];
}

/** The columns that a text line is made of. Traces without one of the contexts leave its place out. */
export const TEXT_REQUESTS: readonly ColumnRequest[] = [
  { kind: "timestamp" },
  { kind: "host" },
  { kind: "context", name: "pid_ns", isOptional: true },
  { kind: "context", name: "procname", isOptional: true },
  { kind: "context", name: "tid", isOptional: true },
  { kind: "context", name: "vtid", isOptional: true },
  { kind: "event" },
  { kind: "payload", style: "text" },
];

/** How many of the requests above stand before the part that a selection replaces. */
export const TEXT_HEAD_COUNT = 7;

/** Longest procname that the kernel keeps, and room for a namespace number and a thread id. */
const PROCESS_WIDTH = 15;
const CONTAINER_WIDTH = 10;
const TID_WIDTH = 7;
/** Event names are padded to the longest seen, up to this. */
const MAX_EVENT_WIDTH = 32;

const plain: CellDialect = {
  text: writeVisible,
  json: (bytes, out) => out.raw(bytes),
  largeInteger: (write) => write(),
};

/**
 * A compact line for reading: time, host, pid namespace, process, thread, event, fields.
 * Columns after the head (a selection) follow as `name=value`.
 */
export function textWriter(colors: TextColors): BatchWriter {
  const time = clockTimeWriter();
  let columns: readonly PlannedColumn[] = [];
  let eventWidth = 12;
  const line = (
    batch: ColumnBatch,
    cells: readonly WriteCell[],
    halves: Int32Array,
    row: number,
    out: Utf8Writer,
  ): void => {
    const [, host, container, process, tid, vtid, event] = batch.columns;
    paint(colors.time, out, () => time.write(halves[row * 2 + 1]!, halves[row * 2]!, out));
    const put = (i: number, width: number, isRight: boolean): void => {
      const column = batch.columns[i]!;
      // Contexts that no class has were planned as text and are never present.
      if (columns[i]!.type.kind === "utf8") return;
      out.ascii(" ");
      const start = out.length;
      if (isPresent(column, row)) cells[i]!(row, out);
      else out.ascii("-");
      pad(out, start, width, isRight);
    };
    if (host !== undefined) put(1, 0, false);
    if (container !== undefined) paint(colors.container, out, () => put(2, CONTAINER_WIDTH, true));
    if (process !== undefined) paint(colors.process, out, () => put(3, PROCESS_WIDTH, false));
    const thread = tid !== undefined && isPresent(tid, row) ? 4 : 5;
    if (vtid !== undefined) put(thread, TID_WIDTH, true);
    if (event !== undefined) {
      const start = out.length;
      paint(colors.event, out, () => put(6, 0, false));
      const escapes = colors.event[0].length + colors.event[1].length;
      eventWidth = Math.min(
        MAX_EVENT_WIDTH,
        Math.max(eventWidth, out.length - start - 1 - escapes),
      );
      pad(out, start, eventWidth + 1 + escapes, false);
    }
    for (let i = TEXT_HEAD_COUNT; i < cells.length; i++) {
      if (!isPresent(batch.columns[i]!, row)) continue;
      out.ascii(" ");
      if (columns[i]!.request.kind !== "payload") {
        paint(colors.name, out, () => out.raw(encoder.encode(`${columns[i]!.name}=`)));
      }
      cells[i]!(row, out);
    }
    trimLine(out);
    out.ascii("\n");
  };
  return {
    begin(planned) {
      columns = planned;
      return NO_BYTES;
    },
    batch(batch) {
      const out = new Utf8Writer(textCapacity(batch));
      const halves = halvesOf(batch.timestamps);
      const cells = batch.columns.map((column, i) => cellWriter(column, columns[i]!.type, plain));
      for (let row = 0; row < batch.rows; row++) line(batch, cells, halves, row, out);
      return out.bytes.subarray(0, out.length);
    },
    end: () => NO_BYTES,
  };
}

const encoder = new TextEncoder();

const decoder = new TextDecoder();

/**
 * A text as it stands, or as a JSON string if it could do more than be read: any process may give itself a name that
 * moves the cursor, ends the line or sets colours.
 */
function writeVisible(bytes: Uint8Array, out: Utf8Writer): void {
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]!;
    // C0, DEL; and C1, which terminals obey too: U+0080 to U+009F are C2 80 to C2 9F.
    if (byte < 32 || byte === 127 || (byte === 0xc2 && bytes[i + 1]! < 0xa0)) {
      out.raw(encoder.encode(visible(decoder.decode(bytes))));
      return;
    }
  }
  out.raw(bytes);
}

function visible(text: string): string {
  return JSON.stringify(text).replaceAll(
    /[\x7f-\x9f]/g,
    (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function paint(color: readonly [string, string], out: Utf8Writer, write: () => void): void {
  out.ascii(color[0]);
  write();
  out.ascii(color[1]);
}

/** Fills up what was written since `start` to a width. */
function pad(out: Utf8Writer, start: number, width: number, isRight: boolean): void {
  const missing = width - (out.length - start);
  if (missing <= 0) return;
  out.ascii(" ".repeat(missing));
  if (isRight) {
    out.bytes.copyWithin(start + missing, start, out.length - missing);
    out.bytes.fill(32, start, start + missing);
  }
}

function trimLine(out: Utf8Writer): void {
  while (out.length > 0 && out.bytes[out.length - 1] === 32) out.length--;
}
