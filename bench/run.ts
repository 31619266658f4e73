/**
 * Times tracewire against babeltrace2 on recorded traces: whole processes, rounds interleaved, medians.
 *
 * `npm run bench -- [--quick] [--rounds N] [--save FILE] [TRACE…]`; without TRACE, the traces that the project carries.
 */

import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { basename, dirname } from "node:path";
import { parseArgs } from "node:util";
import type { unpackTrace } from "../src/replay/unpack.ts";
import { MAIN, recordedTrace } from "../test/support/traces.ts";
import { CASES, type Case } from "./cases.ts";

interface Timing {
  readonly medianMs: number;
  readonly minMs: number;
  readonly maxMs: number;
}

interface Row {
  readonly trace: string;
  readonly events: number;
  readonly case: string;
  readonly tracewire: Timing;
  readonly babeltrace2: Timing | undefined;
  /** babeltrace2's median by ours: above 1, tracewire is faster. */
  readonly ratio: number | undefined;
}

function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      quick: { type: "boolean", default: false },
      rounds: { type: "string", default: "7" },
      save: { type: "string" },
    },
  });
  const rounds = values.quick ? 1 : Number(values.rounds);
  return values.quick || positionals.length === 0
    ? withOwnTraces(values.quick, (traces) => measure(traces, rounds, values.save))
    : measure(positionals, rounds, values.save);
}

async function withOwnTraces(
  isQuick: boolean,
  use: (traces: readonly string[]) => Promise<void>,
): Promise<void> {
  const unpacked: Awaited<ReturnType<typeof unpackTrace>>[] = [];
  for (const name of isQuick ? (["small"] as const) : (["small", "churn"] as const))
    unpacked.push(await recordedTrace(name));
  try {
    await use(unpacked.map(({ path }) => path));
  } finally {
    for (const trace of unpacked) await trace.remove();
  }
}

async function measure(
  traces: readonly string[],
  rounds: number,
  save: string | undefined,
): Promise<void> {
  const machine = {
    date: new Date().toISOString().slice(0, 10),
    cpu: `${cpus().length} x ${cpus()[0]?.model ?? "unknown"}`,
    node: process.version,
    babeltrace2: version("babeltrace2"),
    commit: spawnSync("git", ["rev-parse", "--short", "HEAD"], { encoding: "utf8" }).stdout.trim(),
    rounds,
  };
  console.log(
    Object.entries(machine)
      .map(([key, value]) => `${key}: ${value ?? "not installed"}`)
      .join("\n"),
  );
  const rows = traces.flatMap((trace) =>
    CASES.map((one) => measureCase(one, trace, rounds, machine.babeltrace2 !== undefined)),
  );
  for (const row of rows) console.log(describe(row));
  if (save === undefined) return;
  mkdirSync(dirname(save), { recursive: true });
  writeFileSync(save, `${JSON.stringify({ machine, rows }, null, 2)}\n`);
}

function measureCase(one: Case, trace: string, rounds: number, hasRival: boolean): Row {
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let round = 0; round < rounds; round++) {
    ours.push(time(process.execPath, [MAIN, ...one.ours, trace]));
    if (hasRival) theirs.push(time("babeltrace2", [...one.theirs, trace]));
  }
  const events = Number(
    spawnSync(process.execPath, [MAIN, "tail", "--count", trace], { encoding: "utf8" }).stdout,
  );
  const tracewire = timing(ours);
  const babeltrace2 = hasRival ? timing(theirs) : undefined;
  const ratio = babeltrace2 === undefined ? undefined : babeltrace2.medianMs / tracewire.medianMs;
  return { trace: basename(trace), events, case: one.name, tracewire, babeltrace2, ratio };
}

/** Milliseconds from start to end. Output goes nowhere, but is written. */
function time(program: string, args: readonly string[]): number {
  const begin = process.hrtime.bigint();
  const { status, stderr } = spawnSync(
    "sh",
    ["-c", 'exec "$@" > /dev/null', "sh", program, ...args],
    { encoding: "utf8" },
  );
  if (status !== 0) throw new Error(`${program} ${args.join(" ")} failed: ${stderr}`);
  return Number(process.hrtime.bigint() - begin) / 1e6;
}

function timing(times: readonly number[]): Timing {
  const sorted = times.toSorted((a, b) => a - b);
  return { medianMs: sorted[sorted.length >> 1]!, minMs: sorted[0]!, maxMs: sorted.at(-1)! };
}

function version(program: string): string | undefined {
  const { status, stdout } = spawnSync(program, ["--version"], { encoding: "utf8" });
  return status === 0 ? stdout.split("\n")[0] : undefined;
}

function describe({ trace, events, case: name, tracewire, babeltrace2, ratio }: Row): string {
  const show = ({ medianMs, minMs, maxMs }: Timing): string =>
    `${medianMs.toFixed(0)} ms (${minMs.toFixed(0)}–${maxMs.toFixed(0)})`;
  const rival =
    babeltrace2 === undefined ? "" : `, babeltrace2 ${show(babeltrace2)}: ${ratio?.toFixed(2)}×`;
  return `${trace}, ${events} events, ${name}: tracewire ${show(tracewire)}${rival}`;
}

await main();
