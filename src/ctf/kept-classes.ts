/**
 * Classes that large metadata declare, kept between runs of the program: reading a kernel's thousand event classes takes longer than
 * scanning a million events.
 */

import { KeptValues, type ValueKind } from "../base/kept-values.ts";
import type { TraceClass } from "./trace-class.ts";

/** Smaller texts are read as quickly. */
const WORTH_CHARACTERS = 64 << 10;

/** Larger ones take several times their memory to be written and read back. No tracer's own classes come near. */
const MOST_CHARACTERS = 8 << 20;

/** "TWT2" */
const KIND: ValueKind = { prefix: "classes-", magic: 0x32545754, mostFiles: 16 };

/** What an earlier run read of a text. */
export function readKept(text: string): TraceClass | undefined {
  return keptFor(text)?.read(text);
}

/** Keeps what was read of a text, if that is worth it. */
export function writeKept(text: string, traceClass: TraceClass): void {
  keptFor(text)?.write(text, traceClass);
}

function keptFor(text: string): KeptValues<TraceClass> | undefined {
  const isWorth = text.length >= WORTH_CHARACTERS && text.length <= MOST_CHARACTERS;
  return isWorth ? KeptValues.open(KIND) : undefined;
}
