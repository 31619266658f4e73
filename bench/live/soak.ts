/**
 * Follows a session at the highest rate that the tracer gives, and looks at the memory.
 *
 * `node build/bench/live/soak.js [SECONDS] [PAUSE_US]`; default 1800 and no pause. Traces of a small size are rotated: what
 * the viewer is too slow for is overwritten, and counted.
 */

import { Child, stopChildren } from "../../test/support/child.ts";
import { Lttng } from "../../test/support/lttng.ts";
import { MAIN } from "../../test/support/traces.ts";
import { usageOf } from "./resident.ts";

const [seconds = "1800"] = process.argv.slice(2);
const SESSION = "soak";
const SAMPLE_MS = 10_000;

const lttng = await Lttng.start();
try {
  const channel = [
    ...["--subbuf-size=1M", "--num-subbuf=8", "--tracefile-size=64M", "--tracefile-count=4"],
  ];
  const contexts = ["procname", "vpid", "vtid", "pid_ns"];
  await lttng.createSession(SESSION, { channel, contexts, events: ["tracewire_test:tick"] });
  const applications = await Promise.all(["a", "b"].map((tag) => lttng.application(tag)));
  const tail = new Child("sh", [
    "-c",
    'exec "$@" > /dev/null',
    ...["sh", process.execPath, MAIN, "tail", lttng.url(SESSION), "--format", "arrow"],
    ...["--select", "timestamp,event,procname,vpid,pid_ns,number,tag"],
  ]);
  await tail.until("attached", () => tail.stderr.includes("attached to session"));
  const pid = tail.process.pid ?? 0;
  const since = performance.now();
  const isOver = (): boolean => performance.now() - since > Number(seconds) * 1000;
  const samples: number[] = [];
  const sampling = setInterval(() => {
    const { mib, cpuSeconds } = usageOf(pid);
    samples.push(mib);
    const at = ((performance.now() - since) / 1000).toFixed(0);
    console.log(`${at} s: ${mib.toFixed(0)} MiB, ${cpuSeconds.toFixed(1)} s of processor time`);
  }, SAMPLE_MS);
  const emitted = await Promise.all(
    applications.map(async (application) => {
      let events = 0;
      for (; !isOver(); events += 100_000) await application.emit("tick", 100_000);
      return events;
    }),
  );
  clearInterval(sampling);
  const elapsed = (performance.now() - since) / 1000;
  const total = emitted.reduce((sum, one) => sum + one, 0);
  for (const application of applications) await application.end();
  await lttng.end(SESSION);
  await tail.end();
  const at = (share: number): string =>
    (samples[Math.min(samples.length - 1, Math.floor(share * samples.length))] ?? 0).toFixed(0);
  console.log(`${(total / elapsed).toFixed(0)} events/s for ${elapsed.toFixed(0)} s`);
  console.log(
    `memory: start ${at(0.1)}, middle ${at(0.5)}, end ${at(1)} MiB, most ${Math.max(...samples).toFixed(0)}`,
  );
  console.log(
    tail.stderr
      .split("\n")
      .filter((line) => /lost:|late/.test(line))
      .join("\n"),
  );
} finally {
  await stopChildren();
  await lttng.close();
}
