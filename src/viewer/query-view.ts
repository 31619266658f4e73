/** The result of the query in the box: its connection, its counters, and its rows. */

import { Connection, type Listener, type State } from "./connection.ts";
import { byId, count, show, visibleLines } from "./dom.ts";
import { EventsTable } from "./events-table.ts";
import type { Frame, QueryError } from "./frames.ts";
import type { Token } from "./token.ts";
import { Totals } from "./totals.ts";

const UPDATE_MS = 200;

export class QueryView implements Listener {
  readonly #token: Token;
  readonly #totals = new Totals();
  readonly #events = new EventsTable();
  #connection: Connection | undefined;
  #state: State | "needs a token" = "connecting";
  #isPaused = false;
  #rowsAtPause = 0;

  constructor(token: Token) {
    this.#token = token;
    byId("all").addEventListener("change", () => this.#events.invalidate());
    setInterval(() => this.#update(), UPDATE_MS);
  }

  run(query: string, source: string, isLive: boolean): void {
    this.#connection?.close();
    this.#connection = new Connection({ query, source, isLive }, this.#token, this);
  }

  stop(why: "stopped" | "needs a token"): void {
    this.#connection?.close();
    this.#connection = undefined;
    this.#state = why;
    this.#showState();
  }

  /** While paused, rows are counted and kept, and what is shown stays. */
  pause(isPaused: boolean): void {
    if (isPaused && !this.#isPaused) this.#rowsAtPause = this.#totals.rows;
    this.#isPaused = isPaused;
    byId("pause").setAttribute("aria-pressed", String(isPaused));
    this.#showState();
  }

  began(): void {
    this.#events.reset();
    this.#totals.reset();
    this.#rowsAtPause = 0;
    show("error", "");
  }

  state(state: State): void {
    this.#state = state;
    this.#showState();
  }

  rows(bytes: Uint8Array): void {
    this.#totals.addRows(this.#events.add(bytes));
  }

  frame(frame: Frame): void {
    if (frame.columns !== undefined) this.#events.setColumns(frame.columns);
    this.#totals.take(frame);
  }

  failed(error: QueryError): void {
    show("error", visibleLines(error.message));
  }

  #update(): void {
    this.#totals.update();
    if (this.#isPaused) this.#showState();
    else this.#events.update(byId<HTMLInputElement>("all").checked);
  }

  #showState(): void {
    const news = this.#totals.rows - this.#rowsAtPause;
    const state = byId("state");
    state.textContent = this.#isPaused ? `paused, ${count(news)} new` : this.#state;
    state.className = this.#isPaused ? "paused" : "";
  }
}
