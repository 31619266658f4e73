/**
 * Reads random trace folders with both executors, one after the other, for so many seconds: `fuzz-reader SEED SECONDS`.
 * A line before each case says what it is; the last line, how many there were. What is no typed error ends it with 1.
 */

import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TraceError } from "../../src/base/errors.ts";
import type { Engine } from "../../src/query/execution.ts";
import { print, printed } from "../support/printed.ts";
import { sequence } from "../support/random.ts";
import { disturb, makeFolder } from "./fuzz-folder.ts";

const [seed = "1", seconds = "1"] = process.argv.slice(2);
const until = performance.now() + Number(seconds) * 1000;

/** A digest of all rows, and the remarks or the error. */
async function read(path: string, engine: Engine): Promise<readonly string[]> {
  const digest = createHash("sha1");
  try {
    const remarks = await print(path, engine, (bytes) => digest.update(bytes));
    return [digest.digest("hex"), ...remarks.toSorted()];
  } catch (error) {
    if (error instanceof TraceError) return [`${error.code}: ${error.message}`];
    throw error;
  }
}

/** The first line in which the executors' rows or remarks differ. */
async function difference(path: string): Promise<string> {
  const [kernel, interpreter] = [await printed(path, "kernel"), await printed(path, "interpreter")];
  for (const key of ["lines", "remarks"] as const) {
    const at = kernel[key].findIndex((line, i) => line !== interpreter[key][i]);
    if (at !== -1) return `${key}, ${at}:\n${kernel[key][at]}\n${interpreter[key][at]}`;
  }
  return `${kernel.lines.length} and ${interpreter.lines.length} rows`;
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
    if (kernel.join("\n") !== interpreter.join("\n"))
      throw new Error(`the executors differ: ${await difference(path)}`);
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
