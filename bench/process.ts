/** Runs one command as a whole process, and measures it from outside. */

import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PROJECT } from "../test/support/traces.ts";
import type { Program, Sink } from "./cases.ts";

/** The bundled program: what a user starts. */
const MAIN = join(PROJECT, "build/bin/main.js");
/** GNU time reports the peak of resident memory, and processor time. */
const GNU_TIME = "/usr/bin/time";

/** A built tracewire. */
export interface OwnProgram {
  readonly main: string;
  /** Where it keeps what makes its next run quicker: versions that share a place overwrite each other's. */
  readonly cacheHome?: string | undefined;
}

const THIS: OwnProgram = { main: MAIN };

export interface Run {
  readonly ms: number;
  /** Unknown without GNU time. */
  readonly peakMiB: number | undefined;
  readonly cpuMs: number | undefined;
  /** The number that it printed, or the lines that it wrote. */
  readonly answer: number | undefined;
}

const SINKS: Readonly<Record<Sink, string>> = {
  print: '"$@"',
  lines: 'set -o pipefail; "$@" | wc -l',
  null: 'exec "$@" > /dev/null',
};

/**
 * @param babeltrace2 the program that is called so
 * @param own the tracewire that is called so
 * @throws Error when it fails
 */
export function runProcess(
  program: Program,
  args: readonly string[],
  sink: Sink,
  babeltrace2: string = "babeltrace2",
  { main, cacheHome }: OwnProgram = THIS,
): Run {
  const folder = mkdtempSync(join(tmpdir(), "tracewire-bench-"));
  try {
    const usageFile = join(folder, "usage");
    const measuring = existsSync(GNU_TIME) ? [GNU_TIME, "-f", "%M %U %S", "-o", usageFile] : [];
    const words = {
      tracewire: [process.execPath, main],
      babeltrace2: [babeltrace2],
      bash: ["bash", "-o", "pipefail"],
      "lttng-cputop": ["lttng-cputop"],
    }[program].concat(args);
    const env = {
      ...process.env,
      ...(cacheHome !== undefined && { XDG_CACHE_HOME: cacheHome }),
      TRACEWIRE: launcher(folder, main),
      BABELTRACE2: babeltrace2,
    };
    const begin = process.hrtime.bigint();
    const { status, stdout, stderr } = spawnSync(
      "bash",
      ["-c", SINKS[sink], "bash", ...measuring, ...words],
      { encoding: "utf8", env },
    );
    const ms = Number(process.hrtime.bigint() - begin) / 1e6;
    if (status !== 0) throw new Error(`${words.join(" ")} failed: ${stderr}`);
    const usage = measuring.length === 0 ? [] : readFileSync(usageFile, "utf8").trim().split(" ");
    const [kib, user, system] = usage.map(Number);
    return {
      ms,
      peakMiB: kib === undefined ? undefined : Math.round(kib / 1024),
      cpuMs: user === undefined || system === undefined ? undefined : (user + system) * 1000,
      answer: sink === "null" ? undefined : Number(stdout),
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A command that scripts can start by one word. */
function launcher(folder: string, main: string): string {
  const path = join(folder, "tracewire");
  writeFileSync(path, `#!/bin/sh\nexec "${process.execPath}" "${main}" "$@"\n`, { mode: 0o755 });
  return path;
}

/** What a tracewire command prints, or `undefined` if it fails. */
export function ask(args: readonly string[]): string | undefined {
  const { status, stdout } = spawnSync(process.execPath, [MAIN, ...args], {
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  return status === 0 ? stdout : undefined;
}

/** Whether a program is installed. */
export function isInstalled(program: string): boolean {
  return spawnSync("bash", ["-c", 'command -v "$0"', program]).status === 0;
}

/** Whether Python has what reads rows into a data base. */
export function hasDuckdb(): boolean {
  return spawnSync("python3", ["-c", "import duckdb, pyarrow"]).status === 0;
}

/** The first line of what a program says of its version; `undefined` if it is not installed. */
export function version(program: string): string | undefined {
  const { status, stdout } = spawnSync(program, ["--version"], { encoding: "utf8" });
  return status === 0 ? stdout.split("\n")[0] : undefined;
}

/** Runs a program of `bench/` in a fresh process; gives the JSON it prints. */
export function runMeasuring(name: string, args: readonly string[]): unknown {
  const program = join(PROJECT, "build/bench", name);
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], {
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`${name} failed: ${stderr}`);
  return JSON.parse(stdout);
}
