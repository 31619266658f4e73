import { Observable } from "rxjs";
import type { Gate } from "./gate.ts";
import { WorkLoop } from "./turns.ts";

/**
 * An Observable over a pulled source. One loop owns the rate: it asks for the next value only when the gate is open and
 * the last value was dealt with, and lets others have their turn. Unsubscribing aborts the signal at once and lets the source release what it holds.
 *
 * (`from(asyncIterable)` never waits for its consumer and does not end the iterator until the next value comes.)
 *
 * @param shared what its values are shared through with other such loops
 * @param onRelease called, at the end of the subscription, with what settles when the source has released everything
 */
export function fromPull<T>(
  open: (signal: AbortSignal) => AsyncGenerator<T, void, void>,
  gate: Gate,
  onRelease: (released: Promise<unknown>) => void = () => {},
  shared?: object,
): Observable<T> {
  return new Observable((subscriber) => {
    const abort = new AbortController();
    const generator = open(abort.signal);
    const loop = new WorkLoop(shared);
    const pump = async (): Promise<void> => {
      while (!subscriber.closed) {
        if (!gate.isOpen) await gate.opened();
        const { done, value } = await generator.next();
        if (done || subscriber.closed) break;
        loop.work(() => subscriber.next(value));
        const turn = loop.turn();
        if (turn !== undefined) await turn;
      }
    };
    pump()
      .then(() => subscriber.complete())
      .catch((error: unknown) => subscriber.error(error))
      .finally(() => void generator.return());
    return () => {
      abort.abort();
      // A source that is waiting sees the signal; one that is not ends here.
      onRelease(generator.return().catch(() => undefined));
    };
  });
}
