/** Which system calls are asked for: names, and strace's classes. */

import { SourceError } from "../base/errors.ts";
import { suggestion } from "../base/suggestion.ts";
import { prototypeOf } from "../calls/names.ts";
import { CALLS, CONSTANTS } from "../calls/uapi.generated.ts";
import { CLASS_NAMES, classNamed } from "./call-classes.ts";

/**
 * `openat,read`, `%file,%network`, `!futex`, `trace=%file`, `/^open`, `?statx`: as strace has it; a class may lack its `%`.
 * @throws SourceError `STRACE_CALL`
 */
export function traceSet(text: string | undefined): (call: string) => boolean {
  const written = text?.replace(/^(trace|t)=/, "").trim();
  if (written === undefined || written === "" || written === "all") return () => true;
  if (written === "none") return () => false;
  const isExcluded = written.startsWith("!");
  const parts = written
    .replace(/^!/, "")
    .split(",")
    .map((part) => part.trim());
  const tests = parts.map(testOf);
  const isOne = (call: string): boolean => tests.some((test) => test(call));
  return isExcluded ? (call) => !isOne(call) : isOne;
}

const CALL_NAMES = (CONSTANTS["number"] ?? []).map(([, name]) => name.replace("__NR_", ""));

function isKnown(name: string): boolean {
  return CALL_NAMES.includes(name) || Object.hasOwn(CALLS, name) || prototypeOf(name) !== undefined;
}

function testOf(part: string): (call: string) => boolean {
  if (part.startsWith("/")) {
    const pattern = patternOf(part.slice(1));
    return (call) => pattern.test(call);
  }
  if (part.startsWith("%")) {
    const found = classNamed(part.slice(1));
    if (found !== undefined) return found;
    throw unknown(
      part,
      CLASS_NAMES.map((name) => `%${name}`),
      "a class of system calls",
    );
  }
  if (isKnown(part)) return (call) => call === part;
  // strace took classes without a sign once, and scripts still have them so.
  const found = classNamed(part);
  if (found !== undefined) return found;
  // What another kernel has may be missing here.
  if (part.startsWith("?")) return isKnown(part.slice(1)) ? testOf(part.slice(1)) : () => false;
  throw unknown(part, CALL_NAMES, "a system call");
}

function patternOf(text: string): RegExp {
  try {
    return new RegExp(text);
  } catch {
    throw new SourceError(
      "STRACE_CALL",
      `-e trace: expected a regular expression behind /, got ${text}`,
    );
  }
}

function unknown(part: string, names: readonly string[], what: string): SourceError {
  return new SourceError(
    "STRACE_CALL",
    `-e trace: expected ${what}, got ${part}${suggestion(part, names)}`,
  );
}
