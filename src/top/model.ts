/** What `top` shows and does at each key, without a terminal or a trace. */

import type { BoardRow, BoardWindow } from "../analyses/board.ts";
import { sortedRows, sortNames } from "../analyses/sorting.ts";
import type { View } from "../analyses/view.ts";
import { EVERYWHERE } from "../analyses/view-query.ts";
import { type EditedLine, EMPTY_LINE, edited, replaced } from "../terminal/line-editor.ts";
import { type Level, levelOf, opened, withView } from "./levels.ts";
import { VIEWS } from "./views.ts";

/** What a key asks for beyond another picture. */
export type Effect = "none" | "quit" | "suspend" | "query" | "filter" | "windows" | "repaint";

export interface ModelSource {
  /** Windows that can be shown, by time. */
  windows(): readonly BoardWindow[];
  /** How many rows of a table have room. */
  pageRows(): number;
  /** How many events a list has. */
  events(): number;
  /** Completes a filter at its end. */
  complete(text: string): readonly { readonly text: string; readonly from: number }[];
}

const NUMBER_KEYS = "1234567890";

export class TopModel {
  readonly levels: Level[];
  mode: "table" | "filter" | "help" = "table";
  isPaused = false;
  /** The window that the time cursor is on; the newest without it. */
  cursorNs: bigint | undefined;
  /** The first row or event that is shown. */
  scroll = 0;
  edit: EditedLine = EMPTY_LINE;
  completions: readonly { readonly text: string; readonly from: number }[] = [];
  /** What was wrong with the last filter. */
  problem: string | undefined;
  readonly #source: ModelSource;

  constructor(view: View, filter: string, source: ModelSource) {
    this.levels = [levelOf(view, { ...EVERYWHERE, filter })];
    this.#source = source;
  }

  get level(): Level {
    return this.levels.at(-1)!;
  }

  /** The window that is shown; `undefined` before the first one. */
  get window(): BoardWindow | undefined {
    const windows = this.#source.windows();
    const { cursorNs } = this;
    if (cursorNs === undefined) return windows.at(-1);
    return windows.findLast(({ startNs }) => startNs <= cursorNs) ?? windows[0];
  }

  get rows(): readonly BoardRow[] {
    const { view, order } = this.level;
    const { window } = this;
    return view === undefined || window === undefined
      ? []
      : sortedRows(view, window.rows.values(), order);
  }

  /** Where the selected row is among some; 0 if it has gone. */
  selectedIn(rows: readonly BoardRow[]): number {
    const { selected } = this.level;
    const at = rows.findIndex(({ keys }) => JSON.stringify(keys) === selected);
    return Math.max(0, at);
  }

  press(key: string): Effect {
    if (key === "ctrl-c") return "quit";
    if (key === "ctrl-z") return "suspend";
    if (key === "ctrl-l") return "repaint";
    switch (this.mode) {
      case "filter":
        return this.#typing(key);
      case "help":
        this.mode = "table";
        return key === "q" ? "quit" : "none";
      case "table":
        return this.#command(key);
    }
  }

  #command(key: string): Effect {
    const number = NUMBER_KEYS.indexOf(key);
    if (number !== -1) return this.#show(VIEWS[number]!);
    switch (key) {
      case "q":
        return "quit";
      case "?":
      case "h":
      case "f1":
        this.mode = "help";
        return "none";
      case "/":
        return this.#beginFilter();
      case "space":
        this.isPaused = !this.isPaused;
        this.cursorNs = this.isPaused ? this.window?.startNs : undefined;
        return "none";
      case "tab":
        return this.#show(
          VIEWS[
            (VIEWS.findIndex(({ name }) => name === this.level.view?.name) + 1) % VIEWS.length
          ]!,
        );
      case "<":
      case ">":
        return this.#sortBy(key === ">" ? 1 : -1);
      case "r": {
        const { order } = this.level;
        this.#change({ order: { ...order, isReversed: !order.isReversed } });
        return "none";
      }
      case "enter":
        return this.#open();
      case "backspace":
      case "escape":
        return this.#back();
      case "left":
      case "right":
        return this.#moveCursor(key === "right" ? 1 : -1);
      case "a":
        this.cursorNs = undefined;
        this.isPaused = false;
        return "windows";
      default:
        this.#select(key);
        return "none";
    }
  }

  #show(view: View): Effect {
    this.levels[this.levels.length - 1] = withView(this.level, view);
    this.scroll = 0;
    return "query";
  }

  #change(change: Partial<Level>): void {
    this.levels[this.levels.length - 1] = { ...this.level, ...change };
  }

  #sortBy(step: number): Effect {
    const { view, order } = this.level;
    if (view === undefined) return "none";
    const names = sortNames(view);
    const at = names.indexOf(order.by);
    const by = names[(at + step + names.length) % names.length]!;
    this.#change({ order: { ...order, by } });
    return "none";
  }

  #open(): Effect {
    const { rows } = this;
    const row = rows[this.selectedIn(rows)];
    const next = row && opened(this.level, row);
    if (next === undefined) return "none";
    this.#change({ selected: JSON.stringify(row!.keys) });
    this.levels.push(next);
    this.scroll = 0;
    return "query";
  }

  #back(): Effect {
    if (this.levels.length === 1) return "none";
    this.levels.pop();
    this.scroll = 0;
    return "query";
  }

  /** Left and right go from window to window; live, that pauses. */
  #moveCursor(step: number): Effect {
    const windows = this.#source.windows();
    if (windows.length === 1 && windows[0]!.startNs === 0n) return "windows";
    const at = windows.findIndex(({ startNs }) => startNs === this.window?.startNs);
    const next = windows[at + step];
    if (next === undefined) return "none";
    this.cursorNs = next.startNs;
    this.isPaused = true;
    return "none";
  }

  #select(key: string): void {
    const page = Math.max(1, this.#source.pageRows() - 1);
    const steps: Readonly<Record<string, number>> = {
      up: -1,
      k: -1,
      down: 1,
      j: 1,
      "page-up": -page,
      "page-down": page,
      home: Number.NEGATIVE_INFINITY,
      end: Number.POSITIVE_INFINITY,
    };
    const step = steps[key];
    if (step === undefined) return;
    if (this.level.view === undefined) {
      const last = Math.max(0, this.#source.events() - this.#source.pageRows());
      this.scroll = Math.max(0, Math.min(last, this.scroll - step));
      return;
    }
    const { rows } = this;
    const to = Math.max(0, Math.min(rows.length - 1, this.selectedIn(rows) + step));
    if (rows[to] !== undefined) this.#change({ selected: JSON.stringify(rows[to].keys) });
  }

  // --- the filter

  #beginFilter(): Effect {
    const text = this.level.scope.filter;
    this.mode = "filter";
    this.problem = undefined;
    this.edit = { text, cursor: text.length };
    this.completions = this.#source.complete(text);
    return "none";
  }

  #typing(key: string): Effect {
    switch (key) {
      case "escape":
        this.mode = "table";
        return "none";
      case "enter":
        return "filter";
      case "tab": {
        const [first] = this.completions;
        if (first !== undefined) this.edit = replaced(this.edit, first.from, first.text);
        break;
      }
      default:
        this.edit = edited(this.edit, key);
    }
    this.problem = undefined;
    this.completions = this.#source.complete(this.edit.text.slice(0, this.edit.cursor));
    return "none";
  }

  /** The filter that was typed is right, and holds from now on. */
  useFilter(): void {
    this.#change({ scope: { ...this.level.scope, filter: this.edit.text.trim() } });
    this.mode = "table";
  }
}
