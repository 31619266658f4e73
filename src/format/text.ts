import { masked } from "../base/printable.ts";
import { clockTimeWriter, isUsual, LOCAL_TIME_OF_DAY, type TimeStyle } from "../base/time.ts";
import { Utf8Writer } from "../base/utf8-writer.ts";
import { writeVisible } from "../base/visible.ts";
import type { Column, ColumnBatch, ColumnType } from "../column/column.ts";
import { halvesOf } from "../column/halves.ts";
import type { ColumnRequest } from "../column/request.ts";
import { isPresent } from "../column/row-reader.ts";
import type { PlannedColumn, Schema } from "../column/schema.ts";
import type { LineFormat, LinePart } from "../scan/line-format.ts";
import { type BatchWriter, NO_BYTES } from "./batch-writer.ts";
import {
  type CellDialect,
  cellDialect,
  cellWriter,
  hexadecimalCell,
  textCapacity,
} from "./cell.ts";

/** Escape sequences around the parts of a line; all empty where colours are off. */
export interface TextColors {
  readonly time: readonly [string, string];
  readonly container: readonly [string, string];
  readonly process: readonly [string, string];
  readonly event: readonly [string, string];
  readonly name: readonly [string, string];
  readonly loss: readonly [string, string];
}

export const NO_COLORS: TextColors = {
  time: ["", ""],
  container: ["", ""],
  process: ["", ""],
  event: ["", ""],
  name: ["", ""],
  loss: ["", ""],
};

/** Select Graphic Rendition of ECMA-48. */
const DIM = ["\x1b[2m", "\x1b[22m"] as const;
const BOLD = ["\x1b[1m", "\x1b[22m"] as const;
const GREEN = ["\x1b[32m", "\x1b[39m"] as const;
const YELLOW = ["\x1b[33m", "\x1b[39m"] as const;
const CYAN = ["\x1b[36m", "\x1b[39m"] as const;

export const COLORS: TextColors = {
  time: DIM,
  container: CYAN,
  process: GREEN,
  event: BOLD,
  name: DIM,
  loss: YELLOW,
};

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

/** The same with the container's name instead of the number of its pid namespace. */
export const NAMED_TEXT_REQUESTS: readonly ColumnRequest[] = TEXT_REQUESTS.map((request) =>
  request.kind === "context" && request.name === "pid_ns"
    ? { kind: "container", fact: "name" }
    : request,
);

/** How many of the requests above stand before the part that a selection replaces. */
export const TEXT_HEAD_COUNT = 7;

/** Longest procname that the kernel keeps, and room for a namespace number and a thread id. */
const PROCESS_WIDTH = 15;
const CONTAINER_WIDTH = 10;
const TID_WIDTH = 7;
/** Behind the number that a thread has in its own pid namespace, which is another one on the host. */
const VIRTUAL = "v";
/** As wide as a time of day. */
const NO_TIME = "-".padEnd(18);
const NO_DATE = "-".padEnd(29);
/** Event names are padded to the longest seen, up to this. */
const MAX_EVENT_WIDTH = 32;
const FIRST_EVENT_WIDTH = 12;

const plain: CellDialect = cellDialect({
  text: writeVisible,
  json: (bytes, out) => out.raw(bytes),
  largeInteger: (write) => write(),
});

/**
 * A compact line for reading: time, host, pid namespace, process, thread, event, fields.
 * Columns after the head (a selection) follow as `name=value`.
 */
export function textWriter(
  colors: TextColors,
  times: TimeStyle = LOCAL_TIME_OF_DAY,
): BatchWriter<Uint8Array> {
  const time = clockTimeWriter(times);
  const noTime = times.showsDate ? NO_DATE : NO_TIME;
  let columns: Schema = [];
  let eventWidth = FIRST_EVENT_WIDTH;
  return {
    begin(planned) {
      columns = planned;
      return NO_BYTES;
    },
    change(planned) {
      columns = planned;
      return NO_BYTES;
    },
    lines: (planned) => (isUsual(times) ? textLines(planned, colors) : undefined),
    batch(batch) {
      if (batch.lines !== undefined) return batch.lines.slice();
      const out = new Utf8Writer(textCapacity(batch));
      const head = new LineHead(batch, columns, out);
      const halves = halvesOf(batch.timestamps);
      const host = head.part(1, 0, PLAIN_COLOR);
      const container = head.part(2, CONTAINER_WIDTH, colors.container);
      const process = head.part(3, PROCESS_WIDTH, colors.process);
      const tid = head.part(4, TID_WIDTH, PLAIN_COLOR);
      const vtid = head.part(5, TID_WIDTH, PLAIN_COLOR, VIRTUAL);
      const event = head.part(6, 0, colors.event);
      const escapes = colors.event[0].length + colors.event[1].length;
      const isThread = (row: number): boolean => isPresent(batch.columns[4]!, row);
      const isTimed = (row: number): boolean => isPresent(batch.columns[0]!, row);
      const rest = restParts(batch, columns, colors, out);
      for (let row = 0; row < batch.rows; row++) {
        out.ascii(colors.time[0]);
        if (isTimed(row)) time.write(halves[row * 2 + 1]!, halves[row * 2]!, out);
        else out.ascii(noTime);
        out.ascii(colors.time[1]);
        host(row);
        container(row);
        process(row);
        if (isThread(row)) tid(row);
        else vtid(row);
        const start = out.length;
        event(row);
        eventWidth = Math.min(
          MAX_EVENT_WIDTH,
          Math.max(eventWidth, out.length - start - 1 - escapes),
        );
        spaces(out, eventWidth + 1 + escapes - (out.length - start));
        for (let i = 0; i < rest.length; i++) rest[i]!(row);
        trimLine(out);
        out.byte(10);
      }
      return out.bytes.subarray(0, out.length);
    },
    loss(text) {
      const [open, close] = colors.loss;
      return encoder.encode(`${open}--- ${masked(text)}${close}\n`);
    },
    end: () => NO_BYTES,
  };
}

/** The lines of rows whose payload is not selected from. */
function textLines(columns: readonly PlannedColumn[], colors: TextColors): LineFormat | undefined {
  const rest = columns.slice(TEXT_HEAD_COUNT);
  if (rest.length !== 1 || rest[0]?.request?.kind !== "payload") return undefined;
  const bytes = (text: string): Uint8Array => encoder.encode(text);
  /** @param marks behind the numbers of each column */
  const number = (
    at: readonly number[],
    width: number,
    color: Color,
    marks: readonly string[],
  ): LinePart[] => {
    const isKnown = (i: number): boolean => columns[i]?.type.kind === "number";
    const [open, close] = color;
    return [
      {
        kind: "number",
        columns: at.flatMap((column, i) => {
          const mark = marks[i]!;
          const one = { column, width: width - mark.length, after: bytes(`${mark}${close}`) };
          return isKnown(column) ? [one] : [];
        }),
        before: bytes(` ${open}`),
        absent: isKnown(at.at(-1)!) ? painted("-".padStart(width), color) : NO_BYTES,
      },
    ];
  };
  const name = (i: number, width: number, color: Color): LinePart[] =>
    columns[i]?.type.kind !== "dictionary"
      ? []
      : [
          {
            kind: "name",
            column: i,
            paint: (text) => painted(visibleText(text).padEnd(width), color),
            absent: painted(width === 0 ? "-" : "-".padEnd(width), color),
          },
        ];
  const event: LinePart = {
    kind: "name",
    column: 6,
    paint: (text) => painted(visibleText(text), colors.event),
    absent: painted("-", colors.event),
    align: {
      beside: painted("", colors.event).length,
      width: { current: FIRST_EVENT_WIDTH, most: MAX_EVENT_WIDTH },
    },
  };
  const time: LinePart[] = [
    { kind: "literal", bytes: bytes(colors.time[0]) },
    { kind: "time" },
    { kind: "literal", bytes: bytes(colors.time[1]) },
  ];
  const parts: LinePart[] = [
    ...time,
    ...name(1, 0, PLAIN_COLOR),
    ...(columns[2]?.type.kind === "number"
      ? number([2], CONTAINER_WIDTH, colors.container, [""])
      : []),
    ...name(2, CONTAINER_WIDTH, colors.container),
    ...name(3, PROCESS_WIDTH, colors.process),
    ...number([4, 5], TID_WIDTH, PLAIN_COLOR, ["", VIRTUAL]),
    event,
    { kind: "literal", bytes: bytes(" ") },
    { kind: "text", column: TEXT_HEAD_COUNT, isRaw: false },
  ];
  const noTime = bytes(`${colors.time[0]}${NO_TIME}${colors.time[1]}`);
  return { parts, timeParts: time.length, noTime, timeColumn: 0, trims: true, isObject: false };
}

function visibleText(text: string): string {
  const out = new Utf8Writer(64);
  writeVisible(encoder.encode(text), out);
  return decoder.decode(out.bytes.subarray(0, out.length));
}

type Color = readonly [string, string];
/** Writes one part of a row's line. */
type Part = (row: number) => void;

const PLAIN_COLOR: Color = ["", ""];
const NOTHING: Part = () => {};

/** The parts of fixed width at a line's beginning, each after a blank. */
class LineHead {
  readonly #batch: ColumnBatch;
  readonly #columns: Schema;
  readonly #out: Utf8Writer;

  constructor(batch: ColumnBatch, columns: Schema, out: Utf8Writer) {
    this.#batch = batch;
    this.#columns = columns;
    this.#out = out;
  }

  /** @param mark behind numbers */
  part(i: number, width: number, color: Color, mark: string = ""): Part {
    const column = this.#batch.columns[i];
    const { type } = this.#columns[i] ?? {};
    // Contexts that no class has leave their place out.
    if (column === undefined || (type?.kind !== "dictionary" && type?.kind !== "number"))
      return NOTHING;
    const write =
      column.kind === "dictionary"
        ? this.#text(column, width, color)
        : this.#number(column, type, width - mark.length, [color[0], `${mark}${color[1]}`]);
    const absent = painted(
      width === 0 ? "-" : column.kind === "dictionary" ? "-".padEnd(width) : "-".padStart(width),
      color,
    );
    return (row) => {
      if (isPresent(column, row)) write(row);
      else this.#out.raw(absent);
    };
  }

  /** Each text is padded and painted once a batch. */
  #text(column: Column & { kind: "dictionary" }, width: number, color: Color): Part {
    const parts: Uint8Array[] = [];
    const { codes, dictionary } = column;
    return (row) => {
      const code = codes[row]!;
      let part = parts[code];
      if (part === undefined) {
        part = painted(visibleText(dictionary.text(code)).padEnd(width), color);
        parts[code] = part;
      }
      this.#out.raw(part);
    };
  }

  #number(column: Column, type: ColumnType, width: number, color: Color): Part {
    const out = this.#out;
    const cell = cellWriter(column, type, plain);
    return (row) => {
      out.byte(32);
      out.ascii(color[0]);
      const start = out.length;
      cell(row, out);
      const missing = width - (out.length - start);
      if (missing > 0) {
        spaces(out, missing);
        out.bytes.copyWithin(start + missing, start, out.length - missing);
        out.bytes.fill(32, start, start + missing);
      }
      out.ascii(color[1]);
    };
  }
}

/** The columns behind the head: the payload as it is, others with their names. */
function restParts(
  batch: ColumnBatch,
  columns: Schema,
  colors: TextColors,
  out: Utf8Writer,
): Part[] {
  return batch.columns.slice(TEXT_HEAD_COUNT).map((column, at) => {
    const { name, type, request, isHexadecimal } = columns[at + TEXT_HEAD_COUNT]!;
    const cell =
      isHexadecimal === true && column.kind === "number"
        ? hexadecimalCell(column)
        : cellWriter(column, type, plain);
    const label =
      request?.kind === "payload" ? encoder.encode(" ") : painted(`${name}=`, colors.name);
    return (row) => {
      if (!isPresent(column, row)) return;
      out.raw(label);
      cell(row, out);
    };
  });
}

/** A blank, then the text in its colour. */
function painted(text: string, [open, close]: Color): Uint8Array {
  return encoder.encode(` ${open}${text}${close}`);
}

function spaces(out: Utf8Writer, count: number): void {
  for (let i = 0; i < count; i++) out.byte(32);
}

const encoder = new TextEncoder();

const decoder = new TextDecoder();

function trimLine(out: Utf8Writer): void {
  while (out.length > 0 && out.bytes[out.length - 1] === 32) out.length--;
}
