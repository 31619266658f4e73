import type { Buffers } from "../base/buffer-pool.ts";
import { ProtocolError, SourceError } from "../base/errors.ts";
import type { FollowState, Item, ItemSource } from "../base/item.ts";
import { Seek } from "./abi.ts";
import { Attachment, type Target } from "./attachment.ts";
import { Backoff } from "./backoff.ts";
import { type Clock, systemClock } from "./clock.ts";
import type { Dial } from "./dial.ts";
import { lost, missing } from "./gaps.ts";
import { ResumePoints } from "./resume.ts";
import { rounds } from "./rounds.ts";
import { type LiveUrl, parseLiveUrl } from "./url.ts";
import { Viewer } from "./viewer.ts";

/** From where a session is followed, and how long. */
export interface FollowScope {
  /** From everything that the relayd still has, or from the next packet it receives. Default `"now"`. */
  readonly from?: "beginning" | "now" | undefined;
  /** Waits for what is not there: a relayd, a session, and, when it is over, the next one of its name. Default false. */
  readonly wait?: boolean | undefined;
  /** When the connection is lost: connects again, for ever, and goes on where it ended. Default true. */
  readonly reconnect?: boolean | undefined;
}

export interface FollowOptions extends FollowScope {
  /** Ends the source quietly, without an `end` item. */
  readonly signal?: AbortSignal | undefined;
  /** For connecting, and for each reply. */
  readonly timeoutMs?: number | undefined;
  readonly clock?: Clock | undefined;
  readonly dial?: Dial | undefined;
  /** Where packets are put. Each is given back when the item behind it is pulled. */
  readonly buffers?: Buffers | undefined;
  /** Numbers in [0, 1), to spread attempts. */
  readonly random?: (() => number) | undefined;
}

/**
 * Follows every tracing domain of the sessions that a URL selects, from attach to the end of the last one.
 *
 * A connection that is lost is made again: streams that the relayd still has go on where they ended, what cannot be had
 * is a `gap`. Nothing happens before the first pull. `return()` and the signal take effect at once, even while a pull
 * waits: the sessions are detached (a second at most) and the connection is closed.
 *
 * @throws SourceError `BAD_URL`, `NO_SESSION`; and from the first pull, without `wait`, `UNKNOWN_SESSION`, `ALREADY_ATTACHED`, `NOT_LIVE`
 * @throws ProtocolError when the relayd cannot be reached at first, without `wait`; or from any pull, if `reconnect` is false
 */
export function follow(url: string, options: FollowOptions = {}): ItemSource {
  const parsed = parseLiveUrl(url);
  if (parsed.selection === undefined) {
    throw new SourceError(
      "NO_SESSION",
      `following "${url}": the URL names a relayd only; add /host/TARGET/SESSION`,
    );
  }
  const stop = new AbortController();
  const target = { source: url, selection: parsed.selection };
  const follower = new Follower(parsed, target, options, stop);
  return new StoppableSource(follower.items(), stop);
}

type Items = AsyncGenerator<Item, void, void>;

/** A connection that lived so long, or brought a packet, was well: the next attempt comes soon. */
const WELL_MS = 10_000;

/** One connection after the other. */
class Follower {
  readonly #url: LiveUrl;
  readonly #target: Target;
  readonly #options: FollowOptions;
  readonly #stop: AbortController;
  readonly #clock: Clock;
  readonly #backoff: Backoff;
  #attachment: Attachment | undefined;
  #resume = new ResumePoints();
  #hasAttached = false;
  /** When the connection was lost, and why; `undefined` while there is one. */
  #lost: { readonly at: number; readonly why: string } | undefined;

  constructor(url: LiveUrl, target: Target, options: FollowOptions, stop: AbortController) {
    this.#url = url;
    this.#target = target;
    this.#options = options;
    this.#stop = stop;
    this.#clock = options.clock ?? systemClock;
    this.#backoff = new Backoff(options.random ?? Math.random);
  }

  async *items(): Items {
    const { signal } = this.#options;
    const { signal: stopped } = this.#stop;
    if (signal?.aborted === true || stopped.aborted) return;
    const onAbort = (): void => this.#stop.abort();
    signal?.addEventListener("abort", onAbort);
    stopped.addEventListener("abort", () => {
      this.#attachment?.viewer.abandon(stopped.reason);
      void this.#attachment?.close();
    });
    try {
      while (!(yield* this.#connection())) {
        await this.#clock.sleep(this.#backoff.next(), stopped);
        if (stopped.aborted) return;
      }
      yield { kind: "end", source: this.#target.source };
    } catch (error) {
      // Whatever the stop tore down fails in its own way; these failures are not awaited.
      if (!stopped.aborted) throw error;
    } finally {
      signal?.removeEventListener("abort", onAbort);
      await this.#attachment?.close();
    }
  }

  /** Follows over one connection; gives whether that is all. */
  async *#connection(): AsyncGenerator<Item, boolean, void> {
    const since = this.#clock.now();
    try {
      yield* this.#follow();
      await this.#attachment?.close();
      return true;
    } catch (error) {
      // A session may have come long after the connection was made.
      if (this.#attachment?.hasAttached) this.#hasAttached = true;
      if (this.#stop.signal.aborted || !this.#mayRetry(error)) throw error;
      const wasWell = this.#attachment?.hasDelivered || this.#clock.now() - since > WELL_MS;
      if (wasWell) this.#backoff.reset();
      yield* this.#lose(error);
      return false;
    }
  }

  async *#follow(): Items {
    const { timeoutMs, dial, buffers, from, wait = false } = this.#options;
    const { signal } = this.#stop;
    const { family } = this.#url;
    const how = { signal, timeoutMs, dial, buffers, family };
    const viewer = await Viewer.open(this.#url.host, this.#url.port, how);
    const attachment = new Attachment(viewer, this.#target, this.#clock, signal, this.#resume);
    this.#attachment = attachment;
    const isFromBeginning = from === "beginning" || this.#hasAttached;
    const { items, refusal } = await attachment.begin(isFromBeginning ? Seek.beginning : Seek.last);
    this.#resume = new ResumePoints();
    const isAgain = this.#hasAttached;
    if (refusal !== undefined && !wait && !isAgain) throw refusal;
    if (this.#lost !== undefined) yield this.#reconnected(viewer.peer);
    yield* items;
    yield* missing(attachment);
    if (refusal === undefined) this.#hasAttached = true;
    else if (wait && items.length === 0)
      yield this.#note(`${refusal.message}; waiting for it`, "waiting");
    yield* rounds(attachment, () => wait || (isAgain && attachment.isRefused));
  }

  #mayRetry(error: unknown): error is ProtocolError {
    const { reconnect = true, wait = false } = this.#options;
    return error instanceof ProtocolError && (this.#hasAttached ? reconnect : wait);
  }

  *#lose(error: ProtocolError): Generator<Item, void, void> {
    const attachment = this.#attachment;
    this.#attachment = undefined;
    if (attachment !== undefined) {
      attachment.viewer.close();
      const { items, resume } = attachment.abandon();
      yield* items;
      resume.addAll(this.#resume);
      this.#resume = resume;
    }
    const why = error.message;
    if (this.#lost?.why !== why) yield this.#note(`${why}; trying again`, "lost");
    this.#lost = { at: this.#lost?.at ?? this.#clock.now(), why };
  }

  /** The account of an interruption. Its streams report what it cost. */
  #reconnected(peer: string): Item {
    const seconds = ((this.#clock.now() - this.#lost!.at) / 1000).toFixed(1);
    const reason = `reconnected to ${peer} after ${seconds} s (${this.#lost!.why})`;
    this.#lost = undefined;
    if (!this.#hasAttached) return this.#note(reason);
    return { ...lost(reason), packets: 0 };
  }

  #note(text: string, state?: FollowState): Item {
    return { kind: "note", source: this.#target.source, text, state };
  }
}

/** A generator whose `return()` also interrupts a pull that waits; by itself it would queue up behind that. */
class StoppableSource implements ItemSource {
  readonly #items: AsyncGenerator<Item, void, void>;
  readonly #stop: AbortController;

  constructor(items: AsyncGenerator<Item, void, void>, stop: AbortController) {
    this.#items = items;
    this.#stop = stop;
  }

  next(): Promise<IteratorResult<Item, void>> {
    // Aborted while the consumer held an item: what would come now is only the noise of the tearing down.
    return this.#stop.signal.aborted ? this.#items.return() : this.#items.next();
  }

  return(): Promise<IteratorResult<Item, void>> {
    this.#stop.abort();
    return this.#items.return();
  }

  throw(error: unknown): Promise<IteratorResult<Item, void>> {
    this.#stop.abort();
    return this.#items.throw(error);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.return().then(() => undefined);
  }
}
