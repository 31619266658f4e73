import { type Stats, statSync } from "node:fs";

/** Whether a path still names what was made there: what is written to something that was deleted or moved is nowhere. */
export function isStillNamed(path: string, { dev, ino }: Stats): boolean {
  try {
    const now = statSync(path, { throwIfNoEntry: false });
    return now !== undefined && now.dev === dev && now.ino === ino;
  } catch {
    // It cannot be looked at: writing says what is wrong.
    return true;
  }
}
