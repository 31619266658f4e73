/**
 * Runs every test file in a process of its own, two at a time, and ends with `N passed, N failed, N skipped`.
 *
 * A file that failed beside another runs once more, alone, when all others are over: real daemons and browsers have
 * deadlines that a busy machine breaks. Such a file is named at the end, whichever way its second run went.
 *
 * uvu alone would share one process, exit 0 for a file that runs no test, and hang on a handle left open.
 * Arguments are parts of file names: `node build/test/run.js filter relay`.
 */

import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";

const ROOT = fileURLToPath(new URL(".", import.meta.url));
const TIMEOUT_MS = 15 * 60_000;
const PARALLEL = 2;

interface FileResult {
  readonly file: string;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly output: string;
  readonly seconds: number;
}

// Users of the tests' own look into folders of these.
process.umask(0o022);

function testFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return testFiles(path);
    return entry.name.endsWith(".test.js") ? [path] : [];
  });
}

function runFile(file: string): Promise<FileResult> {
  return new Promise((resolve) => {
    const startedAt = performance.now();
    const child = spawn(
      process.execPath,
      ["--enable-source-maps", "--unhandled-rejections=strict", file],
      {
        // Tests read what programs print, and ask for colors themselves.
        env: { ...process.env, FORCE_COLOR: undefined },
        stdio: ["ignore", "pipe", "pipe"],
      },
    );
    let output = "";
    child.stdout.on("data", (chunk) => {
      output += chunk;
    });
    child.stderr.on("data", (chunk) => {
      output += chunk;
    });
    const timer = setTimeout(() => {
      output += `\nstopped after ${TIMEOUT_MS / 60_000} minutes\n`;
      child.kill("SIGKILL");
    }, TIMEOUT_MS);
    child.on("close", (code) => {
      clearTimeout(timer);
      const total = numberAfter(output, "Total");
      const passed = numberAfter(output, "Passed");
      const skipped = numberAfter(output, "Skipped");
      // A file that ran nothing, or did not end well, has failed whatever it counted.
      const ranNothing = total + skipped === 0;
      const failed = Math.max(total - passed, code !== 0 || ranNothing ? 1 : 0);
      const seconds = (performance.now() - startedAt) / 1000;
      resolve({ file: relative(ROOT, file), passed, failed, skipped, output, seconds });
    });
  });
}

/** uvu's summary counts a skipped test beside the total. */
function numberAfter(output: string, word: string): number {
  return Number(new RegExp(`${word}:\\s+(\\d+)`).exec(stripVTControlCharacters(output))?.[1] ?? 0);
}

async function main(): Promise<void> {
  const wanted = process.argv.slice(2);
  const files = testFiles(ROOT)
    .filter(
      (file) => wanted.length === 0 || wanted.some((part) => relative(ROOT, file).includes(part)),
    )
    .sort();
  const idle = wanted.filter((part) => !files.some((file) => relative(ROOT, file).includes(part)));
  if (idle.length > 0) console.log(`no test file has ${idle.join(", ")} in its name`);
  const results = new Map<string, FileResult>();
  await runAll(files, PARALLEL, results);
  const again = files.length > 1 ? failedOf(results) : [];
  if (again.length > 0) console.log(`\nonce more, alone: ${again.length}`);
  await runAll(
    again.map((file) => join(ROOT, file)),
    1,
    results,
  );
  const stillFailed = new Set(failedOf(results));
  console.log("");
  for (const file of again) {
    console.log(stillFailed.has(file) ? `failed twice: ${file}` : `passed only alone: ${file}`);
  }
  const sum = (count: (result: FileResult) => number): number =>
    [...results.values()].reduce((total, result) => total + count(result), 0);
  const failed =
    sum((result) => result.failed) +
    idle.length +
    (files.length === 0 && idle.length === 0 ? 1 : 0);
  console.log(
    `${sum((result) => result.passed)} passed, ${failed} failed, ${sum((result) => result.skipped)} skipped`,
  );
  process.exitCode = failed > 0 ? 1 : 0;
}

/** Runs files so many at a time, prints each as it ends, and keeps the last result of each. */
async function runAll(
  files: readonly string[],
  parallel: number,
  results: Map<string, FileResult>,
): Promise<void> {
  const queue = [...files];
  const worker = async (): Promise<void> => {
    for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
      const result = await runFile(file);
      results.set(result.file, result);
      print(result);
    }
  };
  await Promise.all(Array.from({ length: parallel }, worker));
}

function print({ file, passed, failed, skipped, output, seconds }: FileResult): void {
  const mark = failed > 0 ? "FAIL" : "ok  ";
  console.log(
    `${mark} ${file.padEnd(44)} ${passed} passed${failed ? `, ${failed} failed` : ""}${skipped ? `, ${skipped} skipped` : ""} (${seconds.toFixed(1)} s)`,
  );
  for (const reason of new Set(output.match(/^skipped: .*$/gm))) console.log(`     ${reason}`);
  if (failed > 0) console.log(output);
}

function failedOf(results: ReadonlyMap<string, FileResult>): string[] {
  return [...results.values()].filter(({ failed }) => failed > 0).map(({ file }) => file);
}

await main();
