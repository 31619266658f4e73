/** Runs the command-line tools of runtimes that are asked through these. */

import { execFile, spawn } from "node:child_process";
import { SourceError } from "../base/errors.ts";
import { firstLine, lineSplitter } from "./answer.ts";
import { ANSWER_LIMIT_MS, SYSTEM_LIMITS } from "./runtime.ts";

/**
 * The output of a command.
 *
 * @param signal kills the command, as does the time limit, `ANSWER_LIMIT_MS`
 * @throws SourceError as `Runtime.list`
 */
export function outputOf(
  program: string,
  args: readonly string[],
  signal: AbortSignal,
): Promise<string> {
  const what = [program, ...args].join(" ");
  const limits = {
    timeout: ANSWER_LIMIT_MS,
    maxBuffer: SYSTEM_LIMITS.bytes,
    killSignal: "SIGKILL",
    signal,
  } as const;
  return new Promise((resolve, reject) => {
    execFile(program, args, limits, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(failureOf(error, what, stderr));
    }).stdin?.end();
  });
}

/** Calls `onLine` for each line of a command's output; settles when the command exits. */
export function followCommand(
  program: string,
  args: readonly string[],
  onLine: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "ignore"], signal });
    child.stdout.setEncoding("utf8").on("data", lineSplitter(onLine));
    child.on("error", () => resolve()).on("close", () => resolve());
  });
}

function failureOf(
  error: Error & { readonly code?: unknown; readonly killed?: unknown },
  what: string,
  stderr: string,
): SourceError {
  if (error.code === "ENOENT")
    return new SourceError("RUNTIME_ABSENT", `${what}: there is no such program`);
  if (error.code === "ERR_CHILD_PROCESS_STDIO_MAXBUFFER") {
    const message = `${what}: expected at most ${SYSTEM_LIMITS.bytes} bytes, got more`;
    return new SourceError("RUNTIME_HUGE", message);
  }
  if (error.killed === true || error.name === "AbortError")
    return new SourceError("RUNTIME_SLOW", `${what}: no answer in ${ANSWER_LIMIT_MS / 1000} s`);
  const reason = firstLine(stderr) || firstLine(error.message);
  return new SourceError("RUNTIME_REFUSED", `${what}: failed: ${reason}`);
}
