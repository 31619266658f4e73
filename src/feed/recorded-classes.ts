import type { TraceOrigin } from "../base/item.ts";
import type { TraceClass } from "../ctf/trace-class.ts";
import type { Feed } from "./feed.ts";

/** The trace classes of a recorded source, which come before the first packet. */
export function recordedClasses(feed: Feed): Promise<readonly TraceClass[]> {
  const classes = new Map<TraceOrigin, TraceClass>();
  return new Promise((resolve, reject) => {
    const done = (): void => {
      subscription.unsubscribe();
      resolve([...classes.values()]);
    };
    const subscription = feed.share().items.subscribe({
      next: (item) => {
        if (item.kind === "trace-class") classes.set(item.trace, item.traceClass);
        // A source may speak before `subscribe` returns.
        else if (item.kind === "packet") queueMicrotask(done);
      },
      error: reject,
      complete: () => queueMicrotask(done),
    });
  });
}
