/** Runs a query's operators over its ordered results. */

import { Observable, type Subscriber } from "rxjs";
import { type ColumnBatch, copyBatch } from "../column/column.ts";
import type { Schema } from "../column/schema.ts";
import { type Account, accountOf, NOTHING_SO_FAR, type ResultItem } from "../query/result.ts";
import type { CountedFact, Emit, Operator } from "./operator.ts";

export interface ChainOptions {
  /** Whether time passes for the operators. */
  readonly isLive: boolean;
  /** Whether emitted batches may be borrowed: valid only until the listener returns. */
  readonly borrowBatches: boolean;
}

/** How often operators of live queries learn that time has passed, in ms. */
const TICK_MS = 50;

/**
 * Passes results through operators, first to last. Batches keep the account of the batch that they were made of.
 * @param results whose batches may be borrowed
 * @throws RangeError without operators
 */
export function through(
  results: Observable<ResultItem>,
  operators: readonly Operator[],
  { isLive, borrowBatches }: ChainOptions,
): Observable<ResultItem> {
  if (operators.length === 0) throw new RangeError("through: expected at least one operator");
  return new Observable((subscriber) => {
    const chain = new Chain(operators, subscriber, borrowBatches);
    const guarded = (work: () => void): void => {
      try {
        if (!subscriber.closed) work();
      } catch (error) {
        subscriber.error(error);
      }
    };
    const timer = isLive ? setInterval(() => guarded(() => chain.tick()), TICK_MS) : undefined;
    subscriber.add(() => {
      clearInterval(timer);
      for (const operator of operators) operator.close?.();
    });
    return results.subscribe({
      next: (item) => guarded(() => chain.take(item)),
      error: (error) => subscriber.error(error),
      complete: () => guarded(() => chain.end()),
    });
  });
}

/** One run of operators: each emits into the next, the last one into the sink, which numbers batches and adds the totals. */
class Chain {
  readonly #operators: readonly Operator[];
  readonly #subscriber: Subscriber<ResultItem>;
  /** Where each operator emits. */
  readonly #outs: readonly Emit[];
  readonly #input: Input;
  readonly #sink: Sink;
  /** Columns that were emitted last. */
  #shown: Schema | undefined;

  constructor(
    operators: readonly Operator[],
    subscriber: Subscriber<ResultItem>,
    borrowBatches: boolean,
  ) {
    this.#operators = operators;
    this.#subscriber = subscriber;
    this.#sink = new Sink(subscriber, borrowBatches);
    this.#outs = outsOf(operators, this.#sink.emit);
    this.#input = inputOf(operators[0]!, this.#outs[0]!);
  }

  take(item: ResultItem): void {
    switch (item.kind) {
      case "columns":
        this.#columns(item.columns);
        break;
      case "batch":
        this.#sink.account = accountOf(item.batch);
        this.#input.batch(item.batch);
        break;
      case "watermark":
        this.#input.watermark(item.ns);
        break;
      case "loss":
        this.#input.loss(item.loss);
        break;
      case "note":
        this.#subscriber.next(item);
        break;
    }
  }

  end(): void {
    this.#operators.forEach((operator, i) => {
      operator.end?.(this.#outs[i]!);
    });
    this.#subscriber.complete();
  }

  tick(): void {
    this.#operators.forEach((operator, i) => {
      operator.tick?.(this.#outs[i]!);
    });
  }

  #columns(input: Schema): void {
    const columns = this.#operators.reduce((schema, one) => one.columns?.(schema) ?? schema, input);
    // What only operators read is settled unseen.
    const isNew =
      this.#shown === undefined || columns.some((column, i) => column !== this.#shown?.[i]);
    if (isNew) this.#subscriber.next({ kind: "columns", columns });
    this.#shown = columns;
  }
}

/** Where the last operator emits. */
class Sink {
  /** Of the input's last batch. */
  account: Account = NOTHING_SO_FAR;
  /** Functions that need no `this`: operators may spread them. */
  readonly emit: Emit;
  readonly #counts: Record<CountedFact, number> = {
    unnamed: 0,
    late: 0,
    unpaired: 0,
    interrupted: 0,
  };
  readonly #subscriber: Subscriber<ResultItem>;
  readonly #borrowBatches: boolean;
  #seq = 0;

  constructor(subscriber: Subscriber<ResultItem>, borrowBatches: boolean) {
    this.#subscriber = subscriber;
    this.#borrowBatches = borrowBatches;
    this.emit = {
      batch: (rows) => this.#batch(rows),
      watermark: (ns) => subscriber.next({ kind: "watermark", ns }),
      loss: (loss) => subscriber.next({ kind: "loss", loss }),
      note: (text) => subscriber.next({ kind: "note", text }),
      count: (fact, amount) => {
        this.#counts[fact] += amount;
      },
      cut() {},
      done: () => subscriber.complete(),
    };
  }

  #batch(rows: ColumnBatch): void {
    if (rows.rows === 0) return;
    const own = this.#borrowBatches ? rows : { ...rows, ...copyBatch(rows) };
    const batch = { ...this.#totals(), ...own, rows: rows.rows, seq: this.#seq++ };
    this.#subscriber.next({ kind: "batch", batch });
  }

  #totals(): Account {
    const { account } = this;
    const { unnamed, late, unpaired, interrupted } = this.#counts;
    return {
      ...account,
      unnamedRows: account.unnamedRows + unnamed,
      late: account.late + late,
      unpaired: account.unpaired + unpaired,
      interrupted: account.interrupted + interrupted,
    };
  }
}

/** What an operator takes. */
type Input = Pick<Emit, "batch" | "cut" | "watermark" | "loss">;

/** Where each operator emits: into the one behind it. */
function outsOf(operators: readonly Operator[], sink: Emit): readonly Emit[] {
  const outs: Emit[] = [sink];
  for (const next of operators.slice(1).reverse()) {
    const behind = outs[0]!;
    const done = (): void => {
      // What is behind has had all its rows: a window that is open ends with them.
      next.end?.(behind);
      behind.done();
    };
    outs.unshift({ ...sink, ...inputOf(next, behind), done });
  }
  return outs;
}

/** Where what comes before an operator goes. */
function inputOf(operator: Operator, out: Emit): Input {
  return {
    batch: (batch) => operator.batch(batch, out),
    cut: (batch) => operator.cut?.(batch, out),
    watermark: (ns) =>
      operator.watermark === undefined ? out.watermark(ns) : operator.watermark(ns, out),
    loss: (loss) => (operator.loss === undefined ? out.loss(loss) : operator.loss(loss, out)),
  };
}
