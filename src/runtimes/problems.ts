/** What goes wrong with a runtime, reported when it begins and when it is over, however often it is asked. */

import { printable } from "../base/printable.ts";

/** Most characters of one report: the text may be anyone's. */
const MAX_TEXT = 500;
/** Most new reports about single containers in one round. */
const MAX_DETAILS = 3;

export class Problems {
  readonly #title: string;
  readonly #report: (text: string) => void;
  #failure = "";
  #last: ReadonlySet<string> = new Set();
  #reported: ReadonlySet<string> = new Set();

  /** @param title of the runtime, for the beginning of each line */
  constructor(title: string, report: (text: string) => void) {
    this.#title = title;
    this.#report = report;
  }

  /**
   * @param kind of failure of the runtime itself, "" for none; reported when it is another than before
   * @param text of the failure, in which numbers and times may differ from round to round
   */
  failure(kind: string, text: string): void {
    if (kind === this.#failure) return;
    this.#failure = kind;
    this.#line(kind === "" ? "answers again" : text);
  }

  /**
   * What cannot be known of single containers. Each is reported once, as long as it lasts, and not before it is there for the
   * second time: a container may have ended between two questions.
   */
  details(texts: readonly string[]): void {
    this.#reportNew(texts.filter((text) => this.#last.has(text)));
    this.#last = new Set(texts);
  }

  /** Reports what is there at the end, for the first time or not. */
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
