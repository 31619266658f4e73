/** What an operator reads: a bounded number of lines, of bounded length, without control characters. */

import { printable } from "../base/printable.ts";

/** Lines that may come at once, and each second after. */
const BURST = 50;
const PER_SECOND = 5;
const MAX_LINE = 4000;

export type Log = (text: string) => void;

/** Passes lines on; what is too much is counted, and the count reported. */
export class ServerLog {
  readonly #write: Log;
  #room = BURST;
  #atMs: number = performance.now();
  /** Lines that were left out since the last one. */
  #left = 0;
  /** In all, for metrics. */
  leftOut = 0;

  constructor(write: Log) {
    this.#write = write;
  }

  /** A function that needs no `this`. */
  readonly line: Log = (text) => {
    const now = performance.now();
    this.#room = Math.min(BURST, this.#room + ((now - this.#atMs) / 1000) * PER_SECOND);
    this.#atMs = now;
    if (this.#room < 1) {
      this.#left++;
      this.leftOut++;
      return;
    }
    this.#room--;
    if (this.#left > 0) this.#pass(`${this.#left} lines were left out: there were too many`);
    this.#left = 0;
    this.#pass(text);
  };

  /** A log that cannot be written ends nothing. */
  #pass(text: string): void {
    try {
      // A stack has several lines.
      this.#write(
        text
          .split("\n")
          .map((line) => printable(line, MAX_LINE))
          .join("\n  "),
      );
    } catch {
      this.leftOut++;
    }
  }
}
