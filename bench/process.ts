/** Runs one command as a whole process, and measures it from outside. */

import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PROJECT } from "../test/support/traces.ts";
import type { Sink } from "./cases.ts";

/** The bundled program: what a user starts. */
const MAIN = join(PROJECT, "build/bin/main.js");
/** GNU time reports the peak of resident memory, and processor time. */
const GNU_TIME = "/usr/bin/time";

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

/** @throws Error when it fails */
export function runProcess(
  program: "tracewire" | "babeltrace2",
  args: readonly string[],
  sink: Sink,
): Run {
  const folder = mkdtempSync(join(tmpdir(), "tracewire-bench-"));
  try {
    const usageFile = join(folder, "usage");
    const measuring = existsSync(GNU_TIME) ? [GNU_TIME, "-f", "%M %U %S", "-o", usageFile] : [];
    const words = program === "tracewire" ? [process.execPath, MAIN, ...args] : [program, ...args];
    const begin = process.hrtime.bigint();
    const { status, stdout, stderr } = spawnSync(
      "bash",
      ["-c", SINKS[sink], "bash", ...measuring, ...words],
      { encoding: "utf8" },
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

/** What a tracewire command prints, or `undefined` if it fails. */
export function ask(args: readonly string[]): string | undefined {
  const { status, stdout } = spawnSync(process.execPath, [MAIN, ...args], {
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  return status === 0 ? stdout : undefined;
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
