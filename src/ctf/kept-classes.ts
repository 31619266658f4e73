/**
 * Classes that large metadata declare, kept between runs of the program: reading a kernel's thousand event classes takes longer than
 * scanning a million events.
 */

import { KeptValues, type ValueKind } from "../base/kept-values.ts";
import type { TraceClass } from "./trace-class.ts";

/** Smaller texts are read as quickly. */
const WORTH_CHARACTERS = 64 << 10;

/** "TWT1" */
const KIND: ValueKind = { prefix: "classes-", magic: 0x31545754, mostFiles: 16 };

/** What an earlier run read of a text. */
export function readKept(text: string): TraceClass | undefined {
  return keptFor(text)?.read(text);
}

/** Keeps what was read of a text, if that is worth it. */
export function writeKept(text: string, traceClass: TraceClass): void {
  keptFor(text)?.write(text, traceClass);
}

function keptFor(text: string): KeptValues<TraceClass> | undefined {
  return text.length >= WORTH_CHARACTERS ? KeptValues.open(KIND) : undefined;
}
