/** Tables of single events: pages of memory, and packets of the network. */

import { numberAt, textAt } from "../../column/row-reader.ts";
import { SingleEvents } from "../../operators/tables/single-events.ts";
import {
  BEGIN,
  column,
  EVENT,
  field,
  INT32,
  INT64,
  type TableDefinition,
  TEXT,
} from "./definition.ts";

export const PAGES: TableDefinition = {
  name: "pages",
  help: "allocations and releases of pages of memory",
  columns: [
    BEGIN,
    column("pages", INT64, "2^order, negative for a release", "pages"),
    column("order", INT32, "the order of the block"),
  ],
  shown: ["timestamp", "pages", "order", "procname", "tid"],
  hasFields: true,
  isInterval: false,
  sharesContainer: true,
  contextsFrom: "begin",
  events: () => ["kmem_mm_page_alloc", "kmem_mm_page_free", "mm_page_alloc", "mm_page_free"],
  needs: () => [EVENT, field("order")],
  open: (spec) =>
    new SingleEvents(
      spec,
      (event) => {
        const isRelease = event.endsWith("free");
        if (!isRelease && !event.endsWith("alloc")) return undefined;
        return (name, { columns }, row) => {
          const order = numberAt(columns[1]!, row);
          if (name === "order") return order;
          return name === "pages" ? 2 ** order * (isRelease ? -1 : 1) : undefined;
        };
      },
      0,
    ),
};

export const NET: TableDefinition = {
  name: "net",
  help: "packets sent and received",
  columns: [
    BEGIN,
    column("bytes", INT64, "its length", "bytes"),
    column("direction", TEXT, "sent or received"),
    column("device", TEXT, "the interface"),
  ],
  shown: ["timestamp", "direction", "device", "bytes", "procname", "tid"],
  hasFields: true,
  isInterval: false,
  sharesContainer: true,
  contextsFrom: "begin",
  events: () => ["net_dev_queue", "net_if_receive_skb"],
  needs: () => [EVENT, field("len"), field("name")],
  open: (spec) =>
    new SingleEvents(
      spec,
      (event) => {
        const direction = event === "net_dev_queue" ? "sent" : "received";
        if (event !== "net_dev_queue" && event !== "net_if_receive_skb") return undefined;
        return (name, { columns }, row) => {
          switch (name) {
            case "bytes":
              return numberAt(columns[1]!, row);
            case "direction":
              return direction;
            case "device":
              return textAt(columns[2]!, row);
            default:
              return undefined;
          }
        };
      },
      0,
    ),
};
