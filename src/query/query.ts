/**
 * A query: what the user asked for, compiled, and run over a feed of decoded items.
 *
 * decoded items → scan per trace → time order → batches, each stage synchronous per item. Rows, losses and notes leave
 * in the order of the data.
 */

import type { Worker } from "node:worker_threads";
import { Observable } from "rxjs";
import { SourceError } from "../base/errors.ts";
import { globMatches } from "../base/glob.ts";
import type { StreamOrigin, TraceOrigin } from "../base/item.ts";
import { nearestName } from "../base/text.ts";
import { type ColumnBatch, copyBatch, typeName } from "../column/column.ts";
import {
  defaultRequests,
  type PlannedColumn,
  planColumns,
  replanColumns,
  selectableNames,
  unknownColumns,
} from "../column/layout.ts";
import { type ColumnRequest, columnRequest } from "../column/request.ts";
import type { StoredPacket } from "../ctf/stored-packet.ts";
import type { TraceClass } from "../ctf/trace-class.ts";
import type { DecodedItem } from "../feed/decoded-item.ts";
import { linkEnvironments } from "../feed/environments.ts";
import { FlowClock } from "../feed/flow-clock.ts";
import { type Loss, LossAccount } from "../feed/losses.ts";
import type { Program } from "../filter/bytecode.ts";
import { coverageNote } from "../filter/coverage.ts";
import { filterError } from "../filter/filter-error.ts";
import { unknownSymbols } from "../filter/symbols.ts";
import { MAX_PAGES } from "../scan/kernel/memory/memory.ts";
import type { Release } from "../scan/kernel/order/merger.ts";
import type { LineFormat } from "../scan/line-format.ts";
import type { ScanSpec } from "../scan/scanner.ts";
import { Gate } from "../source/gate.ts";
import { resolveTime, type TimeBound } from "../source/time-bound.ts";
import { wasmMemory } from "../wasm/runtime.ts";
import { canCompile, type Engine, type PoolOfStage } from "./executor.ts";
import { compiledScanner } from "./open-scanner.ts";
import { PendingLosses } from "./order/pending-losses.ts";
import { BATCH_ROWS, END_OF_TIME } from "./order/row-store.ts";
import { Watermark } from "./order/watermark.ts";
import { interpretingThread, PooledScan, type WorkerSegment } from "./pooled-scan.ts";
import { type Rows, type ScanOutputs, ScanStage } from "./scan-stage.ts";
import { OwnThread, type ScanThread, WorkerThread } from "./scan-thread.ts";
import { StageSequence } from "./stage-sequence.ts";

/** What is asked. Everything but `order` and the limits is pushed down to the scan. */
export interface QuerySpec {
  readonly filter: Program | undefined;
  /** Star globs over event names; empty means all. */
  readonly events: readonly string[];
  /** Columns by name or as requests; `undefined` means the default columns. */
  readonly select: readonly (string | ColumnRequest)[] | undefined;
  /** Columns behind those, for who stands between the query and its user. */
  readonly extra?: readonly ColumnRequest[] | undefined;
  readonly begin: TimeBound | undefined;
  readonly end: TimeBound | undefined;
  /** `time` holds rows until no earlier ones can come; `none` delivers them as they are decoded. */
  readonly order: "time" | "none";
  /** Milliseconds that a silent stream may hold the others up. */
  readonly maxLag: number;
  readonly limit: number | undefined;
  /** Whether rows leave as soon as their time has come, instead of in full batches: for few rows. */
  readonly isPrompt?: boolean | undefined;
  /** Default: the kernel. */
  readonly engine?: Engine | undefined;
  /**
   * Whether batches are views of memory that is used again: who takes them is done with them before it returns.
   * Otherwise they are the taker's.
   */
  readonly lendsBatches?: boolean | undefined;
  /** Rows as lines of text, in batches' `lines`, wherever the kernel can write them; the other batches have columns. */
  readonly lines?: ((columns: readonly PlannedColumn[]) => LineFormat | undefined) | undefined;
  /** Threads that scan stored packets, for a feed that leaves them; the query ends them, unless they are another's afterwards. */
  readonly threads?: readonly Worker[] | undefined;
  readonly keepsThreads?: boolean | undefined;
  /** Whether metadata and streams may still come: names nobody knows are then a note, not an error. */
  readonly isLive: boolean;
  /** Whether results say, as `watermark` items, until when all rows have come. */
  readonly reportsWatermark?: boolean | undefined;
  /** Whether columns may also get wider types while the query runs: for who takes values of any type. */
  readonly widensColumns?: boolean | undefined;
}

/** Every event of recorded traces, with the default columns, in the order of time. */
export const EVERYTHING: QuerySpec = {
  filter: undefined,
  events: [],
  select: undefined,
  begin: undefined,
  end: undefined,
  order: "time",
  maxLag: 5000,
  limit: undefined,
  isLive: false,
};

/** Rows with the account that travels with them. */
export interface ResultBatch extends ColumnBatch {
  readonly seq: number;
  /** Nothing earlier will follow, except rows counted in `late`. */
  readonly watermarkNs: bigint | undefined;
  /** Totals so far: rows older than the watermark when they came, and what was lost. */
  readonly late: number;
  readonly lostEvents: number;
  readonly lostPackets: number;
  readonly gaps: number;
  readonly clears: number;
  readonly reconnects: number;
  /** Rows that a condition on containers may have missed: their instance got no name in time. */
  readonly unnamedRows: number;
  /** What each stream lost that lost anything: JSON, `{"HOST/SESSION/PATH/CHANNEL": [events, packets], …}`. */
  readonly lostByStream: string | undefined;
}

/**
 * What travels beside a batch's rows, in Arrow's metadata.
 *
 * @param late rows since the batch that was sent before
 * @param dropped rows since the beginning that a slow client did not get
 */
export function batchFacts(batch: ResultBatch, dropped: number): ReadonlyMap<string, string> {
  const facts = new Map([
    ["seq", String(batch.seq)],
    ["watermark_ns", String(batch.watermarkNs ?? "")],
    ["lost_events", String(batch.lostEvents)],
    ["lost_packets", String(batch.lostPackets)],
    ["gaps", String(batch.gaps)],
    ["clears", String(batch.clears)],
    ["reconnects", String(batch.reconnects)],
    ["late", String(batch.late)],
    ["unnamed_rows", String(batch.unnamedRows)],
    ["dropped", String(dropped)],
  ]);
  if (batch.lostByStream !== undefined) facts.set("lost_by_stream", batch.lostByStream);
  return facts;
}

export type ResultItem =
  /**
   * Comes before the first batch; of live sessions again when a column has got a type that nothing declared before: the
   * batches behind it have this layout.
   */
  | { readonly kind: "columns"; readonly columns: readonly PlannedColumn[] }
  | { readonly kind: "batch"; readonly batch: ResultBatch }
  | { readonly kind: "loss"; readonly loss: Loss }
  /** Everything before `ns` has been delivered, except late rows. */
  | { readonly kind: "watermark"; readonly ns: bigint }
  | { readonly kind: "note"; readonly text: string };

/** Rows that may wait for their time; with more, the streams that hold them up are passed over. */
const MAX_HELD_ROWS = 1 << 21;
/** Memory that a query's threads share, in pages of 64 KiB. */
const FIRST_PAGES = 64;
/** A batch that is not full leaves when its first row has waited this long, in ms. */
const BATCH_DELAY = 50;

/**
 * Runs a query. Completes when the feed ends or the limit is reached; unsubscribing lets the feed go at once.
 * Errors: FilterError for names that a recorded trace does not have.
 *
 * @param gate the share's: held while the query's workers have more than enough to do; what does not come while it is
 * held is not late
 */
export function runQuery(
  spec: QuerySpec,
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
    const clock = new FlowClock(() => !gate.isOpen);
    const query = new RunningQuery(spec, gate, clock, step, (item) => subscriber.next(item));
    const timer = spec.isLive
      ? setInterval(() => step(() => query.tick()), BATCH_DELAY)
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

/** What the columns are, and what they were made of. */
interface Layout {
  readonly requests: readonly ColumnRequest[];
  readonly spec: ScanSpec;
}

const NO_TIMESTAMPS = new BigInt64Array(0);

class RunningQuery {
  readonly #spec: QuerySpec;
  readonly #gate: Gate;
  /** Runs work as a step of the query: ends it when it is done or when the work throws. */
  readonly #step: (work: () => void) => void;
  readonly #emit: (item: ResultItem) => void;
  #pooled: PooledScan | undefined;
  #release: (() => void) | undefined;
  #unwatch: (() => void) | undefined;
  readonly #watermark: Watermark;
  readonly #account = new LossAccount();
  readonly #losses = new PendingLosses();
  #lostByStream: string | undefined;
  readonly #traceClasses = new Map<TraceOrigin, TraceClass>();
  /** Where a trace's rows begin for a query that joined late. */
  readonly #since = new Map<TraceOrigin, bigint>();
  readonly #stages = new StageSequence();
  /** Set when the first packet that holds an event comes. */
  #layout: Layout | undefined;
  /** The columns that were announced last. */
  #announced: readonly PlannedColumn[] | undefined;
  /** When the source says that it begins: the day that times of day belong to. */
  #firstNs: bigint | undefined;
  #pendingSince: number | undefined;
  #reportedNs: bigint | undefined;
  #isTimelessNoted = false;
  #seq = 0;
  #rows = 0;
  /** Rows that wait for their time, and those that have come since it was last seen which may leave. */
  #held = 0;
  #fresh = 0;
  /** Rows that came late. */
  #late = 0;
  isDone = false;

  constructor(
    spec: QuerySpec,
    gate: Gate,
    clock: FlowClock,
    step: (work: () => void) => void,
    emit: (item: ResultItem) => void,
  ) {
    this.#spec = spec;
    this.#gate = gate;
    this.#step = step;
    this.#emit = emit;
    this.#watermark = new Watermark(spec.isLive ? spec.maxLag : Number.POSITIVE_INFINITY, () =>
      clock.now(),
    );
  }

  take(item: DecodedItem): void {
    if (this.isDone) return;
    if (item.kind === "stored-packet") this.#give(item.stream, item.packet, item.beginNs);
    else if (this.#pooled !== undefined) this.#pooled.after(() => this.#take(item));
    else this.#take(item);
  }

  /** Lets a thread scan a packet. */
  #give(stream: StreamOrigin, packet: StoredPacket, beginNs: bigint | undefined): void {
    this.#pooled ??= this.#startPool();
    if (!this.isDone) this.#pooled.packet(stream, packet, beginNs);
  }

  #startPool(): PooledScan {
    const spec = this.#scanSpec(this.#firstNs);
    const traceClasses = this.#traceClasses;
    const traces = [...traceClasses].map(([{ host }, traceClass]) => ({
      traceClass,
      facts: { host },
    }));
    const isCompiled = canCompile(this.#spec.engine ?? "kernel");
    const memory = isCompiled ? wasmMemory(FIRST_PAGES, MAX_PAGES, true) : undefined;
    const release: Release = (segment) => this.#pooled?.release(segment as WorkerSegment);
    const stage = this.#newStage(spec, memory && { memory, traces, release });
    this.#stages.add(stage, spec.columns);
    const threads = isCompiled
      ? this.#compiledThreads(spec)
      : [interpretingThread(stage, traceClasses)];
    const query = { kind: "query", memory, spec, traces } as const;
    this.#unwatch = this.#gate.watch(() => {
      if (!this.#isPaused()) this.#pooled?.resume();
    });
    return new PooledScan(threads, query, stage, traceClasses, {
      run: (work) => this.#step(work),
      saturated: (isSaturated) => {
        if (isSaturated) this.#release ??= this.#gate.hold();
        else this.#letGo();
      },
      isPaused: () => this.#isPaused(),
      lose: (loss) => this.#lose(loss),
      hold: (stream, ns) => this.#watermark.hold(stream, ns),
      advanced: () => this.#drain(),
    });
  }

  #compiledThreads(spec: ScanSpec): ScanThread<Rows>[] {
    const workers: ScanThread<Rows>[] = (this.#spec.threads ?? []).map(
      (one) => new WorkerThread(one),
    );
    // Where rows are only counted, or are few, this thread has nothing else to do.
    const isIdle = spec.countsOnly === true || this.#spec.isPrompt === true;
    if (workers.length === 0 || isIdle) workers.push(new OwnThread(compiledScanner));
    return workers;
  }

  /** Whether anyone but the query itself holds the gate. */
  #isPaused(): boolean {
    return this.#gate.holders > (this.#release === undefined ? 0 : 1);
  }

  #letGo(): void {
    this.#release?.();
    this.#release = undefined;
  }

  close(): void {
    this.#unwatch?.();
    this.#letGo();
    this.#pooled?.close();
    if (this.#spec.keepsThreads === true) return;
    for (const thread of this.#spec.threads ?? []) void thread.terminate();
  }

  #take(item: Exclude<DecodedItem, { kind: "stored-packet" }>): void {
    if (this.isDone) return;
    switch (item.kind) {
      case "trace-class":
        this.#traceClasses.set(item.trace, item.traceClass);
        this.#noteTimeless(item.traceClass);
        this.#settleColumns();
        this.#stages.newest?.update(item.trace, item.traceClass);
        break;
      case "stream":
        this.#watermark.addStream(item.stream);
        break;
      case "packet": {
        // Columns are settled by the first packet that holds an event: by then the traces' metadata have come.
        const holdsEvents = item.header.contentBits > item.header.headerBits;
        if (this.#stages.newest === undefined && holdsEvents) {
          const spec = this.#scanSpec(this.#firstNs ?? item.beginNs);
          this.#stages.add(this.#newStage(spec), spec.columns);
        }
        this.#stages.newest?.packet(item);
        break;
      }
      case "bound":
        // A stream whose packets wait for metadata is not further than they are.
        if (this.#stages.newest?.isWaiting(item.stream)) break;
        this.#watermark.advance(item.stream, item.ns);
        this.#drain();
        break;
      case "begin":
        this.#firstNs ??= item.ns;
        break;
      case "source-bound":
        this.#watermark.advanceSource(item.source, item.ns);
        this.#drain();
        break;
      case "loss":
        this.#lose(item.loss);
        break;
      case "note":
        this.#emit({ kind: "note", text: item.text });
        break;
      case "stream-end": {
        const end = (): void => this.#stages.endStream(item.stream);
        if (this.#pooled?.afterPacket(item.stream, end) !== true) end();
        this.#watermark.endStream(item.stream);
        this.#drain();
        break;
      }
      case "trace-end":
        this.#traceClasses.delete(item.trace);
        this.#since.delete(item.trace);
        this.#stages.endTrace(item.trace);
        break;
      case "trace":
        if (item.sinceNs !== undefined) this.#since.set(item.trace, item.sinceNs);
        break;
      case "end":
        break;
    }
  }

  /** Lets go what has waited long enough. */
  tick(): void {
    if (this.isDone) return;
    this.#stages.newest?.giveUpWaiting();
    this.#drain();
    if (this.#pendingSince !== undefined && performance.now() - this.#pendingSince >= BATCH_DELAY)
      this.#flush();
    this.#reportWatermark();
  }

  /** @param onFinished called when the last batch has left */
  finish(onFinished: () => void): void {
    const finish = (): void => {
      this.#step(() => this.#finish());
      onFinished();
    };
    if (this.#pooled === undefined) finish();
    else this.#pooled.finish(finish);
  }

  #finish(): void {
    if (this.isDone) return;
    this.#stages.newest?.endAll();
    this.#advance(END_OF_TIME);
    this.#flush();
    // A query without a row still has columns.
    if (this.#layout === undefined && !this.isDone) this.#scanSpec(undefined);
    if (!this.isDone) this.#announce();
  }

  /** Settles columns and time range, and checks names against what the traces have. */
  #scanSpec(firstNs: bigint | undefined): ScanSpec {
    const traceClasses = [...this.#traceClasses.values()];
    const { select, filter, events } = this.#spec;
    const requests = select?.map((one) => (typeof one === "string" ? columnRequest(one) : one));
    this.#checkNames(requests ?? [], traceClasses);
    this.#noteCoverage(traceClasses);
    const shown = requests ?? defaultRequests(traceClasses);
    const all = [...shown, ...(this.#spec.extra ?? [])];
    const columns = planColumns(all, traceClasses);
    const { order, limit, isLive } = this.#spec;
    const spec = {
      filter,
      events,
      columns,
      countsOnly: columns.length === 0 && order === "none" && limit === undefined,
      begin: resolveTime(this.#spec.begin, firstNs),
      end: resolveTime(this.#spec.end, firstNs),
    };
    this.#layout = { requests: all, spec };
    // Until the first row of a live query, its columns may still get their types.
    if (!isLive || limit === 0) this.#announce();
    if (limit === 0) this.isDone = true;
    return spec;
  }

  /** Says what columns the batches from here on have. */
  #announce(): void {
    const columns = this.#layout?.spec.columns;
    if (columns === undefined || columns === this.#announced) return;
    const before = this.#announced;
    this.#announced = columns;
    this.#emit({ kind: "columns", columns });
    // Those behind are not the user's.
    const shown = columns.length - (this.#spec.extra?.length ?? 0);
    const changed = columns
      .slice(0, shown)
      .filter((column, i) => before !== undefined && column !== before[i]);
    for (const { name, type } of changed) {
      const text = `column ${name} is declared: ${typeName(type)} from here on`;
      this.#emit({ kind: "note", text });
    }
  }

  /** Gives columns their types whose fields are declared by now, and scans with them from here on. */
  #settleColumns(): void {
    const layout = this.#layout;
    if (layout === undefined || !this.#spec.isLive) return;
    const { requests, spec } = layout;
    const classes = [...this.#traceClasses.values()];
    const widens = this.#spec.widensColumns === true;
    const columns = replanColumns(spec.columns, requests, classes, widens);
    if (columns === spec.columns) return;
    const settled = { ...spec, columns };
    this.#layout = { requests, spec: settled };
    if (this.#stages.newest !== undefined) this.#stages.add(this.#newStage(settled), columns);
  }

  #newStage(spec: ScanSpec, pool?: PoolOfStage): ScanStage {
    const watermark = this.#watermark;
    const { order, limit, engine = "kernel" } = this.#spec;
    const outputs: ScanOutputs = {
      rows: (matched, late) => {
        if (spec.countsOnly) {
          this.#rows += matched;
          this.#emitBatch({ rows: matched, timestamps: NO_TIMESTAMPS, columns: [] });
          return;
        }
        this.#held += matched;
        this.#fresh += matched;
        if (order === "none") this.#merge(END_OF_TIME);
        else this.#late += late;
      },
      loss: (loss) => this.#lose(loss),
      flush: () => this.#flush(),
      since: (trace) => this.#since.get(trace),
      get watermarkNs() {
        return order === "none" ? undefined : watermark.ns;
      },
    };
    const capacity = Math.min(BATCH_ROWS, limit ?? BATCH_ROWS);
    const lines = this.#spec.lines?.(spec.columns);
    return new ScanStage(spec, engine, capacity, outputs, pool, lines);
  }

  /** Says which event classes the filter leaves out without looking at their records. */
  #noteCoverage(traceClasses: readonly TraceClass[]): void {
    const { filter, events, isLive } = this.#spec;
    if (filter === undefined) return;
    const environments = [...linkEnvironments(traceClasses)].filter(
      ({ eventClass: { name } }) =>
        events.length === 0 || events.some((glob) => globMatches(glob, name)),
    );
    const text = coverageNote(filter, environments);
    if (text !== undefined) this.#emit({ kind: "note", text: isLive ? `so far, ${text}` : text });
  }

  /** Says, once, that events without a time lie in no range of times. */
  #noteTimeless({ streamClasses }: TraceClass): void {
    if (this.#isTimelessNoted) return;
    if (this.#spec.begin === undefined && this.#spec.end === undefined) return;
    const one = [...streamClasses.values()].find(
      ({ clock, eventClasses }) => clock === undefined && eventClasses.size > 0,
    );
    if (one === undefined) return;
    this.#isTimelessNoted = true;
    const text = `stream class ${one.id} has no clock: its events have no time, and a begin or end leaves them out`;
    this.#emit({ kind: "note", text });
  }

  #checkNames(requests: readonly ColumnRequest[], traceClasses: readonly TraceClass[]): void {
    const { filter, isLive } = this.#spec;
    if (filter !== undefined) {
      const all = unknownSymbols(filter, linkEnvironments(traceClasses));
      const unknown = all.find(({ isAllowed }) => !isAllowed) ?? all[0];
      if (unknown !== undefined) {
        const { symbol, nearest, isAllowed } = unknown;
        const hint = nearest === undefined ? "" : ` (did you mean ${nearest}?)`;
        const problem = `expected a field or context of the trace, got ${symbol}${hint}`;
        if (!isLive && !isAllowed)
          throw filterError("FILTER_UNKNOWN_FIELD", filter.text, unknown, "filter", problem);
        const far = isLive ? " so far" : "";
        this.#emit({ kind: "note", text: `filter: ${problem}; nothing has it${far}` });
      }
    }
    const [column] = unknownColumns(requests, traceClasses);
    if (column === undefined) return;
    const near = nearestName(column, selectableNames(traceClasses));
    const message = `select: expected a field or context of the trace, got ${column}${near === undefined ? "" : `; did you mean ${near}?`}`;
    if (!isLive) throw new SourceError("SELECT_UNKNOWN_FIELD", message);
    this.#emit({ kind: "note", text: `${message} (nothing has it so far)` });
  }

  #drain(): void {
    if (this.#spec.order === "none") return;
    // All streams are looked at: for a recorded trace, once for a batch of rows.
    const { isLive, isPrompt, limit = BATCH_ROWS } = this.#spec;
    if (!isLive && isPrompt !== true && this.#fresh < Math.min(limit, BATCH_ROWS)) return;
    this.#fresh = 0;
    this.#advance(this.#watermark.safeUpTo());
    while (this.#spec.isLive && this.#held > MAX_HELD_ROWS && this.#watermark.passOverLeast()) {
      this.#advance(this.#watermark.safeUpTo());
    }
    if (this.#spec.isPrompt === true) this.#flush();
    this.#reportWatermark();
  }

  /** Says until when rows have come, unless some of them are still here. */
  #reportWatermark(): void {
    const { ns } = this.#watermark;
    const isReported = this.#spec.reportsWatermark !== true || ns === this.#reportedNs;
    if (isReported || ns === undefined || this.#stages.rows > 0) return;
    this.#reportedNs = ns;
    this.#emit({ kind: "watermark", ns });
  }

  /** Lets go everything up to a time, losses at their places between the rows. */
  #advance(upTo: bigint | undefined): void {
    if (upTo === undefined) return;
    for (;;) {
      const ns = this.#losses.firstUpTo(upTo);
      if (ns === undefined || this.isDone) break;
      // A loss stands behind what its stream brought before it.
      this.#merge(ns);
      this.#flush();
      for (const loss of this.#losses.take(ns)) this.#tell(loss);
    }
    this.#merge(upTo);
  }

  /** Moves rows up to a time into batches, and lets those go that are full. */
  #merge(upTo: bigint): void {
    const store = this.#stages;
    const limit = this.#spec.limit ?? Number.POSITIVE_INFINITY;
    while (!this.isDone) {
      const moved = store.merge(upTo, Math.min(limit - this.#rows, BATCH_ROWS));
      if (moved === 0 && !store.isFull) break;
      this.#pendingSince ??= performance.now();
      this.#rows += moved;
      this.#held -= moved;
      // Nothing holds these back any more, whether or not something earlier could still come.
      if (upTo === END_OF_TIME && store.lastNs !== undefined) this.#watermark.passed(store.lastNs);
      const isLast = this.#rows >= limit;
      if (isLast || store.isFull) this.#flush();
      if (isLast) this.isDone = true;
    }
  }

  #flush(): void {
    this.#pendingSince = undefined;
    const store = this.#stages;
    if (store.rows === 0) return;
    const batch = store.take();
    const mustCopy = store.isLending && this.#spec.lendsBatches !== true;
    this.#emitBatch(mustCopy ? copyBatch(batch) : batch);
  }

  #emitBatch(rows: ColumnBatch): void {
    this.#announce();
    const batch: ResultBatch = {
      ...rows,
      seq: this.#seq++,
      watermarkNs: this.#watermark.ns,
      late: this.#late,
      unnamedRows: 0,
      lostEvents: this.#account.discardedEvents,
      lostPackets: this.#account.missingPackets + this.#account.undecodablePackets,
      gaps: this.#account.gaps,
      clears: this.#account.clears,
      reconnects: this.#account.reconnects,
      lostByStream: this.#lostByStream,
    };
    this.#emit({ kind: "batch", batch });
  }

  #lose(loss: Loss): void {
    if (this.#spec.order === "time" && this.#losses.add(loss)) return;
    this.#flush();
    this.#tell(loss);
  }

  #tell(loss: Loss): void {
    this.#account.add(loss);
    this.#lostByStream = byStream(this.#account);
    this.#emit({ kind: "loss", loss });
  }
}

function byStream({ streams }: LossAccount): string | undefined {
  if (streams.size === 0) return undefined;
  const lost = [...streams].map(([stream, { discardedEvents, ...packets }]) => [
    stream,
    [discardedEvents, packets.missingPackets + packets.undecodablePackets],
  ]);
  return JSON.stringify(Object.fromEntries(lost));
}
