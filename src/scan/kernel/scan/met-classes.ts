/**
 * Which event classes records were met of. A kernel declares a thousand and more, and its traces have records of the same few
 * hundred: what was met in one scan is likely to be met in the next, of the same trace or of another. Traces with the same
 * metadata share their event classes (`ctf/shared-metadata.ts`); what was met of many classes is kept for the program's next run.
 */

import { KeptValues, type ValueKind } from "../../../base/kept-values.ts";
import type { EventClass, StreamClass, TraceClass } from "../../../ctf/trace-class.ts";

/** Ids of event classes that were met, by the ids of their stream classes. */
export type MetIds = ReadonlyMap<number, readonly number[]>;

/** Of no more event classes than this, all are as good as met. */
const MANY_CLASSES = 64;

/** "TWM1" */
const KIND: ValueKind = { prefix: "met-", magic: 0x314d5754, mostFiles: 16 };

/** The event classes of this thread that records were met of. */
const met = new WeakSet<EventClass>();
/** How many had been met of a stream class when that was read or kept last, by its first event class. */
const kept = new WeakMap<EventClass, number>();

/** Whether a stream class has many event classes. */
export function hasManyClasses({ eventClasses }: StreamClass): boolean {
  return eventClasses.size > MANY_CLASSES;
}

/** @returns whether none was met before, in this thread */
export function meet(eventClass: EventClass): boolean {
  if (met.has(eventClass)) return false;
  met.add(eventClass);
  return true;
}

export function isMet(eventClass: EventClass): boolean {
  return met.has(eventClass);
}

/** What was met in another thread. */
export function meetAll({ streamClasses }: TraceClass, ids: MetIds): void {
  for (const [id, eventIds] of ids) meetIds(streamClasses.get(id), eventIds);
}

export function meetIds(streamClass: StreamClass | undefined, ids: readonly number[]): void {
  for (const id of ids) {
    const eventClass = streamClass?.eventClasses.get(id);
    if (eventClass !== undefined) met.add(eventClass);
  }
}

/** What was met of stream classes with many event classes: here, and, the first time, in earlier runs of the program. */
export function recallMet({ streamClasses }: TraceClass): MetIds {
  const ids = new Map<number, readonly number[]>();
  for (const streamClass of streamClasses.values()) {
    if (!hasManyClasses(streamClass)) continue;
    const [first] = streamClass.eventClasses.values();
    if (!kept.has(first!)) {
      meetIds(streamClass, keptValues()?.read(nameOf(streamClass)) ?? []);
      kept.set(first!, idsOf(streamClass).length);
    }
    ids.set(streamClass.id, idsOf(streamClass));
  }
  return ids;
}

/** Keeps what was met, for the program's next run. */
export function keepMet(traceClasses: Iterable<TraceClass>): void {
  for (const { streamClasses } of traceClasses) {
    for (const streamClass of streamClasses.values()) {
      const [first] = streamClass.eventClasses.values();
      if (!hasManyClasses(streamClass) || !kept.has(first!)) continue;
      const ids = idsOf(streamClass);
      if (ids.length === kept.get(first!)) continue;
      kept.set(first!, ids.length);
      keptValues()?.write(nameOf(streamClass), ids);
    }
  }
}

function keptValues(): KeptValues<readonly number[]> | undefined {
  return KeptValues.open(KIND);
}

function idsOf({ eventClasses }: StreamClass): readonly number[] {
  return [...eventClasses.values()].flatMap((one) => (met.has(one) ? one.id : []));
}

/** What makes a stream class known again: its event classes. Another that has the same is as likely to have the same records. */
function nameOf({ id, eventClasses }: StreamClass): string {
  return `${id}\n${[...eventClasses.values()].map((one) => `${one.id} ${one.name}`).join("\n")}`;
}
