/** Which runtime describes which process: one claim per process, from the runtime with the highest priority. */

import { type ProcessFacts, processKey } from "./process.ts";
import { type IdRange, idsOf, ownershipOf } from "./process-owner.ts";
import type { KnownContainer, RuntimeWatch } from "./runtime-watch.ts";
import { SharedNamespaces } from "./shared-namespaces.ts";

export interface Claim {
  readonly found: KnownContainer;
  readonly watch: RuntimeWatch;
  /** 0 is the highest priority. */
  readonly rank: number;
  /** What was read of the process at its start. */
  readonly early?: ProcessFacts;
}

export type EarlyClaim = Omit<Required<Claim>, "rank">;

/** Runtimes of unprivileged users rank after all others. */
export const FIRST_USERS_RANK: number = 2 ** 20;

export interface Claims {
  /** By process: its id and start. */
  readonly byProcess: ReadonlyMap<string, Claim>;
  /** One line for each claim of a user's runtime to a process, or to namespaces, that are not the user's. */
  readonly refusals: readonly string[];
}

/**
 * @param watches in order of priority
 * @param earlyClaims to processes of containers that their runtimes may not list
 */
export function claimsOf(
  watches: readonly RuntimeWatch[],
  earlyClaims: readonly EarlyClaim[],
): Claims {
  const claims = watches.flatMap((watch, i) => {
    const rank = (found: KnownContainer): number =>
      i + (found.scopeUid === 0 ? 0 : FIRST_USERS_RANK);
    return [
      ...watch.found.map((found): Claim => ({ found, watch, rank: rank(found) })),
      ...earlyClaims.flatMap((claim): Claim[] =>
        claim.watch === watch ? [{ ...claim, rank: rank(claim.found) }] : [],
      ),
    ];
  });
  const ids = new Map<number, readonly IdRange[]>();
  const idsOfUser = (user: number): readonly IdRange[] => {
    const known = ids.get(user) ?? idsOf(user);
    ids.set(user, known);
    return known;
  };
  const namespaces = new SharedNamespaces();
  const holdOthers = ({ found: { initPid, startTicks, scopeUid }, early }: Claim): boolean => {
    const before = early && [early.pidNs, early.mntNs];
    return namespaces.holdOthers(idsOfUser(scopeUid), initPid, startTicks, before);
  };
  const byProcess = new Map<string, Claim>();
  const refusals: string[] = [];
  for (const claim of claims.sort((a, b) => a.rank - b.rank)) {
    const { initPid, startTicks, scopeUid } = claim.found;
    const process = processKey(claim.found);
    const before = byProcess.get(process);
    if (before !== undefined) {
      // Announced and then listed: the listing is newer, but only the announced one was read in time if it has exited.
      if (claim.early !== undefined && before.watch === claim.watch)
        byProcess.set(process, { ...before, early: claim.early });
      continue;
    }
    const ownership =
      scopeUid === 0 ? "own" : ownershipOf(idsOfUser(scopeUid), initPid, startTicks);
    if (ownership === "foreign") refusals.push(refusalOf(claim, "which"));
    if (ownership !== "own") continue;
    if (scopeUid !== 0 && holdOthers(claim)) refusals.push(refusalOf(claim, "whose namespaces"));
    else byProcess.set(process, claim);
  }
  return { byProcess, refusals };
}

function refusalOf({ found, watch }: Claim, what: string): string {
  const { initPid, scopeUid } = found;
  return `${watch.title} reports process ${initPid} as a container, ${what} user ${scopeUid} does not own: ignored`;
}
