/** `GET /v1/schema`: the event classes of some sources, with their fields. */

import type { ColumnLayout } from "../../column/schema.ts";
import type { EventClass, StructureClass, TraceClass } from "../../ctf/trace-class.ts";
import { segmentPaths } from "../../segments/find.ts";
import { segmentFacts } from "../../segments/read.ts";
import { hideFields, refuseHiddenRows } from "./hidden-fields.ts";
import type { ServedSources } from "./served-sources.ts";

/** More would make an answer of many megabytes. */
const MAX_EVENTS = 10_000;

export interface Schema {
  readonly events: readonly SchemaEvent[];
  /** Of files of rows, which have no events. */
  readonly columns?: readonly SchemaField[];
  /** Of a live session before its first metadata, or of more events than one answer lists. */
  readonly isComplete: boolean;
}

interface SchemaEvent {
  readonly name: string;
  readonly fields: readonly SchemaField[];
  readonly contexts: readonly SchemaField[];
}

interface SchemaField {
  readonly name: string;
  /** The kind of its field class. */
  readonly type: string;
}

/** Events of one name and fields that are declared in several traces are listed once. */
export async function schemaOf(
  served: ServedSources,
  wanted: readonly string[],
  hidden: readonly string[],
): Promise<Schema> {
  const files = served.areRows(wanted) ? segmentPaths(wanted) : undefined;
  if (files !== undefined) {
    refuseHiddenRows(wanted, hidden);
    const { columns } = await segmentFacts(files);
    return { events: [], columns: columns.map(columnOf), isComplete: true };
  }
  const traceClasses = await served.declared(wanted);
  const events = new Map<string, SchemaEvent>();
  for (const traceClass of traceClasses) {
    for (const event of eventsOf(hideFields(traceClass, hidden))) {
      if (events.size < MAX_EVENTS) events.set(JSON.stringify(event), event);
    }
  }
  const sorted = [...events.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  return { events: sorted, isComplete: traceClasses.length > 0 && events.size < MAX_EVENTS };
}

function columnOf({ name, type }: ColumnLayout): SchemaField {
  return { name, type: type.kind === "number" ? type.number : type.kind };
}

function* eventsOf({ streamClasses }: TraceClass): Generator<SchemaEvent> {
  for (const { packetContext, commonContext, eventClasses } of streamClasses.values()) {
    for (const { name, payload, specificContext } of eventClasses.values() as Iterable<EventClass>)
      yield {
        name,
        fields: fieldsOf(payload),
        contexts: [packetContext, commonContext, specificContext].flatMap(fieldsOf),
      };
  }
}

function fieldsOf(scope: StructureClass | undefined): readonly SchemaField[] {
  const members = scope?.members.filter(({ isHidden }) => isHidden !== true) ?? [];
  return members.map(({ name, fieldClass }) => ({ name, type: fieldClass.kind }));
}
