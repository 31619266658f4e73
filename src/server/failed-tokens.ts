/** Addresses that show wrong tokens: after some, each further try waits, so that tokens cannot be guessed. */

import { FeedError } from "../base/errors.ts";
import { isLoopbackHost } from "./access.ts";

/** So many wrong tokens cost nothing: scripts with an old one. */
const FREE = 10;
/** The wait doubles with each further one, up to the most. */
const FIRST_WAIT_MS = 1000;
const MOST_WAIT_MS = 60_000;
/** Addresses that are remembered; the oldest are forgotten. */
const MAX_ADDRESSES = 10_000;

interface Failures {
  readonly count: number;
  readonly untilMs: number;
}

export class FailedTokens {
  readonly #byAddress = new Map<string, Failures>();

  /**
   * Programs of this machine share an address: they never wait for each other.
   * @throws FeedError 429 `TOO_MANY_FAILURES`
   */
  check(address: string): void {
    const failures = this.#byAddress.get(address);
    if (failures === undefined || failures.untilMs <= Date.now()) return;
    const message = `Authorization: expected fewer wrong tokens from ${address} (limit failed-tokens), got ${failures.count}; try again later`;
    throw new FeedError("TOO_MANY_FAILURES", message, 429);
  }

  add(address: string): void {
    if (isLoopbackHost(address.replace(/^::ffff:/, "")) || address === "local") return;
    const count = (this.#byAddress.get(address)?.count ?? 0) + 1;
    const waitMs =
      count <= FREE ? 0 : Math.min(FIRST_WAIT_MS * 2 ** (count - FREE - 1), MOST_WAIT_MS);
    this.#byAddress.delete(address);
    this.#byAddress.set(address, { count, untilMs: Date.now() + waitMs });
    if (this.#byAddress.size <= MAX_ADDRESSES) return;
    const [oldest] = this.#byAddress.keys();
    this.#byAddress.delete(oldest!);
  }

  forget(address: string): void {
    this.#byAddress.delete(address);
  }
}
