/** The network's side of a thread that runs queries. */

import { type EventLoopUtilization, performance } from "node:perf_hooks";
import { Worker } from "node:worker_threads";
import { FeedError } from "../../base/errors.ts";
import { errorOf } from "./failure.ts";
import type {
  Call,
  EngineOptions,
  FromEngine,
  QueryTask,
  QueryTotals,
  ToEngine,
} from "./messages.ts";

/** Where a query's results go: moves bytes, and does nothing else. */
export interface QueryReceiver {
  head(contentType: string, notes: readonly string[]): void;
  /** Calls `QuerySender.written` when the bytes have gone. */
  bytes(bytes: Uint8Array): void;
  text(text: string): void;
  /** The result is whole. */
  end(): void;
  /** @param canEnd whether the error stands among the rows, so that the answer ends instead of breaking */
  fail(error: Error, canEnd: boolean): void;
  /** The last call: the query uses nothing any more. */
  over(totals: QueryTotals): void;
}

/** What a query's client says. */
export interface QuerySender {
  written(bytes: number): void;
  frame(text: string): void;
  leave(): void;
  /** The server ends. */
  finish(): void;
  stop(): void;
}

interface Answering {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** Of a thread, in MiB: a query that needs more ends its thread, and not the server. */
const MAX_HEAP_MIB = 1024;
/** V8 lets the memory for young objects grow to three times as much in each thread, and hardly ever gives it back. */
const MAX_YOUNG_MIB = 16;
/** How long a thread may take to release what it holds, in ms. */
const CLOSE_MS = 4000;
/** Over less time, whether a thread worked says nothing, ms. */
const MEASURED_MS = 20;
const NO_TOTALS: QueryTotals = {
  rows: 0,
  bytes: 0,
  dropped: 0,
  late: 0,
  cpuMs: 0,
  lagMs: undefined,
};

export class EngineThread {
  readonly number: number;
  /** Settles when its sources are open; rejects when one cannot be. */
  readonly opened: Promise<void>;
  readonly #worker: Worker;
  readonly #log: (text: string) => void;
  readonly #onLost: () => void;
  readonly #receivers = new Map<number, QueryReceiver>();
  readonly #answering = new Map<number, Answering>();
  #nextId = 1;
  #isGone = false;
  #isOpen = false;
  #isClosing = false;
  #onOpened: Answering = { resolve: () => {}, reject: () => {} };
  #onClosed: () => void = () => {};
  /** At a choice of a thread not long ago, and at the last look of an operator. */
  #load: EventLoopUtilization;
  #measuredMs = 0;
  #share = 0;
  #given = 0;
  #seenLoad: EventLoopUtilization;

  /** @param onLost called when the thread ends by itself; its queries have failed then */
  constructor(options: EngineOptions, log: (text: string) => void, onLost: () => void) {
    this.number = options.number;
    this.#log = log;
    this.#onLost = onLost;
    this.opened = new Promise((resolve, reject) => {
      this.#onOpened = { resolve: () => resolve(), reject };
    });
    // Whoever opens the server awaits it; a thread that comes later may fail unseen, and its queries then say why.
    this.opened.catch(() => undefined);
    this.#worker = new Worker(new URL("./engine-worker.js", import.meta.url), {
      workerData: options,
      resourceLimits: {
        maxOldGenerationSizeMb: MAX_HEAP_MIB,
        maxYoungGenerationSizeMb: MAX_YOUNG_MIB,
      },
    });
    this.#load = this.#worker.performance.eventLoopUtilization();
    this.#seenLoad = this.#load;
    this.#worker.on("message", (message: FromEngine) => this.#take(message));
    this.#worker.on("error", (error) => this.#lose(error));
    this.#worker.on("exit", () => this.#lose(undefined));
  }

  get isGone(): boolean {
    return this.#isGone;
  }

  get queries(): number {
    return this.#receivers.size;
  }

  /**
   * How much of it is in use: the part of the last moments in which it worked, 0 to 1, and 1 for each query that it was given
   * since.
   */
  busyShare(): number {
    // It does not count as working before its sources are open.
    if (!this.#isOpen) return this.queries;
    const nowMs = performance.now();
    if (nowMs - this.#measuredMs >= MEASURED_MS) {
      const now = this.#worker.performance.eventLoopUtilization();
      const { utilization } = performance.eventLoopUtilization(now, this.#load);
      this.#share = Number.isFinite(utilization) ? utilization : 0;
      this.#load = now;
      this.#measuredMs = nowMs;
      this.#given = 0;
    }
    return this.#share + this.#given;
  }

  /** The same, since an operator last looked. */
  busyRatio(): number {
    const now = this.#worker.performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, this.#seenLoad);
    this.#seenLoad = now;
    return Number.isFinite(utilization) ? utilization : 0;
  }

  run(task: QueryTask, receiver: QueryReceiver): QuerySender {
    const id = this.#nextId++;
    if (this.#isGone) {
      receiver.fail(threadLost(), false);
      receiver.over(NO_TOTALS);
    } else {
      this.#receivers.set(id, receiver);
      this.#given++;
      this.#say({ kind: "query", id, task });
    }
    return {
      written: (bytes) => this.#say({ kind: "written", id, bytes }),
      frame: (text) => this.#say({ kind: "frame", id, text }),
      leave: () => this.#say({ kind: "leave", id }),
      finish: () => this.#say({ kind: "finish", id }),
      stop: () => this.#say({ kind: "stop", id }),
    };
  }

  /** @throws as the call does */
  call(call: Call): Promise<unknown> {
    if (this.#isGone) return Promise.reject(threadLost());
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#answering.set(id, { resolve, reject });
      this.#say({ kind: "call", id, call });
    });
  }

  /** What its queries have done so far. */
  async totals(): Promise<ReadonlyMap<QueryReceiver, QueryTotals>> {
    const call: Call = { name: "queries", search: "", sources: [], hidden: [] };
    const listed = (await this.call(call)) as readonly (readonly [number, QueryTotals])[];
    const totals = new Map<QueryReceiver, QueryTotals>();
    for (const [id, own] of listed) {
      const receiver = this.#receivers.get(id);
      if (receiver !== undefined) totals.set(receiver, own);
    }
    return totals;
  }

  /** Ends its queries and lets its sources go; a thread that does not answer is ended all the same. */
  async close(): Promise<void> {
    if (this.#isGone) return;
    this.#isClosing = true;
    const closed = new Promise<void>((resolve) => {
      this.#onClosed = resolve;
    });
    this.#say({ kind: "close" });
    const timer = setTimeout(() => this.#onClosed(), CLOSE_MS);
    await closed;
    clearTimeout(timer);
    await this.#worker.terminate();
  }

  #take(message: FromEngine): void {
    switch (message.kind) {
      case "opened":
        this.#isOpen = true;
        this.#onOpened.resolve(undefined);
        break;
      case "failed":
        this.#isClosing = true;
        this.#lose(undefined, errorOf(message.failure));
        break;
      case "log":
        this.#log(message.text);
        break;
      case "closed":
        this.#onClosed();
        break;
      case "answer":
        this.#answered(message.id)?.resolve(message.value);
        break;
      case "refusal":
        this.#answered(message.id)?.reject(errorOf(message.failure));
        break;
      default:
        this.#deliver(message);
    }
  }

  #deliver(
    message: Extract<FromEngine, { kind: "head" | "bytes" | "text" | "end" | "fail" | "over" }>,
  ): void {
    const receiver = this.#receivers.get(message.id);
    if (receiver === undefined) return;
    switch (message.kind) {
      case "head":
        receiver.head(message.contentType, message.notes);
        break;
      case "bytes":
        receiver.bytes(message.bytes);
        break;
      case "text":
        receiver.text(message.text);
        break;
      case "end":
        receiver.end();
        break;
      case "fail":
        receiver.fail(errorOf(message.failure), message.canEnd);
        break;
      case "over":
        this.#receivers.delete(message.id);
        receiver.over(message.totals);
        break;
    }
  }

  #answered(id: number): Answering | undefined {
    const answering = this.#answering.get(id);
    this.#answering.delete(id);
    return answering;
  }

  /** @param failure what its queries fail with */
  #lose(
    error: Error | undefined,
    failure: Error = this.#isClosing ? closing() : threadLost(),
  ): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#onClosed();
    if (error !== undefined) this.#log(`engine ${this.number}: ${error.stack ?? error.message}`);
    this.#onOpened.reject(failure);
    for (const { reject } of this.#answering.values()) reject(failure);
    this.#answering.clear();
    for (const receiver of this.#receivers.values()) {
      receiver.fail(failure, false);
      receiver.over(NO_TOTALS);
    }
    this.#receivers.clear();
    if (!this.#isClosing) this.#onLost();
  }

  #say(message: ToEngine): void {
    if (!this.#isGone) this.#worker.postMessage(message);
  }
}

function threadLost(): FeedError {
  const message = "query: expected its thread to go on, got its end, perhaps for lack of memory";
  return new FeedError("THREAD_LOST", message, 500);
}

function closing(): FeedError {
  return new FeedError("CLOSING", "the server ends", 503);
}
