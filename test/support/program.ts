/** The command line program as a child process. */

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { MAIN } from "./traces.ts";

export interface Finished {
  readonly status: number | null;
  readonly stdout: string;
  readonly stdoutBytes: Uint8Array;
  readonly stderr: string;
}

/** Runs it to its end. */
export function run(args: readonly string[], env: Readonly<Record<string, string>> = {}): Finished {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], {
    env: { ...process.env, NO_COLOR: "", ...env },
    maxBuffer: 1 << 30,
  });
  return { status, stdout: stdout.toString(), stdoutBytes: stdout, stderr: stderr.toString() };
}

/** Starts it; the caller ends it. */
export function start(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): ChildProcess {
  return spawn(process.execPath, [MAIN, ...args], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
}
