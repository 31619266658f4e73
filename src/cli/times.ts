/** Times on the command line: ranges, the last rows, zones and dates. */

import { InvalidArgumentError, Option } from "commander";
import { SourceError } from "../base/errors.ts";
import { areDaysApart, type TimeStyle, zoneName } from "../base/time.ts";
import {
  parseShift,
  parseTimeBound,
  type TimeBound,
  type TimeFrame,
} from "../source/time-bound.ts";

export interface TimeOptions {
  /** `--begin` or `--since`. */
  readonly since?: string;
  /** `--end` or `--until`. */
  readonly until?: string;
  readonly last?: string;
  readonly utc?: true;
  readonly date?: true;
  readonly clockOffset?: bigint;
}

/** The options of commands that read events. */
export function timeOptions(): readonly Option[] {
  return [
    new Option(
      "--begin, --since <time>",
      "only events from this time on: [DATE ]HH:MM[:SS[.N]][Z], DATE, seconds since the epoch, now, +1s after the first event, -5m before the end",
    ),
    new Option("--end, --until <time>", "only events up to this time; a date is a whole day"),
    new Option("--last <n>", "recorded: the last so many events, or those of the last 5m, 10s"),
    new Option("--utc", "times in UTC instead of local ones, read and written"),
    new Option("--date", "write dates, too; text does where a recorded trace spans days"),
    clockOffsetOption(),
  ];
}

/** `--clock-offset`, of every command that shows times. */
export function clockOffsetOption(): Option {
  return new Option(
    "--clock-offset <time>",
    "added to all times, for traces of wrong clocks: -2h, 3600, +1ms",
  ).argParser(shift);
}

function shift(text: string): bigint {
  const ns = parseShift(text);
  if (ns === undefined)
    throw new InvalidArgumentError("expected seconds or a duration such as -2h, +500ms or 1ns.");
  return ns;
}

export interface AskedTimes {
  readonly begin: TimeBound | undefined;
  readonly end: TimeBound | undefined;
  /** Only so many rows, the last ones. */
  readonly lastRows: number | undefined;
}

/** @throws SourceError `TIME_SYNTAX`, `TIME_RANGE` */
export function askedTimes(options: TimeOptions, isLive: boolean): AskedTimes {
  const { last, utc = false } = options;
  const bound = (text: string | undefined): TimeBound | undefined =>
    text === undefined ? undefined : parseTimeBound(text, utc);
  const begin = bound(options.since);
  const end = bound(options.until);
  if (last === undefined) return { begin, end, lastRows: undefined };
  if (isLive)
    throw new SourceError(
      "TIME_RANGE",
      "--last: expected a recorded trace; live sessions take --begin -5m --from beginning",
    );
  if (/^\d{1,15}$/.test(last)) return { begin, end, lastRows: Number(last) };
  if (begin !== undefined)
    throw new SourceError("TIME_RANGE", "--last: expected no --begin beside a duration");
  const ns = parseShift(last);
  if (ns === undefined || /^[+-]/.test(last))
    throw new SourceError(
      "TIME_SYNTAX",
      `--last: expected a number of events or a duration such as 5m, got ${last}`,
    );
  return { begin: { kind: "relative", ns: -ns }, end, lastRows: undefined };
}

/**
 * The same for commands that make other rows of events than one each.
 * @throws SourceError `TIME_SYNTAX`, `TIME_RANGE`
 */
export function askedRange(
  options: TimeOptions,
  isLive: boolean,
): Pick<AskedTimes, "begin" | "end"> {
  const { begin, end, lastRows } = askedTimes(options, isLive);
  if (lastRows !== undefined)
    throw new SourceError(
      "TIME_SYNTAX",
      `--last: expected a duration such as 5m here, got a number of events, ${lastRows}`,
    );
  return { begin, end };
}

/** How text shows times. */
export function timeStyle(
  { utc, date }: TimeOptions,
  { firstNs, lastNs }: TimeFrame,
  isText: boolean,
): TimeStyle {
  const spansDays =
    isText &&
    firstNs !== undefined &&
    lastNs !== undefined &&
    areDaysApart(firstNs, lastNs, utc === true);
  return { isUtc: utc === true, showsDate: date === true || spansDays };
}

/** `times in UTC+01:00` */
export function zoneNote({ isUtc }: TimeStyle, { firstNs }: TimeFrame): string {
  const at = firstNs === undefined ? new Date() : new Date(Number(firstNs / 1_000_000n));
  return `times in ${zoneName(at, isUtc)}${isUtc ? "" : " (--utc: in UTC)"}`;
}
