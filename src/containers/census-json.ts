/** A census for programs. Times are ISO 8601 with nine digits. */

import { isoText } from "../base/time.ts";
import type { Census } from "./census.ts";
import type { Container } from "./container.ts";

/** Every container with its lives; what nobody has told is left out. */
export function censusJson(census: Census): readonly unknown[] {
  return census.containers.map((container) => containerJson(container, census));
}

function containerJson(container: Container, census: Census): unknown {
  const { name, type, host, id, image, pod, podNamespace, lives } = container;
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
    lives: lives.map((life) => {
      const { events, first, last } = census.sightingOf(life);
      return {
        pid_ns: life.pidNs || undefined,
        mnt_ns: life.mntNs || undefined,
        init_pid: life.initPid,
        parent: life.parent?.container.name,
        from: text(life.from),
        to: text(life.to),
        events,
        first_seen: text(first),
        last_seen: text(last),
      };
    }),
  };
}
