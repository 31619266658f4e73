/** A query of a view and what it has answered: an aggregate, or rows as far as they are kept. */

import { Answer } from "./answer.ts";
import { type Absence, Connection, type Outage, type State, type Wanted } from "./connection.ts";
import type { Frame, QueryError, Row } from "./frames.ts";
import { absenceEntry, droppedEntry, type LossEntry, lossOf } from "./loss.ts";
import { timeOf } from "./time.ts";
import type { Token } from "./token.ts";

const KEPT_LOSSES = 2000;

export interface RunningOptions {
  /** Rows of a query that is no aggregate; of a live one the newest. */
  readonly keptRows?: number;
  readonly keptWindows?: number;
}

export class RunningQuery {
  readonly wanted: Wanted;
  answer: Answer | undefined;
  /** Rows of a query that is no aggregate. */
  rows: Row[] = [];
  /** How many of them are not kept. */
  left = 0;
  state: State = "connecting";
  outage: Outage | undefined;
  error: QueryError | undefined;
  lostEvents = 0;
  lostPackets = 0;
  /** Rows that the page did not take in time. */
  dropped = 0;
  losses: LossEntry[] = [];
  /** Of the last status. */
  #watermark: bigint | undefined;
  /** Totals of the query before it began again. */
  #before = { lostEvents: 0, lostPackets: 0, dropped: 0 };
  readonly #connection: Connection;
  readonly #news: () => void;
  readonly #options: RunningOptions;

  /** @param news called whenever something has changed */
  constructor(wanted: Wanted, token: Token, news: () => void, options: RunningOptions = {}) {
    this.wanted = wanted;
    this.#news = news;
    this.#options = options;
    this.#connection = new Connection(wanted, token, {
      began: (absence) => this.#began(absence),
      state: (state, outage) => {
        this.state = state;
        this.outage = outage;
        news();
      },
      batch: (batch) => {
        if (this.answer !== undefined) this.answer.add(batch);
        else this.#keep([...batch.rowsFrom()]);
        news();
      },
      frame: (frame) => this.#frame(frame),
      failed: (error) => {
        this.error = error;
        news();
      },
    });
  }

  get isOver(): boolean {
    return this.state === "ended" || this.state === "failed";
  }

  close(): void {
    this.#connection.close();
  }

  #began(absence: Absence | undefined): void {
    const { lostEvents, lostPackets, dropped } = this;
    this.error = undefined;
    this.#before = { lostEvents, lostPackets, dropped };
    this.answer?.restart();
    if (absence === undefined) this.#clear();
    else this.#addLoss(absenceEntry(absence, this.#watermark));
    this.#news();
  }

  #clear(): void {
    this.answer = undefined;
    this.rows = [];
    this.left = 0;
    this.losses = [];
    this.lostEvents = 0;
    this.lostPackets = 0;
    this.dropped = 0;
    this.#before = { lostEvents: 0, lostPackets: 0, dropped: 0 };
  }

  #keep(rows: readonly Row[]): void {
    const most = this.#options.keptRows ?? 0;
    const all = [...this.rows, ...rows];
    const excess = Math.max(0, all.length - most);
    this.left += excess;
    this.rows = this.wanted.isLive ? all.slice(excess) : all.slice(0, most);
  }

  #frame(frame: Frame): void {
    const { columns } = frame;
    const { query } = this.wanted;
    if (columns !== undefined && Answer.isOf(columns, query))
      this.answer ??= new Answer(columns, query, this.#options.keptWindows);
    if (frame.type === "status" || frame.type === "end") this.#takeTotals(frame);
    if (frame.type === "loss") this.#addLoss(lossOf(frame));
    this.#news();
  }

  #takeTotals(frame: Frame): void {
    const { lostEvents, lostPackets, dropped } = this.#before;
    this.lostEvents = lostEvents + Number(frame["lost_events"] ?? 0);
    this.lostPackets = lostPackets + Number(frame["lost_packets"] ?? 0);
    const newlyDropped = dropped + Number(frame["dropped"] ?? 0) - this.dropped;
    const text = frame["watermark_ns"];
    const watermark = (typeof text === "string" ? timeOf(text) : undefined) ?? this.#watermark;
    const last = this.losses.at(-1);
    if (last?.kind === "absence" && last.end === undefined && watermark !== this.#watermark)
      this.losses[this.losses.length - 1] = { ...last, end: watermark };
    if (newlyDropped > 0) {
      this.dropped += newlyDropped;
      this.#addLoss(droppedEntry(newlyDropped, this.#watermark, watermark));
    }
    this.#watermark = watermark;
  }

  /** What goes on from one status to the next is one loss. */
  #addLoss(loss: LossEntry): void {
    const last = this.losses.at(-1);
    const goesOn = loss.kind === "dropped" && last?.kind === "dropped" && last.end === loss.begin;
    if (goesOn) {
      const rows = (last.count ?? 0) + (loss.count ?? 0);
      this.losses[this.losses.length - 1] = droppedEntry(rows, last.begin, loss.end);
    } else if (this.losses.length < KEPT_LOSSES) this.losses.push(loss);
  }
}
