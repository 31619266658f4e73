/** When rows of a query become an alert: hysteresis, so that it does not flutter, and a limit, so that it does not flood. */

export interface AlarmOptions {
  /** Answers with rows in a row before the alert is raised. */
  readonly after: number;
  /** How long nothing must come before it is cleared, in ms. */
  readonly clearMs: number;
  /** Notifications are at least so far apart, in ms; what is raised in between is counted. */
  readonly intervalMs: number;
}

export interface Notification {
  readonly state: "raised" | "cleared";
  /** Rows of the answer that raised it. */
  readonly rows: number;
  /** Alerts that were raised since the last notification, and not notified. */
  readonly suppressed: number;
}

export class Alarm {
  readonly #options: AlarmOptions;
  #streak = 0;
  #isRaised = false;
  #lastRowsMs = 0;
  #notifiedMs = Number.NEGATIVE_INFINITY;
  #suppressed = 0;
  /** Whether the alert that is raised was notified: only then its end is. */
  #isNotified = false;

  constructor(options: AlarmOptions) {
    this.#options = options;
  }

  get isRaised(): boolean {
    return this.#isRaised;
  }

  /** An answer with rows has come. */
  onRows(rows: number, nowMs: number): Notification | undefined {
    const cleared = this.onTime(nowMs);
    this.#lastRowsMs = nowMs;
    this.#streak++;
    if (this.#isRaised || this.#streak < this.#options.after) return cleared;
    this.#isRaised = true;
    if (nowMs - this.#notifiedMs < this.#options.intervalMs) {
      this.#suppressed++;
      this.#isNotified = false;
      return cleared;
    }
    this.#notifiedMs = nowMs;
    this.#isNotified = true;
    const suppressed = this.#suppressed;
    this.#suppressed = 0;
    return { state: "raised", rows, suppressed };
  }

  /** Time has passed. */
  onTime(nowMs: number): Notification | undefined {
    if (this.#streak === 0 || nowMs - this.#lastRowsMs < this.#options.clearMs) return undefined;
    this.#streak = 0;
    if (!this.#isRaised) return undefined;
    this.#isRaised = false;
    if (!this.#isNotified) return undefined;
    return { state: "cleared", rows: 0, suppressed: 0 };
  }
}
