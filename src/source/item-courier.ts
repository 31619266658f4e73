/**
 * A source's items between two threads. What crosses is a copy, but traces and streams are identified by their objects: numbers
 * stand for them between the threads.
 */

import type { Item, StreamOrigin, TraceOrigin } from "../base/item.ts";

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
  readonly #registry: FinalizationRegistry<number>;
  #next = 0;

  /** @param onForgotten called with the number of a trace or stream that no item can name any more */
  constructor(onForgotten: (number: number) => void) {
    this.#registry = new FinalizationRegistry(onForgotten);
  }

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
      this.#registry.register(origin, number);
    }
    return number;
  }
}

/** The consumer's side: the first copy of a trace or stream is the one that stands for it. */
export class ItemReceiver {
  readonly #traces = new Map<number, TraceOrigin>();
  readonly #streams = new Map<number, StreamOrigin>();

  unwrap({ item, trace, stream, from }: SentItem): Item {
    let own = item;
    if ("trace" in own && own.trace !== undefined && trace !== undefined)
      own = { ...own, trace: this.#trace(trace, own.trace) };
    if ("stream" in own && own.stream !== undefined && trace !== undefined && stream !== undefined)
      own = { ...own, stream: this.#stream(stream, own.stream, trace) };
    const origin = from === undefined ? undefined : this.#streams.get(from);
    return own.kind === "resume" && origin !== undefined ? { ...own, from: origin } : own;
  }

  forget(number: number): void {
    this.#traces.delete(number);
    this.#streams.delete(number);
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
