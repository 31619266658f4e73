/**
 * Units that were emitted in this thread, or in an earlier run of the program (`stored-units.ts`), under a key of all that they depend on: a query that is asked again, or that differs
 * from another only in what instances are given, is neither planned nor emitted nor compiled anew.
 *
 * What is kept holds no address and no trace: it outlives queries, kernels and their memories.
 */

import type { EmittedUnit, UnitKey } from "./emitted-unit.ts";
import { storedUnit } from "./stored-units.ts";

/** The least recently used go beyond so many, or beyond so many bytes of modules. */
const MAX_UNITS = 512;
const MAX_BYTES = 16 << 20;

const units = new Map<string, EmittedUnit>();
let bytesKept = 0;
let emittedShapes = 0;

/** Of how many shapes of event classes this thread has emitted code. */
export function emissionCount(): number {
  return emittedShapes;
}

/** The unit of a key. @param emit called where none is kept */
export function keptUnit(unitKey: UnitKey, emit: () => EmittedUnit): EmittedUnit {
  const { query, withLoop, frequency, stream, shapes } = unitKey;
  const key = `${query} ${withLoop} ${frequency} ${stream} ${shapes.join(" ")}`;
  let unit = units.get(key);
  if (unit !== undefined) {
    units.delete(key);
    units.set(key, unit);
    return unit;
  }
  unit = storedUnit(unitKey, () => {
    emittedShapes += shapes.length;
    return emit();
  });
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
