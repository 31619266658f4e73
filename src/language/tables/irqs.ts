/** Runs of interrupt handlers. */

import { Irqs } from "../../operators/tables/irqs.ts";
import {
  BEGIN,
  BOOT,
  CPU,
  column,
  DT,
  EVENT,
  field,
  INT32,
  INT64,
  type TableDefinition,
  TEXT,
} from "./definition.ts";

export const IRQS: TableDefinition = {
  name: "irqs",
  help: "runs of interrupt handlers; softirqs also from being raised",
  columns: [
    BEGIN,
    DT,
    column("raise_dt", INT64, "softirqs: from being raised to running", "ns"),
    column("kind", TEXT, "irq or softirq"),
    column("irq", INT32, "its number"),
    column("name", TEXT, "the handler's, or the softirq's"),
    column("cpu_id", INT32, "the processor"),
  ],
  shown: ["timestamp", "dt", "kind", "irq", "name", "cpu_id", "raise_dt"],
  hasFields: false,
  isInterval: true,
  contextsFrom: "begin",
  events: () => [
    "irq_handler_entry",
    "irq_handler_exit",
    "irq_softirq_raise",
    "irq_softirq_entry",
    "irq_softirq_exit",
  ],
  needs: () => [EVENT, BOOT, CPU, field("irq"), field("vec"), field("name")],
  open: (spec) => new Irqs(spec),
};
