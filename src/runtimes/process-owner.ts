/** Whether a process is a user's own: what a user's runtime says of other processes does not count. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { startTicksOf } from "./process.ts";

/** User ids from `first`, `count` of them. */
export interface IdRange {
  readonly first: number;
  readonly count: number;
}

/**
 * The ids that are a user's: user's own, and those that root has lent for user namespaces.
 *
 * @param subuid where these are listed, see subuid(5)
 */
export function idsOf(
  user: number,
  subuid: string = "/etc/subuid",
  passwd: string = "/etc/passwd",
): readonly IdRange[] {
  const name = fieldsOf(passwd).find(([, , id]) => id === String(user))?.[0];
  const lent = fieldsOf(subuid).flatMap(([lender = "", first = "", count = ""]) => {
    const isUsers = lender === String(user) || (lender !== "" && lender === name);
    const isRange = /^\d+$/.test(first) && /^\d+$/.test(count) && Number(first) > 0;
    return isUsers && isRange ? { first: Number(first), count: Number(count) } : [];
  });
  return [{ first: user, count: 1 }, ...lent];
}

/**
 * Whether a process runs in a user namespace that a user could make, as an id that is the user's.
 *
 * A process in the initial user namespace never does, whatever its id: services of the system run as users too. All ids of
 * the user namespace are checked, because root's containers may have a user's id among theirs.
 *
 * @param ids of the user
 */
export function ownershipOf(
  ids: readonly IdRange[],
  pid: number,
  startTicks: number,
  proc: string = "/proc",
): "own" | "foreign" | "gone" {
  try {
    const read = (name: string): string => readFileSync(join(proc, String(pid), name), "latin1");
    const own = /^Uid:((?:\s+\d+){4})$/m.exec(read("status"))?.[1]?.trim().split(/\s+/) ?? [];
    const map = read("uid_map").trim().split("\n").map(outsideOf);
    if (startTicksOf(pid, proc) !== startTicks) return "gone";
    const isOwn =
      own.length === 4 &&
      own.every((id) => isWithin({ first: Number(id), count: 1 }, ids)) &&
      map.every((range) => isWithin(range, ids));
    return isOwn ? "own" : "foreign";
  } catch {
    return "gone";
  }
}

/** `INSIDE OUTSIDE COUNT`; what cannot be read is every id there is. */
function outsideOf(line: string): IdRange {
  const [, outside, count] = /^\s*\d+\s+(\d+)\s+(\d+)\s*$/.exec(line) ?? [];
  if (outside === undefined || count === undefined) return { first: 0, count: 2 ** 32 };
  return { first: Number(outside), count: Number(count) };
}

function isWithin({ first, count }: IdRange, ranges: readonly IdRange[]): boolean {
  return ranges.some((one) => first >= one.first && first + count <= one.first + one.count);
}

function fieldsOf(file: string): string[][] {
  try {
    return readFileSync(file, "utf8")
      .split("\n")
      .map((line) => line.split(":"));
  } catch {
    return [];
  }
}
