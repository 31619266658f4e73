/** Times and progress in the head of the screen. */

/** What runs, as far as its state is shown. */
export interface RunningState {
  readonly watermarkNs: bigint | undefined;
  readonly progress: number;
  readonly hasEnded: boolean;
}

/** A replayed or recorded past is not behind. */
const MOST_BEHIND_SECONDS = 24 * 3600;

/** `live, 1.2 s behind`, `reading, 42 %`, `recorded` */
export function stateText(
  isLive: boolean,
  { watermarkNs, progress, hasEnded }: RunningState,
  nowMs: number,
): string {
  if (!isLive) return hasEnded ? "recorded" : `reading, ${Math.floor(progress * 100)} %`;
  if (hasEnded) return "ended";
  if (watermarkNs === undefined) return "live";
  const behind = nowMs / 1000 - Number(watermarkNs) / 1e9;
  return behind > MOST_BEHIND_SECONDS ? "live" : `live, ${Math.max(0, behind).toFixed(1)} s behind`;
}

/** `08:53:30 – 08:53:32`, or one time with so many digits below the second. */
export function spanText(
  fromNs: bigint,
  toNs: bigint | undefined,
  isUtc: boolean,
  digits: number,
): string {
  const from = timeText(fromNs, isUtc, digits);
  if (toNs === undefined) return from;
  const isWhole = fromNs % 1_000_000_000n === 0n && toNs % 1_000_000_000n === 0n;
  const shown = isWhole ? digits : 3;
  return `${timeText(fromNs, isUtc, shown)} – ${timeText(toNs, isUtc, shown)}`;
}

function timeText(ns: bigint, isUtc: boolean, digits: number): string {
  const date = new Date(Number(ns / 1_000_000n));
  const parts = isUtc
    ? [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()]
    : [date.getHours(), date.getMinutes(), date.getSeconds()];
  const text = parts.map((part) => String(part).padStart(2, "0")).join(":");
  if (digits === 0) return text;
  const below = ((ns % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n;
  return `${text}.${String(below).padStart(9, "0").slice(0, digits)}`;
}
