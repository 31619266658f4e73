/**
 * A live question with windows, held against the same question over what the relay daemon has stored: pairs of begin and
 * end events of applications in namespaces of their own, a count and quantiles a second.
 *
 * `node build/bench/live/pairs.js [SECONDS] [EVENTS_PER_SECOND] [NAMESPACES]`; default 600, 100 000, 3. Shows how late each
 * window comes after its end, memory, and processor time. It fails if a live window differs from the stored one, or if a
 * pair is missing that no loss accounts for.
 */

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { eventually, stopChildren } from "../../test/support/child.ts";
import { Lttng } from "../../test/support/lttng.ts";
import { MAIN } from "../../test/support/traces.ts";
import { usageOf } from "./resident.ts";

const [seconds = "600", rate = "100000", namespaces = "3"] = process.argv.slice(2);
const SESSION = "pairs";
const LIVE_TIMER_MS = 1000;
const BURST_MS = 50;
const SAMPLE_MS = 30_000;
const QUERY =
  "|> pair tracewire_test:request_begin then tracewire_test:request_end by id, vpid, pid_ns " +
  "|> count(), p50(dt), p99(dt) by begin.pid_ns every 1s";

interface Window {
  readonly begin: string;
  readonly key: string;
  readonly values: string;
  readonly count: number;
}

/** One window of one namespace, from a line of NDJSON. */
function windowOf(line: string): Window {
  const {
    window,
    count,
    p50_dt,
    p99_dt,
    lost_events: _lost,
    overflow: _overflow,
    ...key
  } = JSON.parse(line);
  return {
    begin: window,
    key: JSON.stringify(key),
    values: [count, p50_dt, p99_dt].join(),
    count: Number(count),
  };
}

const lttng = await Lttng.start();
try {
  const channel = ["--subbuf-size=1M", "--num-subbuf=8"];
  await lttng.createSession(SESSION, {
    channel,
    contexts: ["vpid", "vtid", "pid_ns"],
    events: ["tracewire_test:request_begin", "tracewire_test:request_end"],
    liveTimerUs: LIVE_TIMER_MS * 1000,
  });
  const applications = await Promise.all(
    Array.from({ length: Number(namespaces) }, (_, i) =>
      lttng.application(`app${i}`, { isContained: true }),
    ),
  );
  const query = spawn(
    process.execPath,
    [MAIN, "query", lttng.url(SESSION), QUERY, "--format", "ndjson"],
    { stdio: ["ignore", "pipe", "pipe"] },
  );
  let stderr = "";
  query.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const ended = new Promise((resolve) => query.on("close", resolve));
  const live = new Map<string, string>();
  const latenessMs: number[] = [];
  let pairs = 0;
  let last = "";
  const reading = (async () => {
    for await (const line of createInterface({ input: query.stdout })) {
      if (live.size === 0) console.log(line);
      const { begin, key, values, count } = windowOf(line);
      live.set(begin + key, values);
      pairs += count;
      if (begin === last) continue;
      last = begin;
      latenessMs.push(Date.now() - Date.parse(begin) - 1000);
    }
  })();
  await eventually("attached", () => stderr.includes("attached to session") || undefined);
  const since = performance.now();
  const elapsed = (): number => (performance.now() - since) / 1000;
  const samples: number[] = [];
  const sampling = setInterval(() => {
    const { mib, cpuSeconds } = usageOf(query.pid ?? 0);
    samples.push(mib);
    const at = `${elapsed().toFixed(0)} s: ${mib.toFixed(0)} MiB`;
    console.log(`${at}, ${cpuSeconds.toFixed(1)} s of processor time, ${pairs} pairs`);
  }, SAMPLE_MS);
  const burst = Math.round((Number(rate) / 2 / applications.length) * (BURST_MS / 1000));
  await Promise.all(
    applications.map(async (application) => {
      for (let due = performance.now(); elapsed() < Number(seconds); due += BURST_MS) {
        await application.emit("request", burst);
        await new Promise((resolve) => setTimeout(resolve, Math.max(0, due - performance.now())));
      }
    }),
  );
  clearInterval(sampling);
  const took = elapsed();
  const emitted = (await Promise.all(applications.map((one) => one.end()))).reduce(
    (sum, one) => sum + one,
    0,
  );
  const { cpuSeconds } = usageOf(query.pid ?? 0);
  await lttng.end(SESSION);
  await Promise.all([reading, ended]);
  latenessMs.sort((a, b) => a - b);
  const late = (share: number): string =>
    (
      latenessMs[Math.min(latenessMs.length - 1, Math.floor(share * latenessMs.length))] ?? 0
    ).toFixed(0);
  console.log(`${(emitted / took).toFixed(0)} events/s for ${took.toFixed(0)} s`);
  console.log(`memory, MiB: ${samples.map((mib) => mib.toFixed(0)).join(" ")}`);
  console.log(`processor time: ${((cpuSeconds / took) * 100).toFixed(0)} % of a core`);
  console.log(`windows after their end, ms: p50 ${late(0.5)}, p99 ${late(0.99)}, most ${late(1)}`);
  for (const line of stderr.split("\n"))
    if (/lost|late|unpaired|interrupted/.test(line)) console.log(line);

  const stored = spawn(
    process.execPath,
    [MAIN, "query", lttng.stored(SESSION), QUERY, "--format", "ndjson", "--quiet"],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  let windows = 0;
  let different = 0;
  let storedPairs = 0;
  for await (const line of createInterface({ input: stored.stdout })) {
    const { begin, key, values, count } = windowOf(line);
    windows++;
    storedPairs += count;
    if (live.get(begin + key) === values) continue;
    different++;
    if (different <= 5)
      console.log(`live ${live.get(begin + key)}, stored ${values}: ${begin} ${key}`);
  }
  const isRight = different === 0 && windows === live.size && storedPairs === pairs;
  console.log(
    `${windows} windows stored, ${live.size} live, ${different} different; ` +
      `${emitted / 2} pairs emitted, ${pairs} live, ${storedPairs} stored${isRight ? "" : ": WRONG"}`,
  );
  if (!isRight) process.exitCode = 1;
} finally {
  await stopChildren();
  await lttng.close();
}
