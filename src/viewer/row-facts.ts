/** Columns of a table that no query answers: loaded with the view, and again from time to time while it is live and seen. */

import type { ContainerFacts } from "./container-facts.ts";
import type { MetricRow } from "./metric-rows.ts";

/** The server listens to live sources for some seconds to answer. */
const AGAIN_MS = 30_000;

export class RowFacts {
  readonly #news: () => void;
  #facts: ContainerFacts = new Map();
  #timer = 0;
  #asked = 0;

  /** @param news called when there are other facts */
  constructor(news: () => void) {
    this.#news = news;
  }

  run(load: () => Promise<ContainerFacts>, isLive: boolean): void {
    this.stop();
    this.#facts = new Map();
    void this.#ask(load);
    if (!isLive) return;
    this.#timer = setInterval(() => {
      if (!document.hidden) void this.#ask(load);
    }, AGAIN_MS);
  }

  stop(): void {
    this.#asked++;
    clearInterval(this.#timer);
  }

  /** Rows with the facts of their first names. */
  joined(rows: readonly MetricRow[]): readonly MetricRow[] {
    return rows.map(({ names, values }) => {
      const facts = this.#facts.get(names[0] ?? "");
      return facts === undefined
        ? { names, values }
        : { names, values: new Map([...values, ...facts]) };
    });
  }

  async #ask(load: () => Promise<ContainerFacts>): Promise<void> {
    const asked = ++this.#asked;
    const facts = await load().catch(() => undefined);
    if (facts === undefined || asked !== this.#asked) return;
    this.#facts = facts;
    this.#news();
  }
}
