/** Results for formats that know one layout: they begin when the type of every column is known, or after a while. */

import { Observable } from "rxjs";
import { bytesOf, copyBatch } from "../column/column.ts";
import { fitBatch, undeclared } from "../column/null-column.ts";
import type { Schema } from "../column/schema.ts";
import type { ResultItem } from "./result.ts";

/** Batches that wait take at most this much memory. */
const MAX_BYTES = 16 << 20;

/**
 * Holds a live query's first batches back while a column that is asked for is not declared. After `waitMs`, or when many
 * rows wait, they leave with a column of nulls, and the layout changes when the column gets its type.
 */
export function settled(items: Observable<ResultItem>, waitMs: number): Observable<ResultItem> {
  return new Observable((subscriber) => {
    let held: ResultItem[] | undefined;
    let bytes = 0;
    let hasBegun = false;
    let timer: NodeJS.Timeout | undefined;
    const release = (): void => {
      clearTimeout(timer);
      const waiting = held ?? [];
      held = undefined;
      hasBegun = true;
      let layout: Schema = [];
      for (const item of waiting) {
        if (item.kind === "columns") layout = item.columns;
        const isBatch = item.kind === "batch";
        subscriber.next(isBatch ? { kind: "batch", batch: fitBatch(item.batch, layout) } : item);
      }
    };
    const hold = (item: ResultItem): void => {
      if (item.kind === "columns") {
        // The first layout gives way to this one.
        held = held?.filter(({ kind }) => kind !== "columns") ?? [];
        held.unshift(item);
        if (undeclared(item.columns).length === 0) release();
        else timer ??= setTimeout(release, waitMs);
      } else if (held !== undefined && item.kind === "batch") {
        held.push({ kind: "batch", batch: { ...item.batch, ...copyBatch(item.batch) } });
        bytes += bytesOf(item.batch);
        if (bytes > MAX_BYTES) release();
      } else if (held !== undefined && item.kind === "loss") {
        held.push(item);
      } else {
        subscriber.next(item);
      }
    };
    subscriber.add(() => clearTimeout(timer));
    return items.subscribe({
      next: (item) => (hasBegun ? subscriber.next(item) : hold(item)),
      error: (error) => subscriber.error(error),
      complete: () => {
        release();
        subscriber.complete();
      },
    });
  });
}
