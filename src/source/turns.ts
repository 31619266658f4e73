/**
 * The loops of work in a thread take turns. Loops of `await` alone keep the event loop from timers, messages and sockets, and from
 * each other; so each stops when the thread has worked for a while, and one of those that wait goes on in the next round.
 */

/** How long a thread works before timers, messages and others have their turn, in ms. */
const TURN_MS = 10;
/** One turn of so many is for the loop that has waited longest: one that has worked much goes on, however many new ones come. */
const FAIR_EVERY = 4;
/** How many pieces a loop may be ahead of one that shares its pieces; more, and what it shares is no longer kept for others. */
const AHEAD = 8;
/** Loops that share pieces go side by side while none has worked so much more than another, in ms. */
const UNEVEN_MS = 100;

/** When the thread last let others have their turn. */
let beganMs = 0;
let turns = 0;
/** The one that has waited longest first. */
const waiting: { readonly loop: WorkLoop; readonly go: () => void }[] = [];
let isScheduled = false;

/**
 * One loop of work. The one that has worked least goes on first: a short query does not wait for long ones. Its two longest pieces do
 * not count: that is where its code was made, which others of its kind may have found made.
 */
export class WorkLoop {
  readonly #shared: object | undefined;
  #allMs = 0;
  #longestMs = 0;
  #secondMs = 0;
  #pieces = 0;

  /** @param shared what it shares its pieces with others through: they go side by side */
  constructor(shared?: object) {
    this.#shared = shared;
  }

  /** How long it has worked, as far as that counts. */
  get workedMs(): number {
    return this.#allMs - this.#longestMs - this.#secondMs;
  }

  /** Does one piece. */
  work(piece: () => void): void {
    const from = performance.now();
    piece();
    const ms = performance.now() - from;
    this.#allMs += ms;
    this.#pieces++;
    if (ms > this.#longestMs) {
      this.#secondMs = this.#longestMs;
      this.#longestMs = ms;
    } else if (ms > this.#secondMs) {
      this.#secondMs = ms;
    }
  }

  /** Whether it is more than so many pieces behind another with which it shares them, and has not worked much more than that one. */
  isBehind(other: WorkLoop, pieces: number): boolean {
    return (
      this.#shared !== undefined &&
      this.#shared === other.#shared &&
      this.#pieces + pieces < other.#pieces &&
      this.workedMs < other.workedMs + UNEVEN_MS
    );
  }

  /** Settles when it may go on; `undefined` if that is now. */
  turn(): Promise<void> | undefined {
    const hasTime = performance.now() - beganMs < TURN_MS;
    if (hasTime && !waiting.some(({ loop }) => loop.isBehind(this, AHEAD))) return undefined;
    return new Promise((go) => {
      waiting.push({ loop: this, go });
      schedule();
    });
  }
}

function schedule(): void {
  if (isScheduled) return;
  isScheduled = true;
  setImmediate(goOn);
}

function goOn(): void {
  isScheduled = false;
  const [next] = waiting.splice(nextPlace(), 1);
  // It may soon wait for something else than its turn.
  if (waiting.length > 0) schedule();
  beganMs = performance.now();
  next?.go();
}

function nextPlace(): number {
  turns++;
  if (turns % FAIR_EVERY === 0) return 0;
  let least = 0;
  for (let i = 1; i < waiting.length; i++)
    if (waiting[i]!.loop.workedMs < waiting[least]!.loop.workedMs) least = i;
  let hindmost = least;
  for (let i = 0; i < waiting.length; i++)
    if (waiting[i]!.loop.isBehind(waiting[hindmost]!.loop, 0)) hindmost = i;
  return hindmost;
}
