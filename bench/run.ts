/**
 * Times tracewire against babeltrace2 and against its own interpreter: whole processes, the scan alone, and compilation.
 *
 * `npm run bench -- [--quick] [--rounds N] [--ust] [--save FILE] [--babeltrace2 PATH] [--case PART] [TRACE…]`; without
 * traces, those that the project carries. PATH is another babeltrace2, which runs beside the one that is installed; PART of a
 * case's name leaves out all other cases, and the scan and compilation alone.
 *
 * `npm run bench -- --compare VERSION [--quick] [--rounds N] [--ust] [--case PART] [TRACE…]`: ratios to a commit or to a folder
 * that is built; fails if anything is slower beyond noise.
 */

import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus, loadavg, totalmem } from "node:os";
import { dirname } from "node:path";
import { parseArgs } from "node:util";
import { CASES, type Case, type Command } from "./cases.ts";
import { compareVersions } from "./compare.ts";
import { measureCompile } from "./compile-time.ts";
import {
  type BenchTrace,
  foreignTrace,
  inputOf,
  ownTrace,
  repeatedTrace,
  ustTrace,
} from "./inputs.ts";
import { hasDuckdb, isInstalled, type Run, runMeasuring, runProcess, version } from "./process.ts";
import type { Input, ProcessResult, RateResult, Results, Usage } from "./results.ts";
import { showSpread, spread } from "./statistics.ts";
import { type BuiltVersion, builtVersion } from "./version-before.ts";

/** Half a million events. */
const QUICK_REPEATS = 32;

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      quick: { type: "boolean", default: false },
      rounds: { type: "string", default: "5" },
      ust: { type: "boolean", default: false },
      save: { type: "string" },
      babeltrace2: { type: "string" },
      case: { type: "string" },
      compare: { type: "string" },
    },
  });
  if (values.compare !== undefined) {
    const { compare, quick, ust, rounds, case: part } = values;
    await compareWith(compare, await comparedTraces(quick, ust, positionals), Number(rounds), part);
    return;
  }
  const rounds = values.quick ? 1 : Number(values.rounds);
  const traces = await tracesOf(values.quick, values.ust, positionals);
  try {
    const results = await measure(traces, rounds, values.babeltrace2, values.case);
    if (values.save === undefined) return;
    mkdirSync(dirname(values.save), { recursive: true });
    writeFileSync(values.save, `${JSON.stringify(results, null, 2)}\n`);
  } finally {
    for (const trace of traces) await trace.remove();
  }
}

/** Ends with 1 if a case is slower. */
async function compareWith(
  which: string,
  traces: readonly BenchTrace[],
  rounds: number,
  part: string | undefined,
): Promise<void> {
  let before: BuiltVersion | undefined;
  try {
    before = builtVersion(which);
    const slower = compareVersions(traces, before, rounds, part);
    for (const name of slower) console.error(`slower than ${before.name}: ${name}`);
    if (slower.length > 0) process.exitCode = 1;
  } finally {
    before?.remove();
    for (const trace of traces) await trace.remove();
  }
}

/** Quick: one that shows how fast the program starts, and one that shows how fast it scans. */
async function comparedTraces(
  isQuick: boolean,
  withUst: boolean,
  paths: readonly string[],
): Promise<BenchTrace[]> {
  if (isQuick) return [await ownTrace("small"), await repeatedTrace(QUICK_REPEATS)];
  return tracesOf(false, withUst, paths);
}

async function tracesOf(
  isQuick: boolean,
  withUst: boolean,
  paths: readonly string[],
): Promise<BenchTrace[]> {
  if (isQuick) return [await ownTrace("small")];
  if (paths.length === 0 && !withUst) return [await ownTrace("small"), await ownTrace("churn")];
  return [...(withUst ? [ustTrace()] : []), ...paths.map(foreignTrace)];
}

async function measure(
  traces: readonly BenchTrace[],
  rounds: number,
  otherPath: string | undefined,
  part: string | undefined,
): Promise<Results> {
  const loadBefore = loadavg()[0] ?? 0;
  // Asked now: the tree may go on while this runs.
  const measured = commit();
  const babeltraces = ["babeltrace2", ...(otherPath === undefined ? [] : [otherPath])].filter(
    isInstalled,
  );
  const inputs: Input[] = [];
  const processes: ProcessResult[] = [];
  const rates: RateResult[] = [];
  for (const trace of traces) {
    const input = inputOf(trace);
    inputs.push(input);
    console.log(describeInput(input));
    for (const result of measureProcesses(trace.path, input, rounds, babeltraces, part)) {
      processes.push(result);
      console.log(describeProcess(result));
    }
    if (part !== undefined) continue;
    const { name, where, select } = input;
    const args = [trace.path, name, where, select.join(), `${rounds}`];
    for (const result of runMeasuring("scan-rates.js", args) as RateResult[]) {
      rates.push(result);
      console.log(describeRate(result));
    }
  }
  const compile = part === undefined ? await measureCompile(rounds === 1 ? 1 : 2 * rounds + 1) : [];
  for (const one of compile) {
    const { classes, functions, compile: ms, firstPacket, firstPacketCpu, nextCompile } = one;
    const next = nextCompile === undefined ? "" : `; next query ${showSpread(nextCompile, 1)} ms`;
    console.log(
      `${classes} event classes, ${functions} functions: compiled in ${showSpread(ms, 1)} ms, first packet ${showSpread(firstPacket, 1)} ms, ${showSpread(firstPacketCpu, 1)} ms of processor time${next}`,
    );
  }
  const machine = {
    date: new Date().toISOString().slice(0, 10),
    cpu: `${cpus().length} x ${cpus()[0]?.model ?? "unknown"}`,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    babeltrace2: version("babeltrace2"),
    commit: measured,
    rounds,
    load: [loadBefore, loadavg()[0] ?? 0],
  } as const;
  console.log(JSON.stringify(machine));
  return { machine, inputs, processes, rates, compile };
}

/** A command, and the babeltrace2 that it is run with. */
interface Entrant {
  readonly name: string;
  readonly command: Command;
  readonly babeltrace2: string | undefined;
}

/** Rivals that can run here; those of babeltrace2 once with each that there is. */
function entrants(rivals: Case["rivals"], babeltraces: readonly string[]): readonly Entrant[] {
  return rivals.flatMap(({ name, command }): Entrant[] => {
    if (name.includes("babeltrace2"))
      return babeltraces.map((babeltrace2) => {
        const number = /\d[\d.]*\d/.exec(version(babeltrace2) ?? "")?.[0] ?? "";
        const isFirst = babeltrace2 === babeltraces[0];
        return { name: isFirst ? name : `${name} (${number})`, command, babeltrace2 };
      });
    const canRun =
      command.program === "bash"
        ? hasDuckdb()
        : command.program === "tracewire" || isInstalled(command.program);
    return canRun ? [{ name, command, babeltrace2: undefined }] : [];
  });
}

/** Every command once a round, all in turn: what else the machine does falls on all of them alike. */
function measureProcesses(
  path: string,
  input: Input,
  rounds: number,
  babeltraces: readonly string[],
  part: string = "",
): ProcessResult[] {
  const asked = CASES.filter(({ name }) => name.includes(part));
  const cases = asked
    .filter(({ isOfKernel = false }) => input.isOfKernel || !isOfKernel)
    .map(({ name, ours, rivals }) => ({
      name,
      own: { name, command: ours, babeltrace2: undefined },
      rivals: entrants(rivals, babeltraces),
    }));
  const runs = new Map<string, Run[]>();
  // A command that is in several cases runs once a round.
  const keys = new Map<Command, number>();
  const keyOf = ({ command, babeltrace2 }: Entrant): string => {
    if (!keys.has(command)) keys.set(command, keys.size);
    return `${keys.get(command)} ${babeltrace2}`;
  };
  for (let round = 0; round < rounds; round++) {
    const done = new Set<string>();
    for (const entrant of cases.flatMap(({ own, rivals }) => [own, ...rivals])) {
      const key = keyOf(entrant);
      if (done.has(key)) continue;
      done.add(key);
      const run = runOnce(entrant, path, input);
      runs.set(key, [...(runs.get(key) ?? []), run]);
    }
  }
  return cases.map(({ name, own, rivals }) => {
    const usage = usageOf(runs.get(keyOf(own))!);
    return {
      trace: input.name,
      case: name,
      ...usage,
      rivals: rivals.map((rival) => {
        const theirs = usageOf(runs.get(keyOf(rival))!);
        return { name: rival.name, ...theirs, ratio: theirs.ms.median / usage.ms.median };
      }),
    };
  });
}

function runOnce({ command, babeltrace2 }: Entrant, path: string, input: Input): Run {
  const args = [...command.args(input), path];
  const run = runProcess(command.program, args, command.sink, babeltrace2);
  const expected = command.answer === undefined ? undefined : input[command.answer];
  if (run.answer !== expected)
    throw new Error(`${args.join(" ")}: expected ${expected} events, got ${run.answer}`);
  return run;
}

function usageOf(runs: readonly Run[]): Usage {
  const peaks = runs.flatMap(({ peakMiB }) => peakMiB ?? []);
  const cpu = runs.flatMap(({ cpuMs }) => cpuMs ?? []);
  return {
    ms: spread(runs.map(({ ms }) => ms)),
    cpuMs: cpu.length === 0 ? undefined : spread(cpu),
    peakMiB: peaks.length === 0 ? undefined : Math.max(...peaks),
  };
}

function commit(): string {
  const git = (...args: string[]): string =>
    spawnSync("git", ["--no-optional-locks", ...args], { encoding: "utf8" }).stdout?.trim() ?? "";
  return git("rev-parse", "--short", "HEAD") + (git("status", "--porcelain") === "" ? "" : "+");
}

function describeInput({ name, events, bytes, where, rows, select }: Input): string {
  const share = ((100 * rows) / events).toFixed(1);
  return `\n${name}: ${events} events, ${(bytes / 1e6).toFixed(0)} MB; ${where} keeps ${share} %; columns ${select.join()}`;
}

function describeProcess({ case: name, ms, peakMiB, rivals }: ProcessResult): string {
  const others = rivals.map(
    (rival) =>
      `; ${rival.name} ${showSpread(rival.ms)} ms, ${rival.peakMiB} MiB: ${rival.ratio.toFixed(1)}×`,
  );
  return `  ${name}: ${showSpread(ms)} ms, ${peakMiB} MiB${others.join("")}`;
}

function describeRate({ query, kernel, interpreter }: RateResult): string {
  return `  scan alone, ${query}: ${showSpread(kernel, 1)} M events/s; interpreter ${showSpread(interpreter, 1)}`;
}

await main();
