/** What a run of rows reports on stderr: progress, losses where they occur, notes, and totals at its end. */

import type { StreamOrigin } from "../base/item.ts";
import { describeLoss, type Loss, LossAccount } from "../feed/losses.ts";
import type { ResultBatch } from "../query/result.ts";
import { note, warn } from "./report.ts";
import { describeLive, percent, progressLine } from "./status.ts";

export interface ReportOptions {
  readonly isLive: boolean;
  readonly isQuiet: boolean;
  /** Whether a recorded trace is read for container metadata before its first row. */
  readonly readsContainersFirst: boolean;
  /** Whether rows do not appear on the terminal that shows the progress: its user would look at a still one otherwise. */
  readonly isStill: boolean;
}

export class RowsReport {
  rows = 0;
  readonly #isQuiet: boolean;
  readonly #isStill: boolean;
  readonly #progress: ReturnType<typeof progressLine>;
  readonly #ticking: NodeJS.Timeout | undefined;
  readonly #account = new LossAccount();
  /** Streams of which one packet could not be read. */
  readonly #unreadStreams = new Set<StreamOrigin>();
  #late = 0;
  #unnamed = 0;
  #watermarkNs: bigint | undefined;

  constructor({ isLive, isQuiet, isStill, readsContainersFirst }: ReportOptions) {
    this.#isQuiet = isQuiet;
    this.#isStill = isStill;
    const isWanted = !isQuiet && (isStill || readsContainersFirst);
    this.#progress = isWanted ? progressLine(process.stderr) : undefined;
    if (isLive) this.#ticking = setInterval(() => this.#showLive(), 500);
  }

  get isIncomplete(): boolean {
    return this.#account.isIncomplete;
  }

  /** Shows how much of a recorded trace is read; `undefined` where nothing is shown. */
  get onProgress(): ((done: number, total: number) => void) | undefined {
    const progress = this.#progress;
    return progress && ((done, total) => progress.update(done, total, this.rows));
  }

  /** Shows how far the search for container metadata is. */
  get onContainerSearch(): ((done: number, total: number) => void) | undefined {
    const progress = this.#progress;
    return (
      progress &&
      ((done, total) => progress.show(() => `looking for containers, ${percent(done, total)}`))
    );
  }

  /** Rows will follow. */
  onColumns(): void {
    if (this.#isStill) this.#progress?.restart();
    else this.#progress?.end();
  }

  onBatch({ rows, late, unnamedRows, watermarkNs }: ResultBatch): void {
    this.rows += rows;
    this.#late = late;
    this.#unnamed = unnamedRows;
    this.#watermarkNs = watermarkNs;
  }

  /** @param write puts a line among the rows; false where their format has no such lines */
  onLoss(loss: Loss, write: (text: string) => boolean): void {
    this.#account.add(loss);
    // A file that has gone may have thousands of packets: they are counted.
    if (loss.kind === "gap" && loss.packets === 1 && loss.stream !== undefined) {
      if (this.#unreadStreams.has(loss.stream)) return;
      this.#unreadStreams.add(loss.stream);
    }
    const text = describeLoss(loss);
    if (write(text) && process.stdout.isTTY) return;
    if (this.#isQuiet || loss.kind === "discarded-events") return;
    this.#progress?.erase();
    warn(text);
  }

  onNote(text: string): void {
    if (this.#isQuiet) return;
    this.#progress?.erase();
    note(text);
  }

  /** No more progress is shown. */
  endProgress(): void {
    clearInterval(this.#ticking);
    this.#progress?.end();
  }

  /** What is missing in all. */
  showTotals(): void {
    const [late, unnamed] = [this.#late, this.#unnamed];
    if (!this.#account.isEmpty) warn(`lost: ${this.#account}`);
    if (late > 0)
      warn(`${late} ${late === 1 ? "row" : "rows"} came late, after rows of later events`);
    if (unnamed > 0) {
      const what = unnamed === 1 ? "1 row belongs" : `${unnamed} rows belong`;
      warn(`${what} to containers whose names came too late or never, and may be missing here`);
    }
  }

  #showLive(): void {
    const live = {
      rows: this.rows,
      late: this.#late,
      watermarkNs: this.#watermarkNs,
      losses: String(this.#account),
    };
    this.#progress?.show((seconds) => describeLive(live, seconds, Date.now()));
  }
}
