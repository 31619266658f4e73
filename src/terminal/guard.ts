/**
 * Names of processes, files and hosts come from outside and may hold what terminals obey: titles, cursor movements, text that runs
 * backwards. At a terminal all of it is written as escapes, whoever writes it; files and pipes get every byte as it is.
 */

import type { WriteStream } from "node:tty";
import { printable } from "../base/printable.ts";

const ESCAPE = "\x1b";
/** Colours that lines are written in, and ends of lines. */
const HARMLESS = new RegExp(`${ESCAPE}\\[(?:[0-2]|22|3[1-6]|39)m|\r?\n|\t`, "gu");

const drawings = new WeakSet<Uint8Array>();

/** Text that moves the cursor, for a guarded terminal; what it shows of others must be printable. */
export function drawing(text: string): Uint8Array {
  const bytes = Buffer.from(text);
  drawings.add(bytes);
  return bytes;
}

type Written = (error?: Error | null) => void;

/** Lets a terminal get nothing to obey from what is written to it. Anything else than a terminal is left as it is. */
export function guardTerminal(stream: WriteStream): void {
  if (stream.isTTY !== true) return;
  const write = stream.write.bind(stream) as (
    bytes: Uint8Array | string,
    done?: Written,
  ) => boolean;
  const decoder = new TextDecoder();
  stream.write = (
    chunk: Uint8Array | string,
    encoding?: BufferEncoding | Written,
    written?: Written,
  ): boolean => {
    const done = typeof encoding === "function" ? encoding : written;
    if (typeof chunk === "string") return write(harmless(chunk), done);
    if (drawings.has(chunk)) return write(chunk, done);
    return write(harmless(decoder.decode(chunk, { stream: true })), done);
  };
}

/** A text in which every character that a terminal obeys is an escape, but for those of our own lines. */
export function harmless(text: string): string {
  let safe = "";
  let from = 0;
  for (const { index, 0: own } of text.matchAll(HARMLESS)) {
    safe += printable(text.slice(from, index)) + own;
    from = index + own.length;
  }
  return safe + printable(text.slice(from));
}
