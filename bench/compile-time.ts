/** What it costs to compile many event classes, and a usual number of them: fresh processes, one after the other. */

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { recordedTrace } from "../test/support/traces.ts";
import { packetOfClasses } from "./all-classes.ts";
import { runMeasuring } from "./process.ts";
import type { CompileResult } from "./results.ts";
import { spread } from "./statistics.ts";

/** All that a kernel declares, and as many as a query usually meets. */
const SIZES: readonly (readonly ["lossy" | "churn", number])[] = [
  ["lossy", 1200],
  ["churn", 30],
];
const WHERE = "$ctx.pid_ns == 4026532220";
const SELECT = "timestamp,event,cpu_id,procname,tid,pid_ns,ret";

interface FirstPacket {
  readonly events: number;
  readonly functions: number;
  readonly firstMs: number;
  readonly firstCpuMs: number;
  readonly secondMs: number;
  readonly nextMs: number;
}

export async function measureCompile(rounds: number): Promise<CompileResult[]> {
  const results: CompileResult[] = [];
  for (const [name, most] of SIZES) {
    const trace = await recordedTrace(name);
    const folder = await mkdtemp(join(tmpdir(), "tracewire-bench-"));
    try {
      const directory = join(trace.path, "kernel");
      const { bytes, contentBits, classes } = await packetOfClasses(directory, most);
      const file = join(folder, "packet");
      await writeFile(file, bytes);
      const args = [directory, file, `${contentBits}`, WHERE, SELECT];
      const runs = Array.from(
        { length: rounds },
        () => runMeasuring("first-packet.js", args) as FirstPacket,
      );
      const [one] = runs;
      if (one?.events !== classes)
        throw new Error(`expected ${classes} events, got ${one?.events}`);
      results.push({
        classes,
        functions: one.functions,
        compile: spread(runs.map(({ firstMs, secondMs }) => firstMs - secondMs)),
        firstPacketCpu: spread(runs.map(({ firstCpuMs }) => firstCpuMs)),
        firstPacket: spread(runs.map(({ firstMs }) => firstMs)),
        secondPacket: spread(runs.map(({ secondMs }) => secondMs)),
        nextCompile: spread(runs.map(({ nextMs, secondMs }) => nextMs - secondMs)),
      });
    } finally {
      await trace.remove();
      await rm(folder, { recursive: true });
    }
  }
  return results;
}
