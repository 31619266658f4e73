/** HTTP over a runtime's unix socket. */

import { get, type IncomingMessage, request } from "node:http";
import { SourceError } from "../base/errors.ts";
import { firstLine, lineSplitter, parseAnswer } from "./answer.ts";
import { LIST_LIMIT_MS, MAX_ANSWER_BYTES } from "./runtime.ts";

/**
 * The JSON behind a path.
 *
 * @param signal ends the wait; by default after the usual limit
 * @returns `undefined` where there is nothing of that name (404)
 * @throws SourceError as `Runtime.list`
 */
export async function getJson(
  socketPath: string,
  path: string,
  signal: AbortSignal = AbortSignal.timeout(LIST_LIMIT_MS),
): Promise<unknown> {
  const what = `${socketPath}: GET ${path}`;
  const { status, text } = await new Promise<{ status: number; text: string }>(
    (resolve, reject) => {
      const asked = get(
        { socketPath, path, signal, agent: false, headers: { Host: "localhost" } },
        (answer) => {
          collect(answer, what).then(
            (text) => resolve({ status: answer.statusCode ?? 0, text }),
            (error) => {
              asked.destroy();
              reject(error);
            },
          );
        },
      );
      asked.on("error", reject);
    },
  ).catch((error: unknown) => {
    throw failureOf(error, what, signal);
  });
  if (status === 404) return undefined;
  if (status !== 200) {
    const message = `${what}: expected status 200, got ${status}: ${firstLine(text)}`;
    throw new SourceError("RUNTIME_REFUSED", message);
  }
  return parseAnswer(text, what);
}

/** Calls `onLine` for each line of an answer that does not end; settles when it does. */
export function followLines(
  socketPath: string,
  path: string,
  onLine: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve) => {
    const asked = request(
      { socketPath, path, signal, agent: false, headers: { Host: "localhost" } },
      (answer) => {
        if (answer.statusCode !== 200) answer.destroy();
        answer.setEncoding("utf8").on("data", lineSplitter(onLine));
        answer.on("error", () => resolve()).on("close", () => resolve());
      },
    );
    asked.on("error", () => resolve()).on("close", () => resolve());
    asked.end();
  });
}

function collect(answer: IncomingMessage, what: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const refuse = (): void => {
      const message = `${what}: expected at most ${MAX_ANSWER_BYTES} bytes, got more`;
      reject(new SourceError("RUNTIME_HUGE", message));
    };
    if (Number(answer.headers["content-length"] ?? 0) > MAX_ANSWER_BYTES) {
      refuse();
      return;
    }
    answer.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > MAX_ANSWER_BYTES) refuse();
      else chunks.push(chunk);
    });
    answer.on("end", () => resolve(Buffer.concat(chunks).toString("utf8")));
    answer.on("error", reject);
  });
}

function failureOf(error: unknown, what: string, signal: AbortSignal): SourceError {
  if (error instanceof SourceError) return error;
  if (signal.aborted) return new SourceError("RUNTIME_SLOW", `${what}: no answer in time`);
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const reason = error instanceof Error ? error.message : String(error);
  if (["ENOENT", "ECONNREFUSED", "ENOTSOCK"].includes(code))
    return new SourceError("RUNTIME_ABSENT", `${what}: nobody listens there (${code})`);
  if (["EACCES", "EPERM"].includes(code))
    return new SourceError("RUNTIME_REFUSED", `${what}: not allowed (${code})`);
  return new SourceError("RUNTIME_MALFORMED", `${what}: expected an HTTP answer, got ${reason}`);
}
