/** A thread that follows a relayd: fetches while the feed's thread scans, so that neither line nor relayd wait for that. */

import { parentPort } from "node:worker_threads";
import { BufferPool } from "../base/buffer-pool.ts";
import { ProtocolError, SourceError } from "../base/errors.ts";
import type { Item } from "../base/item.ts";
import { messageOf } from "../base/system-error.ts";
import { follow } from "../relay/follow.ts";
import { ItemSender, type SentItem } from "./item-courier.ts";
import {
  type FollowFailure,
  type FromRelayThread,
  memoryOf,
  sizeOf,
  type ToRelayThread,
  WINDOW_BYTES,
} from "./relay-task.ts";

class RelayThread {
  readonly #memory = new BufferPool();
  readonly #sender = new ItemSender();
  readonly #stop = new AbortController();
  /** Sizes of what was sent and is not done with, in order. */
  readonly #lent: number[] = [];
  #lentBytes = 0;
  #unsent: SentItem[] = [];
  #onRoom: (() => void) | undefined;

  async run({ url, options }: ToRelayThread & { kind: "follow" }): Promise<void> {
    const buffers = {
      take: (bytes: number) => this.#memory.take(bytes),
      // Pulled past is not yet done with.
      give: () => {},
    };
    let failure: FollowFailure | undefined;
    try {
      const source = follow(url, { ...options, signal: this.#stop.signal, buffers });
      for await (const item of source) {
        this.#lend(item);
        while (this.#lentBytes >= WINDOW_BYTES && !this.#stop.signal.aborted)
          await new Promise<void>((resolve) => {
            this.#onRoom = resolve;
          });
      }
    } catch (error) {
      failure = failureOf(error);
    }
    this.#flush();
    say({ kind: "ended", failure });
  }

  done({ items, memory }: ToRelayThread & { kind: "done" }): void {
    for (const bytes of this.#lent.splice(0, items)) this.#lentBytes -= bytes;
    for (const buffer of memory) this.#memory.give(new Uint8Array(buffer));
    this.#onRoom?.();
  }

  stop(): void {
    this.#stop.abort();
    this.#onRoom?.();
  }

  #lend(item: Item): void {
    const bytes = sizeOf(item);
    this.#lent.push(bytes);
    this.#lentBytes += bytes;
    // What comes in one turn goes in one message.
    if (this.#unsent.length === 0) setImmediate(() => this.#flush());
    this.#unsent.push(this.#sender.wrap(item));
  }

  #flush(): void {
    const items = this.#unsent;
    this.#unsent = [];
    if (items.length === 0) return;
    say(
      { kind: "items", items },
      items.map(({ item }) => memoryOf(item)).filter((one) => one !== undefined),
    );
  }
}

function failureOf(error: unknown): FollowFailure {
  const message = messageOf(error);
  if (error instanceof ProtocolError)
    return { type: "protocol", code: error.code, message, peer: error.peer };
  if (error instanceof SourceError)
    return { type: "source", code: error.code, message, peer: undefined };
  return { type: "other", code: "", message, peer: undefined };
}

function say(message: FromRelayThread, moved: readonly ArrayBuffer[] = []): void {
  parentPort?.postMessage(message, moved);
}

const thread = new RelayThread();

parentPort?.on("message", (message: ToRelayThread) => {
  switch (message.kind) {
    case "follow":
      void thread.run(message);
      break;
    case "done":
      thread.done(message);
      break;
    case "stop":
      thread.stop();
      break;
  }
});
