/**
 * Reads random trace folders with both executors, one after the other, for so many seconds: `fuzz-reader SEED SECONDS`.
 * A line before each case says what it is; the last line, how many there were. What is no typed error ends it with 1.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TraceError } from "../../src/base/errors.ts";
import { type Printed, printed } from "../support/printed.ts";
import { disturb, makeFolder, type Next } from "./fuzz-folder.ts";

const [seed = "1", seconds = "1"] = process.argv.slice(2);
const until = performance.now() + Number(seconds) * 1000;

/** As `test/support/random.ts`, one sequence for each case. */
function sequence(first: number): Next {
  let state = first >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

async function read(path: string, engine: "kernel" | "interpreter"): Promise<Printed | string> {
  try {
    return await printed(path, engine);
  } catch (error) {
    if (error instanceof TraceError) return `${error.code}: ${error.message}`;
    throw error;
  }
}

/** Rows and remarks; streams that are lost are named in any order. */
function story(got: Printed | string): readonly string[] {
  return typeof got === "string" ? [got] : [...got.lines, ...got.remarks.toSorted()];
}

/** Where two stories part. */
function difference(a: readonly string[], b: readonly string[]): string | undefined {
  const at = a.findIndex((line, i) => line !== b[i]);
  if (at === -1 && a.length === b.length) return undefined;
  const line = at === -1 ? a.length : at;
  return `line ${line} of ${a.length} and ${b.length}:\n${a[line]}\n${b[line]}`;
}

let cases = 0;
for (; performance.now() < until; cases++) {
  const own = (Number(seed) + cases * 7919) >>> 0;
  const next = sequence(own);
  const path = mkdtempSync(join(tmpdir(), "tracewire-fuzz-"));
  try {
    const changes = makeFolder(path, next);
    console.log(`case ${cases}: ${own}: ${changes.join(", ")}`);
    const [kernel, interpreter] = [await read(path, "kernel"), await read(path, "interpreter")];
    const differs = difference(story(kernel), story(interpreter));
    if (differs !== undefined) throw new Error(`the executors differ in ${differs}`);
    if (next(3) === 0) {
      const engine = next(2) === 0 ? "kernel" : "interpreter";
      const reading = read(path, engine);
      setTimeout(() => console.log(`meanwhile: ${disturb(path, next)}`), next(4));
      await reading;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  } catch (error) {
    console.log(error);
    process.exit(1);
  } finally {
    rmSync(path, { recursive: true, force: true });
    // The memory of a query is WebAssembly's, whose size does not hurry the garbage collector.
    globalThis.gc?.();
  }
}
console.log(`end: ${cases} cases, ${process.resourceUsage().maxRSS} KiB`);
process.exit(0);
