/** The threads of a server: one for all live sources, whose queries share what is fetched, and some for recorded traces. */

import { availableParallelism } from "node:os";
import { SourceError } from "../../base/errors.ts";
import { isLiveSource } from "../../source/live-source.ts";
import { sharedAnswer } from "../shared-answer.ts";
import { EngineThread } from "./engine-thread.ts";
import type { Call, EngineOptions, SourceProblem, SourceTotals } from "./messages.ts";

/** More would take more memory than time. */
const MAX_RECORDED_THREADS = 8;
/** The live thread; those for recorded traces follow. */
const LIVE = 0;

/** Equal queries that begin within this time run in one thread, in ms; there they may share a run. */
const TOGETHER_MS = 250;
/** So many of the newest queries are compared with. */
const MAX_RECENT = 256;

type Options = Omit<EngineOptions, "number" | "attaches">;

export class Engines {
  readonly sources: readonly string[];
  readonly #options: Options;
  readonly #log: (text: string) => void;
  #live: EngineThread | undefined;
  #recorded: EngineThread[] = [];
  #nextNumber = LIVE + 1;
  /** The oldest first. */
  readonly #recent = new Map<string, { readonly thread: EngineThread; readonly atMs: number }>();
  readonly #maxRecorded: number = Math.min(availableParallelism(), MAX_RECORDED_THREADS);
  #isClosed = false;

  private constructor(options: Options, log: (text: string) => void) {
    this.#options = options;
    this.sources = [...new Set(options.sources)];
    this.#log = log;
  }

  /** @throws SourceError, ProtocolError for a source that cannot be served */
  static async open(options: Options, log: (text: string) => void): Promise<Engines> {
    if (options.sources.length === 0)
      throw new RangeError("serve: expected at least one source, got none");
    const engines = new Engines(options, log);
    try {
      if (engines.sources.some(isLiveSource)) engines.#startLive();
      else engines.#startRecorded();
      await Promise.all(engines.threads.map(({ opened }) => opened));
    } catch (error) {
      await engines.close();
      throw error;
    }
    return engines;
  }

  get threads(): readonly EngineThread[] {
    return this.#live === undefined ? this.#recorded : [this.#live, ...this.#recorded];
  }

  /**
   * The thread for a query on some sources.
   * @param text equal for equal queries of clients that may see the same
   * @throws SourceError `SOURCE_MIXED`
   */
  threadFor(sources: readonly string[], text?: string): EngineThread {
    const live = sources.filter(isLiveSource).length;
    if (live > 0 && live < sources.length) {
      const message = `source: expected one of ${sources.join(", ")}, got none: live and recorded sources do not share a notion of now`;
      throw new SourceError("SOURCE_MIXED", message);
    }
    if (live > 0) return this.#startLive();
    return text === undefined ? this.#idlest() : this.#together(text);
  }

  /** A thread that knows all sources, for what reads little. */
  get anyThread(): EngineThread {
    return this.#live ?? this.#idlest();
  }

  /** The thread of that number. */
  thread(number: number): EngineThread | undefined {
    return this.threads.find((thread) => thread.number === number);
  }

  /** What live sources have brought so far. */
  readonly sourceTotals: () => Promise<readonly SourceTotals[]> = sharedAnswer(() =>
    this.#sourceTotals(),
  );

  async #sourceTotals(): Promise<readonly SourceTotals[]> {
    const call: Call = { name: "sources", search: "", sources: [], hidden: [] };
    const totals = await this.#live?.call(call).catch(() => []);
    return (totals ?? []) as readonly SourceTotals[];
  }

  /** Recorded sources that cannot be read any more. */
  async recordedProblems(): Promise<readonly SourceProblem[]> {
    const call: Call = { name: "problems", search: "", sources: [], hidden: [] };
    return (await this.anyThread.call(call)) as readonly SourceProblem[];
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all(this.threads.map((thread) => thread.close()));
  }

  #startLive(): EngineThread {
    if (this.#live !== undefined) return this.#live;
    const live = this.#start(LIVE, true, () => {
      this.#live = undefined;
      // Attached again at once: queries that come later miss less.
      if (!this.#isClosed) this.#startLive();
    });
    live.opened.catch(() => {
      if (this.#live === live) this.#live = undefined;
    });
    this.#live = live;
    return live;
  }

  /** The thread of an equal query that has just begun, or the idlest. */
  #together(text: string): EngineThread {
    const now = performance.now();
    const known = this.#recent.get(text);
    if (known !== undefined && !known.thread.isGone && now - known.atMs < TOGETHER_MS)
      return known.thread;
    const thread = this.#idlest();
    this.#recent.delete(text);
    this.#recent.set(text, { thread, atMs: now });
    for (const [oldest, { atMs }] of this.#recent) {
      if (this.#recent.size <= MAX_RECENT && now - atMs < TOGETHER_MS) break;
      this.#recent.delete(oldest);
    }
    return thread;
  }

  /** Queries that only wait do not count as much as a thread that works. */
  #idlest(): EngineThread {
    const loads = this.#recorded.map((thread) => ({ thread, busy: thread.busyShare() }));
    loads.sort((a, b) => Math.round(4 * (a.busy - b.busy)) || a.thread.queries - b.thread.queries);
    const [best] = loads;
    const isFree = best !== undefined && best.thread.queries === 0;
    const mayStart = this.#recorded.length < this.#maxRecorded;
    // Another one is started ahead of its query, which need not wait for it.
    const others = loads.filter(({ thread }) => thread.queries === 0).length;
    const started = mayStart && others < 2 ? this.#startRecorded() : undefined;
    return isFree ? best.thread : (started ?? best?.thread ?? this.#startRecorded());
  }

  #startRecorded(): EngineThread {
    const thread = this.#start(this.#nextNumber++, false, () => {
      this.#recorded = this.#recorded.filter((other) => other !== thread);
    });
    this.#recorded.push(thread);
    return thread;
  }

  #start(number: number, attaches: boolean, onLost: () => void): EngineThread {
    const containers = attaches ? this.#options.containers : undefined;
    const options = { ...this.#options, containers, sources: this.sources, attaches, number };
    return new EngineThread(options, this.#log, onLost);
  }
}
