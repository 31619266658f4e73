import { Duplex } from "node:stream";
import { ChunkQueue } from "../../src/relay/chunk-queue.ts";
import type { Clock } from "../../src/relay/clock.ts";
import { requestDecoding, type UnknownRequest } from "../../src/relay/decode-request.ts";
import { Decoder } from "../../src/relay/decoding.ts";
import type { Dial } from "../../src/relay/dial.ts";
import type { Request } from "../../src/relay/messages.ts";

/** What the other end does with a request: bytes to send, silence, or hanging up. */
export type Answer = Uint8Array | "silence" | "close";

export interface MemoryRelaydOptions {
  readonly answer: (request: Request | UnknownRequest) => Answer;
  /** How replies are cut. */
  readonly cut?: (bytes: Uint8Array) => Uint8Array[];
}

/** The viewer's end of a connection whose other end is a function. */
export class MemoryRelayd extends Duplex {
  readonly requests: (Request | UnknownRequest)[] = [];
  readonly #options: MemoryRelaydOptions;
  readonly #received = new ChunkQueue();
  #decoder = new Decoder(requestDecoding());

  constructor(options: MemoryRelaydOptions) {
    super();
    this.#options = options;
  }

  /** A `dial` that gives this connection. */
  get dial(): Dial {
    return () => Promise.resolve(this);
  }

  override _read(): void {}

  override _write(chunk: Uint8Array, _encoding: string, callback: () => void): void {
    this.#received.push(chunk);
    for (;;) {
      const request = this.#decoder.take(this.#received);
      if (request === undefined) break;
      this.#decoder = new Decoder(requestDecoding());
      this.requests.push(request);
      const answer = this.#options.answer(request);
      if (answer === "silence") continue;
      if (answer === "close") this.push(null);
      else for (const piece of this.#options.cut?.(answer) ?? [answer]) this.push(piece);
    }
    callback();
  }
}

/** Time that passes only by sleeping. */
export function virtualClock(): Clock {
  let now = 0;
  return {
    now: () => now,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        now += ms;
        if (signal.aborted) resolve();
        else setImmediate(resolve);
      }),
  };
}
