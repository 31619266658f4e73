import { type Dirent, readdirSync, type Stats, statSync } from "node:fs";
import { join } from "node:path";

const MAX_DEPTH = 16;

/** The files at and below a path, as far as they can be looked at. */
export function* filesBelow(
  path: string,
  depth: number = 0,
): Generator<{ readonly path: string; readonly stats: Stats }> {
  let entries: Dirent[];
  try {
    entries = readdirSync(path, { withFileTypes: true });
  } catch {
    return;
  }
  for (const entry of entries) {
    const below = join(path, entry.name);
    if (entry.isDirectory()) {
      if (depth < MAX_DEPTH) yield* filesBelow(below, depth + 1);
    } else {
      const stats = statSync(below, { throwIfNoEntry: false });
      if (stats !== undefined) yield { path: below, stats };
    }
  }
}
