/** A query of a view and what it has answered: an aggregate, or rows as far as they are kept. */

import { Answer } from "./answer.ts";
import { Connection, type Outage, type State, type Wanted } from "./connection.ts";
import type { Frame, QueryError, Row } from "./frames.ts";
import { type LossEntry, lossOf } from "./loss.ts";
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
  losses: LossEntry[] = [];
  readonly #connection: Connection;
  readonly #news: () => void;
  readonly #options: RunningOptions;

  /** @param news called whenever something has changed */
  constructor(wanted: Wanted, token: Token, news: () => void, options: RunningOptions = {}) {
    this.wanted = wanted;
    this.#news = news;
    this.#options = options;
    this.#connection = new Connection(wanted, token, {
      began: () => this.#began(),
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

  #began(): void {
    this.answer = undefined;
    this.rows = [];
    this.left = 0;
    this.error = undefined;
    this.losses = [];
    this.#news();
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
    this.lostEvents = Number(frame["lost_events"] ?? this.lostEvents);
    this.lostPackets = Number(frame["lost_packets"] ?? this.lostPackets);
    if (frame.type === "loss") this.#takeLoss(frame);
    this.#news();
  }

  #takeLoss(frame: Frame): void {
    if (this.losses.length < KEPT_LOSSES) this.losses.push(lossOf(frame));
  }
}
