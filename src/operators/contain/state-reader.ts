/** The events that container state is read from, and what each means to its host. */

import type { ControlGroup } from "../../base/control-group.ts";
import type { ColumnBatch } from "../../column/column.ts";
import type { ColumnRequest } from "../../column/request.ts";
import { RowReader } from "../../column/row-reader.ts";
import type { Schema } from "../../column/schema.ts";
import type { ContainerRecord } from "../../containers/container.ts";
import type { Host } from "../../containers/host.ts";
import type { Registry } from "../../containers/registry.ts";
import type { ResultBatch } from "../../query/result.ts";
import { onGroupEvent } from "./group-events.ts";
import { SWITCH_EVENT } from "./state-events.ts";

const FIELDS = [
  "tid",
  "vtid",
  "ns_level",
  "ns_inum",
  "parent_ns_inum",
  "child_ns_inum",
  "child_tid",
  "vtids",
  "next_tid",
  "container_name",
  "container_type",
  "pid_ns",
  "mnt_ns",
  "init_pid",
  "id",
  "image",
  "pod",
  "namespace",
  "init_vpid",
  "start_ns",
  "end_ns",
  "cgroup",
  "cpu_max",
  "memory_max",
  "pids_max",
  "pid",
  "parent_tid",
  "child_pid",
  "root",
  "path",
  "dst_root",
  "dst_id",
  "dst_path",
] as const;

/** What is read of each event, by the names that the reader knows it by. */
const READ: readonly (readonly [string, ColumnRequest])[] = [
  ["event", { kind: "event" }],
  ["boot", { kind: "boot" }],
  ["host", { kind: "host" }],
  ["cpu_id", { kind: "cpu_id" }],
  ["own mnt_ns", { kind: "context", name: "mnt_ns", isOptional: true }],
  ...FIELDS.map(
    (name) => [name, { kind: "field", name, isOptional: true }] as [string, ColumnRequest],
  ),
];

export const STATE_COLUMNS: readonly ColumnRequest[] = READ.map(([, request]) => request);

/** Reads the rows of a state query into a registry. */
export class StateReader {
  readonly #registry: Registry;
  readonly #row = new RowReader();

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  layout(columns: Schema): void {
    this.#row.layout(columns.map((column, i) => ({ ...column, name: READ[i]![0] })));
  }

  read(batch: ColumnBatch & Partial<Pick<ResultBatch, "watermarkNs">>): void {
    const row = this.#row;
    row.begin(batch);
    for (; row.at < batch.rows; row.at++) {
      const boot = row.text("boot");
      const ns = batch.timestamps[row.at]!;
      readEvent(row, ns, this.#registry.host(boot, row.text("host")));
      // Rows that ask come with the same order and lag.
      if (row.at === batch.rows - 1) this.#registry.onWatermark(boot, batch.watermarkNs ?? ns);
    }
  }
}

function readEvent(row: RowReader, ns: bigint, host: Host): void {
  const event = row.text("event");
  if (onGroupEvent(row, ns, event, host.groups)) return;
  switch (event) {
    case "lttng_statedump_process_pid_ns":
    case "lttng_statedump_process_state":
      if (row.number("pid") !== 0) host.groups.onThread(row.number("tid"), row.number("pid"));
      if (row.number("ns_inum") !== 0)
        host.onStatedump(
          ns,
          row.number("tid"),
          row.number("ns_level"),
          row.number("ns_inum"),
          row.number("vtid"),
        );
      break;
    case "lttng_statedump_process_mnt_ns":
      host.onMount(ns, row.number("tid"), row.number("ns_inum"));
      break;
    case "sched_process_fork":
      host.onFork(ns, {
        childTid: row.number("child_tid"),
        parentPidNs: row.number("parent_ns_inum"),
        childPidNs: row.number("child_ns_inum"),
        childVtid: row.lastOf("vtids"),
        mntNs: row.number("own mnt_ns"),
        parentTid: row.number("parent_tid"),
        childPid: row.number("child_pid"),
      });
      break;
    case "sched_process_exit":
      host.onExit(ns, row.number("tid"), row.number("own mnt_ns"));
      break;
    case SWITCH_EVENT:
      host.onSwitch(ns, row.number("cpu_id"), row.number("next_tid"));
      break;
    default:
      host.onContainerRecord(ns, containerRecord(row));
  }
}

function containerRecord(row: RowReader): ContainerRecord {
  return {
    name: row.text("container_name"),
    type: row.text("container_type"),
    pidNs: row.number("pid_ns"),
    mntNs: row.number("mnt_ns"),
    initPid: row.number("init_pid"),
    id: row.text("id"),
    image: row.text("image"),
    pod: row.text("pod"),
    podNamespace: row.text("namespace"),
    initVpid: row.has("init_vpid") ? row.number("init_vpid") : undefined,
    startNs: row.has("start_ns") ? BigInt(row.number("start_ns")) : undefined,
    endNs: BigInt(row.number("end_ns")),
    group: controlGroup(row),
  };
}

function controlGroup(row: RowReader): ControlGroup | undefined {
  const path = row.text("cgroup");
  const [cpuMax, memoryMax, pidsMax] = [
    row.number("cpu_max"),
    row.number("memory_max"),
    row.number("pids_max"),
  ];
  return path === "" ? undefined : { path, cpuMax, memoryMax, pidsMax };
}
