/** A census for programs. Times are ISO 8601 with nine digits. */

import { isoText } from "../base/time.ts";
import type { Census } from "./census.ts";
import type { Container } from "./container.ts";

/** Every container with its instances; what is unknown is left out. */
export function censusJson(census: Census): readonly unknown[] {
  return census.containers.map((container) => containerJson(container, census));
}

function containerJson(container: Container, census: Census): unknown {
  const { name, type, host, id, image, pod, podNamespace, group, instances } = container;
  const text = (ns: bigint | undefined): string | undefined =>
    ns === undefined ? undefined : isoText(ns);
  return {
    name,
    type,
    host,
    id,
    image,
    pod,
    namespace: podNamespace,
    cgroup: group?.path,
    cpu_max: group?.cpuMax || undefined,
    memory_max: group?.memoryMax || undefined,
    pids_max: group?.pidsMax || undefined,
    instances: instances.map((instance) => {
      const { events, first, last } = census.sightingOf(instance);
      return {
        pid_ns: instance.pidNs || undefined,
        mnt_ns: instance.mntNs || undefined,
        init_pid: instance.initPid,
        parent: instance.parent?.container.name,
        from: text(instance.from),
        to: text(instance.to),
        events,
        first_seen: text(first),
        last_seen: text(last),
      };
    }),
  };
}
