/** Everything a query does with the records of one event class, settled before the first of them is read. */

import { isSelected } from "../base/glob.ts";
import { findRequested } from "../column/request.ts";
import type { PlannedColumn } from "../column/schema.ts";
import { mayChangeInsideBytes } from "../ctf/byte-order-changes.ts";
import { type FieldRef, fieldKey, mayBeAbsent } from "../ctf/field-ref.ts";
import type { EventClass, FieldClass, StreamClass, TraceClass } from "../ctf/trace-class.ts";
import { scopeRoot } from "../ctf/trace-class.ts";
import type { LinkedProgram, Program } from "../filter/bytecode.ts";
import { link } from "../filter/link.ts";
import { LinkCache } from "../filter/link-cache.ts";
import { locateFields } from "../filter/locate-fields.ts";
import type { ScanSpec } from "./scanner.ts";
import type { Walk } from "./walk.ts";
import { planPacketWalk, planRecordWalk } from "./walk-planner.ts";
import { MAX_LOCATIONS } from "./walker.ts";

/** Where a column's value comes from in the records of one event class. */
export type ColumnSource =
  | { readonly kind: "field"; readonly fieldClass: FieldClass; readonly location: number }
  /** Whether a filter holds for the record. */
  | { readonly kind: "match"; readonly linked: LinkedProgram }
  | { readonly kind: "absent" }
  /** The column is made from facts of record, packet or trace, or from a whole scope. */
  | { readonly kind: "built-in" };

export interface EventPlan {
  readonly streamClass: StreamClass;
  readonly eventClass: EventClass;
  /** False if no record of this class can be a row: its records are only walked over. */
  readonly isLive: boolean;
  /** The filter for records of this class; `undefined` if every record passes. */
  readonly linked: LinkedProgram | undefined;
  readonly walk: Walk;
  /** Locations to clear before each record, because a variant may leave them out. */
  readonly optionalLocations: readonly number[];
  /** Locations in the packet context, the same for all records of a packet. */
  readonly packetWalk: Walk | undefined;
  readonly packetLocations: readonly number[];
  readonly sources: readonly ColumnSource[];
}

/** @param links the filter's, for who plans many event classes */
export function planEvent(
  spec: ScanSpec,
  traceClass: TraceClass,
  streamClass: StreamClass,
  eventClass: EventClass,
  links: LinkCache | undefined = spec.filter && new LinkCache(spec.filter),
): EventPlan {
  const linked = links?.of({ traceClass, streamClass, eventClass });
  const isWanted = isSelected(spec.events, eventClass.name);
  // What has no time lies in no range of times.
  const isInRange =
    streamClass.clock !== undefined || (spec.begin === undefined && spec.end === undefined);
  const isLive = isWanted && isInRange && linked?.verdict !== "never";
  const base = { streamClass, eventClass, isLive };
  const watchesOrder = mayChangeInsideBytes(traceClass.packetHeader, streamClass);
  if (!isLive) {
    return {
      ...base,
      linked: undefined,
      walk: planRecordWalk(streamClass, eventClass, undefined, watchesOrder),
      optionalLocations: [],
      packetWalk: undefined,
      packetLocations: [],
      sources: [],
    };
  }
  const locations = new LocationTable();
  // The filter's fields come first: its loads name them by their number.
  const filterFields = linked?.verdict === "evaluate" ? linked.fields : [];
  for (const ref of filterFields) locations.append(ref);
  const sources = spec.columns.map(({ request }): ColumnSource => {
    if (request.kind !== "match") return columnSource(request, streamClass, eventClass, locations);
    const match = link(request.program as Program, { traceClass, streamClass, eventClass });
    return {
      kind: "match",
      linked: locateFields(match, (ref) => locations.of(ref), locations.refs),
    };
  });
  const isOptional = (ref: FieldRef): boolean =>
    mayBeAbsent(ref, scopeRoot(ref.scope, traceClass, streamClass, eventClass));
  const packetLocations = locations.where((ref) => ref.scope === "packet-context");
  return {
    ...base,
    linked: linked?.verdict === "evaluate" ? linked : undefined,
    walk: planRecordWalk(streamClass, eventClass, locations.locationOf, watchesOrder),
    optionalLocations: locations.where(isOptional),
    packetWalk:
      packetLocations.length === 0 ? undefined : planPacketWalk(streamClass, locations.locationOf),
    packetLocations,
    sources,
  };
}

function columnSource(
  request: PlannedColumn["request"],
  streamClass: StreamClass,
  eventClass: EventClass,
  locations: LocationTable,
): ColumnSource {
  let ref: FieldRef | undefined;
  if (request.kind === "timestamp" && streamClass.clock === undefined) return { kind: "absent" };
  if (request.kind === "context") {
    ref =
      findRequested("common-context", streamClass.commonContext, request) ??
      findRequested("specific-context", eventClass.specificContext, request);
  } else if (request.kind === "field") {
    ref = findRequested("payload", eventClass.payload, request);
  } else if (request.kind === "payload" && eventClass.payload !== undefined) {
    ref = { scope: "payload", path: [], fieldClass: eventClass.payload };
  } else {
    return { kind: "built-in" };
  }
  if (ref === undefined) return { kind: "absent" };
  return { kind: "field", fieldClass: ref.fieldClass, location: locations.of(ref) };
}

/** Numbers the fields that filter and columns want. A field wanted twice by the filter keeps both numbers. */
class LocationTable {
  readonly refs: FieldRef[] = [];
  readonly #byKey = new Map<string, number>();

  append(ref: FieldRef): number {
    const location = this.refs.push(ref) - 1;
    if (location >= MAX_LOCATIONS)
      throw new RangeError(`a query may want at most ${MAX_LOCATIONS} fields of one event`);
    const key = fieldKey(ref);
    if (!this.#byKey.has(key)) this.#byKey.set(key, location);
    return location;
  }

  of(ref: FieldRef): number {
    return this.#byKey.get(fieldKey(ref)) ?? this.append(ref);
  }

  where(test: (ref: FieldRef) => boolean): number[] {
    return this.refs.flatMap((ref, location) => (test(ref) ? [location] : []));
  }

  readonly locationOf = (scope: FieldRef["scope"], path: readonly number[]): number =>
    this.#byKey.get(`${scope}/${path.join(".")}`) ?? -1;
}
