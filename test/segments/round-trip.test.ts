/** Files of rows are sources again: asked the same, they answer what the trace answers. */

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Folders } from "../support/folder.ts";
import { run } from "../support/program.ts";
import { recordedTrace } from "../support/traces.ts";

const test = suite("segments/round-trip");
const folders = new Folders();
const trace = await recordedTrace("small");
test.after(async () => {
  folders.removeAll();
  await trace.remove();
});

const COLUMNS = "timestamp,event,cpu_id,ret,fd,filename";
const folder = folders.make({});
const THREADS = "timestamp,event,tid,pid,procname,container";

/** The trace's rows as one file, as it is piped, or as a recording of several segments. */
function exported(format: string): readonly string[] {
  const file = join(folder, `rows.${format}`);
  const segments = join(folder, format);
  const ask = (...args: string[]) => [...args, trace.path, "--select", COLUMNS, "--format", format];
  const { status, stderr } = run([...ask("record"), "--to", segments, "--segment-size", "50K"]);
  assert.is(status, 0, stderr);
  const tail = run([...ask("tail"), "--quiet"]);
  writeFileSync(file, tail.stdoutBytes);
  return [file, segments];
}

const SOURCES = [...exported("arrow"), ...exported("parquet")];

const answer = (source: string, query: string, ...options: string[]): string => {
  const { status, stdout, stderr } = run([
    "query",
    source,
    query,
    "--quiet",
    "--format",
    "ndjson",
    ...options,
  ]);
  assert.is(status, 0, stderr);
  return stdout;
};

const QUERIES = [
  `|> select ${COLUMNS.replaceAll(",", ", ")}`,
  "ret < 0 |> select timestamp, event, ret",
  "ret < 0 || $event.cpu_id == 1 |> count() by event |> sort count desc, event",
  'filename == "/*" |> count() by filename |> sort filename',
  "|> count(), max(ret), avg(fd) by cpu_id |> sort cpu_id",
  "|> count() by event every 100ms |> sort window, event",
  '$event.name == "syscall_*open*" |> select timestamp, event, filename |> limit 20',
];

for (const source of SOURCES) {
  const name = source.slice(folder.length + 1);
  for (const query of QUERIES)
    test(`${name}: ${query}`, () => {
      const expected = answer(trace.path, query);
      assert.ok(expected.split("\n").length > 2, "the trace answers something");
      assert.is(answer(source, query), expected);
    });

  test(`${name}: events and times that options select`, () => {
    const options = ["--event", "syscall_entry_*", "--begin", "+100ms", "--end", "-100ms"];
    const query = `|> select ${COLUMNS.replaceAll(",", ", ")}`;
    const rows = answer(source, query, "--event", "syscall_entry_*").split("\n").length;
    const some = answer(source, query, ...options).split("\n").length;
    assert.ok(some > 2 && some < rows, `${some} of ${rows} rows`);
    assert.is(
      answer(source, query, "--event", "syscall_entry_*"),
      answer(trace.path, query, "--event", "syscall_entry_*"),
    );
  });

  test(`${name}: tail counts, selects and limits`, () => {
    const ask = (from: string) => run(["tail", from, "-q", "--where", "ret < 0", "--count"]).stdout;
    assert.is(ask(source), ask(trace.path));
    const few = (from: string) =>
      run(["tail", from, "-q", "--select", "event,ret", "--limit", "7", "--format", "csv"]).stdout;
    assert.is(few(source), few(trace.path));
  });

  test(`${name}: an unknown column is refused, and tables of events`, () => {
    const refused = run(["query", source, "nothing == 1"]);
    assert.is.not(refused.status, 0);
    assert.match(refused.stderr, /nothing/);
    assert.match(run(["query", source, "syscalls"]).stderr, /expected|events|column/);
  });
}

for (const source of SOURCES.filter((one) => one.includes("rows."))) {
  const name = source.slice(folder.length + 1);
  test(`${name}: cut anywhere, it ends with an error and never with wrong rows`, () => {
    const bytes = readFileSync(source);
    const whole = answer(source, "|> select timestamp, event");
    for (const share of [0, 0.001, 0.3, 0.7, 0.9999]) {
      const cut = join(folder, `cut-${name}`);
      writeFileSync(cut, bytes.subarray(0, Math.floor(bytes.length * share)));
      const { status, stdout, stderr } = run([
        "query",
        cut,
        "|> select timestamp, event",
        "--quiet",
        "--format",
        "ndjson",
      ]);
      assert.is.not(status, 0, `${share}`);
      assert.match(stderr, /expected/);
      assert.ok(whole.startsWith(stdout), `${share}`);
    }
  });
}

test("top shows what rows can say, and why the rest is missing", () => {
  const rows = join(folder, "top");
  const made = run([
    "record",
    trace.path,
    "--to",
    rows,
    "--format",
    "parquet",
    "--select",
    THREADS,
  ]);
  assert.is(made.status, 0, made.stderr);
  const events = (from: string): Map<number, number> => {
    const { stdout } = run(["top", from, "--once", "--view", "threads", "--format", "ndjson"]);
    const parsed = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    return new Map(parsed.map((row) => [row.tid, row.events]));
  };
  const [expected, got] = [events(trace.path), events(rows)];
  assert.ok(expected.size > 5);
  // Of the trace, the time is that of the kernel's events.
  for (const [tid, rate] of expected)
    if (rate > 0)
      assert.ok(Math.abs(got.get(tid)! / rate - 1) < 0.02, `${tid}: ${rate}, ${got.get(tid)}`);
  const { stdout, stderr } = run(["top", rows, "--once", "--view", "threads"]);
  assert.match(`${stdout}${stderr}`, /tables are made of events; these are rows/);
});

test.run();
