/** `top` on a terminal: keys change the model, queries fill it, and a picture of both is painted a few times a second. */

import { Sampler, type SamplerHost } from "../analyses/sampler.ts";
import type { SharedSource } from "../analyses/source.ts";
import type { View } from "../analyses/view.ts";
import { counted } from "../base/text.ts";
import type { TraceClass } from "../ctf/trace-class.ts";
import { linkEnvironments } from "../feed/environments.ts";
import { completeQuery } from "../language/complete-query.ts";
import { planQuery } from "../language/plan.ts";
import type { Question } from "../query/question.ts";
import type { Frame, ScreenSize } from "../terminal/frame.ts";
import { drawn, pageRows } from "./draw.ts";
import { EventTail } from "./event-tail.ts";
import { TopModel } from "./model.ts";
import type { TopPicture } from "./picture.ts";
import { spanText, stateText } from "./status-text.ts";

/** The terminal, or what stands for it in a test. */
export interface TopScreen {
  readonly size: ScreenSize;
  paint(frame: Frame): void;
}

export interface TopSpec extends SharedSource {
  readonly view: View;
  readonly filter: string;
  readonly every: string;
  readonly everyNs: bigint;
  /** How much time a recorded trace is of, in nanoseconds. */
  readonly spanNs: number;
  /** Whether a recorded trace is shown window by window from the start. */
  readonly isWindowed: boolean;
  readonly base: Partial<Question>;
  readonly maxLagMs: number;
  readonly isUtc: boolean;
  readonly screen: TopScreen;
  readonly onQuit: () => void;
  readonly onSuspend: () => void;
  readonly onRepaint: () => void;
  readonly onError: (error: unknown) => void;
}

/** Windows that are kept for the time cursor: live the last ones, recorded all that fit. */
const LIVE_WINDOWS = 150;
const RECORDED_WINDOWS = 5000;
/** Between two pictures; keys are shown at once. */
const PAINT_MS = 100;
const MAX_COMPLETIONS = 8;

export class TopApp {
  readonly #spec: TopSpec;
  readonly #model: TopModel;
  readonly #host: SamplerHost;
  readonly #traceClasses = new Set<TraceClass>();
  #sampler: Sampler | undefined;
  #tail: EventTail | undefined;
  #isWindowed: boolean;
  #timer: NodeJS.Timeout | undefined;
  #clock: NodeJS.Timeout | undefined;

  constructor(spec: TopSpec) {
    this.#spec = spec;
    const { feed, names, files, maxLagMs, onError } = spec;
    this.#isWindowed = feed.isLive || spec.isWindowed;
    this.#host = {
      feed,
      names,
      files,
      maxLagMs,
      onChange: () => this.#later(),
      onTraceClass: (traceClass) => void this.#traceClasses.add(traceClass),
      onError,
    };
    this.#model = new TopModel(spec.view, spec.filter, {
      windows: () => this.#sampler?.board.windows ?? [],
      pageRows: () => pageRows(spec.screen.size.rows),
      events: () => this.#tail?.events.length ?? 0,
      complete: (text) =>
        text === ""
          ? []
          : completeQuery(text, linkEnvironments(this.#traceClasses), MAX_COMPLETIONS).items,
    });
  }

  start(): void {
    this.#query();
    this.paint();
    // The lag grows while nothing comes.
    if (this.#spec.feed.isLive) this.#clock = setInterval(() => this.#later(), 1000);
  }

  stop(): void {
    clearTimeout(this.#timer);
    clearInterval(this.#clock);
    this.#sampler?.stop();
    this.#tail?.stop();
  }

  onKey(key: string): void {
    const effect = this.#model.press(key);
    switch (effect) {
      case "quit":
        this.#spec.onQuit();
        return;
      case "suspend":
        this.#spec.onSuspend();
        return;
      case "repaint":
        this.#spec.onRepaint();
        break;
      case "query":
        this.#query();
        break;
      case "filter":
        this.#useFilter();
        break;
      case "windows":
        this.#switchWindows(key === "a");
        break;
      case "none":
        break;
    }
    this.paint();
  }

  paint(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#spec.screen.paint(drawn(this.#picture()));
  }

  #later(): void {
    this.#timer ??= setTimeout(() => this.paint(), PAINT_MS);
  }

  /** Recorded: all the time in one table, or window by window. */
  #switchWindows(isAll: boolean): void {
    if (this.#spec.feed.isLive || this.#isWindowed !== isAll) return;
    this.#isWindowed = !isAll;
    this.#query();
  }

  #useFilter(): void {
    const model = this.#model;
    try {
      if (model.edit.text.trim() !== "") {
        const { isPlain } = planQuery(model.edit.text);
        if (!isPlain) {
          model.problem = "a filter has no stages here; tracewire query runs whole queries";
          return;
        }
      }
    } catch (error) {
      model.problem = error instanceof Error ? error.message.split("\n")[0]! : String(error);
      return;
    }
    model.useFilter();
    this.#query();
  }

  /** Starts what the level shows. The queries before it end only then, so that a live session stays attached. */
  #query(): void {
    const before = [this.#sampler, this.#tail];
    const { view, scope } = this.#model.level;
    const { base, feed, every } = this.#spec;
    this.#sampler = undefined;
    this.#tail = undefined;
    if (view === undefined) {
      this.#tail = new EventTail(scope, base, this.#host, (ns) =>
        spanText(ns, undefined, this.#spec.isUtc, 6),
      );
      this.#tail.start();
    } else {
      this.#sampler = new Sampler(
        {
          view,
          scope,
          time: this.#isWindowed ? every : this.#spec.spanNs,
          base,
          maxWindows: feed.isLive ? LIVE_WINDOWS : RECORDED_WINDOWS,
        },
        this.#host,
      );
      this.#sampler.start();
    }
    for (const one of before) one?.stop();
  }

  #picture(): TopPicture {
    const model = this.#model;
    const { levels, level, rows, window } = model;
    const { feed, screen, everyNs, isUtc, every } = this.#spec;
    const running = this.#sampler ?? this.#tail!;
    const startNs = window?.startNs;
    const lost = window === undefined ? 0 : window.lostEvents;
    const all = String(running.losses);
    const losses =
      lost > 0 && this.#isWindowed
        ? `${counted(lost, "event")} lost here`
        : all === ""
          ? ""
          : `lost: ${all}`;
    return {
      size: screen.size,
      source: feed.sources.join(" "),
      view: level.view,
      rows,
      events: this.#tail?.events ?? [],
      selected: model.selectedIn(rows),
      order: level.order,
      span:
        startNs === undefined || startNs === 0n
          ? waitingText(
              feed.isLive,
              running.hasEnded,
              startNs !== undefined || this.#tail !== undefined,
            )
          : `${spanText(startNs, startNs + everyNs, isUtc, 0)} (${every})`,
      state: stateText(feed.isLive, running, Date.now()),
      isPaused: model.isPaused,
      losses,
      path: levels.slice(1).map(({ label }) => label),
      filter: level.scope.filter,
      note: this.#note(rows.length),
      mode: model.mode,
      edit: model.edit,
      completions: model.completions.map(({ text }) => text),
      problem: model.problem,
      scroll: model.scroll,
    };
  }

  /** What a query had to complain about, where that leaves nothing to see. */
  #note(rows: number): string | undefined {
    const notes = this.#sampler?.notes;
    if (this.#tail?.note !== undefined) return this.#tail.note;
    if (notes === undefined || rows > 0) return undefined;
    return [...notes].at(-1);
  }
}

function waitingText(isLive: boolean, hasEnded: boolean, hasRows: boolean): string {
  if (hasRows) return isLive ? "now" : "all the time";
  if (hasEnded) return "nothing here: no events that this view reads";
  return isLive ? "waiting for events" : "reading";
}
