import { closeSync, constants, fstatSync, openSync, readFileSync, type Stats } from "node:fs";

const MAX_BYTES = 4 << 20;

/**
 * A regular file of settings, whole. Opening does not wait, should it be a FIFO.
 * @param check throws for a file that must not be read
 * @throws Error of `node:fs`, or one that says what it is instead
 */
export function readSmallFile(path: string, check?: (stats: Stats) => void): string {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  try {
    const stats = fstatSync(fd);
    if (!stats.isFile()) throw new Error("something that is no regular file");
    check?.(stats);
    if (stats.size > MAX_BYTES) throw new Error(`more than ${MAX_BYTES} bytes`);
    return readFileSync(fd, "utf8");
  } finally {
    closeSync(fd);
  }
}
