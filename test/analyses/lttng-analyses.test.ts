/**
 * Thread by thread beside lttng-analyses 0.6.1: `test/data/lttng-analyses/` has what `lttng-cputop-mi`, `lttng-syscallstats-mi` and
 * `lttng-schedstats-mi` printed of the same recordings, without `lttng_statedump_file_descriptor`, of which they die. `sched` is
 * three seconds of a recording with wakeups.
 *
 * TRACEWIRE_FULL=PATH compares another recording, `full`, too.
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { answers } from "../support/answers.ts";
import { run } from "../support/program.ts";
import { PROJECT, projectTraces } from "../support/traces.ts";

const test = suite("analyses/lttng-analyses");
const traces = projectTraces(test);

const FULL = process.env["TRACEWIRE_FULL"];
const ofAll = (...names: ("small" | "sched")[]): readonly ("small" | "sched" | "full")[] =>
  FULL === undefined ? names : [...names, "full"];

async function pathOf(name: "small" | "sched" | "full"): Promise<string> {
  return name === "full" ? FULL! : traces(name);
}

/** What lttng-analyses printed: lines of cells. */
function theirs(name: string, analysis: string): readonly (readonly string[])[] {
  const file = join(PROJECT, "test/data/lttng-analyses", `${name}.${analysis}.tsv`);
  const text = name === "full" ? gunzipSync(readFileSync(`${file}.gz`)) : readFileSync(file);
  return String(text)
    .trim()
    .split("\n")
    .slice(1)
    .map((line) => line.split("\t"));
}

async function ours(name: "small" | "sched" | "full", analysis: string): Promise<Row[]> {
  const args = ["analyze", await pathOf(name), analysis, "--by", "thread", "--format", "csv"];
  const { stdout, status, stderr } = run(args);
  assert.is(status, 0, stderr);
  const [head = "", ...lines] = stdout.trim().split("\n");
  const names = head.split(",");
  return lines.map((line) =>
    Object.fromEntries(line.split(",").map((cell, i) => [names[i]!, cell])),
  );
}

type Row = Readonly<Record<string, string>>;

interface Turn {
  readonly tid: number;
  readonly since: bigint;
}

/** What a recording's switches do not bound: what ran before the first of a processor, and after the last. */
async function unbounded(
  path: string,
  firstNs: bigint,
  lastNs: bigint,
): Promise<Map<number, number>> {
  const { rows } = await answers(
    path,
    '$event.name == "sched_switch" |> select $event.timestamp as ts, cpu_id, prev_tid, next_tid',
  );
  const extra = new Map<number, number>();
  const add = (tid: number, ns: bigint): void =>
    void extra.set(tid, (extra.get(tid) ?? 0) + Number(ns));
  const running = new Map<unknown, Turn>();
  for (const { ts, cpu_id, prev_tid, next_tid } of rows) {
    const since = BigInt(String(ts));
    if (!running.has(cpu_id)) add(Number(prev_tid), since - firstNs);
    running.set(cpu_id, { tid: Number(next_tid), since });
  }
  for (const { tid, since } of running.values()) if (tid !== 0) add(tid, lastNs - since);
  return extra;
}

for (const name of ofAll("small", "sched")) {
  test(`${name}: cputop is theirs but for what they suppose before a processor's first switch, and count after its last`, async () => {
    const path = await pathOf(name);
    const { stdout } = run(["analyze", path, "cputop", "--format", "lami"]);
    const [firstNs = 0n, lastNs = 0n] = [...stdout.matchAll(/"timestamp","value":(\d+)/g)]
      .slice(0, 2)
      .map(([, ns = ""]) => BigInt(ns));
    const spanNs = Number(lastNs - firstNs);
    const extra = await unbounded(path, firstNs, lastNs);
    const times = new Map<number, number>();
    for (const { tid, time } of await ours(name, "cputop"))
      times.set(Number(tid), (times.get(Number(tid)) ?? 0) + Number(time));
    const all = theirs(name, "cputop").map(
      ([tid, percent]) => [Number(tid), Number(percent)] as const,
    );
    for (const [tid, percent] of all) {
      const explained = (((times.get(tid) ?? 0) + (extra.get(tid) ?? 0)) * 100) / spanNs;
      // They count the idle task, until it has been switched to once.
      if (tid === 0) assert.ok(!times.has(0));
      else assert.ok(Math.abs(explained - percent) < 1e-4, `${tid}: ${percent}, ${explained}`);
    }
    const theirIds = new Set(all.map(([tid]) => tid));
    assert.equal(
      [...times.keys()].filter((tid) => !theirIds.has(tid)),
      [],
    );
    assert.ok(all.length > 60);
  });
}

for (const name of ofAll("small")) {
  test(`${name}: syscallstats are theirs, each call of each thread`, async () => {
    const mine = new Map(
      (await ours(name, "syscallstats")).map(({ tid, syscall, count, min, avg, max }) => [
        `${tid} ${syscall}`,
        [count, min, avg, max].map(Number),
      ]),
    );
    const all = theirs(name, "syscallstats");
    assert.is(mine.size, all.length);
    for (const [tid, syscall, ...numbers] of all) {
      const [count, min, avg, max] = numbers.map(Number);
      const own = mine.get(`${tid} ${syscall}`)!;
      assert.equal([own[0], own[1], own[3]], [count, min, max], `${tid} ${syscall}`);
      assert.ok(Math.abs(own[2]! - avg!) < 0.001, `${tid} ${syscall}`);
    }
  });
}

const WAKEUPS = "|> wakeups |> n = count(), lo = min(dt), mean = avg(dt), hi = max(dt) by tid";
const WOKEN = '|> blocked |> where latency >= 0 && state != "preempted" |> n = count() by tid';

for (const name of ofAll("sched")) {
  test(`${name}: wakeups are theirs; schedstats has waits after preemption, too, and none whose sleep began unseen`, async () => {
    const path = await pathOf(name);
    const wakeups = new Map(
      (await answers(path, WAKEUPS)).rows.map((row) => [Number(row["tid"]), row]),
    );
    const woken = new Map(
      (await answers(path, WOKEN)).rows.map((row) => [Number(row["tid"]), row]),
    );
    const waits = new Map<number, number>();
    for (const { tid, count } of await ours(name, "schedstats"))
      waits.set(Number(tid), (waits.get(Number(tid)) ?? 0) + Number(count));
    const all = theirs(name, "schedstats").map((cells) => cells.map(Number));
    assert.is(wakeups.size, all.length);
    for (const [tid = 0, count = 0, min, avg, max] of all) {
      const { n, lo, mean, hi } = wakeups.get(tid)!;
      assert.equal([n, lo, hi].map(Number), [count, min, max], `${tid}`);
      assert.ok(Math.abs(Number(mean) - avg!) < 0.001, `${tid}`);
      // Of the first wakeup only it is seen, unless the task was seen to stop before.
      const unseen = count - Number(woken.get(tid)?.["n"] ?? 0);
      assert.ok(unseen === 0 || unseen === 1, `${tid}: ${unseen}`);
      assert.ok((waits.get(tid) ?? 0) >= count - unseen, `${tid}`);
    }
  });
}

test.run();
