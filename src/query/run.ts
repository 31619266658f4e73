/**
 * Runs a query over a feed of decoded items: items → scan → time order → batches, each stage synchronous per item. Rows,
 * losses and notes leave in the order of the data. Only two things travel back: cancel, and the gate.
 */

import type { Worker } from "node:worker_threads";
import { Observable } from "rxjs";
import type { StreamOrigin, TraceOrigin } from "../base/item.ts";
import type { TraceClass } from "../ctf/trace-class.ts";
import type { DecodedItem } from "../feed/decoded-item.ts";
import { FlowClock } from "../feed/flow-clock.ts";
import type { ScanSpec } from "../scan/scanner.ts";
import { Gate } from "../source/gate.ts";
import type { TimeFrame } from "../source/time-bound.ts";
import { BATCH_DELAY_MS, Batching } from "./batching.ts";
import { DEFAULT_MAX_LAG_MS, type Execution } from "./execution.ts";
import type { PoolOfStage } from "./executor.ts";
import { type HeldPacket, HeldReader } from "./held-reader.ts";
import { BATCH_ROWS } from "./order/row-store.ts";
import { Watermark } from "./order/watermark.ts";
import { QueryPlan } from "./plan.ts";
import { type PooledPacket, type PooledScan, startPool } from "./pooled-scan.ts";
import type { Question } from "./question.ts";
import type { ResultItem } from "./result.ts";
import { ScanStage } from "./scan-stage.ts";
import { StageSequence } from "./stage-sequence.ts";

/**
 * Runs a query. Completes when the feed ends or the limit is reached; unsubscribing lets the feed go at once.
 * Conditions on containers are not its concern: `runQuestion` in `operators/` plans those.
 * Errors: FilterError, SourceError for names that a recorded trace does not have.
 *
 * @param gate held while the query's threads have more than enough to do; what does not come while it is held is not late
 */
export function runQuery(
  question: Question,
  execution: Execution,
  feed: Observable<DecodedItem>,
  gate: Gate = new Gate(),
): Observable<ResultItem> {
  return new Observable((subscriber) => {
    const step = (work: () => void): void => {
      try {
        work();
        if (query.isDone) subscriber.complete();
      } catch (error) {
        subscriber.error(error);
      }
    };
    const query = new RunningQuery(question, execution, gate, step, (item) =>
      subscriber.next(item),
    );
    const timer = execution.isLive
      ? setInterval(() => step(() => query.tick()), BATCH_DELAY_MS)
      : undefined;
    const subscription = feed.subscribe({
      next: (item) => {
        // A feed may still deliver the rest of its current round.
        if (!subscriber.closed) step(() => query.take(item));
      },
      error: (error) => subscriber.error(error),
      complete: () => query.finish(() => subscriber.complete()),
    });
    return () => {
      clearInterval(timer);
      query.close();
      subscription.unsubscribe();
    };
  });
}

class RunningQuery {
  readonly #question: Question;
  readonly #execution: Execution;
  readonly #gate: Gate;
  /** Runs work as a step of the query: ends it when it is done or when the work throws. */
  readonly #step: (work: () => void) => void;
  readonly #emit: (item: ResultItem) => void;
  readonly #plan: QueryPlan;
  readonly #watermark: Watermark;
  readonly #stages = new StageSequence();
  readonly #batching: Batching;
  readonly #traceClasses = new Map<TraceOrigin, TraceClass>();
  /** Where a trace's rows begin for a query that joined late. */
  readonly #startNs = new Map<TraceOrigin, bigint>();
  /** When the source says that it begins and ends: what relative times refer to. */
  #frame: TimeFrame = {};
  #threads: readonly Worker[];
  #pooled: PooledScan | undefined;
  /** What has come while the pool takes its last packets, in its order. */
  #later: (() => void)[] | undefined;
  readonly #held = new HeldReader();

  constructor(
    question: Question,
    execution: Execution,
    gate: Gate,
    step: (work: () => void) => void,
    emit: (item: ResultItem) => void,
  ) {
    this.#question = question;
    this.#execution = execution;
    this.#threads = execution.threads ?? [];
    this.#gate = gate;
    this.#step = step;
    this.#emit = emit;
    this.#plan = new QueryPlan(question, execution, emit);
    const { isLive, maxLagMs = DEFAULT_MAX_LAG_MS } = execution;
    const clock = new FlowClock(() => !gate.isOpen);
    const lag = isLive ? maxLagMs : Number.POSITIVE_INFINITY;
    this.#watermark = new Watermark(lag, () => clock.now());
    this.#batching = new Batching(question, execution, this.#stages, this.#watermark, emit, () =>
      this.#plan.announce(),
    );
  }

  get isDone(): boolean {
    return this.#batching.isDone;
  }

  take(item: DecodedItem): void {
    if (this.isDone) return;
    if (this.#later !== undefined) this.#postpone(item);
    else if (item.kind === "stored-packet") this.#give(item);
    else if (item.kind === "held-packet") this.#takeHeld(item);
    else if (this.#pooled === undefined) this.#take(item);
    else if (item.kind === "trace-class" || item.kind === "caught-up") this.#leavePool(item);
    else this.#pooled.after(() => this.#take(item));
  }

  /** Lets go what has waited long enough. */
  tick(): void {
    if (this.isDone) return;
    this.#stages.newest?.giveUpWaiting();
    this.#batching.tick();
  }

  /** @param onFinished called when the last batch has left */
  finish(onFinished: () => void): void {
    const finish = (): void => {
      this.#step(() => this.#finish());
      onFinished();
    };
    if (this.#later !== undefined) this.#later.push(() => this.finish(onFinished));
    else if (this.#pooled === undefined) finish();
    else this.#pooled.finish(finish);
  }

  close(): void {
    this.#pooled?.close();
    // What is still to come is only let go.
    this.#batching.isDone = true;
    for (const work of this.#later ?? []) work();
    this.#endThreads();
  }

  #endThreads(): void {
    if (this.#execution.keepThreads === true) return;
    for (const thread of this.#threads) void thread.terminate();
    this.#threads = [];
  }

  #finish(): void {
    if (this.isDone) return;
    this.#stages.newest?.endAll();
    this.#batching.finish();
    if (this.isDone) return;
    // A query without a row still has columns.
    if (this.#plan.spec === undefined) this.#settle(this.#frame);
    this.#plan.announce();
  }

  /** A packet of a history is for threads; later ones come one by one, and are read here. */
  #takeHeld(item: HeldPacket): void {
    if (this.#threads.length === 0) this.#take(this.#held.read(item));
    else if (holdsEvents(item)) this.#give(item);
  }

  /** Lets a thread scan a packet. */
  #give(item: PooledPacket): void {
    this.#pooled ??= this.#startPool({ firstNs: item.beginNs, ...this.#frame });
    if (!this.isDone) this.#pooled.packet(item);
  }

  /** Threads keep the classes that they began with: behind new ones, and behind the history, something else scans. */
  #leavePool(item: DecodedItem): void {
    const pool = this.#pooled!;
    this.#later = [];
    this.#postpone(item);
    pool.finish(() => {
      pool.close();
      this.#pooled = undefined;
      this.#addStage(this.#plan.spec!);
      const works = this.#later ?? [];
      this.#later = undefined;
      for (const work of works) work();
    });
  }

  #postpone(item: DecodedItem): void {
    if (item.kind === "held-packet") item.file.hold();
    this.#later?.push(() => {
      this.take(item);
      if (item.kind === "held-packet") item.file.release();
    });
  }

  #startPool(frame: TimeFrame): PooledScan {
    const spec = this.#plan.spec ?? this.#settle(frame);
    return startPool(spec, this.#execution, this.#traceClasses, this.#gate, {
      stage: (pool) => this.#addStage(spec, pool),
      run: (work) => this.#step(work),
      lose: (loss) => this.#batching.onLoss(loss),
      hold: (stream, ns) => this.#watermark.hold(stream, ns),
      advanced: () => this.#batching.drain(),
    });
  }

  #take(item: Exclude<DecodedItem, PooledPacket>): void {
    if (this.isDone) return;
    switch (item.kind) {
      case "trace-class": {
        this.#traceClasses.set(item.trace, item.traceClass);
        this.#plan.noteTimeless(item.traceClass);
        const grown = this.#plan.grow([...this.#traceClasses.values()]);
        if (grown !== undefined && this.#stages.newest !== undefined) this.#addStage(grown);
        this.#stages.newest?.update(item.trace, item.traceClass);
        break;
      }
      case "stream":
        this.#watermark.addStream(item.stream);
        break;
      case "packet": {
        // Columns are settled by the first packet that holds an event: by then the traces' metadata have come.
        if (this.#stages.newest === undefined && holdsEvents(item))
          this.#addStage(this.#settle({ firstNs: item.beginNs, ...this.#frame }));
        this.#stages.newest?.packet(item);
        break;
      }
      case "bound":
        // A stream whose packets wait for metadata is not further than they are.
        if (this.#stages.newest?.isWaiting(item.stream)) break;
        this.#watermark.advance(item.stream, item.ns);
        this.#batching.drain();
        break;
      case "begin":
        this.#frame = { firstNs: item.ns, lastNs: item.lastNs, ...this.#frame };
        break;
      case "source-bound":
        this.#watermark.advanceSource(item.source, item.ns);
        this.#batching.drain();
        break;
      case "loss":
        this.#batching.onLoss(item.loss);
        break;
      case "note":
        this.#emit({ kind: "note", text: item.text });
        break;
      case "stream-end":
        this.#endStream(item.stream);
        break;
      case "trace-end":
        this.#traceClasses.delete(item.trace);
        this.#startNs.delete(item.trace);
        this.#stages.endTrace(item.trace);
        break;
      case "trace":
        if (item.startNs !== undefined) this.#startNs.set(item.trace, item.startNs);
        break;
      case "caught-up":
        this.#endThreads();
        break;
      case "end":
        break;
    }
  }

  #endStream(stream: StreamOrigin): void {
    const end = (): void => this.#stages.endStream(stream);
    if (this.#pooled?.afterPacket(stream, end) !== true) end();
    this.#watermark.endStream(stream);
    this.#batching.drain();
  }

  #settle(frame: TimeFrame): ScanSpec {
    const spec = this.#plan.settle([...this.#traceClasses.values()], frame);
    if (this.#question.limit === 0) this.#batching.isDone = true;
    return spec;
  }

  /** Packets are scanned by another stage from here on. */
  #addStage(spec: ScanSpec, pool?: PoolOfStage): ScanStage {
    const batching = this.#batching;
    const { limit } = this.#question;
    const { engine = "kernel", lines } = this.#execution;
    const outputs = {
      rows: (matched: number, late: number) =>
        spec.countsOnly === true ? batching.onCounted(matched) : batching.onRows(matched, late),
      loss: batching.onLoss.bind(batching),
      flush: () => batching.flush(),
      startNs: (trace: TraceOrigin) => this.#startNs.get(trace),
      get watermarkNs() {
        return batching.lateBeforeNs;
      },
    };
    const capacity = Math.min(BATCH_ROWS, limit ?? BATCH_ROWS);
    const stage = new ScanStage(spec, engine, capacity, outputs, pool, lines?.(spec.columns));
    this.#stages.add(stage, spec.columns);
    return stage;
  }
}

function holdsEvents({ header }: Pick<HeldPacket, "header">): boolean {
  return header.contentBits > header.headerBits;
}
