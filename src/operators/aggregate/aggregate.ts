/**
 * Aggregates by groups and windows: `count(), p99(dt) by container every 1s`.
 *
 * Rows go into the groups of their pane, a piece of time of which every window is a whole number. A window is emitted, in
 * one batch, when the watermark has passed its end, and never opens again. Without windows there is one pane: its groups
 * are emitted at the end, and of a live query once a second so far.
 */

import { floorTo } from "../../base/time.ts";
import type { Column, ColumnBatch } from "../../column/column.ts";
import { halvesOf } from "../../column/halves.ts";
import { fitBatch } from "../../column/null-column.ts";
import type { ColumnLayout, Schema } from "../../column/schema.ts";
import type { Loss } from "../../feed/losses.ts";
import type { Emit, Operator } from "../operator.ts";
import { Snapshots } from "../snapshots.ts";
import { INT64 } from "./accumulator.ts";
import { GroupTable } from "./group-table.ts";
import { KeyColumns, keyLayout } from "./key-columns.ts";
import { moveLargest } from "./largest-groups.ts";
import { LossWindows } from "./loss-windows.ts";
import { type MeasureSpec, Measures } from "./measures.ts";
import { doubleReader } from "./numbers.ts";
import { Pane } from "./pane.ts";
import { RecentKeys } from "./recent-keys.ts";
import { sortedGroups } from "./sorted-groups.ts";
import { Panes, type WindowSpec } from "./windows.ts";

export interface AggregateSpec {
  /** The places of the key columns in the input. */
  readonly keys: readonly number[];
  readonly measures: readonly MeasureSpec[];
  readonly window: WindowSpec | undefined;
  /** The place of the length of intervals, whose rows stand where they end. */
  readonly length: number | undefined;
  /** Keys that are distinguished in a window; the others share a row. */
  readonly maxGroups: number;
  /** The measure, a count, by which only the largest groups are asked for. */
  readonly favours: number | undefined;
  /** Whether time goes on by itself: windows in which nothing comes are emitted, too, when they have passed. */
  readonly isLive: boolean;
  /** Whether totals are emitted while rows come. */
  readonly emitsSnapshots: boolean;
}

export const DEFAULT_MAX_GROUPS = 1_000_000;
/** Memory of groups; the keys that come then share a row. */
const MAX_BYTES = 1 << 30;
/** Windows that one row's interval is cut into; what is beyond is left out, with a note. */
const MAX_CUTS = 100_000;
const NS_PER_SECOND = 1e9;

export class AggregateRows implements Operator {
  readonly #spec: AggregateSpec;
  readonly #panes: Panes | undefined;
  readonly #losses = new LossWindows();
  #input: Schema = [];
  #keys: KeyColumns = new KeyColumns([]);
  #measures: Measures = new Measures([], []);
  #recent: RecentKeys;
  /** By their begin; without windows there is one, 0. */
  #open = new Map<bigint, Pane>();
  /** Windows that end at or before this have been emitted. */
  #closedNs: bigint | undefined;
  /** The times of the first and of the last row. */
  #firstNs: bigint | undefined;
  #lastNs: bigint | undefined;
  readonly #snapshots = new Snapshots();
  readonly #noted = new Set<string>();

  constructor(spec: AggregateSpec) {
    this.#spec = spec;
    this.#panes = spec.window && new Panes(spec.window);
    this.#recent = new RecentKeys(0);
  }

  columns(input: Schema): Schema {
    const before = this.#input;
    this.#input = input;
    const { keys, measures, window } = this.#spec;
    const layouts = keys.map((at) => keyLayout(input[at]!));
    const isNew = before.length === 0 || input.some(({ type }, i) => type !== before[i]?.type);
    if (isNew) this.#use(layouts, new Measures(measures, input));
    const start: readonly ColumnLayout[] =
      window === undefined
        ? []
        : [{ name: "window", type: { kind: "timestamp" }, nullable: false }];
    return [...start, ...layouts, ...this.#measures.layouts, LOST_EVENTS, OVERFLOW];
  }

  batch(batch: ColumnBatch, out: Emit): void {
    const { rows, timestamps } = batch;
    if (rows === 0) return;
    this.#firstNs = earlier(this.#firstNs ?? timestamps[0]!, this.#beginOf(batch));
    this.#lastNs = timestamps[rows - 1]!;
    this.#snapshots.noteRows();
    const words = halvesOf(timestamps);
    for (let from = 0; from < rows; ) {
      const run = this.#panes?.run(timestamps, words, from, rows);
      const to = run?.to ?? rows;
      const startNs = run?.startNs ?? 0n;
      if (this.#closedNs !== undefined && startNs < this.#closedNs) out.count("late", to - from);
      else this.#add(batch, from, to, startNs, out);
      from = to;
    }
  }

  /** Intervals that are still open, as rows that end where a window does: their parts in windows that end now. */
  cut(batch: ColumnBatch, out: Emit): void {
    if (!this.#measures.haveAmounts) return;
    const words = this.#keys.encode(batch, this.#spec.keys, 0, batch.rows);
    this.#addAmounts(batch, 0, batch.rows, words, out);
  }

  watermark(ns: bigint, out: Emit): void {
    const { window, isLive } = this.#spec;
    // Behind the last row of a recording there is no time.
    const passedNs = isLive ? ns : earlier(ns, this.#lastNs ?? ns);
    if (window !== undefined) this.#closeUntil(passedNs, window, out);
    out.watermark(ns);
  }

  loss(loss: Loss, out: Emit): void {
    this.#losses.add(loss, this.#lastNs ?? 0n);
    out.loss(loss);
  }

  tick(out: Emit): void {
    if (this.#spec.window !== undefined || !this.#spec.emitsSnapshots) return;
    const snapshot = this.#snapshots.take(performance.now());
    if (snapshot !== undefined) this.#emitTotals(out, { snapshot });
  }

  end(out: Emit): void {
    const { window } = this.#spec;
    if (window === undefined) {
      this.#emitTotals(out);
    } else if (this.#lastNs !== undefined) {
      let lastNs = this.#lastNs;
      for (const startNs of this.#open.keys()) lastNs = later(lastNs, startNs);
      this.#closeUntil(floorTo(lastNs, window.slideNs) + window.everyNs, window, out);
    }
  }

  /** When the first of some rows began: intervals stand where they end. */
  #beginOf({ rows, timestamps, columns }: ColumnBatch): bigint {
    const { length, window } = this.#spec;
    const [first] = timestamps;
    if (length === undefined || window !== undefined) return first!;
    const read = doubleReader(columns[length]!);
    let before = 0;
    for (let row = 0; row < rows; row++) {
      const since = Number(timestamps[row]! - first!);
      before = Math.max(before, read(row) - since);
    }
    return first! - BigInt(Math.round(before));
  }

  #use(layouts: readonly ColumnLayout[], measures: Measures): void {
    const [oldKeys, oldMeasures] = [this.#keys, this.#measures];
    this.#keys = new KeyColumns(layouts);
    this.#measures = measures;
    this.#recent = new RecentKeys(this.#keys.stride);
    // A column that got its type had no value until now: groups stay what they are.
    for (const [startNs, old] of this.#open) {
      const all = Int32Array.from({ length: old.table.size }, (_, i) => i);
      const decoded = oldKeys.decode(old.table.words, all);
      const batch = fitBatch(
        { rows: all.length, timestamps: new BigInt64Array(all.length), columns: decoded },
        layouts,
      );
      const places = layouts.map((_, i) => i);
      const words = this.#keys.encode(batch, places, 0, all.length);
      const pane = this.#newPane(startNs);
      const { stride } = this.#keys;
      const groups = all.map((group) =>
        group === old.table.overflow
          ? pane.table.sharedGroup()
          : pane.table.groupOf(words, group * stride),
      );
      pane.missing = old.missing;
      pane.grow();
      pane.accumulators.forEach((accumulator, i) => {
        const was = oldMeasures.slots[i]!;
        if (was.kind === measures.slots[i]!.kind) accumulator.merge(old.accumulators[i]!, groups);
      });
      this.#open.set(startNs, pane);
    }
  }

  #add(batch: ColumnBatch, from: number, to: number, startNs: bigint, out: Emit): void {
    const { keys, favours } = this.#spec;
    const { stride } = this.#keys;
    const words = this.#keys.encode(batch, keys, from, to);
    for (let at = from; at < to; ) {
      const pane = this.#paneAt(startNs);
      const rest = at === from ? words : words.subarray((at - from) * stride);
      const groups =
        favours === undefined ? pane.groupsOf(rest, to - at) : pane.groupsWithRoom(rest, to - at);
      this.#measures.add(pane.accumulators, batch, at, at + groups.length, groups);
      at += groups.length;
      if (at < to) this.#makeRoom(pane);
    }
    if (this.#measures.haveAmounts) this.#addAmounts(batch, from, to, words, out);
  }

  #makeRoom(pane: Pane): void {
    const larger = this.#newPane(pane.startNs, pane.table.bound);
    moveLargest(pane, this.#measures.slotOf(this.#spec.favours!), larger);
    this.#open.set(pane.startNs, larger);
  }

  /** Each interval's parts, to the panes that are still open. */
  #addAmounts(batch: ColumnBatch, from: number, to: number, words: Int32Array, out: Emit): void {
    const { length: at } = this.#spec;
    const { stride } = this.#keys;
    const read = doubleReader(batch.columns[at!]!);
    for (let row = from; row < to; row++) {
      const endNs = batch.timestamps[row]!;
      const key = words.subarray((row - from) * stride, (row - from + 1) * stride);
      for (const { startNs, ns } of this.#parts(endNs, read(row), out)) {
        const pane = this.#paneAt(startNs);
        const group = pane.groupsOf(key, 1)[0]!;
        this.#measures.addAmount(pane.accumulators, batch, row, group, ns);
      }
    }
  }

  /** The parts of an interval that lie in panes whose windows are not closed. */
  *#parts(
    endNs: bigint,
    length: number,
    out: Emit,
  ): Generator<{ readonly startNs: bigint; readonly ns: number }> {
    const panes = this.#panes;
    if (panes === undefined) {
      yield { startNs: 0n, ns: length };
      return;
    }
    const beginNs = endNs - BigInt(Math.round(length));
    const firstNs = later(beginNs, this.#closedNs ?? beginNs);
    let startNs = panes.startOf(firstNs);
    for (let cuts = 0; startNs < endNs || (startNs === endNs && cuts === 0); cuts++) {
      if (cuts === MAX_CUTS) {
        this.#note(out, `an interval spans more than ${MAX_CUTS} windows: the others are left out`);
        return;
      }
      const nextNs = startNs + panes.lengthNs;
      const ns = Number(earlier(endNs, nextNs) - later(firstNs, startNs));
      if (ns > 0) yield { startNs, ns };
      startNs = nextNs;
    }
  }

  #paneAt(startNs: bigint): Pane {
    let pane = this.#open.get(startNs);
    if (pane === undefined) {
      pane = this.#newPane(startNs);
      this.#open.set(startNs, pane);
    }
    return pane;
  }

  #newPane(startNs: bigint, bound: number = this.#boundNow()): Pane {
    const table = new GroupTable(this.#keys.stride, bound, this.#keys.nothing);
    return new Pane(startNs, table, this.#measures.open());
  }

  /** How many keys a new pane tells apart. */
  #boundNow(): number {
    let bytes = 0;
    for (const pane of this.#open.values()) bytes += pane.bytes;
    return bytes > MAX_BYTES ? 1 : this.#spec.maxGroups;
  }

  /** Emits the windows that end at or before `ns`, in their order. */
  #closeUntil(ns: bigint, { everyNs, slideNs }: WindowSpec, out: Emit): void {
    for (;;) {
      const startNs = this.#nextWindow(everyNs, slideNs);
      if (startNs === undefined || startNs + everyNs > ns) break;
      this.#emitWindow(startNs, everyNs, slideNs, out);
    }
    const panes = this.#panes!;
    const closedNs = floorTo(ns - everyNs, slideNs) + slideNs;
    if (this.#closedNs === undefined || closedNs > this.#closedNs) this.#closedNs = closedNs;
    this.#losses.forgetBefore(panes.startOf(this.#closedNs));
  }

  /** The begin of the earliest window that has something to say and was not emitted. */
  #nextWindow(everyNs: bigint, slideNs: bigint): bigint | undefined {
    let first: bigint | undefined;
    for (const startNs of this.#open.keys())
      if (first === undefined || startNs < first) first = startNs;
    // The earliest window that holds the pane.
    let next = first === undefined ? undefined : floorTo(first - everyNs, slideNs) + slideNs;
    if (this.#closedNs !== undefined && next !== undefined) next = later(next, this.#closedNs);
    const recent = this.#recent.nextNs(slideNs);
    if (recent === undefined) return next;
    return next === undefined ? recent : earlier(next, recent);
  }

  #emitWindow(startNs: bigint, everyNs: bigint, slideNs: bigint, out: Emit): void {
    const { lengthNs } = this.#panes!;
    let window: Pane | undefined;
    for (let at = startNs; at < startNs + everyNs; at += lengthNs) {
      const pane = this.#open.get(at);
      if (pane === undefined) continue;
      if (everyNs === lengthNs) {
        window = pane;
        break;
      }
      window ??= this.#newPane(startNs);
      window.merge(pane);
    }
    window ??= this.#newPane(startNs);
    // Panes that no later window holds.
    for (const at of this.#open.keys()) if (at < startNs + slideNs) this.#open.delete(at);
    this.#recent.seen(window, startNs, slideNs);
    window.grow();
    this.#closedNs = startNs + slideNs;
    const lost = this.#losses.within(startNs, startNs + everyNs);
    this.#emit(window, startNs, Number(everyNs) / NS_PER_SECOND, lost, out);
  }

  #emitTotals(out: Emit, more: Pick<ColumnBatch, "snapshot"> = {}): void {
    const pane = this.#paneAt(0n);
    // One group of all is there even if nothing came.
    if (this.#keys.stride === 0) pane.groupsOf(new Int32Array(0), 1);
    const [first, last] = [this.#firstNs ?? 0n, this.#lastNs ?? 0n];
    const seconds = Number(last - first) / NS_PER_SECOND;
    this.#emit(pane, last, seconds, this.#losses.total, out, more);
  }

  #emit(
    pane: Pane,
    ns: bigint,
    seconds: number,
    lost: number,
    out: Emit,
    more: Pick<ColumnBatch, "snapshot"> = {},
  ): void {
    const { table, accumulators } = pane;
    if (table.overflow !== -1) this.#note(out, this.#overflowNote(pane));
    for (const name of this.#measures.estimated(accumulators))
      this.#note(
        out,
        `${name} is an estimate from here on: too many different values to tell apart`,
      );
    const groups = sortedGroups(this.#keys, table);
    const rows = groups.length;
    if (rows === 0) return;
    const timestamps = new BigInt64Array(rows).fill(ns);
    const keys = this.#keys.decode(table.words, groups);
    const measured = this.#measures.results(accumulators, groups, { seconds });
    const window: Column[] =
      this.#panes === undefined ? [] : [{ kind: "number", values: timestamps, ...ALL }];
    const lostEvents = new BigInt64Array(rows).fill(BigInt(lost));
    const overflow = Uint8Array.from(groups, (group) => (group === table.overflow ? 1 : 0));
    const columns: Column[] = [
      ...window,
      ...keys,
      ...measured,
      { kind: "number", values: lostEvents, ...ALL },
      { kind: "number", values: overflow, ...ALL },
    ];
    out.batch({ rows, timestamps, columns, ...more });
  }

  #overflowNote({ missing }: Pane): string {
    const groups = `more than ${this.#spec.maxGroups} groups`;
    if (missing === 0) return `${groups}: the others share one row, overflow`;
    return `${groups}: the smallest share one row, overflow; counts may be up to ${missing} too low`;
  }

  #note(out: Emit, text: string): void {
    if (this.#noted.has(text)) return;
    this.#noted.add(text);
    out.note(text);
  }
}

const LOST_EVENTS: ColumnLayout = { name: "lost_events", type: INT64, nullable: false };
const OVERFLOW: ColumnLayout = {
  name: "overflow",
  type: { kind: "number", number: "uint8" },
  nullable: false,
};

/** All rows have a value. */
const ALL = { validity: undefined, nullCount: 0 } as const;

function later(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}

function earlier(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
