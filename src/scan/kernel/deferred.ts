/** Columns that JavaScript makes: the records that passed are walked again, and rendered where they lie. */

import { Slots } from "../../ctf/field-cursor.ts";
import type { PacketHeader } from "../../ctf/packet-header.ts";
import type { EventClass, StreamClass, TraceClass } from "../../ctf/trace-class.ts";
import type { Append } from "../append.ts";
import type { Column } from "../column.ts";
import { type EventPlan, planEvent } from "../event-plan.ts";
import { RecordColumns } from "../record-columns.ts";
import type { ScanSpec, TraceFacts } from "../scanner.ts";
import { Walker } from "../walker.ts";

export class DeferredColumns {
  readonly #spec: ScanSpec;
  readonly #walker = new Walker();
  readonly #columns: RecordColumns;
  /** For each column of the query: its place among the deferred ones, or -1. */
  readonly #places: readonly number[];
  #traceClass: TraceClass;
  readonly #classes: { readonly plan: EventPlan; readonly appends: readonly Append[] }[] = [];
  readonly #byClass = new Map<EventClass, number>();

  constructor(
    spec: ScanSpec,
    isDeferred: readonly boolean[],
    traceClass: TraceClass,
    facts: TraceFacts,
  ) {
    const columns = spec.columns.filter((_, i) => isDeferred[i]);
    const dictionaries = spec.dictionaries.filter((_, i) => isDeferred[i]);
    let place = 0;
    this.#places = isDeferred.map((is) => (is ? place++ : -1));
    // The rows have passed already: nothing is filtered again.
    this.#spec = { ...spec, columns, dictionaries, filter: undefined, events: [] };
    this.#traceClass = traceClass;
    this.#columns = new RecordColumns(columns, dictionaries, this.#walker, traceClass, facts);
    this.update(traceClass);
  }

  update(traceClass: TraceClass): void {
    this.#traceClass = traceClass;
    this.#columns.update(traceClass);
    this.#walker.slots = new Slots(traceClass.slotCount);
    this.#byClass.clear();
  }

  /** The number that class records name an event class by. */
  classOf(eventClass: EventClass, streamClass: StreamClass): number {
    let number = this.#byClass.get(eventClass);
    if (number === undefined) {
      const plan = planEvent(this.#spec, this.#traceClass, streamClass, eventClass);
      number = this.#classes.push({ plan, appends: this.#columns.appends(plan) }) - 1;
      this.#byClass.set(eventClass, number);
    }
    return number;
  }

  /** The deferred columns of some rows, by the query's column numbers; the others are `undefined`. */
  take(
    bytes: Uint8Array,
    header: PacketHeader,
    records: Int32Array,
    classes: Int32Array,
  ): (Column | undefined)[] {
    const walker = this.#walker;
    walker.bytes = bytes;
    walker.end = header.contentBits;
    walker.slots.set(header.slots);
    this.#columns.beginPacket(header);
    for (let row = 0; row < records.length; row++) {
      const { plan, appends } = this.#classes[classes[row]!]!;
      walker.bit = records[row]!;
      this.#columns.recordBit = walker.bit;
      for (const location of plan.optionalLocations) walker.bitOffsets[location] = -1;
      walker.run(plan.walk);
      for (const append of appends) append();
    }
    const taken = this.#columns.take(new BigInt64Array(0));
    return this.#places.map((place) => (place === -1 ? undefined : taken[place]));
  }
}
