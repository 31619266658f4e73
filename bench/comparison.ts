/** Two versions of the program beside each other: how much of the processor one takes for what the other takes. */

import { median, type Spread, spread } from "./statistics.ts";

/** What the same command took in one round, ms of a processor: the version before runs twice, around the other. */
export interface Round {
  readonly before: number;
  readonly now: number;
  readonly again: number;
}

export interface Comparison {
  /** Now by before, round by round: above 1, it takes more. */
  readonly ratio: Spread;
  /** How far the version before is from itself, as a part of it. */
  readonly noise: number;
  /** What a ratio may be. */
  readonly most: number;
  readonly isSlower: boolean;
}

/** Less is not worth a word on any machine. */
const LEAST = 0.1;
/** Differences between equal programs are seldom more than so many times their median. */
const NOISES = 3;

/** @param rounds at least one */
export function compare(rounds: readonly Round[]): Comparison {
  const ratio = spread(rounds.map(({ before, now, again }) => now / ((before + again) / 2)));
  const noise = median(
    rounds.map(({ before, again }) => Math.max(before, again) / Math.min(before, again) - 1),
  );
  const most = 1 + Math.max(LEAST, NOISES * noise);
  return { ratio, noise, most, isSlower: ratio.median > most };
}
