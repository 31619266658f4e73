/**
 * One query on its way to one client, whatever the transport: rows are encoded when the client takes them, held back
 * or dropped while it does not, and counted.
 */

import { type Observable, Subscription, takeUntil, timer } from "rxjs";
import { FeedError } from "../../base/errors.ts";
import { bytesOf, copyBatch } from "../../column/column.ts";
import { fitBatch } from "../../column/null-column.ts";
import type { Schema } from "../../column/schema.ts";
import { type Loss, LossAccount } from "../../feed/losses.ts";
import type { BatchWriter } from "../../format/batch-writer.ts";
import { type Bytes, BytesInOrder } from "../../format/bytes-in-order.ts";
import { type AskedQuery, runAsked } from "../../language/run-query.ts";
import { batchFacts, type ResultBatch, type ResultItem } from "../../query/result.ts";
import { settled } from "../../query/settled.ts";
import type { OpenedFormat } from "./accepted-format.ts";
import type { Budget } from "./budget.ts";
import { type ClientState, checkHad, type Had, NOTHING_HAD } from "./client-state.ts";
import type { QueryRequest } from "./query-request.ts";
import { sourceChanged } from "./range-gone.ts";
import { SentBatches } from "./sent-batches.ts";
import type { SourceShare } from "./served-sources.ts";

/** Where a delivery goes. After `end` or `fail` nothing more comes. */
export interface Sink {
  /** Whether another batch may be sent now. If not, the sink calls `Delivery.resume` once it may. */
  readonly isReady: boolean;
  /** Whether that is only because rows are on their way to a client that takes them: then the sink calls `Delivery.resume` soon. */
  readonly isTaking: boolean;
  columns(columns: Schema): void;
  /**
   * Part of the result. Only a batch uses up what the client allows; what stands before and after it must go.
   * @param onSent called when the bytes are not used any more
   */
  send(bytes: Uint8Array, isBatch: boolean, onSent?: () => void): void;
  loss(loss: Loss): void;
  note(text: string): void;
  end(): void;
  fail(error: unknown): void;
}

/** Batches that wait for a client without slowing the source; older ones give way. */
const MAX_WAITING = 4;

/** A query, and how many groups its aggregates may have. */
type LimitedRequest = QueryRequest & Pick<AskedQuery, "maxGroups">;

/** What it runs on: items, or results that are made of something else. */
type Fed = SourceShare & { readonly results?: Observable<ResultItem> | undefined };

export class Delivery {
  /** What was sent. */
  rows = 0;
  batches = 0;
  /** Of recorded traces: rows behind each of the batches, for a client that comes back for another run. */
  readonly rowsAfter: number[] = [];
  /** Rows that the client was too slow for. */
  dropped = 0;
  late = 0;
  /** Rows that a condition on containers may have missed. */
  unnamedRows = 0;
  watermarkNs: bigint | undefined;
  readonly losses: LossAccount = new LossAccount();
  readonly #request: LimitedRequest;
  readonly #format: OpenedFormat;
  readonly #share: Fed;
  /** `undefined` while the client is away. */
  #sink: Sink | undefined;
  #writer: BatchWriter;
  readonly #bytes = new BytesInOrder((error) => this.#fail(error));
  readonly #sent: SentBatches | undefined;
  readonly #budget: Budget | undefined;
  /** Batches that wait without having taken of the budget. */
  readonly #unbudgeted = new WeakSet<ResultBatch>();
  readonly #subscription = new Subscription();
  #columns: Schema = [];
  #hasColumns = false;
  readonly #had: Had;
  #waiting: ResultBatch[] = [];
  #release: (() => void) | undefined;
  #outcome: { readonly error?: unknown } | undefined;
  #isOver = false;
  #isStopped = false;

  constructor(
    request: LimitedRequest,
    format: OpenedFormat,
    share: Fed,
    sink: Sink,
    { budget, had = NOTHING_HAD }: ClientState = {},
  ) {
    this.#had = had;
    this.#budget = budget;
    this.#sent = budget === undefined ? undefined : new SentBatches(budget);
    this.#request = request;
    this.#format = format;
    this.#share = share;
    this.#sink = sink;
    this.#writer = format.writer();
  }

  /** Runs the query. The sink may get everything, even the end, before this returns. */
  start(): void {
    const { durationMs, maxLagMs, nameWaitMs } = this.#request;
    const { items, isLive, failures, results: made } = this.#share;
    for (const { message } of failures) this.#sink?.note(message);
    const until = <T>(all: Observable<T>): Observable<T> =>
      durationMs === undefined ? all : all.pipe(takeUntil(timer(durationMs)));
    const share = { ...this.#share, items: until(items) };
    const { lines } = this.#writer;
    const execution = { isLive, maxLagMs, nameWaitMs, borrowBatches: true, lines };
    const names = (): SourceShare["names"] => share.names;
    const rows =
      made === undefined ? runAsked(this.#request, execution, share, names) : until(made);
    const results =
      isLive && this.#format.hasOneLayout ? settled(rows, this.#request.settleMs) : rows;
    this.#subscription.add(
      results.subscribe({
        next: (item) => this.#guarded(() => this.#take(item)),
        error: (error: unknown) => this.#conclude({ error }),
        complete: () => this.#conclude({}),
      }),
    );
  }

  /** Whether rows wait for the client. */
  get isWaiting(): boolean {
    return this.#waiting.length > 0;
  }

  /** The sink may be ready again. */
  resume(): void {
    this.#guarded(() => this.#pump());
  }

  /** The client has gone and may come back: what comes meanwhile waits, as far as the budget goes. */
  suspend(): void {
    this.#sink = undefined;
    this.#restrain();
  }

  /**
   * The client is back, on another connection, and has everything up to the batch `seq`.
   * @throws FeedError 410 `RESUME_TOO_OLD`
   */
  resumeWith(sink: Sink, seq: number): void {
    const missed = this.#sent?.after(seq);
    if (missed === undefined) {
      const message = `resume: expected a seq that is still known, got ${seq}; ask anew`;
      throw new FeedError("RESUME_TOO_OLD", message, 410);
    }
    this.#sink = sink;
    this.#writer = this.#format.writer();
    for (const batch of missed.batches) {
      // There is room: it was theirs until now.
      this.#budget?.take(bytesOf(batch));
      this.rows -= batch.rows;
      this.batches--;
    }
    this.rows -= missed.lostRows;
    this.batches -= missed.lostBatches;
    this.dropped += missed.lostRows;
    this.#waiting.unshift(...missed.batches);
    this.#guarded(() => {
      if (this.#hasColumns) {
        sink.columns(this.#columns);
        this.#sendFrame(this.#writer.begin(this.#columns));
      }
      this.#pump();
    });
  }

  /** The client has everything up to the batch `seq`. */
  acknowledge(seq: number): void {
    this.#sent?.acknowledge(seq);
  }

  /** Ends the query as if its source had ended: what waits still goes out. */
  conclude(): void {
    this.#subscription.unsubscribe();
    this.#conclude({});
  }

  /** Ends the query at once and says nothing more. */
  stop(): void {
    this.#isOver = true;
    this.#isStopped = true;
    this.#sent?.clear();
    for (const batch of this.#waiting) this.#giveBack(batch);
    this.#waiting = [];
    this.#subscription.unsubscribe();
    this.#unblock();
  }

  #take(item: ResultItem): void {
    switch (item.kind) {
      case "columns": {
        const { columns } = item;
        const writer = this.#writer;
        const isFirst = !this.#hasColumns;
        this.#columns = columns;
        this.#hasColumns = true;
        this.#sink?.columns(columns);
        this.#sendFrame(isFirst ? writer.begin(columns) : writer.change(columns));
        break;
      }
      case "batch":
        this.late = item.batch.late;
        this.unnamedRows = item.batch.unnamedRows;
        if (this.#isHad) {
          this.#count(item.batch);
          checkHad(this.#had, this);
          break;
        }
        this.#deliver(item.batch);
        this.#restrain();
        break;
      case "loss":
        this.losses.add(item.loss);
        // What stands before a batch has come with it.
        if (!this.#isHad) this.#sink?.loss(item.loss);
        break;
      case "note":
        if (!this.#isHad) this.#sink?.note(item.text);
        break;
    }
  }

  /** Sends what waits, as far as the client takes it, and the end behind the last batch. */
  #pump(): void {
    while (this.#waiting.length > 0 && this.#canSend()) {
      const batch = this.#waiting.shift()!;
      this.#giveBack(batch);
      this.#sendBatch(batch);
    }
    if (this.#waiting.length > 0) this.#restrain();
    if (this.#isOver || this.#waiting.length > 0 || this.#sink === undefined) return;
    if (this.#bytes.isWaiting) return;
    this.#unblock();
    if (this.#outcome !== undefined) this.#finish(this.#outcome);
  }

  /** Makes the source wait for the client, if no other client suffers, or drops the oldest rows that wait. */
  #restrain(): void {
    if (this.#isOver || this.#waiting.length === 0) return;
    const waits = this.#request.overflow === "block" || this.#sink?.isTaking === true;
    if (waits && this.#share.canBlock()) {
      this.#release ??= this.#share.gate.hold();
      return;
    }
    this.#unblock();
    // What is kept for a client that comes back is bounded by the budget.
    while (this.#budget === undefined && this.#waiting.length > MAX_WAITING) this.#dropOldest();
  }

  /**
   * A client that takes its rows needs no room for them, even if others have used it up.
   * @param batch borrowed until this returns
   */
  #deliver(batch: ResultBatch): void {
    const goesOut = this.#waiting.length === 0 && this.#canSend();
    if (goesOut && this.#sent === undefined) {
      this.#sendBatch(batch);
    } else {
      const own = { ...batch, ...copyBatch(batch) };
      if (goesOut) this.#sendBatch(own);
      else this.#wait(own);
    }
    this.#pump();
  }

  #wait(batch: ResultBatch): void {
    while (this.#budget !== undefined && !this.#budget.take(bytesOf(batch))) {
      if (this.#sent?.evict() === true) continue;
      if (this.#share.canBlock() && this.#sink?.isTaking === true) {
        // It waits for a moment only, and the source with it.
        this.#unbudgeted.add(batch);
        break;
      }
      if (this.#waiting.length > 0) {
        this.#dropOldest();
        continue;
      }
      // Nothing of our own to give up: the others use it all, or the batch is larger than the budget.
      this.#drop(batch);
      return;
    }
    this.#waiting.push(batch);
  }

  #dropOldest(): void {
    const batch = this.#waiting.shift()!;
    this.#giveBack(batch);
    this.#drop(batch);
  }

  #drop(batch: ResultBatch): void {
    this.dropped += batch.rows;
  }

  #giveBack(batch: ResultBatch): void {
    if (!this.#unbudgeted.delete(batch)) this.#budget?.give(bytesOf(batch));
  }

  #unblock(): void {
    this.#release?.();
    this.#release = undefined;
  }

  #sendBatch(batch: ResultBatch): void {
    const writer = this.#writer;
    const bytes = writer.batch(fitBatch(batch, this.#columns), batchFacts(batch, this.dropped));
    this.#count(batch);
    this.#sent?.keep(batch);
    this.#pass(bytes, (ready) => {
      this.#sink?.send(ready, true, () => writer.recycle?.(ready));
    });
  }

  /** Whether what comes next is what the client has already. */
  get #isHad(): boolean {
    return this.batches < this.#had.batches;
  }

  #count(batch: ResultBatch): void {
    this.rows += batch.rows;
    if (!this.#share.isLive) this.rowsAfter.push(this.rows);
    this.batches++;
    this.watermarkNs = batch.watermarkNs;
  }

  #sendFrame(bytes: Bytes): void {
    this.#pass(bytes, (ready) => {
      if (ready.length > 0) this.#sink?.send(ready, false);
    });
  }

  /** Sends bytes in their order; what waits for promised bytes goes on behind them. */
  #pass(bytes: Bytes, send: (bytes: Uint8Array) => void): void {
    const isPromised = !(bytes instanceof Uint8Array) || this.#bytes.isWaiting;
    this.#bytes.pass(bytes, (ready) => {
      if (this.#isStopped) return;
      send(ready);
      if (isPromised) this.#guarded(() => this.#pump());
    });
  }

  #canSend(): boolean {
    return !this.#isOver && !this.#bytes.isWaiting && this.#sink?.isReady === true;
  }

  /** Batches that wait still go out before the query's end. */
  #conclude(outcome: { readonly error?: unknown }): void {
    if (this.#isOver) return;
    this.#outcome = outcome;
    this.#guarded(() => this.#pump());
  }

  #finish(outcome: { readonly error?: unknown }): void {
    if ("error" in outcome || this.#isHad) {
      this.#fail("error" in outcome ? outcome.error : sourceChanged());
      return;
    }
    this.#isOver = true;
    const end = (): void => {
      this.stop();
      this.#sink?.end();
    };
    if (this.#hasColumns) {
      this.#bytes.pass(this.#writer.end(this.batches), (bytes) => {
        if (this.#isStopped) return;
        if (bytes.length > 0) this.#sink?.send(bytes, false);
        end();
      });
    } else {
      end();
    }
  }

  #fail(error: unknown): void {
    if (this.#isStopped) return;
    this.stop();
    this.#sink?.fail(error);
  }

  /** RxJS turns what a listener throws into an uncaught exception; here it ends the query instead. */
  #guarded(work: () => void): void {
    if (this.#isOver) return;
    try {
      work();
    } catch (error) {
      this.#fail(error);
    }
  }
}
