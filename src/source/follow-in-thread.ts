import { Worker } from "node:worker_threads";
import { ProtocolError, SourceError } from "../base/errors.ts";
import type { Item, ItemSource } from "../base/item.ts";
import type { FollowOptions, FollowScope } from "../relay/follow.ts";
import { ItemReceiver, type SentItem } from "./item-courier.ts";
import {
  type FollowFailure,
  type FromRelayThread,
  memoryOf,
  sizeOf,
  type ToRelayThread,
  WINDOW_BYTES,
} from "./relay-task.ts";

/** Items are reported as done when there are so many bytes of them: a part of the window, which so never closes for good. */
const DONE_BYTES = WINDOW_BYTES / 4;

/**
 * `follow`, in a thread of its own: packets are fetched while others are scanned, some megabytes ahead of what is pulled.
 *
 * @throws as `follow` does, from the first pull on
 */
export function followInThread(
  url: string,
  { signal, ...options }: FollowScope & Pick<FollowOptions, "signal">,
): ItemSource {
  const source = new ThreadedSource({ kind: "follow", url, options });
  if (signal?.aborted === true) void source.return();
  signal?.addEventListener("abort", () => void source.return());
  return source;
}

class ThreadedSource implements ItemSource {
  readonly #request: ToRelayThread;
  readonly #receiver = new ItemReceiver();
  #thread: Worker | undefined;
  /** Received and not pulled: those from `#head` on. */
  #items: SentItem[] = [];
  #head = 0;
  /** The item that was pulled last is not done with before the next is. */
  #pulled: Item | undefined;
  /** Done, and not yet reported. */
  #done = 0;
  #doneBytes = 0;
  #doneMemory: ArrayBuffer[] = [];
  #wake: (() => void) | undefined;
  #isStopped = false;
  #ending: { readonly failure: FollowFailure | undefined } | undefined;
  readonly #ended: Promise<void>;
  #onEnded: () => void = () => {};

  constructor(request: ToRelayThread) {
    this.#request = request;
    this.#ended = new Promise((resolve) => {
      this.#onEnded = resolve;
    });
  }

  async next(): Promise<IteratorResult<Item, void>> {
    if (!this.#isStopped) this.#thread ??= this.#start();
    this.#finishPulled();
    for (;;) {
      if (this.#isStopped) return { done: true, value: undefined };
      if (this.#head < this.#items.length) break;
      if (this.#ending !== undefined) {
        this.#isStopped = true;
        if (this.#ending.failure !== undefined) throw errorOf(this.#ending.failure);
        continue;
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    const value = this.#receiver.unwrap(this.#items[this.#head++]!);
    this.#pulled = value;
    return { done: false, value };
  }

  async return(): Promise<IteratorResult<Item, void>> {
    this.#isStopped = true;
    this.#wake?.();
    if (this.#thread !== undefined && this.#ending === undefined) {
      this.#say({ kind: "stop" });
      await this.#ended;
    }
    return { done: true, value: undefined };
  }

  async throw(error: unknown): Promise<IteratorResult<Item, void>> {
    await this.return();
    throw error;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.return().then(() => undefined);
  }

  #start(): Worker {
    const thread = new Worker(new URL("./relay-worker.js", import.meta.url));
    thread.on("message", (message: FromRelayThread) => this.#take(message));
    thread.on("error", ({ message }) => this.#end({ ...NO_CODE, type: "other", message }));
    thread.on("exit", () => this.#end(undefined));
    thread.postMessage(this.#request);
    return thread;
  }

  #take(message: FromRelayThread): void {
    switch (message.kind) {
      case "items":
        // What was pulled needs no room any more.
        this.#items = this.#items.slice(this.#head).concat(message.items);
        this.#head = 0;
        this.#wake?.();
        break;
      case "ended":
        this.#end(message.failure);
        break;
    }
  }

  #end(failure: FollowFailure | undefined): void {
    if (this.#ending !== undefined) return;
    this.#ending = { failure };
    void this.#thread?.terminate();
    this.#onEnded();
    this.#wake?.();
  }

  #finishPulled(): void {
    const item = this.#pulled;
    if (item === undefined) return;
    this.#pulled = undefined;
    this.#done++;
    this.#doneBytes += sizeOf(item);
    const memory = memoryOf(item);
    if (memory !== undefined) this.#doneMemory.push(memory);
    if (this.#doneBytes >= DONE_BYTES) this.#reportDone();
  }

  #reportDone(): void {
    const memory = this.#doneMemory;
    this.#say({ kind: "done", items: this.#done, memory }, memory);
    this.#done = 0;
    this.#doneBytes = 0;
    this.#doneMemory = [];
  }

  #say(message: ToRelayThread, moved: readonly ArrayBuffer[] = []): void {
    this.#thread?.postMessage(message, moved);
  }
}

const NO_CODE = { code: "", peer: undefined } as const;

function errorOf({ type, code, message, peer }: FollowFailure): Error {
  switch (type) {
    case "protocol":
      return new ProtocolError(code, message, peer === undefined ? {} : { peer });
    case "source":
      return new SourceError(code, message);
    case "other":
      return new Error(message);
  }
}
