/** What runtimes say of processes: one claim for each, from the runtime that is believed first. */

import { type ProcessFacts, processKey } from "./process.ts";
import { type IdRange, idsOf, ownershipOf } from "./process-owner.ts";
import type { KnownContainer, RuntimeWatch } from "./runtime-watch.ts";

export interface Claim {
  readonly found: KnownContainer;
  readonly watch: RuntimeWatch;
  /** The lower, the more it is believed. */
  readonly rank: number;
  /** What was read of the process before it ran. */
  readonly born?: ProcessFacts;
}

export type BornClaim = Omit<Required<Claim>, "rank">;

/** Runtimes of users who are not root come after all of the system's. */
export const FIRST_USERS_RANK: number = 2 ** 20;

export interface Claims {
  /** By process: its id and start. */
  readonly byProcess: ReadonlyMap<string, Claim>;
  /** What users' runtimes say of processes that are not theirs, in one line each. */
  readonly refusals: readonly string[];
}

/**
 * @param watches in the order in which their runtimes are believed
 * @param births of containers that these do not list
 */
export function claimsOf(watches: readonly RuntimeWatch[], births: readonly BornClaim[]): Claims {
  const claims = watches.flatMap((watch, i) => {
    const rank = (found: KnownContainer): number =>
      i + (found.vouchedBy === 0 ? 0 : FIRST_USERS_RANK);
    return [
      ...watch.found.map((found): Claim => ({ found, watch, rank: rank(found) })),
      ...births.flatMap((birth): Claim[] =>
        birth.watch === watch ? [{ ...birth, rank: rank(birth.found) }] : [],
      ),
    ];
  });
  const ids = new Map<number, readonly IdRange[]>();
  const idsOfUser = (user: number): readonly IdRange[] => {
    const known = ids.get(user) ?? idsOf(user);
    ids.set(user, known);
    return known;
  };
  const byProcess = new Map<string, Claim>();
  const refusals: string[] = [];
  for (const claim of claims.sort((a, b) => a.rank - b.rank)) {
    const { initPid, startTicks, vouchedBy } = claim.found;
    const process = processKey(claim.found);
    const before = byProcess.get(process);
    if (before !== undefined) {
      // Listed after its birth was announced: what its runtime says now counts, what was read then may still be needed.
      if (claim.born !== undefined && before.watch === claim.watch)
        byProcess.set(process, { ...before, born: claim.born });
      continue;
    }
    const ownership =
      vouchedBy === 0 ? "own" : ownershipOf(idsOfUser(vouchedBy), initPid, startTicks);
    if (ownership === "own") byProcess.set(process, claim);
    if (ownership === "foreign") refusals.push(refusalOf(claim));
  }
  return { byProcess, refusals };
}

function refusalOf({ found, watch }: Claim): string {
  const { initPid, vouchedBy } = found;
  return `${watch.title} calls process ${initPid} a container, which is not one of user ${vouchedBy}'s: ignored`;
}
