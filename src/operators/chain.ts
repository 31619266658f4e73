/** Runs a query's operators over its ordered results. */

import { Observable } from "rxjs";
import { type ColumnBatch, copyBatch } from "../column/column.ts";
import type { Schema } from "../column/schema.ts";
import type { Loss } from "../feed/losses.ts";
import type { ResultBatch, ResultItem } from "../query/result.ts";
import type { Emit, Operator } from "./operator.ts";

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
    let account: ResultBatch | undefined;
    let unnamedRows = 0;
    let seq = 0;
    let shown: Schema | undefined;
    const sink: Emit = {
      batch(rows: ColumnBatch) {
        if (account === undefined || rows.rows === 0) return;
        const own = borrowBatches ? rows : { ...rows, ...copyBatch(rows) };
        const batch = { ...account, ...own, rows: rows.rows, seq: seq++, unnamedRows };
        subscriber.next({ kind: "batch", batch });
      },
      watermark: (ns) => subscriber.next({ kind: "watermark", ns }),
      loss: (loss) => subscriber.next({ kind: "loss", loss }),
      note: (text) => subscriber.next({ kind: "note", text }),
      unnamed(rows) {
        unnamedRows += rows;
      },
      done: () => subscriber.complete(),
    };
    const outs = operators.map((): Emit => sink);
    for (let i = operators.length - 2; i >= 0; i--) {
      const next = operators[i + 1]!;
      const out = outs[i + 1]!;
      outs[i] = {
        ...sink,
        batch: (batch) => next.batch(batch, out),
        watermark: (ns) => next.watermark(ns, out),
        loss: (loss: Loss) => next.loss(loss, out),
      };
    }
    const [first] = operators;
    const [out] = outs;
    if (first === undefined || out === undefined)
      throw new RangeError("through: expected at least one operator");
    const take = (item: ResultItem): void => {
      switch (item.kind) {
        case "columns": {
          const columns = operators.reduce((input, one) => one.columns(input), item.columns);
          // What only operators read is settled unseen.
          const isNew = shown === undefined || columns.some((column, i) => column !== shown?.[i]);
          if (isNew) subscriber.next({ kind: "columns", columns });
          shown = columns;
          break;
        }
        case "batch":
          account = item.batch;
          first.batch(item.batch, out);
          break;
        case "watermark":
          first.watermark(item.ns, out);
          break;
        case "loss":
          first.loss(item.loss, out);
          break;
        case "note":
          subscriber.next(item);
          break;
      }
    };
    const end = (): void => {
      operators.forEach((operator, i) => {
        operator.end(outs[i]!);
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
