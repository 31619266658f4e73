/** Secrets that others than their owner can read. */

import { statSync } from "node:fs";

const ALL = 0o007;
const GROUP = 0o070;

/**
 * What an operator should know of a file's mode.
 * @param what the secrets in it
 */
export function exposure(path: string, mode: number, what: string): string | undefined {
  if ((mode & (ALL | GROUP)) === 0) return undefined;
  const who = (mode & ALL) === 0 ? "its group" : "every user";
  const shown = (mode & 0o777).toString(8).padStart(4, "0");
  return `warning: ${path}: expected a file for its owner only (chmod 600), got mode ${shown}: ${who} may have ${what}`;
}

/** As `exposure`, of a file that was read before. */
export function exposureOf(path: string, what: string): string | undefined {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats === undefined ? undefined : exposure(path, stats.mode, what);
}
