import { SourceError } from "../base/errors.ts";

/** A point in time as babeltrace2 takes it: absolute, or a time of day on the trace's first day. */
export type TimeBound =
  | { readonly kind: "absolute"; readonly ns: bigint }
  | { readonly kind: "time-of-day"; readonly ns: bigint };

const NS_PER_SECOND = 1_000_000_000n;

/**
 * Reads `[YYYY-MM-DD ]HH:MM:SS[.NNNNNNNNN]` (local time, with or without brackets) or seconds since the epoch
 * `[-]SEC[.NNNNNNNNN]`.
 * @throws SourceError `TIME_SYNTAX`
 * @see babeltrace2-filter.utils.trimmer(7)
 */
export function parseTimeBound(text: string): TimeBound {
  const bare = text.trim().replace(/^\[(.*)\]$/, "$1");
  const clock = /^(?:(\d{4})-(\d{2})-(\d{2})[ T])?(\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?$/.exec(
    bare,
  );
  if (clock !== null) {
    const [, year, month, day, hour, minute, second, fraction] = clock;
    const [h, m, s] = [Number(hour), Number(minute), Number(second)];
    if (h > 23 || m > 59 || s > 60) throw badTime(text);
    const ns = nanoseconds(fraction);
    if (year === undefined)
      return { kind: "time-of-day", ns: BigInt(h * 3600 + m * 60 + s) * NS_PER_SECOND + ns };
    const date = new Date(Number(year), Number(month) - 1, Number(day), h, m, s);
    return { kind: "absolute", ns: BigInt(date.getTime()) * 1_000_000n + ns };
  }
  const epoch = /^(-)?(\d{1,11})(?:\.(\d{1,9}))?$/.exec(bare);
  if (epoch === null) throw badTime(text);
  const ns = BigInt(epoch[2]!) * NS_PER_SECOND + nanoseconds(epoch[3]);
  return { kind: "absolute", ns: epoch[1] === undefined ? ns : -ns };
}

/**
 * Nanoseconds since the Unix epoch; a time of day is that of the local day in which `firstNs` lies, or of today where the
 * source has no time.
 */
export function resolveTime(
  bound: TimeBound | undefined,
  firstNs: bigint | undefined,
): bigint | undefined {
  if (bound === undefined || bound.kind === "absolute") return bound?.ns;
  const day = firstNs === undefined ? new Date() : new Date(Number(firstNs / 1_000_000n));
  day.setHours(0, 0, 0, 0);
  return BigInt(day.getTime()) * 1_000_000n + bound.ns;
}

function nanoseconds(fraction: string | undefined): bigint {
  return fraction === undefined ? 0n : BigInt(fraction.padEnd(9, "0"));
}

function badTime(text: string): SourceError {
  return new SourceError(
    "TIME_SYNTAX",
    `time: expected [YYYY-MM-DD ]HH:MM:SS[.NNNNNNNNN] or seconds since the epoch, got ${text}`,
  );
}
