import type { Observable } from "rxjs";
import type { Gate } from "../source/gate.ts";

/** What waits for its consumer before the source is held. */
const MAX_WAITING = 2;

/**
 * An Observable as an async iterator: its source is held while values wait for their consumer, and cancelled when the
 * loop ends.
 */
export async function* iterate<T>(
  values: Observable<T>,
  gate: Gate,
): AsyncGenerator<T, void, void> {
  const waiting: T[] = [];
  let release: (() => void) | undefined;
  let wake: (() => void) | undefined;
  let outcome: { readonly error?: unknown } | undefined;
  const conclude = (how: { readonly error?: unknown }): void => {
    outcome = how;
    wake?.();
  };
  const subscription = values.subscribe({
    next: (value) => {
      waiting.push(value);
      if (waiting.length >= MAX_WAITING) release ??= gate.hold();
      wake?.();
    },
    error: (error: unknown) => conclude({ error }),
    complete: () => conclude({}),
  });
  try {
    for (;;) {
      while (waiting.length > 0) yield waiting.shift()!;
      if (outcome !== undefined) break;
      release?.();
      release = undefined;
      // Letting go may have brought some.
      if (waiting.length > 0 || outcome !== undefined) continue;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    if ("error" in outcome) throw outcome.error;
  } finally {
    subscription.unsubscribe();
    release?.();
  }
}
