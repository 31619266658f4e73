/** The result of the query in the box: its connection, its counters, and its rows. */

import { AnswerView } from "./answer-view.ts";
import { Connection, type Listener, type State } from "./connection.ts";
import { Diagnostic } from "./diagnostic.ts";
import { byId, count } from "./dom.ts";
import { EventsTable } from "./events-table.ts";
import { type Frame, lastLines, type QueryError } from "./frames.ts";
import type { Token } from "./token.ts";
import { Totals } from "./totals.ts";

const UPDATE_MS = 200;
/** An aggregate's frame is decoded whole; a group beyond so many of one frame is not kept. */
const FRAME_ROWS = 20_000;

export class QueryView implements Listener {
  readonly #token: Token;
  readonly #totals = new Totals();
  readonly #events = new EventsTable();
  readonly #answer = new AnswerView();
  readonly #diagnostic: Diagnostic;
  #connection: Connection | undefined;
  #query = "";
  #source = "";
  #state: State | "needs a token" = "connecting";
  #isPaused = false;
  #rowsAtPause = 0;

  /** @param apply called with a query that an error's button mended */
  constructor(token: Token, apply: (query: string) => void) {
    this.#token = token;
    this.#diagnostic = new Diagnostic(token, apply);
    byId("all").addEventListener("change", () => this.#events.invalidate());
    setInterval(() => this.#update(), UPDATE_MS);
  }

  run(query: string, source: string, isLive: boolean): void {
    this.#connection?.close();
    this.#query = query;
    this.#source = source;
    this.#connection = new Connection({ query, source, isLive }, this.#token, this);
  }

  stop(why: "stopped" | "needs a token"): void {
    this.#connection?.close();
    this.#connection = undefined;
    if (!this.#isPaused) this.#show();
    this.#diagnostic.clear();
    this.#state = why;
    this.#showState();
  }

  /** While paused, rows are counted and kept, and what is shown stays. */
  pause(isPaused: boolean): void {
    if (isPaused && !this.#isPaused) this.#rowsAtPause = this.#totals.rows;
    this.#isPaused = isPaused;
    this.#showState();
  }

  began(): void {
    this.#events.reset();
    this.#answer.reset();
    this.#totals.reset();
    this.#rowsAtPause = 0;
    this.#diagnostic.clear();
  }

  state(state: State): void {
    this.#state = state;
    this.#showState();
  }

  rows(bytes: Uint8Array): void {
    this.#totals.addRows(this.#answer.isShown ? this.#addAnswer(bytes) : this.#events.add(bytes));
  }

  #addAnswer(bytes: Uint8Array): number {
    const { total, lines } = lastLines(bytes, FRAME_ROWS);
    this.#answer.add(lines);
    return total;
  }

  frame(frame: Frame): void {
    if (frame.columns !== undefined) {
      this.#answer.setColumns(frame.columns, this.#query);
      this.#events.setColumns(frame.columns);
    }
    this.#totals.take(frame);
  }

  failed(error: QueryError): void {
    void this.#diagnostic.show(error, this.#query, this.#source);
  }

  #update(): void {
    this.#totals.update();
    if (this.#isPaused) this.#showState();
    else if (this.#connection !== undefined) this.#show();
  }

  #show(): void {
    this.#answer.update();
    if (!this.#answer.isShown) this.#events.update(byId<HTMLInputElement>("all").checked);
  }

  #showState(): void {
    const news = this.#totals.rows - this.#rowsAtPause;
    const state = byId("state");
    state.textContent = this.#isPaused ? `paused, ${count(news)} new` : this.#state;
    state.className = this.#isPaused ? "paused" : "";
  }
}
