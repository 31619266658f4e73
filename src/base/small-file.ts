import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";

const MAX_BYTES = 4 << 20;

/**
 * A regular file of settings, whole. Opening does not wait, should it be a FIFO.
 * @throws Error of `node:fs`, or one that says what it is instead
 */
export function readSmallFile(path: string): string {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  try {
    const stats = fstatSync(fd);
    if (!stats.isFile()) throw new Error("something that is no regular file");
    if (stats.size > MAX_BYTES) throw new Error(`more than ${MAX_BYTES} bytes`);
    return readFileSync(fd, "utf8");
  } finally {
    closeSync(fd);
  }
}
