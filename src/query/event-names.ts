/** Reports which of the events that a query names no event class has, and, live, when they are declared. */

import { globMatches, isExclusion } from "../base/glob.ts";
import { suggestion } from "../base/suggestion.ts";
import type { TraceClass } from "../ctf/trace-class.ts";

export class EventNames {
  readonly #globs: readonly string[];
  readonly #isLive: boolean;
  /** Globs that matched nothing so far. */
  readonly #missing = new Set<string>();
  #hasBegun = false;

  /** @param globs star globs, those of exclusions behind `!` */
  constructor(globs: readonly string[], isLive: boolean) {
    this.#globs = globs;
    this.#isLive = isLive;
  }

  /** What is new, a line each. */
  notes(traceClasses: readonly TraceClass[]): readonly string[] {
    if (this.#globs.length === 0 || (this.#hasBegun && this.#missing.size === 0)) return [];
    const names = eventNames(traceClasses);
    return this.#hasBegun ? this.#found(names) : this.#begin(names);
  }

  #begin(names: ReadonlySet<string>): string[] {
    this.#hasBegun = true;
    return this.#globs.flatMap((glob) => {
      const name = isExclusion(glob) ? glob.slice(1) : glob;
      if (anyMatches(name, names)) return [];
      if (this.#isLive && !isExclusion(glob)) this.#missing.add(glob);
      const soFar = this.#isLive ? " so far" : "";
      const verb = isExclusion(glob) ? "excludes nothing: no" : "no";
      return [
        `event: ${verb} event class is called ${name}${soFar}${suggestion(name, [...names])}`,
      ];
    });
  }

  #found(names: ReadonlySet<string>): string[] {
    return [...this.#missing]
      .filter((glob) => anyMatches(glob, names))
      .map((glob) => {
        this.#missing.delete(glob);
        return `event: ${glob} is declared now`;
      });
  }
}

function anyMatches(glob: string, names: Iterable<string>): boolean {
  for (const name of names) if (globMatches(glob, name)) return true;
  return false;
}

function eventNames(traceClasses: readonly TraceClass[]): ReadonlySet<string> {
  const names = new Set<string>();
  for (const { streamClasses } of traceClasses)
    for (const { eventClasses } of streamClasses.values())
      for (const { name } of eventClasses.values()) names.add(name);
  return names;
}
