/** Block requests. */

import { numberAt } from "../../column/row-reader.ts";
import { PairedTable } from "../../operators/tables/pairing.ts";
import {
  BEGIN,
  BOOT,
  column,
  context,
  DT,
  EVENT,
  field,
  INT32,
  INT64,
  type TableDefinition,
  TEXT,
} from "./definition.ts";

export const IO: TableDefinition = {
  name: "io",
  help: "block requests, from issue to completion; contexts are the issuer's",
  columns: [
    BEGIN,
    DT,
    column("dev", INT64, "the device's number"),
    column("sector", INT64, "where it begins"),
    column("bytes", INT64, "how much", "bytes"),
    column("op", TEXT, "read, write, discard or flush"),
    column("tid", INT32, "the task that issued it"),
  ],
  shown: ["timestamp", "dt", "dev", "sector", "bytes", "op", "tid"],
  hasFields: false,
  isInterval: true,
  contextsFrom: "begin",
  events: () => ["block_rq_issue", "block_rq_complete"],
  rowsNeed: [["block_rq_issue"], ["block_rq_complete"]],
  needs: () => [
    EVENT,
    BOOT,
    field("dev"),
    field("sector"),
    field("nr_sector"),
    field("bytes"),
    field("rwbs"),
    field("tid"),
    context("tid"),
  ],
  open: (spec) =>
    new PairedTable(
      spec,
      {
        role: (event) => {
          if (event === "block_rq_issue") return { isBegin: true, isEnd: false, name: "rq" };
          return event === "block_rq_complete"
            ? { isBegin: false, isEnd: true, name: "rq" }
            : undefined;
        },
        keys: [1, 2, 3],
        isExclusive: false,
        within: 60e9,
        countsLoneEnds: true,
        nameColumns: [],
        own(name, begin, row) {
          const number = (at: number): number => numberAt(begin.columns[at]!, row);
          switch (name) {
            case "dev":
              return number(2);
            case "sector":
              return number(3);
            case "bytes":
              return number(5) || number(4) * 512;
            case "op":
              return operation(number(6));
            case "tid":
              return number(7) || number(8);
            default:
              return undefined;
          }
        },
      },
      0,
    ),
};

/** What LTTng's `rwbs` says, a set of bits. @see lttng-modules, probes/lttng-probe-block.c */
function operation(rwbs: number): string {
  if ((rwbs & (1 << 1)) !== 0) return "discard";
  if ((rwbs & (1 << 0)) !== 0) return "write";
  if ((rwbs & (1 << 2)) !== 0) return "read";
  return (rwbs & ((1 << 8) | (1 << 10))) !== 0 ? "flush" : "other";
}
