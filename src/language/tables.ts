/** The tables that a query can name, but for `pair`. */

import type { TableDefinition } from "./tables/definition.ts";
import { IO } from "./tables/io.ts";
import { IRQS } from "./tables/irqs.ts";
import { NET, PAGES } from "./tables/memory-net.ts";
import { BLOCKED, SLICES, WAKEUPS } from "./tables/scheduler.ts";
import { SYSCALLS } from "./tables/syscalls.ts";

export const TABLES: readonly TableDefinition[] = [
  SYSCALLS,
  SLICES,
  BLOCKED,
  WAKEUPS,
  IRQS,
  IO,
  PAGES,
  NET,
];
