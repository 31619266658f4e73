/** Runs of interrupt handlers, and how long softirqs waited for theirs. */

import type { ColumnBatch } from "../../column/column.ts";
import { numberAt, valueAt } from "../../column/row-reader.ts";
import { PairedTable, type Pairing, type PairRole } from "./pairing.ts";
import type { OwnValue } from "./row-assembly.ts";
import type { TableSpec } from "./table.ts";

/** @see include/linux/interrupt.h */
const SOFTIRQS = [
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

/** Reads event, host, cpu, irq, vec and name, in this order. */
export class Irqs extends PairedTable {
  /** When each softirq of a processor was raised first since its last run: halves. */
  readonly #raised = new Map<string, { hi: number; lo: number }>();
  #raise: { hi: number; lo: number } | undefined;

  constructor(spec: TableSpec) {
    const raises: { of: (name: string) => OwnValue } = { of: () => undefined };
    const pairing: Pairing = {
      role: irqRole,
      keys: [1, 2],
      isExclusive: false,
      within: undefined,
      countsLoneEnds: true,
      nameColumns: ["kind"],
      own(name, begin, row) {
        const number = (at: number): number => numberAt(begin.columns[at]!, row);
        const isSoft = begin.columns[0] !== undefined && isSoftirq(begin, row);
        switch (name) {
          case "irq":
            return isSoft ? number(4) : number(3);
          case "cpu_id":
            return number(2);
          case "name": {
            if (isSoft) return SOFTIRQS[number(4)] ?? String(number(4));
            const own = valueAt(begin.columns[5]!, row);
            return typeof own === "string" ? own : undefined;
          }
          default:
            return raises.of(name);
        }
      },
    };
    super(spec, pairing, 0);
    raises.of = (name) => (name === "raise_dt" ? this.#sinceRaise() : undefined);
  }

  protected override event(batch: ColumnBatch, row: number, hi: number, lo: number): void {
    const event = valueAt(batch.columns[0]!, row);
    if (event === "irq_softirq_raise") {
      const key = softirqKey(batch, row);
      // Raised again before it has run, it has waited since the first time.
      if (!this.#raised.has(key)) this.#raised.set(key, { hi, lo });
      return;
    }
    if (event === "irq_softirq_entry") {
      const key = softirqKey(batch, row);
      this.#raise = this.#raised.get(key);
      this.#raised.delete(key);
    }
    super.event(batch, row, hi, lo);
  }

  protected override begin(key: number, row: number): number {
    const slot = super.begin(key, row);
    this.#raises[slot] = this.#raise;
    this.#raise = undefined;
    return slot;
  }

  readonly #raises: ({ hi: number; lo: number } | undefined)[] = [];

  protected override own(
    name: string,
    slot: number,
    end: ColumnBatch | undefined,
    row: number,
  ): OwnValue {
    this.#slot = slot;
    return super.own(name, slot, end, row);
  }

  #slot = -1;

  #sinceRaise(): OwnValue {
    const raised = this.#raises[this.#slot];
    return raised && this.open.age(this.#slot, raised.hi, raised.lo) * -1;
  }
}

function irqRole(event: string): PairRole | undefined {
  const match = /^irq_(handler|softirq)_(entry|exit)$/.exec(event);
  if (match === null) return undefined;
  const kind: IrqKind = match[1] === "handler" ? "irq" : "softirq";
  return { isBegin: match[2] === "entry", isEnd: match[2] === "exit", name: kind };
}

function isSoftirq(batch: ColumnBatch, row: number): boolean {
  return String(valueAt(batch.columns[0]!, row)).startsWith("irq_softirq");
}

function softirqKey({ columns }: ColumnBatch, row: number): string {
  return [1, 2, 4].map((at) => String(valueAt(columns[at]!, row))).join(" ");
}
