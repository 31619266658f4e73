/** Folders into which no link may lead a search: a trace may hold links that its reader would not follow. */

import { realpathSync, type Stats, statSync } from "node:fs";
import { dirname, resolve } from "node:path";

type Identity = Pick<Stats, "dev" | "ino">;

/** Every process's root and working directory can be reached from here. */
const KERNELS = ["/proc", "/sys"];

/** Folders that a search enters at most. */
export const MAX_SEARCHED_FOLDERS = 100_000;

export class OffLimits {
  /** The folders that the search itself lies in. */
  readonly #above = new Set<string>();
  /** File systems. */
  readonly #devices = new Set<number>();

  /** @param root where the search begins */
  constructor(root: string) {
    const real = realOf(root);
    for (let at = real; at !== dirname(at); at = dirname(at)) {
      const above = identityOf(dirname(at));
      if (above !== undefined) this.#above.add(nameOf(above));
    }
    const own = identityOf(real)?.dev;
    for (const path of KERNELS) {
      const device = identityOf(path)?.dev;
      if (device !== undefined && device !== own) this.#devices.add(device);
    }
  }

  has(folder: Identity): boolean {
    return this.#devices.has(folder.dev) || this.#above.has(nameOf(folder));
  }
}

function realOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    // It has gone meanwhile.
    return resolve(path);
  }
}

function identityOf(path: string): Identity | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}

function nameOf({ dev, ino }: Identity): string {
  return `${dev}:${ino}`;
}
