/** One query in its thread: what its client asked, run and encoded here, handed to the network's thread as bytes. */

import { FeedError } from "../../base/errors.ts";
import type { Schema } from "../../column/schema.ts";
import type { Loss } from "../../feed/losses.ts";
import { formatNamed } from "../../format/formats.ts";
import { segmentPaths } from "../../segments/find.ts";
import { runRowFiles } from "../../segments/row-query.ts";
import { errorBody } from "../error-report.ts";
import { acceptedFormat, type OpenedFormat, openFormat } from "./accepted-format.ts";
import { Delivery, type Sink } from "./delivery.ts";
import { failureOf } from "./failure.ts";
import { filterCost } from "./filter-cost.ts";
import { refuseHiddenFacts, refuseHiddenRows } from "./hidden-fields.ts";
import { ContinuedQuery, type KeptQuery, RepeatedQuery } from "./kept-query.ts";
import type { FromEngine, QueryLimits, QueryTask, QueryTotals } from "./messages.ts";
import { Meter } from "./meter.ts";
import {
  creditFromFrame,
  type QueryRequest,
  queryFromBody,
  queryFromFrame,
  queryFromUrl,
} from "./query-request.ts";
import type { Resumable } from "./resumable.ts";
import type { ServedSources, SourceShare } from "./served-sources.ts";
import type { SharedDelivery, SharedPlan } from "./shared-delivery.ts";
import { measured, sharedPlan } from "./shared-plan.ts";
import type { SharedRuns } from "./shared-runs.ts";
import { endFrame, lossFrame, statusFrame } from "./status-frames.ts";

/** Bytes that may be on their way to the client: no batch is added above. */
const WINDOW_BYTES = 2 << 20;
/** A client that takes bytes takes some of the window within this time, in ms. */
const TAKING_MS = 100;
/** Between two status frames, in ms. */
const STATUS_INTERVAL_MS = 1000;
/** How long a live answer's headers wait for the query's first notes, in ms. */
const NOTE_WAIT_MS = 150;
const MAX_NOTES = 100;
/** How often a client is looked at that takes nothing, at least, in ms. */
const MAX_WATCH_MS = 5000;

export interface QueryPlace {
  readonly sources: ServedSources;
  readonly resumable: Resumable | undefined;
  readonly runs: SharedRuns;
  say(message: FromEngine, moved?: readonly ArrayBuffer[]): void;
  /** Called when the query uses nothing any more. */
  over(id: number): void;
}

export class EngineQuery implements Sink {
  readonly #id: number;
  readonly #task: QueryTask;
  readonly #place: QueryPlace;
  readonly #hasFrames: boolean;
  readonly #meter: Meter;
  #format: OpenedFormat | undefined;
  #delivery: Delivery | SharedDelivery | undefined;
  #isLive = false;
  /** The name under which its client can ask for it again. */
  #name: string | undefined;
  /** Batches that the client allows. HTTP has no word for that. */
  #credit: number;
  #underWay = 0;
  #bytes = 0;
  #timer: NodeJS.Timeout | undefined;
  #hasHead = false;
  readonly #notes: string[] = [];
  #isOver = false;
  /** When the client last took something. */
  #takenAtMs: number = performance.now();
  readonly #watch: NodeJS.Timeout;
  #taking: NodeJS.Timeout | undefined;

  constructor(id: number, task: QueryTask, place: QueryPlace) {
    this.#id = id;
    this.#task = task;
    this.#place = place;
    this.#hasFrames = task.asked.kind === "frame";
    this.#credit = this.#hasFrames ? 0 : Number.POSITIVE_INFINITY;
    this.#meter = new Meter(() => this.#checkLimits());
    const { stallMs } = task.limits;
    this.#watch = setInterval(() => this.#checkProgress(), Math.min(stallMs / 4, MAX_WATCH_MS));
  }

  /** Runs it; what is wrong with it goes to its client. */
  async start(): Promise<void> {
    try {
      await this.#start();
    } catch (error) {
      this.fail(error);
    }
  }

  get totals(): QueryTotals {
    const { rows = 0, dropped = 0, late = 0, watermarkNs } = this.#delivery ?? {};
    const lagMs =
      this.#isLive && watermarkNs !== undefined
        ? Math.max(0, Date.now() - Number(watermarkNs / 1_000_000n))
        : undefined;
    return { rows, bytes: this.#bytes, dropped, late, cpuMs: this.#meter.ms, lagMs };
  }

  get isReady(): boolean {
    return this.#credit > 0 && this.#underWay < WINDOW_BYTES;
  }

  get isTaking(): boolean {
    if (this.#credit === 0 || this.#underWay < WINDOW_BYTES) return false;
    const restMs = this.#takenAtMs + TAKING_MS - performance.now();
    if (restMs <= 0) return false;
    this.#taking ??= setTimeout(() => {
      this.#taking = undefined;
      this.#resumeDelivery();
    }, restMs);
    return true;
  }

  /** So many bytes have gone to the client. */
  written(bytes: number): void {
    this.#takenAtMs = performance.now();
    const wasFull = this.#underWay >= WINDOW_BYTES;
    this.#underWay -= bytes;
    if (wasFull && this.#underWay < WINDOW_BYTES) this.#resumeDelivery();
  }

  /** A later frame: credit. */
  frame(text: string): void {
    try {
      const { credit, seq } = creditFromFrame(text);
      this.#credit += credit;
      if (credit > 0) this.#takenAtMs = performance.now();
      const delivery = this.#delivery;
      if (seq !== undefined && delivery instanceof Delivery) delivery.acknowledge(seq);
      this.#resumeDelivery();
    } catch (error) {
      this.fail(error);
    }
  }

  /** The connection is gone: the query waits for its client, if it can. */
  leave(): void {
    const { resumable } = this.#place;
    if (this.#name !== undefined && resumable?.isOf(this.#name, this)) {
      resumable.hold(this.#name);
      this.#name = undefined;
      this.#delivery = undefined;
    }
    this.stop();
  }

  /** The server ends: a live query with its account, one that has not come to its end with an error. */
  finish(): void {
    const delivery = this.#delivery;
    if (this.#isLive && !this.#hasFrames && delivery instanceof Delivery) {
      delivery.conclude();
      return;
    }
    if (this.#hasFrames) this.#say(statusFrame(this.#delivery, this.#name, undefined));
    this.fail(new FeedError("CLOSING", "the server ends", 503));
  }

  /** Ends it at once and sends nothing more. */
  stop(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    // Timeouts and intervals are the same to Node.
    clearTimeout(this.#timer);
    clearInterval(this.#watch);
    clearTimeout(this.#taking);
    const { totals } = this;
    const { resumable } = this.#place;
    if (this.#name === undefined) this.#delivery?.stop();
    // It may be another connection's by now.
    else if (resumable?.isOf(this.#name, this)) resumable.forget(this.#name);
    this.#place.say({ kind: "over", id: this.#id, totals });
    this.#place.over(this.#id);
  }

  columns(columns: Schema): void {
    const { limits } = this.#task;
    if (columns.length > limits.columns) throw tooManyColumns(columns.length, limits);
    if (this.#hasFrames) this.#say(statusFrame(this.#delivery, this.#name, columns));
    else this.#head();
  }

  send(bytes: Uint8Array, isBatch: boolean, onSent?: () => void): void {
    if (isBatch) this.#credit--;
    this.#bytes += bytes.length;
    // `slice` of a Buffer would be a view.
    this.#post(new Uint8Array(bytes));
    onSent?.();
  }

  loss(loss: Loss): void {
    // HTTP's losses are in the batches' metadata.
    if (this.#hasFrames) this.#sayIfRead(lossFrame(loss));
  }

  /** What is known when an HTTP answer begins is in its headers: rows have no place for it. */
  note(text: string): void {
    if (this.#hasFrames) this.#sayIfRead({ type: "note", text });
    else if (!this.#hasHead && this.#notes.length < MAX_NOTES) this.#notes.push(text);
  }

  end(): void {
    if (this.#isOver) return;
    if (this.#hasFrames) this.#say(endFrame(this.#delivery));
    else this.#head();
    this.#place.say({ kind: "end", id: this.#id });
    this.stop();
  }

  fail(error: unknown): void {
    if (this.#isOver) return;
    const canEnd = this.#hasHead && this.#format?.hasErrorLines === true;
    if (canEnd) this.#post(new Uint8Array(Buffer.from(`${errorBody(error)}\n`)));
    this.#place.say({ kind: "fail", id: this.#id, failure: failureOf(error), canEnd });
    this.stop();
  }

  async #start(): Promise<void> {
    const { asked, sources } = this.#task;
    const areRows = this.#place.sources.areRows(sources);
    if (asked.kind === "frame") {
      const frame = queryFromFrame(asked.text, areRows);
      this.#credit += frame.credit;
      if ("resume" in frame) this.#resume(frame.resume, frame.seq);
      else await this.#run(frame.request, formatNamed("arrow"));
      return;
    }
    const request =
      asked.kind === "url"
        ? queryFromUrl(new URLSearchParams(asked.search), areRows)
        : queryFromBody(asked.text, areRows);
    await this.#run(request, request.format ?? acceptedFormat(asked.accept));
  }

  async #run(request: QueryRequest, usual: ReturnType<typeof formatNamed>): Promise<void> {
    const { limits } = this.#task;
    const { select } = request.question;
    if (select !== undefined && select.length > limits.columns)
      throw tooManyColumns(select.length, limits);
    const { filter } = request.question;
    const cost = filter === undefined ? 0 : filterCost(filter);
    if (cost > limits.filterCost) throw tooCostly(cost, limits);
    const { sources, hidden } = this.#task;
    refuseHiddenFacts(request.question, hidden);
    if (request.rows !== undefined) refuseHiddenRows(sources, hidden);
    const format = await openFormat(request.format ?? usual, request);
    await this.#place.sources.checkRange(sources, request.question, request.packets);
    const share = await this.#place.sources.share(sources, request.question);
    // The client may have gone while a session was being attached.
    if (this.#isOver) return;
    this.#format = format;
    this.#isLive = share.isLive;
    const plan = sharedPlan(this.#task, request, format, share);
    if (plan !== undefined) this.#deliverShared(plan);
    else this.#deliver(request, format, measured(share, hidden, this.#meter));
  }

  #deliverShared(plan: SharedPlan): void {
    const delivery = this.#place.runs.open(plan, this, (ms) => this.#meter.add(ms));
    this.#delivery = delivery;
    this.#keep(new RepeatedQuery(plan, delivery));
    delivery.start();
  }

  /** Lets a client that loses its connection come back, where that is possible, and begins to report. */
  #keep(query: KeptQuery): void {
    if (!this.#hasFrames) return;
    this.#name = this.#place.resumable?.add(query, this);
    this.#report();
  }

  #deliver(request: QueryRequest, format: OpenedFormat, share: SourceShare): void {
    const resumable = this.#hasFrames ? this.#place.resumable : undefined;
    const asked = { ...request, maxGroups: this.#task.limits.groups };
    const files = request.rows && segmentPaths(this.#task.sources);
    const rows = files && {
      ...share,
      results: this.#meter.measured(
        runRowFiles(files, { ...request.rows, maxGroups: asked.maxGroups }, share.gate),
      ),
    };
    const { budget } = resumable ?? {};
    const delivery = new Delivery(asked, format, rows ?? share, this, { budget });
    this.#delivery = delivery;
    this.#keep(new ContinuedQuery(delivery, share.isLive));
    delivery.start();
    if (this.#isOver || this.#hasFrames) return;
    // The first event of a live session may be far; a recorded trace soon shows whether it has the names asked for.
    if (share.isLive) this.#timer = setTimeout(() => this.#head(), NOTE_WAIT_MS);
  }

  /** Goes on with a query whose connection was lost, or is about to be. */
  #resume(name: string, seq: number): void {
    const { resumable } = this.#place;
    if (resumable === undefined) {
      const message =
        "resume: expected a server that retains results (--retain), got one that does not";
      throw new FeedError("RESUME_UNKNOWN", message, 410);
    }
    const query = resumable.take(name, this);
    this.#name = name;
    this.#isLive = query.isLive;
    const { delivery, begin } = query.goOn(this, seq, this.#meter);
    this.#delivery = delivery;
    this.#report();
    this.#meter.run(begin);
  }

  /** Status frames, from now on each second. */
  #report(): void {
    const report = (): void => this.#sayIfRead(statusFrame(this.#delivery, this.#name, undefined));
    report();
    this.#timer = setInterval(report, STATUS_INTERVAL_MS);
  }

  #resumeDelivery(): void {
    const delivery = this.#delivery;
    // What a run does for several is measured there.
    if (delivery instanceof Delivery) this.#meter.run(() => delivery.resume());
    else delivery?.resume();
  }

  #head(): void {
    if (this.#hasHead || this.#isOver) return;
    this.#hasHead = true;
    const { contentType = "" } = this.#format ?? {};
    this.#place.say({ kind: "head", id: this.#id, contentType, notes: this.#notes });
  }

  /** Sends what can be left out when a client does not read: later totals have it. */
  #sayIfRead(frame: Record<string, unknown>): void {
    if (this.#underWay < 2 * WINDOW_BYTES) this.#say(frame);
  }

  #say(frame: Record<string, unknown>): void {
    if (this.#isOver) return;
    const text = JSON.stringify(frame);
    this.#underWay += text.length;
    this.#place.say({ kind: "text", id: this.#id, text });
  }

  #post(own: Uint8Array<ArrayBuffer>): void {
    if (this.#underWay === 0) this.#takenAtMs = performance.now();
    this.#underWay += own.length;
    this.#place.say({ kind: "bytes", id: this.#id, bytes: own }, [own.buffer]);
  }

  /** A client that takes nothing holds memory, files and a place among the queries. */
  #checkProgress(): void {
    const { stallMs } = this.#task.limits;
    const waits = this.#underWay > 0 || this.#delivery?.isWaiting === true;
    if (!waits) this.#takenAtMs = performance.now();
    if (performance.now() - this.#takenAtMs <= stallMs) return;
    const message = `query: expected a client that reads within ${stallMs / 1000} s (limit stall), got one that does not`;
    this.fail(new FeedError("SLOW_CLIENT", message, 408));
  }

  #checkLimits(): void {
    if (this.#isOver) return;
    const { cpuMs, rows, bytes } = this.#task.limits;
    const delivery = this.#delivery;
    if (!this.#isLive && this.#meter.ms > cpuMs)
      this.fail(overLimit("cpu", `${cpuMs / 1000} s of a processor`));
    else if (delivery !== undefined && delivery.rows > rows)
      this.fail(overLimit("rows", `${rows} rows`));
    else if (this.#bytes > bytes) this.fail(overLimit("bytes", `${bytes} bytes`));
  }
}

function tooManyColumns(columns: number, limits: QueryLimits): FeedError {
  const message = `select: expected at most ${limits.columns} columns (limit columns), got ${columns}`;
  return new FeedError("TOO_MANY_COLUMNS", message, 400);
}

function tooCostly(cost: number, limits: QueryLimits): FeedError {
  const message = `where: expected a cost of at most ${limits.filterCost} steps (limit filter-cost), got ${cost}`;
  return new FeedError("FILTER_TOO_COSTLY", message, 400);
}

function overLimit(name: string, most: string): FeedError {
  const message = `query: expected at most ${most} (limit ${name}), got more; narrow the query`;
  return new FeedError("LIMIT_REACHED", message, 429);
}
