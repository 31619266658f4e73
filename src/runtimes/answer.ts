/** Parses untrusted answers: JSON of any shape, lines of any length. */

import { SourceError } from "../base/errors.ts";
import { printable } from "../base/printable.ts";
import { messageOf } from "../base/system-error.ts";
import { type AnswerLimits, MAX_LINE_BYTES } from "./runtime.ts";

/** @throws SourceError `RUNTIME_MALFORMED` */
export function parseAnswer(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const message = `${what}: expected JSON, got something else (${firstLine(messageOf(error))})`;
    throw new SourceError("RUNTIME_MALFORMED", message);
  }
}

/** @throws SourceError `RUNTIME_MALFORMED` */
export function listOf(value: unknown, what: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new SourceError("RUNTIME_MALFORMED", `${what}: expected a list, got ${kindOf(value)}`);
}

/** The value at a path of keys; `undefined` if there is none. */
export function at(value: unknown, ...keys: readonly string[]): unknown {
  let inner = value;
  for (const key of keys) {
    if (typeof inner !== "object" || inner === null || !Object.hasOwn(inner, key)) return undefined;
    inner = Reflect.get(inner, key);
  }
  return inner;
}

/** The text at a path; "" if there is none. */
export function textAt(value: unknown, ...keys: readonly string[]): string {
  const found = at(value, ...keys);
  return typeof found === "string" ? found : "";
}

/** The process id at a path; 0 if there is none. */
export function pidAt(value: unknown, ...keys: readonly string[]): number {
  return pidOf(at(value, ...keys));
}

/** A process id as number or digits; 0 for anything else. */
export function pidOf(value: unknown): number {
  const pid = typeof value === "string" && /^\d{1,10}$/.test(value) ? Number(value) : value;
  const isPid = typeof pid === "number" && Number.isInteger(pid) && pid > 0 && pid < 2 ** 31;
  return isPid ? pid : 0;
}

/** Whether a text is safe as an id or name in a path or on a command line. */
export function isPlainName(text: string): boolean {
  return /^[A-Za-z0-9][\w.-]{0,254}$/.test(text);
}

/** The first items of a list, up to the limit. Reports a problem if it drops any. */
export function within<Item>(
  limits: AnswerLimits,
  list: readonly Item[],
  what: string,
  problems: string[],
): readonly Item[] {
  if (list.length <= limits.containers) return list;
  const most = limits.containers;
  problems.push(`${what}: expected at most ${most} containers, got more: the rest is ignored`);
  return list.slice(0, most);
}

/** The first line of a text, printable and shortened. */
export function firstLine(text: string): string {
  return printable(text.trim().split("\n", 1)[0] ?? "", 200);
}

/** Calls `onLine` for each line of a text that arrives in pieces of any size; skips lines beyond the cap. */
export function lineSplitter(onLine: (line: string) => void): (chunk: string) => void {
  let pieces: string[] = [];
  let length = 0;
  const add = (piece: string): void => {
    length += piece.length;
    if (length > MAX_LINE_BYTES) pieces = [];
    else pieces.push(piece);
  };
  return (chunk) => {
    let start = 0;
    for (let end = chunk.indexOf("\n"); end !== -1; end = chunk.indexOf("\n", start)) {
      add(chunk.slice(start, end));
      const line = pieces.join("").trim();
      if (line !== "") onLine(line);
      pieces = [];
      length = 0;
      start = end + 1;
    }
    add(chunk.slice(start));
  };
}

function kindOf(value: unknown): string {
  return value === null ? "null" : typeof value;
}
