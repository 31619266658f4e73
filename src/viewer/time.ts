/** Times and ranges: nanoseconds since the Unix epoch, which only a bigint holds. */

/** From `begin` on, before `end`. */
export interface Range {
  readonly begin: bigint;
  readonly end: bigint;
}

const NS_PER_SECOND = 1_000_000_000n;

/** `1795337609210923188` → ns; undefined for anything else. */
export function timeOf(text: string | null): bigint | undefined {
  return text !== null && /^\d{1,19}$/.test(text) ? BigInt(text) : undefined;
}

/** `2026-11-22T08:55:45.210Z` → `08:55:45` */
export function timeOfDay(iso: string | null): string {
  return iso?.slice(11, 19) ?? "–";
}

/** The range between two texts of ns; undefined if it is empty or one of them is missing. */
export function rangeOf(begin: string | null, end: string | null): Range | undefined {
  const from = timeOf(begin);
  const to = timeOf(end);
  return from === undefined || to === undefined || to <= from
    ? undefined
    : { begin: from, end: to };
}

export function lengthOf({ begin, end }: Range): number {
  return Number(end - begin);
}

/** Where a time lies in a range: 0 at its begin, 1 at its end. */
export function partOf({ begin, end }: Range, ns: bigint): number {
  return Number(ns - begin) / Number(end - begin);
}

/** The time at a part of a range. */
export function timeAt({ begin, end }: Range, part: number): bigint {
  return begin + BigInt(Math.round(Number(end - begin) * part));
}

/** What two ranges share; undefined if that is nothing. */
export function shared(a: Range, b: Range): Range | undefined {
  const begin = a.begin > b.begin ? a.begin : b.begin;
  const end = a.end < b.end ? a.end : b.end;
  return begin < end ? { begin, end } : undefined;
}

/** `08:55:45.210923188`, in UTC, with so many digits of the second. */
export function clock(ns: bigint, digits: number = 9): string {
  const seconds = Number(ns / NS_PER_SECOND);
  const time = new Date(seconds * 1000).toISOString().slice(11, 19);
  const below = String(ns % NS_PER_SECOND).padStart(9, "0");
  return digits === 0 ? time : `${time}.${below.slice(0, digits)}`;
}

/** `2026-11-22T08:55:45.210923188Z` */
export function instant(ns: bigint): string {
  const date = new Date(Number(ns / NS_PER_SECOND) * 1000).toISOString().slice(0, 11);
  return `${date}${clock(ns)}Z`;
}

/** `08:55:45.2 – 08:55:46.7 (1.5 s)`: with the digits that distinguish its ends. */
export function rangeText(range: Range): string {
  const length = lengthOf(range);
  const digits = length > 1e11 ? 0 : length > 1e9 ? 3 : length > 1e6 ? 6 : 9;
  return `${clock(range.begin, digits)} – ${clock(range.end, digits)} (${duration(length)})`;
}

const UNITS: readonly (readonly [number, string])[] = [
  [3.6e12, "h"],
  [6e10, "min"],
  [1e9, "s"],
  [1e6, "ms"],
  [1e3, "µs"],
];

/** `1.25 ms`, of nanoseconds. */
export function duration(ns: number, digits: number = 3): string {
  const [factor, unit] = UNITS.find(([least]) => Math.abs(ns) >= least) ?? [1, "ns"];
  return `${Number((ns / factor).toPrecision(digits)).toLocaleString("en-US")} ${unit}`;
}

/** Lengths of windows: text of the query language and ns. */
const WINDOWS: readonly (readonly [string, number])[] = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500].map((ms) => [`${ms}ms`, ms * 1e6] as const),
  ...[1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800].map((s) => [`${s}s`, s * 1e9] as const),
  ...[1, 2, 6, 12, 24].map((h) => [`${h}h`, h * 3.6e12] as const),
];

export interface Window {
  /** As `every` takes it. */
  readonly text: string;
  readonly ns: number;
}

/** The shortest window of which at most so many fill a range. */
export function windowFor(range: Range, most: number): Window {
  const length = lengthOf(range);
  const [text, ns] = WINDOWS.find(([, one]) => length / one <= most) ?? WINDOWS.at(-1)!;
  return { text, ns };
}
