/** A query's results row by row, by the names of their columns: for few rows. */

import { RowReader } from "../column/row-reader.ts";
import type { Loss } from "../feed/losses.ts";
import type { ResultItem } from "./result.ts";

export interface RowListener {
  /** Called with the reader at the row, and the row's time in ns since the Unix epoch. */
  row(reader: RowReader, ns: bigint): void;
  loss(loss: Loss): void;
  note(text: string): void;
}

/** What takes the results for a listener. */
export function rowResults({ row, loss, note }: RowListener): (item: ResultItem) => void {
  const reader = new RowReader();
  return (item) => {
    if (item.kind === "columns") reader.layout(item.columns);
    if (item.kind === "loss") loss(item.loss);
    if (item.kind === "note") note(item.text);
    if (item.kind !== "batch") return;
    const { batch } = item;
    reader.begin(batch);
    for (; reader.at < batch.rows; reader.at++) row(reader, batch.timestamps[reader.at]!);
  };
}
