/** Runs the queries of a view, and puts their rows on its board. */

import type { Subscription } from "rxjs";
import { parseDuration } from "../base/duration.ts";
import { FilterError, SourceError } from "../base/errors.ts";
import type { TraceClass } from "../ctf/trace-class.ts";
import { LossAccount } from "../feed/losses.ts";
import type { Question } from "../query/question.ts";
import type { ResultBatch, ResultItem } from "../query/result.ts";
import { Board } from "./board.ts";
import { PartRows } from "./part-rows.ts";
import { ask, type SharedSource } from "./source.ts";
import type { View } from "./view.ts";
import { type PartQuery, partQueries, type Scope } from "./view-query.ts";

export interface SampleSpec {
  readonly view: View;
  readonly scope: Scope;
  /** The windows, such as `2s`; or the nanoseconds of all the time, for one answer. */
  readonly time: string | number;
  readonly base: Partial<Question>;
  readonly maxWindows: number;
}

export interface SamplerHost extends SharedSource {
  readonly maxLagMs: number;
  readonly onChange: () => void;
  /** Traces that have been declared. */
  readonly onTraceClass: (traceClass: TraceClass) => void;
  readonly onError: (error: unknown) => void;
}

/** One view's queries, while it is shown. */
export class Sampler {
  readonly board: Board;
  readonly losses: LossAccount = new LossAccount();
  /** What does not work here, such as a filter on names that a table has not. */
  readonly notes: Set<string> = new Set();
  /** Why parts have no answer: names that nothing has. */
  readonly unanswered: string[] = [];
  /** How much of a recorded trace each part has read, from 0 to 1. */
  readonly #progress: number[];
  watermarkNs: bigint | undefined;
  late = 0;
  /** Intervals of which a begin or an end is missing; and those that may have been cut short by a loss. */
  unpaired = 0;
  interrupted = 0;
  readonly #spec: SampleSpec;
  readonly #host: SamplerHost;
  readonly #subscriptions: (Subscription | undefined)[] = [];
  #running: number;

  constructor(spec: SampleSpec, host: SamplerHost) {
    this.#spec = spec;
    this.#host = host;
    this.#running = spec.view.parts.length;
    this.#progress = spec.view.parts.map(() => 0);
    this.board = new Board(spec.view, spec.maxWindows, windowNs(spec.time));
  }

  get hasEnded(): boolean {
    return this.#running === 0;
  }

  get progress(): number {
    return this.#progress.reduce((sum, part) => sum + part, 0) / this.#progress.length;
  }

  start(): void {
    const { view, scope, time } = this.#spec;
    view.parts.forEach((part, i) => {
      this.#run(i, partQueries(part, view, scope, time));
    });
  }

  stop(): void {
    for (const subscription of this.#subscriptions) subscription?.unsubscribe();
  }

  /** Runs a part's first query, or the next where a name is missing. */
  #run(part: number, [query, ...others]: readonly PartQuery[]): void {
    const { maxLagMs, onTraceClass } = this.#host;
    if (query === undefined) return;
    const failed = (error: unknown): void => this.#failed(part, error, others);
    try {
      const { base } = this.#spec;
      const rows = new PartRows(query);
      this.#subscriptions[part] = ask(this.#host, query.text, {
        base,
        maxLagMs,
        onTraceClass,
        onProgress: (share) => {
          this.#progress[part] = share;
          this.#host.onChange();
        },
      }).subscribe({
        next: (item) => this.#take(part, rows, item),
        error: failed,
        complete: () => this.#ended(part),
      });
    } catch (error) {
      failed(error);
    }
  }

  #take(part: number, rows: PartRows, item: ResultItem): void {
    switch (item.kind) {
      case "columns":
        rows.schema = item.columns;
        return;
      case "batch":
        this.#batch(part, rows, item.batch);
        break;
      case "loss":
        if (part === 0) this.losses.add(item.loss);
        break;
      case "watermark":
        this.board.pass(part, item.ns);
        break;
      case "note":
        this.notes.add(item.text);
        break;
    }
    this.#host.onChange();
  }

  #batch(part: number, rows: PartRows, batch: ResultBatch): void {
    const { board } = this;
    if (batch.snapshot !== undefined) board.restart(part, rows.columns);
    rows.read(batch, (startNs, keys, values, lost) => {
      board.add(part, startNs, keys, rows.columns, values);
      if (lost > 0) board.addLost(startNs, lost);
    });
    this.late = Math.max(this.late, batch.late);
    this.unpaired = Math.max(this.unpaired, batch.unpaired);
    this.interrupted = Math.max(this.interrupted, batch.interrupted);
    const { watermarkNs } = batch;
    if (watermarkNs !== undefined && watermarkNs > (this.watermarkNs ?? 0n))
      this.watermarkNs = watermarkNs;
  }

  #failed(part: number, error: unknown, others: readonly PartQuery[]): void {
    if (isForNames(error) && others.length > 0) {
      this.#run(part, others);
      return;
    }
    if (isForNames(error)) {
      this.notes.add(error.message.split("\n")[0]!);
      this.unanswered.push(error.message);
    } else this.#host.onError(error);
    this.#ended(part);
  }

  #ended(part: number): void {
    this.#progress[part] = 1;
    this.board.end(part);
    this.#running--;
    this.#host.onChange();
  }
}

/** How long windows are; 0 of all the time. */
function windowNs(time: string | number): bigint {
  const ms = typeof time === "string" ? parseDuration(time) : 0;
  return BigInt(Math.round((ms ?? 0) * 1e6));
}

/** Whether a query speaks of what this trace, or this table, does not have. */
function isForNames(error: unknown): error is FilterError | SourceError {
  if (error instanceof FilterError) return true;
  return error instanceof SourceError && error.code === "SELECT_UNKNOWN_FIELD";
}
