/**
 * The scan stages of a query, one for each layout that its columns have had. A column that no event class declares is a
 * column of nulls; from the class on that has its field, packets are scanned by another stage, in the new layout. Rows that
 * older stages hold still leave in their place in the order of time, in the newest layout.
 */

import type { StreamOrigin, TraceOrigin } from "../base/item.ts";
import type { ColumnBatch } from "../column/column.ts";
import { fitBatch } from "../column/null-column.ts";
import type { PlannedColumn } from "../column/schema.ts";
import type { RowStore } from "./order/row-store.ts";
import type { ScanStage } from "./scan-stage.ts";

interface Layer {
  readonly stage: ScanStage;
  readonly columns: readonly PlannedColumn[];
}

export class StageSequence {
  /** Oldest first; all but the newest only hold rows. */
  #layers: Layer[] = [];
  /** Whose store the batch under assembly is in. */
  #assembling: Layer | undefined;
  /** Whether the next row is in another store than the batch under assembly. */
  #mustFlush = false;

  /** The stage that scans; `undefined` before the first packet. */
  get newest(): ScanStage | undefined {
    return this.#layers.at(-1)?.stage;
  }

  /** Packets from now on are scanned by `stage`, those that wait for metadata among them. */
  add(stage: ScanStage, columns: readonly PlannedColumn[]): void {
    const before = this.#layers.at(-1);
    this.#layers.push({ stage, columns });
    if (before === undefined) return;
    if (this.#assembling === undefined && before.stage.store.rows > 0) this.#assembling = before;
    stage.adopt(before.stage);
    this.#prune();
  }

  endStream(stream: StreamOrigin): void {
    for (const { stage } of this.#layers) stage.endStream(stream);
  }

  endTrace(trace: TraceOrigin): void {
    for (const { stage } of this.#layers) stage.endTrace(trace);
  }

  /** Rows of the batch under assembly. */
  get rows(): number {
    return this.#current?.rows ?? 0;
  }

  get isFull(): boolean {
    return this.#mustFlush || this.#current?.isFull === true;
  }

  get lastNs(): bigint | undefined {
    return this.#current?.lastNs;
  }

  /** Whether taken batches are borrowed until the next `merge`. */
  get isLending(): boolean {
    return this.#current?.isLending === true;
  }

  /** Moves rows up to a time into the batch, at most so many, until it is full; returns how many. */
  merge(upTo: bigint, most: number): number {
    const [only, ...others] = this.#layers;
    if (only === undefined) return 0;
    if (others.length === 0) return only.stage.store.merge(upTo, most);
    const [first, next] = this.#firstTwo();
    if (first === undefined) return 0;
    if (this.rows > 0 && this.#assembling !== first) {
      this.#mustFlush = true;
      return 0;
    }
    this.#assembling = first;
    // At equal times, what came first goes first.
    const isOlder = next !== undefined && this.#layers.indexOf(first) < this.#layers.indexOf(next);
    const until = next?.stage.store.firstNs;
    const end = until === undefined ? upTo : least(upTo, isOlder ? until : until - 1n);
    return first.stage.store.merge(end, most);
  }

  /** The batch's rows, in the newest layout; the next batch begins. */
  take(): ColumnBatch {
    const newest = this.#layers.at(-1)!;
    const layer = this.#assembling ?? newest;
    const batch = layer.stage.store.take();
    this.#assembling = undefined;
    this.#mustFlush = false;
    const fitted = layer === newest ? batch : fitBatch(batch, newest.columns);
    this.#prune();
    return fitted;
  }

  get #current(): RowStore<unknown> | undefined {
    return (this.#assembling ?? this.#layers.at(-1))?.stage.store;
  }

  /** The layers with the earliest rows; the older one goes first where they are of the same time. */
  #firstTwo(): readonly (Layer | undefined)[] {
    const timed = this.#layers.flatMap((layer) => {
      const ns = layer.stage.store.firstNs;
      return ns === undefined ? [] : { layer, ns };
    });
    timed.sort((a, b) => (a.ns < b.ns ? -1 : a.ns > b.ns ? 1 : 0));
    return [timed[0]?.layer, timed[1]?.layer];
  }

  /** Lets older stages go that hold nothing any more. */
  #prune(): void {
    if (this.#layers.length === 1) return;
    this.#layers = this.#layers.filter(({ stage: { store } }, i, { length }) => {
      const isNeeded = i === length - 1 || store.rows > 0 || store.firstNs !== undefined;
      return isNeeded;
    });
  }
}

function least(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
