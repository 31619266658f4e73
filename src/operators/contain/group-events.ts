/** The kernel's events of control groups, by the names and fields of its tracepoints. @see linux, include/trace/events/cgroup.h */

import type { RowReader } from "../../column/row-reader.ts";
import type { TaskGroups } from "../../containers/task-groups.ts";

/** `cgroup_attach_task`, or with a provider in front of it. */
const NAME = /(?:^|[:_])cgroup_(attach_task|transfer_tasks|mkdir|rename|rmdir)$/;

/** @returns whether the event is one of control groups */
export function onGroupEvent(
  row: RowReader,
  ns: bigint,
  event: string,
  groups: TaskGroups,
): boolean {
  const what = NAME.exec(event)?.[1];
  if (what === undefined) return false;
  const root = row.number("root");
  const id = textOf(row, "id");
  switch (what) {
    case "mkdir":
      groups.onMake(ns, root, id, row.text("path"));
      break;
    case "rename":
      groups.onRename(ns, root, id, row.text("path"));
      break;
    case "rmdir":
      groups.onRemove(root, id);
      break;
    default:
      groups.onAttach(
        ns,
        row.number("pid"),
        row.number("dst_root"),
        textOf(row, "dst_id"),
        row.text("dst_path"),
      );
  }
  return true;
}

/** A number of up to 64 bits as text. */
function textOf(row: RowReader, name: string): string {
  return String(row.value(name) ?? "");
}
