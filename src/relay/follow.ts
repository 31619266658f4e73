import { SourceError } from "../base/errors.ts";
import type { Item, ItemSource } from "../base/item.ts";
import { Seek } from "./abi.ts";
import { Attachment, type Target } from "./attachment.ts";
import { type Clock, systemClock } from "./clock.ts";
import type { Dial } from "./dial.ts";
import { rounds } from "./rounds.ts";
import { type LiveUrl, parseLiveUrl } from "./url.ts";
import { Viewer } from "./viewer.ts";

export interface FollowOptions {
  /** From everything that the relayd still has, or from the next packet it receives. Default `"now"`. */
  readonly from?: "beginning" | "now" | undefined;
  /** Ends the source quietly, without an `end` item. */
  readonly signal?: AbortSignal | undefined;
  /** For connecting, and for each reply. */
  readonly timeoutMs?: number | undefined;
  readonly clock?: Clock | undefined;
  readonly dial?: Dial | undefined;
}

/**
 * Follows every tracing domain of the sessions that a URL selects, from attach to the end of the last one.
 *
 * Nothing happens before the first pull. `return()` and the signal take effect at once, even while a pull waits: the
 * sessions are detached (a second at most) and the connection is closed.
 *
 * @throws SourceError `BAD_URL`, `NO_SESSION`; and from the first pull `UNKNOWN_SESSION`, `ALREADY_ATTACHED`, `NOT_LIVE`
 * @throws ProtocolError from any pull, when the relayd cannot be reached, falls silent or breaks the protocol
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
  return new StoppableSource(items(parsed, target, options, stop), stop);
}

async function* items(
  url: LiveUrl,
  target: Target,
  options: FollowOptions,
  stop: AbortController,
): AsyncGenerator<Item, void, void> {
  const { signal, timeoutMs, dial, clock = systemClock } = options;
  if (signal?.aborted === true || stop.signal.aborted) return;
  const onAbort = (): void => stop.abort();
  signal?.addEventListener("abort", onAbort);
  let attachment: Attachment | undefined;
  try {
    const viewer = await Viewer.open(url.host, url.port, { signal: stop.signal, timeoutMs, dial });
    const attached = new Attachment(viewer, target, clock, stop.signal);
    attachment = attached;
    stop.signal.addEventListener("abort", () => {
      viewer.abandon(stop.signal.reason);
      void attached.close();
    });
    yield* await attached.begin(options.from === "beginning" ? Seek.beginning : Seek.last);
    yield* rounds(attached);
    await attached.close();
    yield { kind: "note", source: target.source, text: "detached: the session is over" };
    yield { kind: "end", source: target.source };
  } catch (error) {
    // Whatever the stop tore down fails in its own way; nobody waits for these failures.
    if (!stop.signal.aborted) throw error;
  } finally {
    signal?.removeEventListener("abort", onAbort);
    await attachment?.close();
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
