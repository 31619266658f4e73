/** Runs a query's operators over its ordered results. */

import { Observable } from "rxjs";
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
 */
export function through(
  results: Observable<ResultItem>,
  operators: readonly Operator[],
  { isLive, borrowBatches }: ChainOptions,
): Observable<ResultItem> {
  return new Observable((subscriber) => {
    let account: Account = NOTHING_SO_FAR;
    const counts: Record<CountedFact, number> = {
      unnamed: 0,
      late: 0,
      unpaired: 0,
      interrupted: 0,
    };
    let seq = 0;
    let shown: Schema | undefined;
    const sink: Emit = {
      batch(rows: ColumnBatch) {
        if (rows.rows === 0) return;
        const own = borrowBatches ? rows : { ...rows, ...copyBatch(rows) };
        const totals: Account = {
          ...account,
          unnamedRows: account.unnamedRows + counts.unnamed,
          late: account.late + counts.late,
          unpaired: account.unpaired + counts.unpaired,
          interrupted: account.interrupted + counts.interrupted,
        };
        const batch = { ...totals, ...own, rows: rows.rows, seq: seq++ };
        subscriber.next({ kind: "batch", batch });
      },
      watermark: (ns) => subscriber.next({ kind: "watermark", ns }),
      loss: (loss) => subscriber.next({ kind: "loss", loss }),
      note: (text) => subscriber.next({ kind: "note", text }),
      count(fact, amount) {
        counts[fact] += amount;
      },
      cut() {},
      done: () => subscriber.complete(),
    };
    const outs = operators.map((): Emit => sink);
    for (let i = operators.length - 2; i >= 0; i--) {
      const next = operators[i + 1]!;
      const out = outs[i + 1]!;
      outs[i] = { ...sink, ...inputOf(next, out) };
    }
    const [first] = operators;
    const [out] = outs;
    if (first === undefined || out === undefined)
      throw new RangeError("through: expected at least one operator");
    const input = inputOf(first, out);
    const take = (item: ResultItem): void => {
      switch (item.kind) {
        case "columns": {
          const columns = operators.reduce(
            (schema, one) => one.columns?.(schema) ?? schema,
            item.columns,
          );
          // What only operators read is settled unseen.
          const isNew = shown === undefined || columns.some((column, i) => column !== shown?.[i]);
          if (isNew) subscriber.next({ kind: "columns", columns });
          shown = columns;
          break;
        }
        case "batch":
          account = accountOf(item.batch);
          input.batch(item.batch);
          break;
        case "watermark":
          input.watermark(item.ns);
          break;
        case "loss":
          input.loss(item.loss);
          break;
        case "note":
          subscriber.next(item);
          break;
      }
    };
    const end = (): void => {
      operators.forEach((operator, i) => {
        operator.end?.(outs[i]!);
      });
      subscriber.complete();
    };
    const tick = (): void => {
      operators.forEach((operator, i) => {
        operator.tick?.(outs[i]!);
      });
    };
    const guarded = (work: () => void): void => {
      try {
        if (!subscriber.closed) work();
      } catch (error) {
        subscriber.error(error);
      }
    };
    const timer = isLive ? setInterval(() => guarded(tick), TICK_MS) : undefined;
    subscriber.add(() => {
      clearInterval(timer);
      for (const operator of operators) operator.close?.();
    });
    return results.subscribe({
      next: (item) => guarded(() => take(item)),
      error: (error) => subscriber.error(error),
      complete: () => guarded(end),
    });
  });
}

/** Where what comes before an operator goes. */
function inputOf(
  operator: Operator,
  out: Emit,
): Pick<Emit, "batch" | "cut" | "watermark" | "loss"> {
  return {
    batch: (batch) => operator.batch(batch, out),
    cut: (batch) => operator.cut?.(batch, out),
    watermark: (ns) =>
      operator.watermark === undefined ? out.watermark(ns) : operator.watermark(ns, out),
    loss: (loss) => (operator.loss === undefined ? out.loss(loss) : operator.loss(loss, out)),
  };
}
