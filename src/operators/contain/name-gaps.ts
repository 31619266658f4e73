import { isoText } from "../../base/time.ts";
import type { NameGap } from "../../containers/registry.ts";

/** Gaps are reported together, at most this often. */
const EVERY_MS = 5000;

/** What is missing of the state that container names come from, for the queries that depend on it. */
export class NameGaps {
  #gaps: NameGap[] = [];
  #reportedMs = Number.NEGATIVE_INFINITY;

  push(gap: NameGap): void {
    this.#gaps.push(gap);
  }

  /** One line on the gaps since the line before; `undefined` if there are none, or it was a moment ago. */
  note(nowMs: number): string | undefined {
    const [first, ...others] = this.#gaps;
    if (first === undefined || nowMs - this.#reportedMs < EVERY_MS) return undefined;
    this.#gaps = [];
    this.#reportedMs = nowMs;
    const since = first.sinceNs === undefined ? "" : ` since ${isoText(first.sinceNs)}`;
    const more = others.length === 0 ? "" : `, and ${others.length} more such losses`;
    return `container names may be missing${since}: ${first.reason}${more}`;
  }
}
