/** Records of a packet that are kept, in their order, as columns: no object is made for a record. */

import type { ColumnBatch } from "../column/column.ts";
import type { ColumnRequest } from "../column/request.ts";
import { nsFromOrigin } from "../ctf/clock.ts";
import type { ClockClass, EventClass, StreamClass } from "../ctf/trace-class.ts";

/** What a scan must be asked for, in this order, behind any other columns. */
export const PLACE_COLUMNS: readonly ColumnRequest[] = [
  { kind: "place", part: "begin" },
  { kind: "place", part: "end" },
  { kind: "place", part: "clock" },
  { kind: "place", part: "class" },
];

const FIRST_CAPACITY = 1024;

export class KeptRecords {
  /** Where each begins and ends, bits of the packet. */
  begins: Uint32Array = new Uint32Array(FIRST_CAPACITY);
  ends: Uint32Array = new Uint32Array(FIRST_CAPACITY);
  /** The clock behind each. */
  clocks: BigUint64Array = new BigUint64Array(FIRST_CAPACITY);
  /** Ids of their event classes. */
  classes: Float64Array = new Float64Array(FIRST_CAPACITY);
  count = 0;

  clear(): void {
    this.count = 0;
  }

  /** Adds rows whose last columns are `PLACE_COLUMNS`. */
  addBatch({ rows, columns }: ColumnBatch): void {
    this.#reserve(rows);
    const [begins, ends, clocks, classes] = columns
      .slice(-PLACE_COLUMNS.length)
      .map((column) => (column.kind === "number" ? column.values.subarray(0, rows) : undefined));
    this.begins.set(begins as Uint32Array, this.count);
    this.ends.set(ends as Uint32Array, this.count);
    this.clocks.set(clocks as BigUint64Array, this.count);
    this.classes.set(classes as Float64Array, this.count);
    this.count += rows;
  }

  add(from: KeptRecords, i: number): void {
    this.#reserve(1);
    const at = this.count++;
    this.begins[at] = from.begins[i]!;
    this.ends[at] = from.ends[i]!;
    this.clocks[at] = from.clocks[i]!;
    this.classes[at] = from.classes[i]!;
  }

  classOf(i: number, { eventClasses }: StreamClass): EventClass {
    return eventClasses.get(this.classes[i]!)!;
  }

  /** The event classes of the records. */
  *eventClasses(streamClass: StreamClass): Generator<EventClass> {
    const ids = new Set<number>();
    for (let i = 0; i < this.count; i++) ids.add(this.classes[i]!);
    for (const id of ids) yield streamClass.eventClasses.get(id)!;
  }

  /** The clock behind the first; `undefined` if there is none. */
  get firstClock(): bigint | undefined {
    return this.count === 0 ? undefined : this.clocks[0];
  }

  get lastClock(): bigint | undefined {
    return this.count === 0 ? undefined : this.clocks[this.count - 1];
  }

  /** Those behind a time, and up to another, ns since the Unix epoch; all of them where they have none. */
  between(
    clock: ClockClass | undefined,
    behindNs: bigint | undefined,
    untilNs: bigint | undefined,
  ): KeptRecords {
    if (clock === undefined || (behindNs === undefined && untilNs === undefined)) return this;
    const found = new KeptRecords();
    for (let i = 0; i < this.count; i++) {
      const ns = nsFromOrigin(clock, this.clocks[i]!);
      const isBehind = behindNs === undefined || ns > behindNs;
      if (isBehind && (untilNs === undefined || ns <= untilNs)) found.add(this, i);
    }
    return found;
  }

  #reserve(more: number): void {
    const needed = this.count + more;
    if (needed <= this.begins.length) return;
    const capacity = 2 ** Math.ceil(Math.log2(needed));
    this.begins = grown(this.begins, new Uint32Array(capacity));
    this.ends = grown(this.ends, new Uint32Array(capacity));
    this.clocks = grown(this.clocks, new BigUint64Array(capacity));
    this.classes = grown(this.classes, new Float64Array(capacity));
  }
}

interface Settable<Self> {
  set(from: Self): void;
}

function grown<Numbers extends Settable<Numbers>>(from: Numbers, to: Numbers): Numbers {
  to.set(from);
  return to;
}
