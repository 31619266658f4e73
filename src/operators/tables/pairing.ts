/** Intervals from a begin event to the next end event of the same key: system calls, handlers, requests, user's pairs. */

import type { ColumnBatch } from "../../column/column.ts";
import { isMarked } from "../../column/row-reader.ts";
import { EventRoles } from "./event-roles.ts";
import { IntervalKeys } from "./interval-keys.ts";
import { IntervalTable } from "./interval-table.ts";
import type { OwnValue } from "./row-assembly.ts";
import type { TableSpec } from "./table.ts";
import { apart } from "./times.ts";

/** What an event is to a pairing. */
export interface PairRole {
  readonly isBegin: boolean;
  readonly isEnd: boolean;
  /** Begin and end must have the same: the name of a system call, what a star stands for. */
  readonly name: string;
}

export interface Pairing {
  role(event: string): PairRole | undefined;
  /** The places in the input of what must be the same at begin and end, the traced machine among them. */
  readonly keys: readonly number[];
  /** Whether events that lack one of the keys have one, too: that of those which lack it. */
  readonly allowsAbsent?: boolean;
  /** The place of a column of 0 and 1 that begins, or ends, must have 1 in. */
  readonly beginMask?: number | undefined;
  readonly endMask?: number | undefined;
  /** Whether an end whose name is another closes what is open: a task is in one system call at a time. */
  readonly isExclusive: boolean;
  /** How long an end is awaited, in ns. */
  readonly within: number | undefined;
  /** Whether an end without a begin is worth counting. */
  readonly countsLoneEnds: boolean;
  /** Names of own columns that say the role's name. */
  readonly nameColumns: readonly string[];
  own?(
    name: string,
    begin: ColumnBatch,
    beginRow: number,
    end: ColumnBatch | undefined,
    endRow: number,
  ): OwnValue;
}

export class PairedTable extends IntervalTable {
  readonly #pairing: Pairing;
  readonly #roles: EventRoles<PairRole>;
  readonly #keys: IntervalKeys;
  /** The name of each open interval's begin, by slot. */
  readonly #names: string[] = [];
  readonly #event: number;

  /** @param event the place of the column `event` */
  constructor(spec: TableSpec, pairing: Pairing, event: number) {
    super(spec);
    this.#pairing = pairing;
    this.#keys = new IntervalKeys(pairing.keys.length, pairing.allowsAbsent);
    this.#event = event;
    this.#roles = new EventRoles((name) => pairing.role(name));
  }

  protected override use(): void {
    if (!this.#keys.isFull) return;
    const slots = [...this.open];
    const keys = this.#keys.retain(slots.map((slot) => this.open.keyOf(slot)));
    this.open.rename(slots, keys);
  }

  protected event(batch: ColumnBatch, row: number, hi: number, lo: number): void {
    const role = this.#roles.of(batch.columns[this.#event]!, row);
    if (role === undefined) return;
    const { keys, within, isExclusive, beginMask, endMask, countsLoneEnds } = this.#pairing;
    if (within !== undefined) this.#expire(within, hi, lo);
    const name = isExclusive ? "" : role.name;
    const key = this.#keys.of(batch, keys, row, name);
    if (key === -1) {
      this.unpaired();
      return;
    }
    if (role.isEnd && isMarked(batch, endMask, row)) {
      const slot = this.open.find(key);
      if (slot !== -1 && this.#names[slot] === role.name) {
        this.finish(slot, batch, row);
        return;
      }
      if (slot !== -1) this.drop(slot, "unpaired");
      if (!role.isBegin && countsLoneEnds) this.unpaired();
    }
    if (!role.isBegin || !isMarked(batch, beginMask, row)) return;
    const slot = this.begin(key, row);
    this.#names[slot] = role.name;
  }

  protected own(name: string, slot: number, end: ColumnBatch | undefined, row: number): OwnValue {
    if (this.#pairing.nameColumns.includes(name)) return this.#names[slot];
    return this.#pairing.own?.(name, this.open.batchOf(slot), this.open.rowOf(slot), end, row);
  }

  /** Begins whose end has not come in time. */
  #expire(within: number, hi: number, lo: number): void {
    for (let slot = this.open.oldest; slot !== -1; slot = this.open.oldest) {
      if (apart(hi, lo, this.open.beginHi(slot), this.open.beginLo(slot)) <= within) return;
      this.drop(slot, "unpaired");
    }
  }
}
