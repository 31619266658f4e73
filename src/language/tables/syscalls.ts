/** System calls. */

import { systemError } from "../../base/errno.ts";
import { argumentsText, type Fields, fieldsOf, resultsOf } from "../../calls/call-line.ts";
import { callEvent, callOfEvent } from "../../calls/names.ts";
import type { Column } from "../../column/column.ts";
import type { ColumnRequest } from "../../column/request.ts";
import { isPresent, numberAt, textAt } from "../../column/row-reader.ts";
import { PairedTable, type PairRole } from "../../operators/tables/pairing.ts";
import {
  BEGIN,
  BOOT,
  column,
  context,
  DT,
  EVENT,
  INT64,
  LINE,
  type TableDefinition,
  type TableRequest,
  TEXT,
} from "./definition.ts";

const RESULT: ColumnRequest = { kind: "field", name: "ret", isOptional: true, type: INT64 };
const PAYLOAD: ColumnRequest = { kind: "payload", style: "json" };

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
    column("args", LINE, "its arguments, as strace writes them"),
  ],
  shown: ["timestamp", "dt", "syscall", "procname", "tid", "ret"],
  hasFields: true,
  isInterval: true,
  sharesContainer: true,
  contextsFrom: "begin",
  events: () => [...ENTRIES, ...EXITS],
  rowsNeed: [ENTRIES, EXITS],
  needs,
  open: (spec, request) => {
    const columns = needs(request);
    const [result, payload] = [columns.indexOf(RESULT), columns.indexOf(PAYLOAD)];
    return new PairedTable(
      spec,
      {
        role: syscallRole,
        keys: [1, 2],
        isExclusive: true,
        within: undefined,
        countsLoneEnds: true,
        nameColumns: ["syscall"],
        own(name, begin, beginRow, end, endRow) {
          if (name === "errno") return end && errorName(end.columns[result]!, endRow);
          const entry = fieldsAt(begin.columns[payload]!, beginRow);
          const exit = end && fieldsAt(end.columns[payload]!, endRow);
          const event = textAt(begin.columns[EVENT_AT]!, beginRow) ?? "";
          return argumentsOf(callEvent(event)?.recorded ?? event, entry, exit);
        },
      },
      EVENT_AT,
    );
  },
};

const EVENT_AT = 0;

function needs({ wanted }: TableRequest): readonly ColumnRequest[] {
  return [
    EVENT,
    BOOT,
    context("tid"),
    ...(wanted.has("errno") ? [RESULT] : []),
    ...(wanted.has("args") ? [PAYLOAD] : []),
  ];
}

function errorName(result: Column, row: number): string | undefined {
  return isPresent(result, row) ? systemError(numberAt(result, row))?.name : undefined;
}

function fieldsAt(payload: Column, row: number): Fields {
  return JSON.parse(textAt(payload, row) ?? "{}") as Fields;
}

/** @param recorded the call's name, as its events have it */
function argumentsOf(recorded: string, entry: Fields, exit: Fields | undefined): string {
  const name = callOfEvent(recorded, Number(entry["id"]));
  const call = { name, entry: fieldsOf(name, entry), exit: exit && resultsOf(exit) };
  return argumentsText(call, () => undefined);
}

function syscallRole(event: string): PairRole | undefined {
  const call = callEvent(event);
  return call && { isBegin: call.isEntry, isEnd: !call.isEntry, name: call.recorded };
}
