/** Rows that wait for their time → ordered batches, with losses in their places between the rows. */

import { type ColumnBatch, copyBatch } from "../column/column.ts";
import { isLossEnd, type Loss, LossAccount, lostPackets } from "../feed/losses.ts";
import type { Execution } from "./execution.ts";
import { PendingLosses } from "./order/pending-losses.ts";
import { BATCH_ROWS, END_OF_TIME } from "./order/row-store.ts";
import type { Watermark } from "./order/watermark.ts";
import type { Question } from "./question.ts";
import { NOTHING_SO_FAR, type ResultItem } from "./result.ts";
import type { StageSequence } from "./stage-sequence.ts";

/** Rows that may wait for their time; with more, the slowest streams are not waited for. */
const MAX_HELD_ROWS = 1 << 21;
/** A batch that is not full leaves when its first row has waited this long, in ms. */
export const BATCH_DELAY_MS = 50;

const NO_TIMESTAMPS = new BigInt64Array(0);

export class Batching {
  readonly #question: Question;
  readonly #execution: Execution;
  readonly #stages: StageSequence;
  readonly #watermark: Watermark;
  readonly #emit: (item: ResultItem) => void;
  readonly #beforeBatch: () => void;
  readonly #account = new LossAccount();
  readonly #losses: PendingLosses;
  #lostByStream: string | undefined;
  #pendingSinceMs: number | undefined;
  #reportedNs: bigint | undefined;
  #seq = 0;
  #rows = 0;
  /** Rows that wait for their time, and those that have come since it was last seen which may leave. */
  #held = 0;
  #fresh = 0;
  #late = 0;
  /** Whether the limit is reached. */
  isDone: boolean;

  /** @param beforeBatch called before each batch */
  constructor(
    question: Question,
    execution: Execution,
    stages: StageSequence,
    watermark: Watermark,
    emit: (item: ResultItem) => void,
    beforeBatch: () => void,
  ) {
    this.#question = question;
    this.#execution = execution;
    this.#stages = stages;
    this.#watermark = watermark;
    this.#emit = emit;
    this.#beforeBatch = beforeBatch;
    this.#losses = new PendingLosses(this.#marksEnds);
    this.isDone = false;
  }

  get #marksEnds(): boolean {
    return this.#execution.reportLossEnds === true;
  }

  /** Rows before this time are late; nothing is where rows leave as they come. */
  get lateBeforeNs(): bigint | undefined {
    return this.#question.order === "none" ? undefined : this.#watermark.ns;
  }

  /** Rows have come into the store, some of them late. */
  onRows(matched: number, late: number): void {
    this.#held += matched;
    this.#fresh += matched;
    if (this.#question.order === "none") this.#merge(END_OF_TIME);
    else this.#late += late;
  }

  /** Rows that are only counted. */
  onCounted(matched: number): void {
    this.#rows += matched;
    this.#emitBatch({ rows: matched, timestamps: NO_TIMESTAMPS, columns: [] });
  }

  onLoss(loss: Loss): void {
    if (isLossEnd(loss) && !this.#marksEnds) return;
    if (this.#question.order === "time" && this.#losses.add(loss)) return;
    this.flush();
    this.#report(loss);
  }

  /** Lets rows go whose time has come. */
  drain(): void {
    const { order, limit = BATCH_ROWS } = this.#question;
    if (order === "none") return;
    const { isLive, flushOnWatermark } = this.#execution;
    // All streams are looked at: for a recorded trace, once for a batch of rows.
    if (!isLive && flushOnWatermark !== true && this.#fresh < Math.min(limit, BATCH_ROWS)) return;
    this.#fresh = 0;
    this.#advance(this.#watermark.safeUpTo());
    while (isLive && this.#held > MAX_HELD_ROWS && this.#watermark.excludeSlowestStream())
      this.#advance(this.#watermark.safeUpTo());
    if (flushOnWatermark === true) this.flush();
    this.#reportWatermark();
  }

  /** Lets go what has waited long enough. */
  tick(): void {
    this.drain();
    const since = this.#pendingSinceMs;
    if (since !== undefined && performance.now() - since >= BATCH_DELAY_MS) this.flush();
    this.#reportWatermark();
  }

  /** Lets everything go. */
  finish(): void {
    this.#advance(END_OF_TIME);
    this.flush();
  }

  /** Lets the batch under assembly go. */
  flush(): void {
    this.#pendingSinceMs = undefined;
    const store = this.#stages;
    if (store.rows === 0) return;
    const batch = store.take();
    const mustCopy = store.isLending && this.#execution.borrowBatches !== true;
    this.#emitBatch(mustCopy ? copyBatch(batch) : batch);
  }

  /** Says until when rows have come, unless some of them are still here. */
  #reportWatermark(): void {
    const { ns } = this.#watermark;
    const isReported = this.#execution.reportWatermark !== true || ns === this.#reportedNs;
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
      this.flush();
      for (const loss of this.#losses.take(ns)) this.#report(loss);
    }
    this.#merge(upTo);
  }

  /** Moves rows up to a time into batches, and lets those go that are full. */
  #merge(upTo: bigint): void {
    const store = this.#stages;
    const limit = this.#question.limit ?? Number.POSITIVE_INFINITY;
    while (!this.isDone) {
      const moved = store.merge(upTo, Math.min(limit - this.#rows, BATCH_ROWS));
      if (moved === 0 && !store.isFull) break;
      this.#pendingSinceMs ??= performance.now();
      this.#rows += moved;
      this.#held -= moved;
      // Nothing holds these back any more, whether or not something earlier could still come.
      if (upTo === END_OF_TIME && store.lastNs !== undefined) this.#watermark.passed(store.lastNs);
      const isLast = this.#rows >= limit;
      if (isLast || store.isFull) this.flush();
      if (isLast) this.isDone = true;
    }
  }

  #emitBatch(rows: ColumnBatch): void {
    this.#beforeBatch();
    const account = this.#account;
    this.#emit({
      kind: "batch",
      batch: {
        ...NOTHING_SO_FAR,
        ...rows,
        seq: this.#seq++,
        watermarkNs: this.#watermark.ns,
        late: this.#late,
        lostEvents: account.discardedEvents,
        lostPackets: lostPackets(account),
        gaps: account.gaps,
        clears: account.clears,
        reconnects: account.reconnects,
        lostByStream: this.#lostByStream,
      },
    });
  }

  #report(loss: Loss): void {
    this.#account.add(loss);
    this.#lostByStream = lostByStream(this.#account);
    this.#emit({ kind: "loss", loss });
  }
}

function lostByStream({ streams }: LossAccount): string | undefined {
  if (streams.size === 0) return undefined;
  const lost = [...streams].map(([stream, counts]) => [
    stream,
    [counts.discardedEvents, lostPackets(counts)],
  ]);
  return JSON.stringify(Object.fromEntries(lost));
}
