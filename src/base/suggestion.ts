/** What may have been meant by a name that nothing has. */

import { masked } from "./printable.ts";
import { nearestName } from "./text.ts";

const MOST_NEAR = 3;
const MOST_LISTED = 8;

/** `; did you mean sched_switch? There are 312: a, b, c …` */
export function suggestion(name: string, candidates: readonly string[]): string {
  const near = nearNames(name, candidates);
  const hint = near.length === 0 ? "" : `; did you mean ${listed(near, " or ")}?`;
  if (candidates.length === 0) return hint;
  // What tracers name for themselves says least.
  const sorted = candidates.toSorted(order);
  const some = sorted.slice(0, MOST_LISTED).map(masked).join(", ");
  const what = sorted.length > MOST_LISTED ? `are ${sorted.length}: ${some} …` : `are: ${some}`;
  return hint === "" ? `; there ${what}` : `${hint} There ${what}`;
}

function order(a: string, b: string): number {
  const [isOwn, isOther] = [a.startsWith("_"), b.startsWith("_")];
  if (isOwn !== isOther) return isOwn ? 1 : -1;
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The nearest by spelling, else those that contain the name; stars of a glob are no part of it. */
export function nearNames(name: string, candidates: readonly string[]): readonly string[] {
  const word = name.replaceAll("*", "");
  if (word === "") return [];
  const nearest = nearestName(word, candidates);
  if (nearest !== undefined) return [nearest];
  const lower = word.toLowerCase();
  return candidates
    .filter((candidate) => candidate.toLowerCase().includes(lower))
    .toSorted((a, b) => a.length - b.length || (a < b ? -1 : 1))
    .slice(0, MOST_NEAR);
}

/** `a, b or c` */
export function listed(names: readonly string[], last: string): string {
  const shown = names.map(masked);
  return shown.length < 2
    ? shown.join("")
    : `${shown.slice(0, -1).join(", ")}${last}${shown.at(-1)}`;
}
