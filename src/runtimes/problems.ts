/** Reports failures of a runtime: when one begins and when it is over, not at each question. */

import { printable } from "../base/printable.ts";

/** Characters of one report; texts may come from outside. */
const MAX_TEXT = 500;
/** Reports about single containers at a time. */
const MAX_DETAILS = 3;

export class Problems {
  readonly #title: string;
  readonly #report: (text: string) => void;
  #failure = "";
  #last: ReadonlySet<string> = new Set();
  #reported: ReadonlySet<string> = new Set();

  /** @param title of the runtime, at the start of each line */
  constructor(title: string, report: (text: string) => void) {
    this.#title = title;
    this.#report = report;
  }

  /**
   * A failure of the runtime as a whole, reported when its kind changes.
   *
   * @param kind "" for none
   * @param text may differ each time, by a number or a time
   */
  failure(kind: string, text: string): void {
    if (kind === this.#failure) return;
    this.#failure = kind;
    this.#line(kind === "" ? "answers again" : text);
  }

  /**
   * Failures that concern single containers. Each is reported once while it lasts, and not before its second time: a container
   * may have been removed between two questions.
   */
  details(texts: readonly string[]): void {
    this.#reportNew(texts.filter((text) => this.#last.has(text)));
    this.#last = new Set(texts);
  }

  /** Reports the latest failures, also those that have occurred only once. */
  end(): void {
    this.#reportNew([...this.#last]);
  }

  #reportNew(texts: readonly string[]): void {
    const news = texts.filter((text) => !this.#reported.has(text));
    this.#reported = new Set(texts);
    for (const text of news.slice(0, MAX_DETAILS)) this.#line(text);
    if (news.length > MAX_DETAILS) this.#line(`… and ${news.length - MAX_DETAILS} more`);
  }

  #line(text: string): void {
    this.#report(printable(`${this.#title}: ${text}`, MAX_TEXT));
  }
}
