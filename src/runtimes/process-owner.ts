/** Whether a user owns a process: the user's runtime may name these only. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { startTicksOf } from "./process.ts";

/** `count` user ids from `first` on. */
export interface IdRange {
  readonly first: number;
  readonly count: number;
}

/**
 * The user ids that a user may map into user namespaces: the user's own, and subordinate ones.
 *
 * @param subuid the list of subordinate ids, see subuid(5)
 */
export function idsOf(
  user: number,
  subuid: string = "/etc/subuid",
  passwd: string = "/etc/passwd",
): readonly IdRange[] {
  const name = fieldsOf(passwd).find(([, , id]) => id === String(user))?.[0];
  const lent = fieldsOf(subuid).flatMap(([lender = "", first = "", count = ""]) => {
    const isUserOwned = lender === String(user) || (lender !== "" && lender === name);
    const isRange = /^\d+$/.test(first) && /^\d+$/.test(count) && Number(first) > 0;
    return isUserOwned && isRange ? { first: Number(first), count: Number(count) } : [];
  });
  return [{ first: user, count: 1 }, ...lent];
}

/**
 * Whether a process, and every id of its user namespace, has ids of a user.
 *
 * So no process in the initial user namespace is a user's, because system services may run as that user; and no container of
 * root's is, even if it maps the user's id among others.
 *
 * @param ids of the user, from `idsOf`
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

/** Parses `INSIDE OUTSIDE COUNT`; a malformed line counts as all ids. */
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
