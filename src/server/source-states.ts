/** How the sources of a server fare, for `GET /v1/sources`. */

import { isLiveSource } from "../source/live-source.ts";
import type { Engines } from "./engine/engines.ts";
import type { SourceProblem, SourceTotals } from "./engine/messages.ts";

export interface SourceReport {
  readonly source: string;
  readonly kind: "live" | "recorded";
  readonly state: "readable" | SourceTotals["state"];
  /** When the state began, ISO 8601; `null` for a recorded source that can be read. */
  readonly since: string | null;
  /** Why, and what is tried; empty where all is well. */
  readonly message: string;
  /** Age of the newest data; `null` for a recorded source, and before the first. */
  readonly lag_seconds: number | null;
}

/** Looking at a recorded source costs a walk through its folders: an answer serves for so long, in ms. */
const FRESH_MS = 1000;

export class SourceStates {
  readonly #engines: Engines;
  readonly #now: () => number;
  /** Recorded sources that cannot be read, and since when. */
  readonly #failed = new Map<string, number>();
  #looked:
    | { readonly at: number; readonly problems: Promise<readonly SourceProblem[]> }
    | undefined;

  constructor(engines: Engines, now: () => number = Date.now) {
    this.#engines = engines;
    this.#now = now;
  }

  async of(sources: readonly string[]): Promise<readonly SourceReport[]> {
    const hasRecorded = sources.some((source) => !isLiveSource(source));
    const [live, problems] = await Promise.all([
      this.#engines.sourceTotals(),
      hasRecorded ? this.#problems() : [],
    ]);
    return sources.map((source) =>
      isLiveSource(source)
        ? liveReport(
            source,
            live.find((one) => one.source === source),
          )
        : this.#recordedReport(
            source,
            problems.find((one) => one.source === source),
          ),
    );
  }

  /** Of all recorded sources, whoever asks: one look serves all. */
  #problems(): Promise<readonly SourceProblem[]> {
    const at = this.#now();
    if (this.#looked === undefined || at - this.#looked.at > FRESH_MS) {
      const problems = this.#engines.recordedProblems();
      this.#looked = { at, problems };
      problems.catch(() => {
        this.#looked = undefined;
      });
    }
    return this.#looked.problems;
  }

  #recordedReport(source: string, problem: SourceProblem | undefined): SourceReport {
    const kind = "recorded";
    if (problem === undefined) {
      this.#failed.delete(source);
      return { source, kind, state: "readable", since: null, message: "", lag_seconds: null };
    }
    const since = this.#failed.get(source) ?? this.#now();
    this.#failed.set(source, since);
    const message = `${problem.message}; the next query reads it again`;
    return { source, kind, state: "failed", since: iso(since), message, lag_seconds: null };
  }
}

/** Its thread may have ended, and attach again. */
function liveReport(source: string, totals: SourceTotals | undefined): SourceReport {
  const { state = "attaching", sinceMs, message = "", lagMs } = totals ?? {};
  return {
    source,
    kind: "live",
    state,
    since: sinceMs === undefined ? null : iso(sinceMs),
    message,
    lag_seconds: lagMs === undefined ? null : lagMs / 1000,
  };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
