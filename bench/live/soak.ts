/**
 * Follows a session for long, looks at the memory, and checks the account: what was delivered and what was reported as lost
 * is what was emitted.
 *
 * `node build/bench/live/soak.js [SECONDS] [EVENTS_PER_SECOND]`; default 1800, and as many as the tracer takes. Traces of a
 * small size are rotated. At a rate that the viewer keeps up with, nothing is overwritten, and the account is exact: the
 * tracer counts the events that it discards. A packet that is overwritten before it was read takes a number of events with
 * it that is not known; the check is then that the missing packets have room for the missing events.
 */

import { spawn } from "node:child_process";
import { RecordBatchReader } from "apache-arrow";
import type { Application } from "../../test/support/application.ts";
import { eventually, stopChildren } from "../../test/support/child.ts";
import { Lttng } from "../../test/support/lttng.ts";
import { MAIN } from "../../test/support/traces.ts";
import { usageOf } from "./resident.ts";

const [seconds = "1800", rate] = process.argv.slice(2);
const SESSION = "soak";
const SAMPLE_MS = 10_000;
const BURST_MS = 50;
const PACKET_BYTES = 1 << 20;
/** A little less than a tick with its contexts takes: so many of them a packet may hold at most. */
const LEAST_EVENT_BYTES = 44;

/** Emits until it is over: at the rate, if there is one. */
async function emit(application: Application, isOver: () => boolean, share: number): Promise<void> {
  if (rate === undefined) {
    while (!isOver()) await application.emit("tick", 100_000);
    return;
  }
  const burst = Math.round((Number(rate) * share * BURST_MS) / 1000);
  for (let due = performance.now() + BURST_MS; !isOver(); due += BURST_MS) {
    await application.emit("tick", burst);
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, due - performance.now())));
  }
}

/** A number before words in what tail says at its end; 0 if they are not there. */
function reported(stderr: string, words: RegExp): number {
  return Number(new RegExp(`(\\d+) ${words.source}`).exec(stderr)?.[1] ?? 0);
}

const lttng = await Lttng.start();
try {
  const channel = [
    ...[`--subbuf-size=${PACKET_BYTES}`, "--num-subbuf=8"],
    ...["--tracefile-size=64M", "--tracefile-count=4"],
  ];
  const contexts = ["procname", "vpid", "vtid", "pid_ns"];
  await lttng.createSession(SESSION, { channel, contexts, events: ["tracewire_test:tick"] });
  const applications = await Promise.all(["a", "b"].map((tag) => lttng.application(tag)));
  const args = ["tail", lttng.url(SESSION), "--format", "arrow", "--select"];
  const columns = "timestamp,event,procname,vpid,pid_ns,number,tag";
  const tail = spawn(process.execPath, [MAIN, ...args, columns], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stderr = "";
  tail.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const ended = new Promise((resolve) => tail.on("close", resolve));
  let delivered = 0;
  const reading = (async () => {
    for await (const batch of await RecordBatchReader.from(tail.stdout)) delivered += batch.numRows;
  })();
  await eventually("attached", () => stderr.includes("attached to session") || undefined);
  const since = performance.now();
  const isOver = (): boolean => performance.now() - since > Number(seconds) * 1000;
  const samples: number[] = [];
  const sampling = setInterval(() => {
    const { mib, cpuSeconds } = usageOf(tail.pid ?? 0);
    samples.push(mib);
    const at = ((performance.now() - since) / 1000).toFixed(0);
    console.log(
      `${at} s: ${mib.toFixed(0)} MiB, ${cpuSeconds.toFixed(1)} s of processor time, ${delivered} rows`,
    );
  }, SAMPLE_MS);
  await Promise.all(applications.map((one) => emit(one, isOver, 1 / applications.length)));
  clearInterval(sampling);
  const elapsed = (performance.now() - since) / 1000;
  const totals = await Promise.all(applications.map((application) => application.end()));
  const emitted = totals.reduce((sum, one) => sum + one, 0);
  await lttng.end(SESSION);
  await Promise.all([reading, ended]);
  const at = (share: number): string =>
    (samples[Math.min(samples.length - 1, Math.floor(share * samples.length))] ?? 0).toFixed(0);
  console.log(`${(emitted / elapsed).toFixed(0)} events/s for ${elapsed.toFixed(0)} s`);
  console.log(
    `memory: start ${at(0.1)}, middle ${at(0.5)}, end ${at(1)} MiB, most ${Math.max(...samples).toFixed(0)}`,
  );
  for (const line of stderr.split("\n")) if (/lost:|late/.test(line)) console.log(line);
  const discarded = reported(stderr, /events? discarded/);
  const packets = reported(stderr, /packets? missing/);
  const rest = emitted - delivered - discarded;
  const room = packets * Math.floor(PACKET_BYTES / LEAST_EVENT_BYTES);
  const isRight = rest >= 0 && rest <= room;
  const parts = `${delivered} delivered + ${discarded} discarded + ${rest} in ${packets} missing packets`;
  console.log(`account: ${emitted} emitted = ${parts}${isRight ? "" : ": WRONG"}`);
  if (!isRight) process.exitCode = 1;
} finally {
  await stopChildren();
  await lttng.close();
}
