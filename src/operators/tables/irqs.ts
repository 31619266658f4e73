/** Runs of interrupt handlers, and how long softirqs waited for theirs. */

import type { Word } from "../../base/bits.ts";
import type { ColumnBatch } from "../../column/column.ts";
import { numberAt, textAt, valueAt } from "../../column/row-reader.ts";
import type { Loss } from "../../feed/losses.ts";
import { PairedTable, type Pairing, type PairRole } from "./pairing.ts";
import type { OwnValue } from "./row-assembly.ts";
import type { TableSpec } from "./table.ts";

/** Names of softirqs by their numbers. @see include/linux/interrupt.h */
const SOFTIRQS: readonly string[] = [
  "HI",
  "TIMER",
  "NET_TX",
  "NET_RX",
  "BLOCK",
  "IRQ_POLL",
  "TASKLET",
  "SCHED",
  "HRTIMER",
  "RCU",
];
type IrqKind = "irq" | "softirq";

/** The places of the columns that it reads. */
const AT = { event: 0, host: 1, cpu: 2, irq: 3, vec: 4, name: 5 } as const;

const PAIRING: Pairing = {
  role: irqRole,
  keys: [AT.host, AT.cpu],
  isExclusive: false,
  within: undefined,
  countsLoneEnds: true,
  nameColumns: ["kind"],
};

/** Reads event, host, cpu, irq, vec and name, in this order. */
export class Irqs extends PairedTable {
  /** When each softirq of a processor was raised first since its last run. */
  readonly #raised = new Map<string, Readonly<Word>>();
  /** When the softirq of each open run was raised, where it is known. */
  readonly #raises: (Readonly<Word> | undefined)[] = [];

  constructor(spec: TableSpec) {
    super(spec, PAIRING, AT.event);
  }

  protected override event(batch: ColumnBatch, row: number, hi: number, lo: number): void {
    if (textAt(batch.columns[AT.event]!, row) !== "irq_softirq_raise") {
      super.event(batch, row, hi, lo);
      return;
    }
    const key = softirqKey(batch, row);
    // Raised again before it has run, it has waited since the first time.
    if (!this.#raised.has(key)) this.#raised.set(key, { hi, lo });
  }

  /** What was raised before may have run among the lost events. */
  protected override lost(loss: Loss): void {
    super.lost(loss);
    this.#raised.clear();
  }

  protected override begin(key: number, row: number): number {
    const slot = super.begin(key, row);
    const batch = this.open.batchOf(slot);
    const softirq = isSoftirq(batch, row) ? softirqKey(batch, row) : undefined;
    this.#raises[slot] = softirq === undefined ? undefined : this.#raised.get(softirq);
    if (softirq !== undefined) this.#raised.delete(softirq);
    return slot;
  }

  protected override own(
    name: string,
    slot: number,
    end: ColumnBatch | undefined,
    row: number,
  ): OwnValue {
    const begin = this.open.batchOf(slot);
    const beginRow = this.open.rowOf(slot);
    const number = (at: number): number => numberAt(begin.columns[at]!, beginRow);
    const isSoft = isSoftirq(begin, beginRow);
    switch (name) {
      case "irq":
        return number(isSoft ? AT.vec : AT.irq);
      case "cpu_id":
        return number(AT.cpu);
      case "name":
        if (isSoft) return SOFTIRQS[number(AT.vec)] ?? String(number(AT.vec));
        return textAt(begin.columns[AT.name]!, beginRow);
      case "raise_dt": {
        const raised = this.#raises[slot];
        return raised && -this.open.age(slot, raised.hi, raised.lo);
      }
      default:
        return super.own(name, slot, end, row);
    }
  }
}

function irqRole(event: string): PairRole | undefined {
  const match = /^irq_(handler|softirq)_(entry|exit)$/.exec(event);
  if (match === null) return undefined;
  const kind: IrqKind = match[1] === "handler" ? "irq" : "softirq";
  return { isBegin: match[2] === "entry", isEnd: match[2] === "exit", name: kind };
}

function isSoftirq(batch: ColumnBatch, row: number): boolean {
  return textAt(batch.columns[AT.event]!, row)?.startsWith("irq_softirq") === true;
}

function softirqKey({ columns }: ColumnBatch, row: number): string {
  return [AT.host, AT.cpu, AT.vec].map((at) => String(valueAt(columns[at]!, row))).join(" ");
}
