/** The traces that are measured on, and what is asked of each. */

import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { PROJECT, recordedTrace } from "../test/support/traces.ts";
import { ask } from "./process.ts";
import type { Input } from "./results.ts";

export interface BenchTrace {
  readonly name: string;
  readonly path: string;
  remove(): Promise<void>;
}

/** A trace that the project carries. */
export async function ownTrace(name: "small" | "churn"): Promise<BenchTrace> {
  const { path, remove } = await recordedTrace(name);
  return { name, path, remove };
}

/** The kernel's part of the trace `small`, so many times one after the other: long enough to show how fast it is scanned. */
export async function repeatedTrace(rounds: number): Promise<BenchTrace> {
  const { path, remove } = await recordedTrace("small");
  const out = mkdtempSync(join(tmpdir(), "tracewire-repeated-"));
  try {
    const program = join(PROJECT, "build/bench/repeat.js");
    const args = [program, join(path, "kernel"), `${rounds}`, join(out, "kernel")];
    const { status, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
    if (status !== 0) throw new Error(`${program} failed: ${stderr}`);
  } finally {
    await remove();
  }
  const name = `small × ${rounds}`;
  return { name, path: out, remove: async () => rmSync(out, { recursive: true }) };
}

/** A trace of the user's. */
export function foreignTrace(path: string): BenchTrace {
  return { name: basename(path), path, remove: () => Promise.resolve() };
}

/** The generated user-space trace, recorded when it is not there yet. */
export function ustTrace(): BenchTrace {
  const path = join(PROJECT, "bench/cache/ust");
  if (!existsSync(path)) {
    const recorder = join(PROJECT, "bench/ust/record.sh");
    const { status } = spawnSync("bash", [recorder, path], {
      stdio: ["ignore", "inherit", "inherit"],
    });
    if (status !== 0) throw new Error(`${recorder} failed`);
  }
  return foreignTrace(path);
}

/** Contexts that queries select, best first; as many as make seven columns with the others. */
const CONTEXTS = ["procname", "tid", "vtid", "pid_ns", "vpid", "user_ns"];
/** A field of some event classes only: its column has nulls. */
const FIELDS = ["ret", "path"];
const INITIAL_PID_NS = "4026531836";
const SAMPLE_EVENTS = 100_000;

/** One container's events and seven columns: what can be asked of any trace with the usual contexts. */
export function inputOf({ name, path }: BenchTrace): Input {
  const known = (column: string): boolean =>
    ask(["tail", path, "--quiet", "--limit", "0", "--select", column]) !== undefined;
  const field = FIELDS.filter(known).slice(0, 1);
  const contexts = CONTEXTS.filter(known).slice(0, 4 - field.length);
  const select = ["timestamp", "event", "cpu_id", ...contexts, ...field];
  const where = `$ctx.pid_ns == ${containerOf(path)}`;
  const count = (...args: string[]): number =>
    Number(ask(["tail", path, "--quiet", "--count", "--engine", "interpreter", ...args]));
  return {
    name,
    isOfKernel: known("next_tid"),
    events: count(),
    bytes: bytesOf(path),
    where,
    select,
    rows: count("--where", where),
  };
}

/** The pid namespace that most of the first events are in, other than the machine's own. */
function containerOf(path: string): string {
  const args = ["--quiet", "--select", "pid_ns", "--format", "csv", "--limit", `${SAMPLE_EVENTS}`];
  const lines = ask(["tail", path, ...args])?.split("\n");
  if (lines === undefined) throw new Error(`${path}: expected a trace with the context pid_ns`);
  const counts = new Map<string, number>();
  for (const line of lines.slice(1))
    if (line !== "" && line !== INITIAL_PID_NS) counts.set(line, (counts.get(line) ?? 0) + 1);
  const [most] = [...counts].sort(([, a], [, b]) => b - a);
  return most?.[0] ?? INITIAL_PID_NS;
}

function bytesOf(path: string): number {
  return readdirSync(path, { recursive: true, encoding: "utf8" })
    .map((entry) => statSync(join(path, entry)))
    .reduce((sum, info) => sum + (info.isFile() ? info.size : 0), 0);
}
