import type { TraceClass } from "../ctf/trace-class.ts";
import type { LinkEnvironment } from "../filter/resolve.ts";

/** Every event class of some traces, with what surrounds it: what a filter is linked to, one by one. */
export function* linkEnvironments(traceClasses: Iterable<TraceClass>): Generator<LinkEnvironment> {
  for (const traceClass of traceClasses) {
    for (const streamClass of traceClass.streamClasses.values()) {
      for (const eventClass of streamClass.eventClasses.values()) {
        yield { traceClass, streamClass, eventClass };
      }
    }
  }
}
