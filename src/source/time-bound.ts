/** Points in time as users write them, and what they mean for a trace. */

import { SourceError } from "../base/errors.ts";

/** A point in time: absolute, or relative to what is known when the trace is read. */
export type TimeBound =
  /** `spanNs`: how much of what follows belongs to it where it is an end; a date is a whole day. */
  | { readonly kind: "absolute"; readonly ns: bigint; readonly spanNs?: bigint }
  /** On the day on which the trace begins. */
  | { readonly kind: "time-of-day"; readonly ns: bigint; readonly offsetMinutes?: number }
  /** From the trace's first event or, below 0, from its end; live, from now. */
  | { readonly kind: "relative"; readonly ns: bigint }
  /** From now. */
  | { readonly kind: "now"; readonly ns: bigint };

/** What relative times refer to, in ns since the Unix epoch. */
export interface TimeFrame {
  readonly firstNs?: bigint | undefined;
  /** When the last packet ends; none of live sessions. */
  readonly lastNs?: bigint | undefined;
}

const NS_PER_SECOND = 1_000_000_000n;
const NS_PER_MINUTE = 60n * NS_PER_SECOND;
const NS_PER_DAY = 1440n * NS_PER_MINUTE;
/** A number with more digits than seconds have is nanoseconds. */
const LEAST_NS_DIGITS = 17;

const DATE = "(\\d{4})-(\\d{2})-(\\d{2})";
const TIME = "(\\d{2}):(\\d{2})(?::(\\d{2})(?:[.,](\\d{1,9}))?)?";
const ZONE = "(Z|[+-]\\d{2}(?::?\\d{2})?)?";
const CALENDAR = new RegExp(`^(?:${DATE})?(?:[ T]?${TIME} ?${ZONE})?$`, "i");
const EPOCH = /^(-)?(\d{1,11})(?:[.,](\d{1,9}))?$/;
const RELATIVE = /^(now)?(?: *([+-]) *(\d{1,9})(?:\.(\d{1,9}))?(ns|us|ms|s|m|min|h|d))?$/i;

const UNITS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  ms: 1_000_000n,
  s: NS_PER_SECOND,
  m: NS_PER_MINUTE,
  min: NS_PER_MINUTE,
  h: 60n * NS_PER_MINUTE,
  d: NS_PER_DAY,
};

/**
 * Reads a time: `[YYYY-MM-DD][ HH:MM[:SS[.NNNNNNNNN]]][ZONE]`, with or without brackets and `T`, ZONE being `Z` or `+HH:MM`;
 * seconds since the epoch, `[-]SEC[.NNNNNNNNN]`; nanoseconds, of 17 digits or more; `now`, `now-5m`; `+1s` after the
 * trace's begin, `-5m` before its end (live: from now).
 *
 * @param isUtc whether times without a zone are UTC instead of local
 * @throws SourceError `TIME_SYNTAX`
 * @see babeltrace2-filter.utils.trimmer(7)
 */
export function parseTimeBound(text: string, isUtc: boolean = false): TimeBound {
  const bare = text.trim().replace(/^\[(.*)\]$/, "$1");
  const bound = calendarTime(bare, isUtc) ?? epochTime(bare) ?? relativeTime(bare);
  if (bound === undefined) throw badTime(text);
  return bound;
}

function calendarTime(text: string, isUtc: boolean): TimeBound | undefined {
  const match = text === "" ? null : CALENDAR.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second = "0", fraction, zone] = match;
  const hasTime = hour !== undefined;
  // Digits that stand directly behind a date are no time.
  if (year !== undefined && hasTime && !/^.{10}[ T]/i.test(text)) return undefined;
  const [h, m, s] = [Number(hour ?? 0), Number(minute ?? 0), Number(second)];
  const offset = zone === undefined ? (isUtc ? 0 : undefined) : zoneMinutes(zone);
  if (h > 23 || m > 59 || s > 60 || (offset !== undefined && Math.abs(offset) > 24 * 60))
    return undefined;
  const below = nanoseconds(fraction);
  if (year === undefined) {
    const ns = BigInt(h * 3600 + m * 60 + s) * NS_PER_SECOND + below;
    return { kind: "time-of-day", ns, ...(offset !== undefined && { offsetMinutes: offset }) };
  }
  const [y, mo, d] = [Number(year), Number(month) - 1, Number(day)];
  if (new Date(Date.UTC(y, mo, d)).getUTCDate() !== d || mo > 11) return undefined;
  const ms =
    offset === undefined
      ? new Date(y, mo, d, h, m, s).getTime()
      : Date.UTC(y, mo, d, h, m, s) - offset * 60_000;
  const ns = BigInt(ms) * 1_000_000n + below;
  return { kind: "absolute", ns, ...(!hasTime && { spanNs: NS_PER_DAY - 1n }) };
}

/** `Z`, `+01:00`, `+0100`, `+01` → minutes east of Greenwich */
function zoneMinutes(zone: string): number {
  if (zone.toUpperCase() === "Z") return 0;
  const digits = zone.slice(1).replace(":", "");
  const minutes = Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2) || "0");
  return zone.startsWith("-") ? -minutes : minutes;
}

function epochTime(text: string): TimeBound | undefined {
  if (/^-?\d+$/.test(text) && text.length >= LEAST_NS_DIGITS && text.length <= 20) {
    const ns = BigInt(text);
    return BigInt.asIntN(64, ns) === ns ? { kind: "absolute", ns } : undefined;
  }
  const epoch = EPOCH.exec(text);
  if (epoch === null) return undefined;
  const ns = BigInt(epoch[2]!) * NS_PER_SECOND + nanoseconds(epoch[3]);
  return { kind: "absolute", ns: epoch[1] === undefined ? ns : -ns };
}

function relativeTime(text: string): TimeBound | undefined {
  const match = text === "" ? null : RELATIVE.exec(text);
  if (match === null) return undefined;
  const [, now, sign, amount = "0", fraction = "", unit = "s"] = match;
  const scale = UNITS[unit.toLowerCase()]!;
  const below = fraction === "" ? 0n : (BigInt(fraction) * scale) / 10n ** BigInt(fraction.length);
  const ns = BigInt(amount) * scale + below;
  return { kind: now === undefined ? "relative" : "now", ns: sign === "-" ? -ns : ns };
}

/**
 * A duration with its sign, `-2h`, `+500ms`, or seconds, `3600.5` → ns; `undefined` for anything else.
 */
export function parseShift(text: string): bigint | undefined {
  const signed = /^[+-]/.test(text) ? text : `+${text}`;
  const bound = relativeTime(/\d$/.test(signed) ? `${signed}s` : signed);
  return bound?.kind === "relative" ? bound.ns : undefined;
}

/** Whether one of some times counts from the trace's first event. */
export function areFromBegin(...bounds: readonly (TimeBound | undefined)[]): boolean {
  return bounds.some((bound) => bound?.kind === "relative" && bound.ns >= 0n);
}

/**
 * Nanoseconds since the Unix epoch. A time of day is that of the day in which the trace begins, or of today where it has no
 * time.
 * @param edge a date is its first moment where it is a begin, its last one where it is an end
 * @throws SourceError `TIME_RELATIVE` where it is relative to a begin or end that the trace does not have
 */
export function resolveTime(
  bound: TimeBound | undefined,
  frame: TimeFrame,
  edge: "begin" | "end",
  isLive: boolean = false,
): bigint | undefined {
  switch (bound?.kind) {
    case undefined:
      return undefined;
    case "absolute":
      return edge === "end" ? bound.ns + (bound.spanNs ?? 0n) : bound.ns;
    case "now":
      return nowNs() + bound.ns;
    case "relative": {
      const from = isLive ? nowNs() : bound.ns < 0n ? frame.lastNs : frame.firstNs;
      if (from !== undefined) return from + bound.ns;
      const message = `${edge}: expected a trace with times, of which the ${bound.ns < 0n ? "end" : "begin"} is known`;
      throw new SourceError("TIME_RELATIVE", message);
    }
    case "time-of-day":
      return dayOf(frame.firstNs ?? nowNs(), bound.offsetMinutes) + bound.ns;
  }
}

/** When the day of a time begins: local, or so many minutes east of Greenwich. */
function dayOf(ns: bigint, offsetMinutes: number | undefined): bigint {
  if (offsetMinutes === undefined) {
    const day = new Date(Number(ns / 1_000_000n));
    day.setHours(0, 0, 0, 0);
    return BigInt(day.getTime()) * 1_000_000n;
  }
  const offset = BigInt(offsetMinutes) * NS_PER_MINUTE;
  const local = ns + offset;
  const rest = ((local % NS_PER_DAY) + NS_PER_DAY) % NS_PER_DAY;
  return local - rest - offset;
}

function nowNs(): bigint {
  return BigInt(Date.now()) * 1_000_000n;
}

function nanoseconds(fraction: string | undefined): bigint {
  return fraction === undefined ? 0n : BigInt(fraction.padEnd(9, "0"));
}

function badTime(text: string): SourceError {
  return new SourceError(
    "TIME_SYNTAX",
    `time: expected [YYYY-MM-DD ]HH:MM[:SS[.NNNNNNNNN]][Z|+HH:MM], YYYY-MM-DD, seconds since the epoch, nanoseconds of 17 digits or more, now, -5m or +1s, got ${text}`,
  );
}
