import { stripVTControlCharacters } from "node:util";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type TextColors, textWriter } from "../../src/format/text.ts";
import { dictionary, type MadeColumn, number, timestamp, utf8, type Value } from "./columns.ts";
import { written } from "./written.ts";

process.env["TZ"] = "UTC";

const test = suite("format/text");

const NONE = ["", ""] as const;
const PLAIN: TextColors = {
  time: NONE,
  container: NONE,
  process: NONE,
  event: NONE,
  name: NONE,
  loss: NONE,
};
const T = 1_795_337_745_115_442_425n;

interface Head {
  readonly host?: Value;
  readonly container?: Value;
  readonly process?: Value;
  readonly tid?: Value;
  readonly vtid?: Value;
  readonly event?: Value;
}

/** The seven columns that every line begins with, for one row. */
function head(given: Head = {}): MadeColumn[] {
  const { host = "web1", container = 4026531836n, process = "redis" } = given;
  const { tid = 12, vtid = 7, event = "sched_switch" } = given;
  return [
    timestamp("timestamp", [T]),
    dictionary("host", [host]),
    number("pid_ns", "uint64", [container]),
    dictionary("procname", [process]),
    number("tid", "int32", [tid]),
    number("vtid", "int32", [vtid]),
    dictionary("event", [event]),
  ];
}

function payload(text: string): MadeColumn {
  const made = utf8("payload", [text]);
  return { ...made, planned: { ...made.planned, request: { kind: "payload", style: "text" } } };
}

function line(columns: readonly MadeColumn[], colors: TextColors = PLAIN): string {
  const text = written(textWriter(colors), columns);
  assert.is(text.indexOf("\n"), text.length - 1, "one row is one line");
  return text.slice(0, -1);
}

test("writes time, host, namespace, process, thread, event and fields", () => {
  assert.is(
    line([...head(), payload("prev_prio=20 ret=-2")]),
    "08:55:45.115442425 web1 4026531836 redis                12 sched_switch prev_prio=20 ret=-2",
  );
});

test("shows the thread as the process sees it where the kernel's number is not known", () => {
  assert.match(line(head({ tid: null })), /redis {16}7v sched_switch$/);
});

test("marks what a row does not have, and leaves no blanks at the end", () => {
  assert.is(
    line(head({ container: null, process: null, tid: null, vtid: null, event: "a" })),
    "08:55:45.115442425 web1          - -                     - a",
  );
});

test("leaves out what no event of the trace has", () => {
  const [time, host, , , , , event] = head() as [MadeColumn, ...MadeColumn[]];
  const absent = ["pid_ns", "procname", "tid", "vtid"].map((name) => utf8(name, [null]));
  assert.is(
    line([time, host!, ...absent, event!, payload("a=1")]),
    "08:55:45.115442425 web1 sched_switch a=1",
  );
});

test("names selected fields, and leaves out those that are absent", () => {
  const selected = [number("ret", "int64", [-1n]), utf8("filename", [null]), utf8("mode", ["r"])];
  assert.match(line([...head(), ...selected]), /sched_switch ret=-1 mode=r$/);
});

test("lines events up with the longest name so far", () => {
  const writer = textWriter(PLAIN);
  const rows = ["a", "a_long_event_name", "a"].map((event) => [...head({ event }), payload("x=1")]);
  const starts = written(writer, ...rows)
    .split("\n")
    .slice(0, -1)
    .map((one) => one.indexOf("x=1"));
  assert.is(starts[1]! - starts[0]!, "a_long_event_name".length - 12);
  assert.is(starts[2], starts[1]);
});

test("colours parts of the line without moving them", () => {
  const color = ["\u001b[1m", "\u001b[22m"] as const;
  const colors = {
    time: color,
    container: color,
    process: color,
    event: color,
    name: color,
    loss: color,
  };
  const columns = [...head({ event: "a" }), number("ret", "int8", [1])];
  const painted = line(columns, colors);
  assert.ok(painted.startsWith("\u001b[1m08:55:45.115442425\u001b[22m web1"));
  assert.is(stripVTControlCharacters(painted), line(columns));
});

test("has a line for what is missing, which obeys no control characters either", () => {
  const lossLine = (colors: TextColors): string =>
    Buffer.from(textWriter(colors).loss!("3 events of a\u001b[2J")).toString();
  assert.is(lossLine(PLAIN), "--- 3 events of a?[2J\n");
  const yellow = { ...PLAIN, loss: ["<", ">"] } as const;
  assert.is(lossLine(yellow), "<--- 3 events of a?[2J>\n");
});

test("shows control characters of processes and fields, and obeys none", () => {
  const evil = "\u001b]0;x\u0007\n\u009b2J\u007f";
  const shown = String.raw`"\u001b]0;x\u0007\n\u009b2J\u007f"`;
  assert.match(line(head({ process: evil })), shown);
  assert.match(line(head({ event: evil })), shown);
  assert.match(line([...head(), utf8("comm", [evil])]), `comm=${shown}`);
});

test("writes texts of other scripts as they are", () => {
  assert.match(line(head({ process: "zwölf, Â€ 🐿" })), "zwölf, Â€ 🐿");
});

test.run();
