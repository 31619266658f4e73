/** System calls. */

import { systemError } from "../../base/errno.ts";
import type { ColumnBatch } from "../../column/column.ts";
import type { ColumnRequest } from "../../column/request.ts";
import { isPresent, numberAt } from "../../column/row-reader.ts";
import { PairedTable, type PairRole } from "../../operators/tables/pairing.ts";
import {
  BEGIN,
  BOOT,
  column,
  context,
  DT,
  EVENT,
  INT64,
  type TableDefinition,
  TEXT,
} from "./definition.ts";

const RESULT: ColumnRequest = { kind: "field", name: "ret", isOptional: true, type: INT64 };
/** Where it stands among what is needed. */
const RESULT_AT = 3;

/** A system call waits for days, and its task is in no other. */
const ENTRIES: readonly string[] = ["syscall_entry_*", "compat_syscall_entry_*"];
const EXITS: readonly string[] = ["syscall_exit_*", "compat_syscall_exit_*"];

export const SYSCALLS: TableDefinition = {
  name: "syscalls",
  help: "system calls, from entry to exit; contexts are the entry's",
  columns: [
    BEGIN,
    DT,
    column("syscall", TEXT, "its name"),
    column("errno", TEXT, "the name of its error, such as ENOENT; nothing where it succeeded"),
  ],
  shown: ["timestamp", "dt", "syscall", "procname", "tid", "ret"],
  hasFields: true,
  isInterval: true,
  sharesContainer: true,
  contextsFrom: "begin",
  events: () => [...ENTRIES, ...EXITS],
  rowsNeed: [ENTRIES, EXITS],
  needs: ({ wanted }) => [EVENT, BOOT, context("tid"), ...(wanted.has("errno") ? [RESULT] : [])],
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
        own: (_name, _begin, _beginRow, end, row) => end && errorName(end, row),
      },
      0,
    ),
};

function errorName(end: ColumnBatch, row: number): string | undefined {
  const result = end.columns[RESULT_AT]!;
  return isPresent(result, row) ? systemError(numberAt(result, row))?.name : undefined;
}

function syscallRole(event: string): PairRole | undefined {
  const match = /^(?:compat_)?syscall_(entry|exit)_(.+)$/.exec(event);
  if (match === null) return undefined;
  const isBegin = match[1] === "entry";
  return { isBegin, isEnd: !isBegin, name: match[2]! };
}
