/** What tracers of some versions get wrong in packet contexts, as babeltrace2 knows it (ctf-fs `fix-ups`). */

import type { TraceClass } from "./trace-class.ts";

type Environment = TraceClass["environment"];

const known = new WeakMap<Environment, boolean>();

/**
 * Whether no event of a packet is later than the packet's end says. lttng-ust before 2.11.0 and lttng-modules before
 * 2.9.13 and 2.10.10 took the end's time before the last events were written.
 */
export function hasReliableEnds({ environment }: TraceClass): boolean {
  let reliable = known.get(environment);
  if (reliable === undefined) {
    reliable = isReliable(environment);
    known.set(environment, reliable);
  }
  return reliable;
}

function isReliable(environment: Environment): boolean {
  const number = (name: string): number => Number(environment.get(name) ?? 0);
  const [major, minor, patch] = ["tracer_major", "tracer_minor", "tracer_patchlevel"].map(number);
  const version = major! * 1_000_000 + minor! * 1000 + patch!;
  switch (environment.get("tracer_name")) {
    case "lttng-ust":
      return version >= 2_011_000;
    case "lttng-modules":
      return version >= 2_010_010 || (version >= 2_009_013 && version < 2_010_000);
    default:
      return true;
  }
}
