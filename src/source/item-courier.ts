/**
 * A source's items between two threads. What crosses is a copy, but traces and streams are identified by their objects: numbers
 * stand for them between the threads.
 */

import type { Item, StreamOrigin, TraceOrigin } from "../base/item.ts";
import { MAX_CONNECTION_STREAMS } from "../relay/abi.ts";

/** An item, and the numbers of the traces and streams that it names. */
export interface SentItem {
  readonly item: Item;
  readonly trace: number | undefined;
  readonly stream: number | undefined;
  readonly from: number | undefined;
}

/** The source's side: gives the numbers. */
export class ItemSender {
  readonly #numbers = new WeakMap<TraceOrigin | StreamOrigin, number>();
  #next = 0;

  wrap(item: Item): SentItem {
    const stream = "stream" in item ? item.stream : undefined;
    const trace = "trace" in item ? item.trace : stream?.trace;
    return {
      item,
      trace: this.#number(trace),
      stream: this.#number(stream),
      from: item.kind === "resume" ? this.#number(item.from) : undefined,
    };
  }

  #number(origin: TraceOrigin | StreamOrigin | undefined): number | undefined {
    if (origin === undefined) return undefined;
    let number = this.#numbers.get(origin);
    if (number === undefined) {
      number = this.#next++;
      this.#numbers.set(origin, number);
    }
    return number;
  }
}

/** Streams of lost connections that are kept for `resume`: as many as one connection may have; the oldest go first. */
const MAX_ENDED = MAX_CONNECTION_STREAMS;

/** The consumer's side: the first copy of a trace or stream stands for it until it has ended. */
export class ItemReceiver {
  readonly #traces = new Map<number, TraceOrigin>();
  readonly #streams = new Map<number, StreamOrigin>();
  /** Streams that ended with their connection, in this order. */
  readonly #ended = new Map<number, StreamOrigin>();
  readonly #maxEnded: number;

  constructor(maxEnded: number = MAX_ENDED) {
    this.#maxEnded = maxEnded;
  }

  /** How many traces and streams are kept. */
  get size(): number {
    return this.#traces.size + this.#streams.size + this.#ended.size;
  }

  unwrap(sent: SentItem): Item {
    const item = this.#own(sent);
    if (item.kind === "stream-end") this.#onStreamEnd(sent.stream!, item.mayResume === true);
    else if (item.kind === "trace-end") this.#traces.delete(sent.trace!);
    return item;
  }

  #own({ item, trace, stream, from }: SentItem): Item {
    let own = item;
    if ("trace" in own && own.trace !== undefined && trace !== undefined)
      own = { ...own, trace: this.#trace(trace, own.trace) };
    if ("stream" in own && own.stream !== undefined && trace !== undefined && stream !== undefined)
      own = { ...own, stream: this.#stream(stream, own.stream, trace) };
    return own.kind === "resume" && from !== undefined
      ? { ...own, from: this.#resumed(from, own.from) }
      : own;
  }

  #onStreamEnd(number: number, mayResume: boolean): void {
    const stream = this.#streams.get(number)!;
    this.#streams.delete(number);
    if (!mayResume) return;
    this.#ended.set(number, stream);
    if (this.#ended.size <= this.#maxEnded) return;
    const [oldest] = this.#ended.keys();
    this.#ended.delete(oldest!);
  }

  /** Only one stream goes on with another. */
  #resumed(number: number, copy: StreamOrigin): StreamOrigin {
    const known = this.#ended.get(number) ?? copy;
    this.#ended.delete(number);
    return known;
  }

  #trace(number: number, copy: TraceOrigin): TraceOrigin {
    const known = this.#traces.get(number) ?? copy;
    this.#traces.set(number, known);
    return known;
  }

  #stream(number: number, { name, trace }: StreamOrigin, traceNumber: number): StreamOrigin {
    let known = this.#streams.get(number);
    if (known === undefined) {
      known = { name, trace: this.#trace(traceNumber, trace) };
      this.#streams.set(number, known);
    }
    return known;
  }
}
