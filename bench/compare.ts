/** `--compare`: this version beside another, case by case. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MAIN } from "../test/support/traces.ts";
import { CASES, type Case } from "./cases.ts";
import { type Comparison, compare, type Round } from "./comparison.ts";
import { type BenchTrace, inputOf } from "./inputs.ts";
import { type OwnProgram, runProcess } from "./process.ts";
import type { Input } from "./results.ts";
import { showSpread } from "./statistics.ts";
import type { BuiltVersion } from "./version-before.ts";

/** Cases that seem slower are measured again, so many times as often. */
const AGAIN = 2;

/**
 * Prints a ratio for each case, and gives the names of those that are slower beyond noise, twice in a row.
 * @param part of a case's name, which leaves out all others
 */
export function compareVersions(
  traces: readonly BenchTrace[],
  before: BuiltVersion,
  rounds: number,
  part: string = "",
): readonly string[] {
  const caches = mkdtempSync(join(tmpdir(), "tracewire-compare-"));
  try {
    const versions: Versions = {
      name: before.name,
      before: { main: before.main, cacheHome: join(caches, "before") },
      now: { main: MAIN, cacheHome: join(caches, "now") },
    };
    return traces.flatMap((trace) => slowerCases(trace, versions, rounds, part));
  } finally {
    rmSync(caches, { recursive: true });
  }
}

interface Versions {
  readonly name: string;
  readonly before: OwnProgram;
  readonly now: OwnProgram;
}

function slowerCases(
  trace: BenchTrace,
  versions: Versions,
  rounds: number,
  part: string,
): readonly string[] {
  const slower: string[] = [];
  const input = inputOf(trace);
  console.log(`\n${input.name}: ${input.events} events; now by ${versions.name}`);
  const asked = CASES.filter(({ name, isOfKernel = false }) => {
    return name.includes(part) && (input.isOfKernel || !isOfKernel);
  });
  for (const one of asked) {
    const measured = measure(one, trace.path, input, versions, rounds);
    if (measured === undefined) {
      console.log(`  ${one.name}: ${versions.name} cannot do it`);
      continue;
    }
    console.log(describe(one.name, measured));
    if (!measured.isSlower) continue;
    const again = measure(one, trace.path, input, versions, AGAIN * rounds) ?? measured;
    console.log(`${describe(one.name, again)}, measured again`);
    if (again.isSlower) slower.push(`${input.name}, ${one.name}`);
  }
  return slower;
}

/** One run of each is not counted: it fills caches. `undefined` where the version before fails. */
function measure(
  { ours: { program, args, sink } }: Case,
  path: string,
  input: Input,
  { name, before, now }: Versions,
  rounds: number,
): Comparison | undefined {
  const all = [...args(input), path];
  const take = (own: OwnProgram): { ms: number; answer: number | undefined } => {
    const { ms, cpuMs, answer } = runProcess(program, all, sink, undefined, own);
    return { ms: cpuMs ?? ms, answer };
  };
  let known: number | undefined;
  try {
    known = take(before).answer;
  } catch {
    return undefined;
  }
  const { answer } = take(now);
  if (answer !== known)
    throw new Error(`${all.join(" ")}: expected ${known} as ${name}, got ${answer}`);
  const results = Array.from(
    { length: rounds },
    (): Round => ({
      before: take(before).ms,
      now: take(now).ms,
      again: take(before).ms,
    }),
  );
  return compare(results);
}

function describe(name: string, { ratio, noise, most, isSlower }: Comparison): string {
  const said = `${showSpread(ratio, 2)}, noise ${(100 * noise).toFixed(0)} %`;
  return `  ${name}: ${said}${isSlower ? `: slower, at most ${most.toFixed(2)} were noise` : ""}`;
}
