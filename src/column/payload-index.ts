/** Event classes by the fields of their payloads, so that a column is found without a look at each of a kernel's thousand classes. */

import type { EventClass, TraceClass } from "../ctf/trace-class.ts";

const indexes = new WeakMap<TraceClass, ReadonlyMap<string, readonly EventClass[]>>();
const NONE: readonly EventClass[] = [];

/** The event classes whose payload has a field of that name at its top. */
export function eventClassesWith(traceClass: TraceClass, name: string): readonly EventClass[] {
  let index = indexes.get(traceClass);
  if (index === undefined) {
    index = indexOf(traceClass);
    indexes.set(traceClass, index);
  }
  return index.get(name) ?? NONE;
}

function indexOf({ streamClasses }: TraceClass): ReadonlyMap<string, readonly EventClass[]> {
  const index = new Map<string, EventClass[]>();
  for (const { eventClasses } of streamClasses.values())
    for (const eventClass of eventClasses.values())
      for (const { name } of eventClass.payload?.members ?? []) {
        const known = index.get(name);
        if (known === undefined) index.set(name, [eventClass]);
        // A payload may have a name twice.
        else if (known.at(-1) !== eventClass) known.push(eventClass);
      }
  return index;
}
