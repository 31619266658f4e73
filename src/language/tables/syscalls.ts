/** System calls. */

import { PairedTable, type PairRole } from "../../operators/tables/pairing.ts";
import {
  BEGIN,
  BOOT,
  column,
  context,
  DT,
  EVENT,
  type TableDefinition,
  TEXT,
} from "./definition.ts";

/** A system call waits for days, and its task is in no other. */
export const SYSCALLS: TableDefinition = {
  name: "syscalls",
  help: "system calls, from entry to exit; contexts are the entry's",
  columns: [BEGIN, DT, column("syscall", TEXT, "its name")],
  shown: ["timestamp", "dt", "syscall", "procname", "tid", "ret"],
  hasFields: true,
  isInterval: true,
  sharesContainer: true,
  contextsFrom: "begin",
  events: () => [
    "syscall_entry_*",
    "syscall_exit_*",
    "compat_syscall_entry_*",
    "compat_syscall_exit_*",
  ],
  needs: () => [EVENT, BOOT, context("tid")],
  open: (spec) =>
    new PairedTable(
      spec,
      {
        role: syscallRole,
        keys: [1, 2],
        isExclusive: true,
        within: undefined,
        countsLoneEnds: true,
        nameColumns: ["syscall"],
      },
      0,
    ),
};

function syscallRole(event: string): PairRole | undefined {
  const match = /^(?:compat_)?syscall_(entry|exit)_(.+)$/.exec(event);
  if (match === null) return undefined;
  const isBegin = match[1] === "entry";
  return { isBegin, isEnd: !isBegin, name: match[2]! };
}
