/** Container records: a container with its namespaces, as JSON and as lines for the tracepoint provider. */

import { printableJson } from "../base/printable.ts";
import type { ProcessFacts } from "./process.ts";
import type { FoundContainer } from "./runtime.ts";

export interface LocalContainer extends FoundContainer, ProcessFacts {
  /** When its end was detected, in ns since the Unix epoch; 0 while it is running. */
  readonly endNs: bigint;
}

/** The fields of the event, in its order. */
export function fieldsOf(container: LocalContainer): Readonly<Record<string, string | number>> {
  return {
    container_name: container.name,
    container_type: container.type,
    pid_ns: container.pidNs,
    mnt_ns: container.mntNs,
    net_ns: container.netNs,
    cgroup_ns: container.cgroupNs,
    id: container.id,
    image: container.image,
    init_pid: container.initPid,
    pod: container.pod,
    namespace: container.podNamespace,
    init_vpid: container.initVpid,
    start_ns: String(container.startNs),
    end_ns: String(container.endNs),
    cgroup: container.group?.path ?? "",
    cpu_max: container.group?.cpuMax ?? 0,
    memory_max: container.group?.memoryMax ?? 0,
    pids_max: container.group?.pidsMax ?? 0,
  };
}

/** One record as a line of JSON, safe to show on a terminal. */
export function jsonLine(container: LocalContainer): string {
  return `${printableJson(fieldsOf(container))}\n`;
}

/** One record for the tracepoint provider: its fields, separated by tabs. */
export function providerLine(container: LocalContainer): string {
  const values = Object.values(fieldsOf(container)).map((value) =>
    // biome-ignore lint/suspicious/noControlCharactersInRegex: separators of fields and lines, and NUL
    String(value).replace(/[\u0000-\u001f\u007f]/g, " "),
  );
  return `${values.join("\t")}\n`;
}
