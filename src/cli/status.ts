/** One line of progress on stderr, for users at a terminal: rewritten in place, and gone at the end. */

import pc from "picocolors";
import { printable } from "../base/printable.ts";
import { counted } from "../base/text.ts";
import { drawing } from "../terminal/guard.ts";
import { hasColors } from "./colors.ts";

/** The part of a terminal's stream that is used. */
export interface Terminal {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(bytes: Uint8Array): unknown;
}

/** At most five times a second; and nothing at all for work that is done before the first of them. */
const INTERVAL_MS = 200;
const ERASE = "\r\u001b[2K";
/** A rate over less time than this says nothing. */
const LEAST_SECONDS = 0.05;
const MAX_BEHIND_SECONDS = 24 * 3600;

/** A line of progress, where one that is rewritten can be shown. */
export function progressLine(stream: Terminal): ProgressLine | undefined {
  const canShow = stream.isTTY === true && process.env["TERM"] !== "dumb";
  return canShow ? new ProgressLine(stream, hasColors(stream)) : undefined;
}

export class ProgressLine {
  readonly #stream: Terminal;
  readonly #now: () => number;
  readonly #colors: ReturnType<typeof pc.createColors>;
  #begin: number;
  #drawnAt: number;
  #isShown = false;
  #hasEnded = false;

  /** @param now milliseconds of a clock that only goes forward */
  constructor(stream: Terminal, hasColors: boolean, now: () => number = () => performance.now()) {
    this.#stream = stream;
    this.#now = now;
    this.#colors = pc.createColors(hasColors);
    this.#begin = now();
    this.#drawnAt = this.#begin;
  }

  /** Shows how far it is, unless it was shown a moment ago. */
  update(doneBytes: number, totalBytes: number, rows: number): void {
    this.show((seconds) => describeProgress(doneBytes, totalBytes, rows, seconds));
  }

  /** Shows a text, unless one was shown a moment ago. `describe` is given the seconds since the beginning. */
  show(describe: (seconds: number) => string): void {
    const now = this.#now();
    if (this.#hasEnded || now - this.#drawnAt < INTERVAL_MS) return;
    this.#drawnAt = now;
    this.#isShown = true;
    const text = describe((now - this.#begin) / 1000);
    // A line that wraps could not be erased.
    const width = Math.max(0, (this.#stream.columns || 80) - 1);
    this.#stream.write(drawing(`${ERASE}${this.#colors.dim(printable(text).slice(0, width))}`));
  }

  /** Other work begins. */
  restart(): void {
    this.#begin = this.#now();
  }

  /** Makes room for another line; the next update shows it again. */
  erase(): void {
    if (this.#isShown) this.#stream.write(drawing(ERASE));
    this.#isShown = false;
  }

  /** Erases it for good. */
  end(): void {
    this.erase();
    this.#hasEnded = true;
  }
}

/** `42 %` */
export function percent(done: number, total: number): string {
  return `${Math.floor(shareOf(done, total) * 100)} %`;
}

function shareOf(done: number, total: number): number {
  return total === 0 ? 1 : done / total;
}

/** `42 %, 1.2 M rows/s, 85 MB/s, 7 s left` */
export function describeProgress(
  doneBytes: number,
  totalBytes: number,
  rows: number,
  seconds: number,
): string {
  const share = shareOf(doneBytes, totalBytes);
  const elapsed = Math.max(seconds, LEAST_SECONDS);
  const left = share === 0 ? undefined : (elapsed * (1 - share)) / share;
  return [
    percent(doneBytes, totalBytes),
    `${scaled(rows / elapsed)} rows/s`,
    `${(doneBytes / elapsed / 1e6).toFixed(0)} MB/s`,
    ...(left === undefined ? [] : [`${duration(left)} left`]),
  ].join(", ");
}

/** `42 %, 85 MB/s, 7 s left` */
export function describeBytes(doneBytes: number, totalBytes: number, seconds: number): string {
  const share = shareOf(doneBytes, totalBytes);
  const elapsed = Math.max(seconds, LEAST_SECONDS);
  const rate = `${(doneBytes / elapsed / 1e6).toFixed(0)} MB/s`;
  const left = share === 0 ? [] : [`${duration((elapsed * (1 - share)) / share)} left`];
  return [percent(doneBytes, totalBytes), rate, ...left].join(", ");
}

/** What a status line says of a live query. */
export interface LiveProgress {
  readonly rows: number;
  readonly late: number;
  /** Time up to which everything is delivered, ns since the Unix epoch. */
  readonly watermarkNs: bigint | undefined;
  /** Empty if nothing was lost. */
  readonly losses: string;
}

/** `1200000 rows, 34 k rows/s, 0.6 s behind, 3 late; lost: 5 packets missing` */
export function describeLive(
  { rows, late, watermarkNs, losses }: LiveProgress,
  seconds: number,
  nowMs: number,
): string {
  const behind = watermarkNs === undefined ? undefined : nowMs / 1000 - Number(watermarkNs) / 1e9;
  const parts = [
    counted(rows, "row"),
    `${scaled(rows / Math.max(seconds, LEAST_SECONDS))} rows/s`,
    // A replayed or recorded past is not behind.
    ...(behind === undefined || behind > MAX_BEHIND_SECONDS
      ? []
      : [`${Math.max(0, behind).toFixed(1)} s behind`]),
    ...(late > 0 ? [`${late} late`] : []),
  ];
  return losses === "" ? parts.join(", ") : `${parts.join(", ")}; lost: ${losses}`;
}

function scaled(rate: number): string {
  if (rate >= 999_500) return `${(rate / 1e6).toFixed(1)} M`;
  return rate >= 1000 ? `${(rate / 1000).toFixed(0)} k` : rate.toFixed(0);
}

function duration(seconds: number): string {
  const whole = Math.ceil(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min ${whole % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
