import type { Utf8Writer } from "./utf8-writer.ts";

/** Seconds and the nanoseconds below one second, of a 64-bit count of nanoseconds in halves. No bigint is made. */
export interface SplitTime {
  seconds: number;
  nanoseconds: number;
}

/** Splits nanoseconds; works for negative values too (seconds are rounded down). */
export function splitNs(hi: number, lo: number, out: SplitTime): void {
  // The quotient is off by one at most; the low 32 bits of the product show exactly by how much.
  let seconds = Math.floor((hi * 0x1_0000_0000 + (lo >>> 0)) / 1e9);
  let nanoseconds = (lo - Math.imul(seconds, 1_000_000_000)) | 0;
  if (nanoseconds < 0) {
    seconds--;
    nanoseconds += 1_000_000_000;
  } else if (nanoseconds >= 1_000_000_000) {
    seconds++;
    nanoseconds -= 1_000_000_000;
  }
  out.seconds = seconds;
  out.nanoseconds = nanoseconds;
}

/** The last whole number of steps at or before a time. */
export function floorTo(ns: bigint, step: bigint): bigint {
  const into = ns % step;
  return ns - (into < 0n ? into + step : into);
}

/** Nine digits, with leading zeros. */
export function writeNanoseconds(nanoseconds: number, out: Utf8Writer): void {
  let rest = nanoseconds;
  out.ascii("000000000");
  for (let at = out.length - 1; rest > 0; at--) {
    const tenth = Math.floor(rest / 10);
    out.bytes[at] = 48 + rest - tenth * 10;
    rest = tenth;
  }
}

/** Writes points in time; the part down to the second is made once a second. */
export class TimeWriter {
  readonly #secondText: (date: Date) => string;
  readonly #suffix: string;
  readonly #time: SplitTime = { seconds: 0, nanoseconds: 0 };
  #second = Number.NaN;
  #text = "";

  constructor(secondText: (date: Date) => string, suffix: string) {
    this.#secondText = secondText;
    this.#suffix = suffix;
  }

  /** @param hi @param lo nanoseconds since the Unix epoch */
  write(hi: number, lo: number, out: Utf8Writer): void {
    splitNs(hi, lo, this.#time);
    if (this.#time.seconds !== this.#second) {
      this.#second = this.#time.seconds;
      this.#text = this.#secondText(new Date(this.#second * 1000));
    }
    out.ascii(this.#text);
    out.ascii(".");
    writeNanoseconds(this.#time.nanoseconds, out);
    out.ascii(this.#suffix);
  }
}

/** `2026-11-22T08:55:45.115442425Z` */
export function isoTimeWriter(): TimeWriter {
  return new TimeWriter(isoSecond, "Z");
}

/** `2026-11-22T08:55:45` */
export function isoSecond(date: Date): string {
  return date.toISOString().slice(0, 19);
}

/** How times are shown to people. */
export interface TimeStyle {
  readonly isUtc: boolean;
  readonly showsDate: boolean;
}

export const LOCAL_TIME_OF_DAY: TimeStyle = { isUtc: false, showsDate: false };

/** Whether times are those of the local day, which lines that the kernel writes show. */
export function isUsual({ isUtc, showsDate }: TimeStyle): boolean {
  return !isUtc && !showsDate;
}

/** `08:55:45.115442425`, or with the date before it, `2026-11-22 08:55:45.115442425` */
export function clockTimeWriter({ isUtc, showsDate }: TimeStyle = LOCAL_TIME_OF_DAY): TimeWriter {
  const from = showsDate ? 0 : 11;
  const shown = (date: Date): string => {
    // The wall clock's time, as if it were UTC.
    const local = isUtc ? date : new Date(date.getTime() - date.getTimezoneOffset() * 60_000);
    return local.toISOString().replace("T", " ").slice(from, -5);
  };
  return new TimeWriter(showsDate || isUtc ? shown : timeOfDay, "");
}

/** `UTC+01:00` at that time */
export function zoneName(date: Date, isUtc: boolean): string {
  const minutes = isUtc ? 0 : -date.getTimezoneOffset();
  if (minutes === 0) return "UTC";
  const rest = Math.abs(minutes);
  return `UTC${minutes < 0 ? "-" : "+"}${twoDigits(Math.floor(rest / 60))}:${twoDigits(rest % 60)}`;
}

/** Whether two times lie on different days. */
export function areDaysApart(aNs: bigint, bNs: bigint, isUtc: boolean): boolean {
  const day = (ns: bigint): string => {
    const date = new Date(Number(ns / 1_000_000n));
    return isUtc ? date.toISOString().slice(0, 10) : date.toDateString();
  };
  return day(aNs) !== day(bNs);
}

/** `08:55:45`, local time of day */
export function timeOfDay(date: Date): string {
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map(twoDigits).join(":");
}

function twoDigits(value: number): string {
  return String(value).padStart(2, "0");
}

/** `2026-11-22T09:09:13.660403394Z` */
export function isoText(ns: bigint): string {
  const fraction = ((ns % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n;
  const seconds = (ns - fraction) / 1_000_000_000n;
  const date = new Date(Number(seconds) * 1000);
  const day = Number.isNaN(date.getTime()) ? `${seconds} s` : date.toISOString().slice(0, 19);
  return `${day}.${String(fraction).padStart(9, "0")}Z`;
}
