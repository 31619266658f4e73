/** HTTP over a runtime's unix socket. */

import { get, type IncomingMessage, request } from "node:http";
import { SourceError } from "../base/errors.ts";
import { messageOf } from "../base/system-error.ts";
import { firstLine, lineSplitter, parseAnswer } from "./answer.ts";
import { ANSWER_LIMIT_MS, SYSTEM_LIMITS } from "./runtime.ts";

export interface QuestionLimits {
  /** Bytes of the answer. */
  readonly bytes?: number;
  /** Aborts the request, as does the time limit, `ANSWER_LIMIT_MS`. */
  readonly signal?: AbortSignal;
}

/**
 * Requests JSON.
 *
 * @returns `undefined` for status 404
 * @throws SourceError as `Runtime.list`
 */
export async function getJson(
  socketPath: string,
  path: string,
  { bytes = SYSTEM_LIMITS.bytes, signal }: QuestionLimits = {},
): Promise<unknown> {
  const what = `${socketPath}: GET ${path}`;
  const stop = new AbortController();
  const abort = (): void => stop.abort();
  const timer = setTimeout(abort, ANSWER_LIMIT_MS);
  signal?.addEventListener("abort", abort, { once: true });
  if (signal?.aborted) abort();
  try {
    const { status, text } = await answerOf(socketPath, path, what, bytes, stop.signal);
    if (status === 404) return undefined;
    if (status === 200) return parseAnswer(text, what);
    const message = `${what}: expected status 200, got ${status}: ${firstLine(text)}`;
    throw new SourceError("RUNTIME_REFUSED", message);
  } catch (error) {
    throw failureOf(error, what, stop.signal.aborted);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", abort);
  }
}

/**
 * Calls `onLine` for each line of an endless answer; settles when the connection closes.
 * @param onOpen called when the answer begins: later events are not missed
 */
export function followLines(
  socketPath: string,
  path: string,
  onOpen: () => void,
  onLine: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve) => {
    const asked = request(
      { socketPath, path, signal, agent: false, headers: { Host: "localhost" } },
      (answer) => {
        if (answer.statusCode === 200) onOpen();
        else answer.destroy();
        answer.setEncoding("utf8").on("data", lineSplitter(onLine));
        answer.on("error", () => resolve()).on("close", () => resolve());
      },
    );
    asked.on("error", () => resolve()).on("close", () => resolve());
    asked.end();
  });
}

function answerOf(
  socketPath: string,
  path: string,
  what: string,
  maxBytes: number,
  signal: AbortSignal,
): Promise<{ readonly status: number; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const asked = get(
      { socketPath, path, signal, agent: false, headers: { Host: "localhost" } },
      (answer) => {
        collect(answer, what, maxBytes).then(
          (text) => resolve({ status: answer.statusCode ?? 0, text }),
          (error) => {
            asked.destroy();
            reject(error);
          },
        );
      },
    );
    asked.on("error", reject);
  });
}

function collect(answer: IncomingMessage, what: string, maxBytes: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const refuse = (): void => {
      const message = `${what}: expected at most ${maxBytes} bytes, got more`;
      reject(new SourceError("RUNTIME_HUGE", message));
    };
    if (Number(answer.headers["content-length"] ?? 0) > maxBytes) {
      refuse();
      return;
    }
    answer.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > maxBytes) refuse();
      else chunks.push(chunk);
    });
    answer.on("end", () => resolve(Buffer.concat(chunks).toString("utf8")));
    answer.on("error", reject);
  });
}

function failureOf(error: unknown, what: string, isLate: boolean): SourceError {
  if (error instanceof SourceError) return error;
  if (isLate)
    return new SourceError("RUNTIME_SLOW", `${what}: no answer in ${ANSWER_LIMIT_MS / 1000} s`);
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const reason = messageOf(error);
  if (["ENOENT", "ECONNREFUSED", "ENOTSOCK"].includes(code))
    return new SourceError("RUNTIME_ABSENT", `${what}: nothing listens there (${code})`);
  if (["EACCES", "EPERM"].includes(code))
    return new SourceError("RUNTIME_REFUSED", `${what}: not allowed (${code})`);
  return new SourceError("RUNTIME_MALFORMED", `${what}: expected an HTTP answer, got ${reason}`);
}
