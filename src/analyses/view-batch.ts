/** A view's windows as batches, for formats and tables. */

import type { ColumnBatch } from "../column/column.ts";
import type { ColumnLayout, Schema } from "../column/schema.ts";
import { type PlainValue, valueBatch } from "../column/value-batch.ts";
import type { BoardWindow } from "./board.ts";
import { type SortOrder, sortedRows } from "./sorting.ts";
import type { CellUnit, KeyName, View } from "./view.ts";

const NUMERIC_KEYS: readonly KeyName[] = ["pid", "tid", "dev"];
const UNITS: Readonly<Partial<Record<CellUnit, string>>> = {
  "%": "%",
  ns: "ns",
  bytes: "bytes",
  rate: "/s",
  "bytes/s": "bytes/s",
};

/** Columns: the window, where there are windows; keys; measures. */
export function viewSchema({ keys, columns }: View, isWindowed: boolean): Schema {
  const window: readonly ColumnLayout[] = isWindowed
    ? [{ name: "window", type: { kind: "timestamp" }, nullable: false }]
    : [];
  const lost: ColumnLayout = {
    name: "lost_events",
    type: { kind: "number", number: "int64" },
    nullable: false,
  };
  return [
    ...window,
    ...keys.map(
      (name): ColumnLayout => ({
        name,
        type: NUMERIC_KEYS.includes(name)
          ? { kind: "number", number: "int64" }
          : { kind: "utf8", content: "text" },
        nullable: true,
      }),
    ),
    ...columns.map(
      ({ name, unit }): ColumnLayout => ({
        name,
        type:
          unit === "text"
            ? { kind: "utf8", content: "text" }
            : { kind: "number", number: "float64" },
        nullable: true,
        unit: UNITS[unit],
      }),
    ),
    lost,
  ];
}

/** @param limit how many rows at most, the first in the order */
export function viewBatch(
  view: View,
  { startNs, rows, lostEvents }: BoardWindow,
  order: SortOrder,
  isWindowed: boolean,
  limit?: number,
): ColumnBatch {
  const sorted = sortedRows(view, rows.values(), order).slice(0, limit);
  const values = sorted.map(({ keys, cells }): PlainValue[] => [
    ...(isWindowed ? [startNs] : []),
    ...keys,
    ...cells,
    lostEvents,
  ]);
  const batch = valueBatch(viewSchema(view, isWindowed), values);
  batch.timestamps.fill(startNs);
  return batch;
}
