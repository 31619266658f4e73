/** One runtime, asked again and again, and at once when it announces something. */

import { setTimeout as sleep } from "node:timers/promises";
import { TraceError } from "../base/errors.ts";
import { isThere, type RuntimePlace } from "./places.ts";
import type { FoundContainer } from "./runtime.ts";

/** An announcement may come before its container has a process, or while its runtime refuses to answer: ms between asking again. */
const FOLLOW_UPS_MS = [50, 150, 500, 1000];
/** What announces, and has not for a while, is asked more seldom: so many periods apart. */
const ANNOUNCING_PERIODS = 5;

export class RuntimeWatch {
  found: readonly FoundContainer[] = [];
  /** Settles when it has been asked once. */
  readonly answered: Promise<void>;
  readonly #place: RuntimePlace;
  readonly #onAnswer: () => void;
  readonly #onProblem: (text: string) => void;
  #onAnswered: () => void = () => {};
  #problem = "";
  #isAnnouncing = false;
  #isDirty = false;
  #wake: () => void = () => {};

  constructor(place: RuntimePlace, onAnswer: () => void, onProblem: (text: string) => void) {
    this.#place = place;
    this.#onAnswer = onAnswer;
    this.#onProblem = onProblem;
    this.answered = new Promise((resolve) => {
      this.#onAnswered = resolve;
    });
  }

  /** Asks once. Never rejects: what goes wrong is told once, and is as if nothing ran there. */
  async ask(): Promise<void> {
    const { runtime, path, isNamed } = this.#place;
    let problem = "";
    try {
      if (isThere(path)) this.found = await runtime.list();
      else {
        this.found = [];
        if (isNamed) problem = "nothing is there";
      }
    } catch (error) {
      const isAbsent = error instanceof TraceError && error.code === "RUNTIME_ABSENT";
      // A slow answer is no end of containers; whether they live, the kernel tells.
      if (isAbsent) this.found = [];
      if (!isAbsent || isNamed) problem = error instanceof Error ? error.message : String(error);
    }
    if (problem !== this.#problem) {
      const text = problem === "" ? "answers again" : problem;
      this.#onProblem(`${runtime.title}: ${text}`);
      this.#problem = problem;
    }
    this.#onAnswered();
    this.#onAnswer();
  }

  /** Follows until the signal; settles when nothing of it is left. */
  async follow(periodMs: number, signal: AbortSignal): Promise<void> {
    signal.addEventListener("abort", () => this.#wake(), { once: true });
    const announcing = this.#announcements(periodMs, signal);
    for (let calm = 0; !signal.aborted; calm++) {
      if (this.#isDirty) calm = 0;
      this.#isDirty = false;
      await this.ask();
      const usual = periodMs * (this.#isAnnouncing ? ANNOUNCING_PERIODS : 1);
      await this.#pause(Math.min(FOLLOW_UPS_MS[calm] ?? usual, usual), signal);
    }
    await announcing;
  }

  async #announcements(periodMs: number, signal: AbortSignal): Promise<void> {
    const { runtime, path } = this.#place;
    if (runtime.watch === undefined) return;
    const onChange = (): void => {
      this.#isDirty = true;
      this.#wake();
    };
    while (!signal.aborted) {
      if (isThere(path)) {
        this.#isAnnouncing = true;
        await runtime.watch(onChange, signal);
        this.#isAnnouncing = false;
      }
      await sleep(periodMs, undefined, { signal }).catch(() => undefined);
    }
  }

  #pause(ms: number, signal: AbortSignal): Promise<void> {
    if (this.#isDirty || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#wake(), ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
