/** The time in which it is not known what ran on a processor, because events were lost. */

import { valueAt } from "../column/row-reader.ts";
import type { Feed } from "../feed/feed.ts";
import { mayMissEvents } from "../feed/losses.ts";
import { planQuery } from "../language/plan.ts";
import { runPlanned } from "../language/run-query.ts";
import type { NameSource } from "../operators/run-question.ts";
import type { Question } from "../query/question.ts";
import type { TimeSpan } from "./source.ts";

const SWITCHES = '$event.name == "sched_switch" |> select $event.timestamp as ts, cpu_id';

/**
 * Per processor, the spans from its last switch before a loss to its first one after: slices that are open at a loss are in no
 * number, whichever stream lost.
 */
export class UnknownTime {
  readonly #span: TimeSpan;
  readonly #spans = new Map<number, TimeSpan[]>();
  readonly #last = new Map<number, bigint>();
  /** Processors of which nothing is known since then. */
  readonly #since = new Map<number, bigint>();
  #isLossy = false;

  constructor(span: TimeSpan) {
    this.#span = span;
  }

  switched(cpu: number, ns: bigint): void {
    const isFirst = !this.#last.has(cpu);
    const since =
      this.#since.get(cpu) ?? (isFirst && this.#isLossy ? this.#span.firstNs : undefined);
    if (since !== undefined) this.#add(cpu, since, ns);
    this.#since.delete(cpu);
    this.#last.set(cpu, ns);
  }

  lost(): void {
    this.#isLossy = true;
    for (const [cpu, ns] of this.#last) if (!this.#since.has(cpu)) this.#since.set(cpu, ns);
  }

  end(): void {
    for (const [cpu, since] of this.#since) this.#add(cpu, since, this.#span.lastNs);
    this.#since.clear();
  }

  /** Processors that had a switch. */
  get cpus(): number {
    return this.#last.size;
  }

  /** Nanoseconds between two times, of one processor or of all of them. */
  between(firstNs: bigint, lastNs: bigint, cpu?: number): number {
    const spans =
      cpu === undefined ? [...this.#spans.values()].flat() : (this.#spans.get(cpu) ?? []);
    return spans.reduce((sum, one) => {
      const from = one.firstNs > firstNs ? one.firstNs : firstNs;
      const to = one.lastNs < lastNs ? one.lastNs : lastNs;
      return to > from ? sum + Number(to - from) : sum;
    }, 0);
  }

  #add(cpu: number, firstNs: bigint, lastNs: bigint): void {
    const spans = this.#spans.get(cpu) ?? [];
    const before = spans.at(-1);
    if (before !== undefined && before.lastNs >= firstNs)
      spans[spans.length - 1] = { firstNs: before.firstNs, lastNs };
    else spans.push({ firstNs, lastNs });
    this.#spans.set(cpu, spans);
  }
}

/** Reads the switches of a recorded trace once more, with its losses between them. */
export function unknownTimeOf(
  feed: Feed,
  names: () => NameSource,
  { begin, end }: Partial<Question>,
  span: TimeSpan,
): Promise<UnknownTime> {
  const unknown = new UnknownTime(span);
  const share = feed.share({ begin, end, deferPacketReads: false });
  const execution = { isLive: false, borrowBatches: true, reportLossEnds: true };
  return new Promise((resolve, reject) => {
    runPlanned(planQuery(SWITCHES, { begin, end }), execution, share, names).subscribe({
      next: (item) => {
        if (item.kind === "loss" && mayMissEvents(item.loss)) unknown.lost();
        if (item.kind !== "batch") return;
        const [times, cpus] = item.batch.columns;
        for (let row = 0; row < item.batch.rows; row++) {
          const ns = valueAt(times!, row);
          const cpu = valueAt(cpus!, row);
          if (typeof ns === "bigint" && cpu !== null) unknown.switched(Number(cpu), ns);
        }
      },
      error: reject,
      complete: () => {
        unknown.end();
        resolve(unknown);
      },
    });
  });
}
