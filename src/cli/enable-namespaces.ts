/** Which running containers are meant, and the namespace by which each is recorded. */

import { type ContainerCondition, holds } from "../filter/container-condition.ts";
import type { RecordedNamespace } from "../runtimes/lttng-commands.ts";
import { readProcess } from "../runtimes/process.ts";
import type { LocalContainer } from "../runtimes/record.ts";
import { namespaceKey } from "../runtimes/rule-changes.ts";

export function isMeant(condition: ContainerCondition, container: LocalContainer): boolean {
  const { podNamespace: namespace, group } = container;
  return holds(condition, { ...container, namespace, cgroup: group?.path });
}

/** A container that shares the pid namespace of this process's is known by its mounts. */
export function namespaceOf({
  pidNs,
  mntNs,
}: {
  readonly pidNs: number;
  readonly mntNs: number;
}): RecordedNamespace {
  const own = readProcess(process.pid);
  const isShared = own.kind === "running" && own.facts.pidNs === pidNs && own.facts.mntNs !== mntNs;
  return isShared ? { type: "mnt_ns", inode: mntNs } : { type: "pid_ns", inode: pidNs };
}

export function distinct(namespaces: readonly RecordedNamespace[]): readonly RecordedNamespace[] {
  return [...new Map(namespaces.map((one) => [namespaceKey(one), one])).values()];
}
