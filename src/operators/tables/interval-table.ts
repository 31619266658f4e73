/**
 * What tables of intervals have in common: intervals that are open, rows that stand where they end, losses that close
 * what is open, and cuts where windows end.
 */

import { floorTo } from "../../base/time.ts";
import type { ColumnBatch } from "../../column/column.ts";
import { SharedDictionary } from "../../column/column-builder.ts";
import { halvesOf } from "../../column/halves.ts";
import type { Schema } from "../../column/schema.ts";
import { isLossEnd, type Loss, mayMissEvents } from "../../feed/losses.ts";
import type { Emit, Operator } from "../operator.ts";
import { MAX_OPEN, OpenIntervals } from "./open-intervals.ts";
import { type OwnValue, RowAssembly } from "./row-assembly.ts";
import { outputLayout, type TableSpec } from "./table.ts";
import { apart } from "./times.ts";

export abstract class IntervalTable implements Operator {
  protected readonly open: OpenIntervals = new OpenIntervals();
  readonly #spec: TableSpec;
  readonly #shared: readonly SharedDictionary[];
  #input: Schema = [];
  #rows: RowAssembly | undefined;
  #out: Emit | undefined;
  /** Of the row that is looked at. */
  #hi = 0;
  #lo = 0;
  /** Intervals are cut at the next whole number of panes after this. */
  #cutNs: bigint | undefined;
  readonly #begin = { hi: 0, lo: 0 };

  constructor(spec: TableSpec) {
    this.#spec = spec;
    this.#shared = spec.output.map(() => new SharedDictionary());
  }

  /** A batch comes: its rows are named by numbers from here on. */
  protected use(_batch: ColumnBatch): void {}

  /** Looks at an event. */
  protected abstract event(batch: ColumnBatch, row: number, hi: number, lo: number): void;

  /** The value of an own column but `timestamp` and `dt`, of an interval that ends or is cut. */
  protected abstract own(
    name: string,
    slot: number,
    end: ColumnBatch | undefined,
    row: number,
  ): OwnValue;

  /** The event whose columns an interval that is cut has of its end, as far as they are known. */
  protected endSoFar(
    _slot: number,
  ): { readonly batch: ColumnBatch; readonly row: number } | undefined {
    return undefined;
  }

  /** Events were lost: closes what may have ended among them, unless something else shows when it ended. */
  protected lost(_loss: Loss): void {
    for (const slot of this.open) this.drop(slot, "interrupted");
  }

  columns(input: Schema): Schema {
    this.#flush();
    // What is open has rows of the input as it was: they are kept with nulls where columns got their types.
    this.#input = input;
    const schema = this.#spec.output.map((column) => outputLayout(column, input));
    this.#rows = new RowAssembly(this.#spec.output, schema, this.#shared);
    return schema;
  }

  batch(batch: ColumnBatch, out: Emit): void {
    this.#out = out;
    this.open.use(batch);
    this.use(batch);
    const halves = halvesOf(batch.timestamps);
    for (let row = 0; row < batch.rows; row++) {
      this.#lo = halves[row * 2]!;
      this.#hi = halves[row * 2 + 1]!;
      this.event(batch, row, this.#hi, this.#lo);
    }
    this.#flush();
    this.open.settle(this.#input);
    this.settle(this.#input);
  }

  /** A batch has been taken: what is kept of its rows is copied. */
  protected settle(_input: Schema): void {}

  watermark(ns: bigint, out: Emit): void {
    this.#out = out;
    this.#cut(ns, out);
    out.watermark(ns);
  }

  loss(loss: Loss, out: Emit): void {
    this.#out = out;
    if (mayMissEvents(loss)) this.lost(loss);
    if (!isLossEnd(loss)) out.loss(loss);
  }

  end(out: Emit): void {
    this.#out = out;
    this.ended();
    for (const slot of this.open) this.drop(slot, "unpaired");
    this.#flush();
  }

  /** The source has ended: what ends with it. */
  protected ended(): void {}

  /** Begins an interval at a row of the batch at hand; one that is open under its key is unpaired. */
  protected begin(key: number, row: number): number {
    const before = this.open.find(key);
    if (before !== -1) this.drop(before, "unpaired");
    else if (this.open.size >= MAX_OPEN) this.drop(this.open.oldest, "unpaired");
    return this.open.open(key, row, this.#hi, this.#lo);
  }

  /** Ends an interval at the row that is looked at, and adds its row to the table. */
  protected finish(slot: number, end: ColumnBatch | undefined, row: number): void {
    this.#add(slot, end, row, this.#hi, this.#lo);
    this.open.close(slot);
  }

  /** An end that has no begin. */
  protected unpaired(): void {
    this.#out?.count("unpaired", 1);
  }

  protected drop(slot: number, fact: "unpaired" | "interrupted"): void {
    this.#out?.count(fact, 1);
    this.open.close(slot);
  }

  #add(slot: number, end: ColumnBatch | undefined, row: number, hi: number, lo: number): void {
    const rows = this.#rows!;
    if (rows.isFull) this.#flush();
    const first = this.open.batchOf(slot);
    const last = end === undefined ? this.endSoFar(slot) : { batch: end, row };
    rows.add(hi, lo, first, this.open.rowOf(slot), last?.batch, last?.row ?? 0, (name) => {
      if (name === "dt") return this.open.age(slot, hi, lo);
      if (name !== "timestamp") return this.own(name, slot, end, row);
      this.#begin.hi = this.open.beginHi(slot);
      this.#begin.lo = this.open.beginLo(slot);
      return this.#begin;
    });
  }

  #flush(): void {
    if (this.#rows === undefined || this.#rows.rows === 0) return;
    const batch = this.#rows.take();
    this.#out?.batch(batch);
  }

  /** Adds what is open where the last window ends that the watermark has passed. */
  #cut(ns: bigint, out: Emit): void {
    const { paneNs } = this.#spec;
    if (paneNs === undefined || this.#rows === undefined) return;
    const borderNs = floorTo(ns, paneNs);
    const isNew = this.#cutNs === undefined || borderNs > this.#cutNs;
    if (!isNew) return;
    this.#cutNs = borderNs;
    this.#flush();
    const hi = Number(BigInt.asIntN(32, borderNs >> 32n));
    const lo = Number(BigInt.asIntN(32, borderNs));
    for (const slot of this.open) {
      if (this.open.age(slot, hi, lo) <= 0) continue;
      this.#add(slot, undefined, 0, hi, lo);
      if (this.#rows!.isFull) out.cut(this.#rows!.take());
    }
    if (this.#rows!.rows > 0) out.cut(this.#rows!.take());
  }

  /** From a time to that of the row that is looked at, in ns. */
  protected since(hi: number, lo: number): number {
    return apart(this.#hi, this.#lo, hi, lo);
  }
}
