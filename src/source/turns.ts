/** How long a thread works on one thing before others have their turn, in ms. */
const TURN_MS = 10;

let beganMs = 0;

/**
 * Lets the event loop go round when the thread has worked for a while: loops of `await` alone keep it from timers, messages and sockets,
 * and from each other. Settles at once before that.
 */
export function takeTurns(): Promise<void> | undefined {
  if (performance.now() - beganMs < TURN_MS) return undefined;
  return new Promise((resolve) =>
    setImmediate(() => {
      beganMs = performance.now();
      resolve();
    }),
  );
}
