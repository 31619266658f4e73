/**
 * Turns of work on the network's thread: what waits keeps it from the others, and from what streams have to send, for a few
 * milliseconds only. While connections keep coming it waits longer: the event loop accepts one of them in each of its rounds.
 */

export interface TurnRules {
  /** How long work is done before the network has its turn, in ms. */
  readonly turnMs: number;
  /** How long it waits while every round brings a connection, in ms. */
  readonly acceptMs: number;
}

export class NetworkTurns {
  readonly #rules: TurnRules;
  readonly #work: (endMs: number) => boolean | Promise<boolean>;
  #isScheduled = false;
  /** Whether this round has brought a connection. */
  #isAccepting = false;
  #turnEndMs = 0;

  /** @param work goes on until a time of `performance.now()`; whether anything is left */
  constructor(rules: TurnRules, work: (endMs: number) => boolean | Promise<boolean>) {
    this.#rules = rules;
    this.#work = work;
  }

  /** A connection has come. */
  onConnection(): void {
    this.#isAccepting = true;
  }

  /** There is something to do. */
  schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => this.#turn());
  }

  #turn(): void {
    this.#isScheduled = false;
    const { turnMs, acceptMs } = this.#rules;
    const beginMs = performance.now();
    const waits = this.#isAccepting && beginMs - this.#turnEndMs < acceptMs;
    this.#isAccepting = false;
    if (waits) this.schedule();
    else void this.#run(beginMs + turnMs);
  }

  async #run(endMs: number): Promise<void> {
    const isMore = await this.#work(endMs);
    this.#turnEndMs = performance.now();
    if (isMore) this.schedule();
  }
}
