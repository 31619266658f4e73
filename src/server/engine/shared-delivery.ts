import { LossAccount } from "../../feed/losses.ts";
import type { Had } from "./client-state.ts";
import type { Delivery, Sink } from "./delivery.ts";
import type { Meter } from "./meter.ts";
import { sourceChanged } from "./range-gone.ts";
import type { Delivered, Part, SharedLog } from "./shared-log.ts";

/** How a query is run. */
export interface SharedPlan {
  /** Equal for queries with equal results. */
  readonly key: string;
  /** Whether its sources have not changed since. */
  isCurrent(): boolean;
  /**
   * A delivery that has not been started.
   * @param had what its client has already
   */
  open(sink: Sink, meter: Meter, had?: Had): Delivery;
}

/** What a share knows of its run. */
export interface Run {
  readonly log: SharedLog;
  /** Whether rows wait for clients to take more. */
  readonly isWaiting: boolean;
  add(delivery: SharedDelivery): void;
  remove(delivery: SharedDelivery): void;
  /** Some client has taken something. */
  goOn(): void;
}

/** A query's result as a share of a run. */
export class SharedDelivery {
  readonly plan: SharedPlan;
  readonly charge: (ms: number) => void;
  readonly #join: (delivery: SharedDelivery) => Run;
  readonly #sink: Sink;
  #run: Run | undefined;
  #next = 0;
  /** Bytes of the result that were taken. */
  #offset = 0;
  #isPumping = false;
  #isOver = false;
  #delivered: Delivered = {
    rows: 0,
    batches: 0,
    late: 0,
    unnamedRows: 0,
    watermarkNs: undefined,
  };
  readonly dropped = 0;
  /** Rows behind each of the batches. */
  readonly rowsAfter: number[] = [];
  readonly losses: LossAccount = new LossAccount();

  constructor(
    join: (delivery: SharedDelivery) => Run,
    plan: SharedPlan,
    sink: Sink,
    charge: (ms: number) => void,
  ) {
    this.#join = join;
    this.plan = plan;
    this.#sink = sink;
    this.charge = charge;
  }

  /** Runs the query. */
  start(): void {
    this.moveTo(this.#join(this));
  }

  /** The number of the part that it takes next. */
  get next(): number {
    return this.#next;
  }

  get rows(): number {
    return this.#delivered.rows;
  }

  get batches(): number {
    return this.#delivered.batches;
  }

  get late(): number {
    return this.#delivered.late;
  }

  get unnamedRows(): number {
    return this.#delivered.unnamedRows;
  }

  get watermarkNs(): bigint | undefined {
    return this.#delivered.watermarkNs;
  }

  /** Whether it needs more than its run has. What was taken elsewhere needs no client. */
  get isHungry(): boolean {
    const end = this.#run?.log.end ?? 0;
    return this.#next > end || (this.#next === end && this.#sink.isReady);
  }

  /** Whether rows wait for the client. */
  get isWaiting(): boolean {
    const run = this.#run;
    if (run === undefined || this.#sink.isReady) return false;
    return this.#next < run.log.end || run.isWaiting;
  }

  /** The sink may be ready again. */
  resume(): void {
    const from = performance.now();
    this.pump();
    this.charge(performance.now() - from);
    this.#run?.goOn();
  }

  /** Goes on in another run. */
  moveTo(run: Run): void {
    const left = this.#run;
    this.#run = run;
    run.add(this);
    left?.remove(this);
    this.pump();
  }

  /** Gives the sink what it takes of what is there. */
  pump(): void {
    if (this.#isPumping || this.#isOver) return;
    this.#isPumping = true;
    try {
      this.#pump();
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#isPumping = false;
    }
  }

  /** Ends the query at once and says nothing more. */
  stop(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#run?.remove(this);
    this.#run = undefined;
  }

  #pump(): void {
    while (this.#run !== undefined) {
      const { log } = this.#run;
      const part = log.at(this.#next);
      if (part === undefined) return;
      if (log.offset(this.#next) !== this.#offset) throw sourceChanged();
      if (part.kind === "bytes" && part.isBatch && !this.#sink.isReady) return;
      this.#next++;
      this.#give(part);
    }
  }

  #give(part: Part): void {
    const sink = this.#sink;
    switch (part.kind) {
      case "columns":
        sink.columns(part.columns);
        break;
      case "bytes":
        this.#offset += part.bytes.length;
        this.#delivered = part.delivered;
        if (part.isBatch) this.rowsAfter.push(part.delivered.rows);
        sink.send(part.bytes, part.isBatch);
        break;
      case "loss":
        this.losses.add(part.loss);
        sink.loss(part.loss);
        break;
      case "note":
        sink.note(part.text);
        break;
      case "end":
        this.stop();
        sink.end();
        break;
      case "fail":
        this.#fail(part.error);
        break;
    }
  }

  #fail(error: unknown): void {
    if (this.#isOver) return;
    this.stop();
    this.#sink.fail(error);
  }
}
