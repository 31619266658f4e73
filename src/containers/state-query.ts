/** What is read of the events that tell of containers, and what each means to its host. */

import { filter, Observable } from "rxjs";
import type { TraceOrigin } from "../base/item.ts";
import type { Column, ColumnBatch } from "../column/column.ts";
import type { PlannedColumn } from "../column/layout.ts";
import type { ColumnRequest } from "../column/request.ts";
import type { DecodedItem } from "../feed/decoded-item.ts";
import { EVERYTHING, type QuerySpec, runQuery } from "../query/query.ts";
import { Gate } from "../source/gate.ts";
import type { Host } from "./host.ts";
import type { Registry } from "./registry.ts";
import { declares, STATE_EVENTS, SWITCH_EVENT } from "./state-events.ts";

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
] as const;

const REQUESTS: readonly ColumnRequest[] = [
  { kind: "event" },
  { kind: "boot" },
  { kind: "host" },
  { kind: "cpu_id" },
  ...FIELDS.map((name): ColumnRequest => ({ kind: "field", name, isOptional: true })),
];

/** How the query runs for which state is followed. */
export interface StateSpec {
  readonly isLive: boolean;
  readonly maxLag: number;
  /** Whether events must be told apart by the task that runs on their processor: see `Resolver`. */
  readonly hidesNamespaces?: boolean | undefined;
  /** Threads for stored packets, which others need afterwards. */
  readonly threads?: QuerySpec["threads"];
}

/**
 * Follows what is told of containers into a registry; completes with the items.
 * @param onChange called whenever something was told
 * @param gate of the items' share
 */
export function stateOf(
  spec: StateSpec,
  items: Observable<DecodedItem>,
  registry: Registry,
  onChange: () => void = () => {},
  gate: Gate = new Gate(),
): Observable<never> {
  return new Observable((subscriber) => {
    const reader = new StateReader(registry);
    const query = stateQuery(spec);
    // Live packets may have events that are declared later.
    const told = spec.isLive ? items : items.pipe(filter(packetsThatTell(query.events)));
    return runQuery(query, told, gate).subscribe({
      next: (item) => {
        if (item.kind === "columns") reader.begin(item.columns);
        if (item.kind !== "batch") return;
        reader.take(item.batch);
        onChange();
      },
      error: (error) => subscriber.error(error),
      complete: () => subscriber.complete(),
    });
  });
}

/** Leaves out the packets of traces without such events: they are not even read. */
function packetsThatTell(events: readonly string[]): (item: DecodedItem) => boolean {
  const telling = new Set<TraceOrigin>();
  return (item) => {
    if (item.kind === "trace-class" && declares([item.traceClass], events)) telling.add(item.trace);
    const isPacket = item.kind === "packet" || item.kind === "stored-packet";
    return !isPacket || telling.has(item.stream.trace);
  };
}

function stateQuery({ isLive, maxLag, hidesNamespaces = false, threads }: StateSpec): QuerySpec {
  return {
    ...EVERYTHING,
    events: hidesNamespaces ? [...STATE_EVENTS, SWITCH_EVENT] : STATE_EVENTS,
    select: REQUESTS,
    maxLag,
    // Known before any row of the same time is looked at.
    isPrompt: true,
    lendsBatches: true,
    threads,
    keepsThreads: true,
    isLive,
    widensColumns: true,
  };
}

/** Reads the rows of a state query into a registry. */
class StateReader {
  readonly #registry: Registry;
  #columns: readonly PlannedColumn[] = [];

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  begin(columns: readonly PlannedColumn[]): void {
    this.#columns = columns;
  }

  take(batch: ColumnBatch): void {
    const row = new StateRow(batch, this.#columns);
    for (row.at = 0; row.at < batch.rows; row.at++) {
      const host = this.#registry.host(row.text("boot"), row.text("host"));
      read(row, batch.timestamps[row.at]!, host);
    }
  }
}

function read(row: StateRow, ns: bigint, host: Host): void {
  const event = row.text("event");
  switch (event) {
    case "lttng_statedump_process_pid_ns":
    case "lttng_statedump_process_state":
      if (row.number("ns_inum") !== 0)
        host.dumped(
          ns,
          row.number("tid"),
          row.number("ns_level"),
          row.number("ns_inum"),
          row.number("vtid"),
        );
      break;
    case "sched_process_fork":
      host.forked(
        ns,
        row.number("child_tid"),
        row.number("parent_ns_inum"),
        row.number("child_ns_inum"),
        row.last("vtids"),
      );
      break;
    case "sched_process_exit":
      host.exited(ns, row.number("tid"));
      break;
    case SWITCH_EVENT:
      host.switched(ns, row.number("cpu_id"), row.number("next_tid"));
      break;
    default:
      host.recorded(ns, {
        name: row.text("container_name"),
        type: row.text("container_type"),
        pidNs: row.number("pid_ns"),
        mntNs: row.number("mnt_ns"),
        initPid: row.number("init_pid"),
        id: row.text("id"),
        image: row.text("image"),
        pod: row.text("pod"),
        podNamespace: row.text("namespace"),
        initVpid: row.number("init_vpid"),
        startNs: BigInt(row.number("start_ns")),
        endNs: BigInt(row.number("end_ns")),
      });
  }
}

const decoder = new TextDecoder();

/** One row of a batch by the names of its columns; 0 and "" where it has no value. */
class StateRow {
  at = 0;
  readonly #columns = new Map<string, Column>();

  constructor(batch: ColumnBatch, columns: readonly PlannedColumn[]) {
    columns.forEach(({ name }, i) => {
      this.#columns.set(name, batch.columns[i]!);
    });
  }

  number(name: string): number {
    const column = this.#present(name);
    return column?.kind === "number" ? Number(column.values[this.at]) : 0;
  }

  /** The last element of a list; 0 if it is empty. */
  last(name: string): number {
    const column = this.#present(name);
    if (column?.kind !== "list") return 0;
    const end = column.offsets[this.at + 1]!;
    return end === column.offsets[this.at] ? 0 : Number(column.values[end - 1]);
  }

  text(name: string): string {
    const column = this.#present(name);
    if (column?.kind === "dictionary") return column.dictionary.text(column.codes[this.at]!);
    if (column?.kind !== "utf8") return "";
    const { bytes, offsets } = column;
    return decoder.decode(bytes.slice(offsets[this.at], offsets[this.at + 1]));
  }

  #present(name: string): Column | undefined {
    const column = this.#columns.get(name);
    const { at } = this;
    const isNull =
      column?.validity !== undefined && (column.validity[at >> 3]! & (1 << (at & 7))) === 0;
    return isNull ? undefined : column;
  }
}
