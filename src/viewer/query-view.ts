/** The result of the query in the box: its connection, its counters, and its rows. */

import { AnswerView } from "./answer-view.ts";
import type { Batch } from "./arrow.ts";
import { ColumnPicker } from "./column-picker.ts";
import { type Absence, Connection, type Listener, type Outage, type State } from "./connection.ts";
import { byId, count, show } from "./dom.ts";
import { EventsTable } from "./events-table.ts";
import type { Frame, QueryError } from "./frames.ts";
import { absenceText } from "./loss.ts";
import { outageText } from "./outage.ts";
import { joined } from "./query-text.ts";
import { RowPanel } from "./row-panel.ts";
import { Totals } from "./totals.ts";
import type { Host, Scope, View } from "./view.ts";

export class QueryView implements View, Listener {
  readonly #host: Host;
  readonly #totals = new Totals();
  readonly #panel: RowPanel;
  readonly #events: EventsTable;
  readonly #picker: ColumnPicker;
  readonly #answer = new AnswerView();
  #connection: Connection | undefined;
  #query = "";
  /** What the page adds to it. */
  #select = "";
  #state: State | "needs a token" = "connecting";
  #outage: Outage | undefined;
  #isLive = false;
  #isPaused = false;
  #rowsAtPause = 0;

  constructor(host: Host) {
    this.#host = host;
    this.#panel = new RowPanel(host);
    this.#events = new EventsTable(
      (row) => this.#panel.open(row),
      () => this.#leftNewest(),
    );
    this.#picker = new ColumnPicker((columns) => {
      this.#events.choose(columns);
      this.#events.update();
      host.replace({ columns });
    });
  }

  get queries(): readonly string[] {
    return [this.#query];
  }

  run({ place, source, isLive, range, select }: Scope): void {
    this.#connection?.close();
    const { query, columns } = place;
    this.#query = query;
    this.#isLive = isLive;
    this.#events.showsHost = /\bhost\b/.test(select);
    this.#events.choose(columns);
    this.#panel.run(place);
    byId("totals").hidden = false;
    // A filter alone has no column for containers.
    this.#select = /\|>|^\s*@/.test(query) ? "" : select;
    const whole = joined(query, this.#select).trim();
    const wanted = { query: whole, source, isLive, range: isLive ? undefined : range };
    this.#connection = new Connection(wanted, this.#host.token, this);
  }

  /** Nothing is connected any more; what is shown stays. */
  stop(why: "stopped" | "needs a token" = "stopped"): void {
    this.#connection?.close();
    this.#connection = undefined;
    this.#host.diagnose(undefined, this.#query);
    this.#panel.close();
    this.#state = why;
    this.#paint();
  }

  /** While paused, rows are counted and kept, and what is shown stays. */
  pause(isPaused: boolean): void {
    if (isPaused && !this.#isPaused) this.#rowsAtPause = this.#totals.rows;
    this.#isPaused = isPaused;
    if (!isPaused) this.#events.update();
    this.#showState();
  }

  began(absence?: Absence): void {
    this.#host.diagnose(undefined, this.#query);
    if (absence !== undefined) {
      this.#answer.restart();
      this.#totals.restart(absenceText(absence));
      return;
    }
    this.#events.reset();
    this.#answer.reset();
    this.#totals.reset();
    this.#rowsAtPause = 0;
  }

  state(state: State, outage?: Outage): void {
    this.#state = state;
    this.#outage = outage;
    this.#paint();
  }

  batch(batch: Batch): void {
    this.#totals.addRows(batch.rows);
    if (this.#answer.isShown) this.#answer.add(batch);
    else this.#events.add(batch);
  }

  frame(frame: Frame): void {
    if (frame.columns !== undefined) {
      this.#answer.setColumns(frame.columns, this.#query);
      this.#events.setColumns(frame.columns);
      this.#picker.setColumns(this.#events.columns, this.#events.shownColumns);
    }
    this.#totals.take(frame);
  }

  failed(error: QueryError): void {
    this.#host.diagnose(this.#select === "" ? error : ofFilter(error, this.#query), this.#query);
  }

  update(): void {
    if (this.#connection !== undefined) this.#paint();
  }

  /** State, figures and rows at once: what is seen never disagrees. */
  #paint(): void {
    this.#totals.update();
    if (!this.#isPaused) this.#show();
    this.#showState();
  }

  /** Rows must not move under who reads them. */
  #leftNewest(): void {
    if (this.#isLive && !this.#isPaused && this.#state === "running") this.#host.pause(true);
  }

  #show(): void {
    this.#answer.update();
    byId("columns").hidden = this.#answer.isShown;
    if (!this.#answer.isShown) this.#events.update();
    const { left } = this.#events;
    const text = `${count(left)} older rows are not kept: export them, or narrow the query`;
    show("kept", left > 0 && !this.#answer.isShown ? text : "");
  }

  #showState(): void {
    const news = this.#totals.rows - this.#rowsAtPause;
    const state = byId("state");
    const isLost = this.#outage !== undefined && this.#state === "disconnected";
    const isWaiting = this.#state === "running" && this.#isLive && this.#host.isSilent();
    const now = isWaiting ? "waiting for the source" : this.#state;
    const word = this.#isPaused ? `paused, ${count(news)} new` : now;
    const text = isLost ? outageText(this.#outage!) : word;
    if (state.textContent !== text) state.textContent = text;
    state.className = isLost ? "bad" : this.#isPaused ? "paused" : "";
  }
}

/** An error with its caret under the query that the user wrote, without what the page has added. */
function ofFilter(error: QueryError, query: string): QueryError {
  const { message, start, end } = error;
  const lines = message.split("\n");
  if (start === undefined || end === undefined || end > query.length || lines.length < 3)
    return error;
  const caret = `${" ".repeat(start)}^${"~".repeat(Math.max(0, end - start - 1))}`;
  return { ...error, message: [...lines.slice(0, -2), query, caret].join("\n") };
}
