/** Reports which of the events that a query names no event class has, and, live, when they are declared. */

import { globMatches, isExclusion } from "../base/glob.ts";
import { listed, suggestion } from "../base/suggestion.ts";
import type { TraceClass } from "../ctf/trace-class.ts";
import type { QuestionTable } from "./question.ts";

export class EventNames {
  readonly #globs: readonly string[];
  readonly #isLive: boolean;
  readonly #table: QuestionTable | undefined;
  /** Globs that matched nothing so far. */
  readonly #missing = new Set<string>();
  #hasBegun = false;

  /**
   * @param globs star globs, those of exclusions behind `!`
   * @param table what chose them
   */
  constructor(globs: readonly string[], isLive: boolean, table?: QuestionTable) {
    this.#globs = globs;
    this.#table = table;
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
    if (this.#table !== undefined) return this.#beginTable(names, this.#table);
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

  #beginTable(names: ReadonlySet<string>, { name, rowsNeed }: QuestionTable): string[] {
    const isAbsent = (globs: readonly string[]): boolean =>
      !globs.some((glob) => anyMatches(glob, names));
    const absent = isAbsent(this.#globs) ? [this.#globs] : rowsNeed.filter(isAbsent);
    if (this.#isLive) for (const glob of absent.flat()) this.#missing.add(glob);
    const soFar = this.#isLive ? " so far" : "";
    return absent.map(
      (globs) => `${name}: no event class is called ${listed(globs, " or ")}${soFar}`,
    );
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
