/** One question has one answer: compiled or interpreted, with threads or without, recorded or live, in any batches. */

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { openFeed } from "../../src/feed/feed.ts";
import { replay } from "../../src/index.ts";
import { startThreads } from "../../src/query/threads.ts";
import { type Answer, answers } from "../support/answers.ts";
import { recordedTrace } from "../support/traces.ts";

const test = suite("language/same");

const closers: (() => Promise<void>)[] = [];
test.after(async () => {
  for (const close of closers) await close();
});

const QUERIES = [
  "|> count() by container, event every 500ms",
  "|> count(), distinct($ctx.tid), first(event), last(event) by cpu_id, container",
  '$container.name == "some-*" |> syscalls |> count(), sum(dt), p99(dt) by container, syscall every 1s slide 250ms',
  "|> slices |> usage(dt), sum(dt), max(dt) by container, cpu_id every 300ms",
  "|> slices |> top 20 by dt",
  "|> blocked |> sum(dt), count() by container, state, syscall, waker_comm",
  "|> wakeups |> p50(dt), max(dt) by waker_container, container",
  "|> irqs |> count(), sum(dt), max(raise_dt) by kind, name, cpu_id",
  "|> io |> sum(bytes), avg(dt) by op",
  "|> pages |> sum(pages) by container every 1s",
  "|> net |> sum(bytes) by device, direction",
  "ret < 0 |> syscalls |> select timestamp, dt / 1000 as us, syscall, ret, $ctx.tid, container",
  '|> pair "sched_process_fork" then "sched_process_exit" |> count()',
  '|> pair "syscall_entry_*" then "syscall_exit_*" by $ctx.tid |> count(), max(dt) by pair |> sort count desc',
];

for (const name of ["small", "churn"] as const) {
  test(`${name}: interpreted as compiled, with threads as without`, async () => {
    const { path, remove } = await recordedTrace(name);
    closers.push(remove);
    let answered = 0;
    for (const text of QUERIES) {
      const { rows } = await answers(path, text);
      const interpreted = await answers(path, text, { engine: "interpreter" });
      same(interpreted.rows, rows, `${text}: interpreter`);
      const threads = startThreads([path], "kernel", 2);
      const threaded = await answers(path, text, { threads });
      same(threaded.rows, rows, `${text}: threads`);
      if (rows.length > 0) answered++;
    }
    assert.ok(answered >= 8, `${answered} queries had rows`);
  });

  test(`${name}: live as recorded`, async () => {
    const { path, remove } = await recordedTrace(name);
    const relay = await replay([path], { port: 0, speed: "max" });
    closers.push(() => relay.close(), remove);
    for (const text of QUERIES) {
      const recorded = await answers(path, text);
      // Names come with the trace of the container records, which may be behind.
      const feed = openFeed(relay.urls, { from: "beginning" });
      const live = await answers(feed, text, { nameWaitMs: 20_000 });
      same(beforeEnd(live.rows, recorded.rows), beforeEnd(recorded.rows, recorded.rows), text);
    }
  });
}

/** Compares rows and shows the first that differs. */
function same(rows: readonly Answer[], wanted: readonly Answer[], what: string): void {
  const lines = rows.map((row) => JSON.stringify(row));
  const wantedLines = wanted.map((row) => JSON.stringify(row));
  const at = wantedLines.findIndex((line, i) => line !== lines[i]);
  if (at !== -1) assert.is(lines[at], wantedLines[at], `${what}: row ${at}`);
  assert.is(lines.length, wantedLines.length, what);
}

/** A live source knows no last event: what is open then goes on, and windows behind it may have come. */
function beforeEnd(rows: readonly Answer[], recorded: readonly Answer[]): readonly Answer[] {
  const last = recorded.at(-1)?.["window"];
  return last === undefined ? rows : rows.filter(({ window }) => String(window) < String(last));
}

test.run();
