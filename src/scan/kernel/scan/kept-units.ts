/**
 * Units that were emitted in this thread, under a key of all that they depend on: a query that is asked again, or that differs
 * from another only in what instances are given, is neither planned nor emitted nor compiled anew.
 *
 * What is kept holds no address and no trace: it outlives queries, kernels and their memories.
 */

import type { EmittedUnit } from "./emitted-unit.ts";

/** The least recently used go beyond so many, or beyond so many bytes of modules. */
const MAX_UNITS = 512;
const MAX_BYTES = 16 << 20;
/** Characters of texts that have numbers. */
const MAX_CHARACTERS = 16 << 20;

const units = new Map<string, EmittedUnit>();
let bytesKept = 0;
let emittedShapes = 0;

const numbers = new Map<string, number>();
let characters = 0;
let nextNumber = 0;

/** Of how many shapes of event classes this thread has emitted code. */
export function emissionCount(): number {
  return emittedShapes;
}

/** The unit of a key. @param emit called where none is kept */
export function keptUnit(key: string, emit: () => EmittedUnit): EmittedUnit {
  let unit = units.get(key);
  if (unit !== undefined) {
    units.delete(key);
    units.set(key, unit);
    return unit;
  }
  unit = emit();
  emittedShapes += unit.shapes.size;
  units.set(key, unit);
  bytesKept += bytesOf(unit);
  for (const [oldest, old] of units) {
    if ((units.size <= MAX_UNITS && bytesKept <= MAX_BYTES) || units.size === 1) break;
    units.delete(oldest);
    bytesKept -= bytesOf(old);
  }
  return unit;
}

function bytesOf({ compiled }: EmittedUnit): number {
  return compiled?.bytes ?? 0;
}

/**
 * A number that stands for a text in keys: equal texts have equal numbers, and no number stands for two texts. A text that
 * was forgotten gets a new one.
 */
export function numberOf(text: string): number {
  let number = numbers.get(text);
  if (number !== undefined) return number;
  if (characters + text.length > MAX_CHARACTERS) {
    numbers.clear();
    characters = 0;
  }
  number = nextNumber++;
  numbers.set(text, number);
  characters += text.length;
  return number;
}
