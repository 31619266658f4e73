/** Files of a trace directory: only regular ones are ever opened, and only a few at a time. */

import {
  closeSync,
  constants,
  type Dirent,
  fstatSync,
  openSync,
  readSync,
  type Stats,
  statSync,
} from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { SourceError } from "../base/errors.ts";

/** Opening does not wait, should the file have become a FIFO meanwhile. */
const OPEN_FLAGS = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;
/** Descriptors that an `OpenFiles` keeps. */
export const MOST_OPEN_FILES = 16;

/** Data files, sorted, and what else lies where data files lie, with why it is left out. */
export interface DataFiles {
  readonly paths: readonly string[];
  readonly others: readonly { readonly path: string; readonly error: SourceError }[];
}

/**
 * The data files directly in a trace directory: regular files, and links to such. Folders are searched for traces of their
 * own, and names that begin with a dot are hidden.
 */
export async function dataFiles(directory: string): Promise<DataFiles> {
  const entries = await readdir(directory, { withFileTypes: true });
  const paths: string[] = [];
  const others: { path: string; error: SourceError }[] = [];
  for (const entry of entries) {
    if (entry.isDirectory() || entry.name === "metadata" || entry.name.startsWith(".")) continue;
    const path = join(directory, entry.name);
    const error = await problemOf(path, entry);
    if (error === undefined) paths.push(path);
    else others.push({ path, error });
  }
  return { paths: paths.sort(), others };
}

async function problemOf(path: string, entry: Dirent): Promise<SourceError | undefined> {
  if (entry.isFile()) return undefined;
  if (!entry.isSymbolicLink()) return notRegular(path, entry);
  try {
    const target = await stat(path);
    return target.isFile() ? undefined : notRegular(path, target);
  } catch (error) {
    return fileError(path, error);
  }
}

/**
 * Opens a regular file for reading.
 * @throws SourceError `SOURCE_NOT_FILE`, `SOURCE_UNREADABLE`
 */
export function openRegularFile(path: string): { readonly fd: number; readonly size: number } {
  let fd: number;
  try {
    fd = openSync(path, OPEN_FLAGS);
  } catch (error) {
    throw fileError(path, error);
  }
  const stats = fstatSync(fd);
  if (stats.isFile()) return { fd, size: stats.size };
  closeSync(fd);
  throw notRegular(path, stats);
}

/**
 * Reads a small regular file whole.
 * @param most bytes; a larger file is none that is looked for
 * @returns `undefined` if it cannot be read
 */
export async function readSmallFile(path: string, most: number): Promise<Buffer | undefined> {
  try {
    const stats = statSync(path);
    if (!stats.isFile() || stats.size > most) return undefined;
    return await readRegularFile(path, most);
  } catch {
    return undefined;
  }
}

/**
 * Reads a regular file whole.
 * @param most bytes that are allowed
 * @throws SourceError `SOURCE_NOT_FILE`, `SOURCE_UNREADABLE`, `SOURCE_SIZE`
 */
export async function readRegularFile(path: string, most: number): Promise<Buffer> {
  checkRegular(path);
  const { fd, size } = openRegularFile(path);
  try {
    if (size > most)
      throw new SourceError("SOURCE_SIZE", `${path}: expected at most ${most} bytes, got ${size}`);
    const bytes = Buffer.alloc(size);
    return bytes.subarray(0, readAt(path, fd, bytes, 0));
  } finally {
    closeSync(fd);
  }
}

/** Nothing but a regular file is opened. */
function checkRegular(path: string): void {
  let stats: Stats;
  try {
    stats = statSync(path);
  } catch (error) {
    throw fileError(path, error);
  }
  if (!stats.isFile()) throw notRegular(path, stats);
}

/**
 * Fills `bytes` from a place in a file; gives how many there were.
 * @throws SourceError `SOURCE_UNREADABLE`
 */
export function readAt(path: string, fd: number, bytes: Uint8Array, position: number): number {
  let filled = 0;
  try {
    while (filled < bytes.length) {
      const read = readSync(fd, bytes, filled, bytes.length - filled, position + filled);
      if (read === 0) break;
      filled += read;
    }
  } catch (error) {
    throw fileError(path, error);
  }
  return filled;
}

/** What the system says of a file, as an error about that file. */
export function fileError(path: string, cause: unknown): SourceError {
  const { code, message } = cause as NodeJS.ErrnoException;
  const reason = (code !== undefined && REASONS[code]) || message;
  return new SourceError("SOURCE_UNREADABLE", `${path}: ${reason}`, { cause });
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "no such file",
  EACCES: "permission denied",
  ENOTDIR: "no such file: a folder on the way to it has gone",
  EMFILE: "too many open files (ulimit -n)",
  EISDIR: "expected a regular file, got a folder",
  EIO: "the disk could not read it (EIO)",
  ESTALE: "the file server has forgotten it (ESTALE)",
};

function notRegular(path: string, entry: Dirent | Stats): SourceError {
  return new SourceError(
    "SOURCE_NOT_FILE",
    `${path}: expected a regular file, got ${kindOf(entry)}`,
  );
}

function kindOf(entry: Dirent | Stats): string {
  if (entry.isDirectory()) return "a link to a folder";
  if (entry.isFIFO()) return "a FIFO";
  if (entry.isSocket()) return "a socket";
  return entry.isCharacterDevice() || entry.isBlockDevice() ? "a device" : "something else";
}

/** Files that stay open while packets are read from them: there may be more streams than descriptors. */
export class OpenFiles {
  readonly #files = new Map<string, number>();

  /**
   * A file's descriptor, valid until as many others have been asked for.
   * @throws SourceError `SOURCE_NOT_FILE`, `SOURCE_UNREADABLE`
   */
  fd(path: string): number {
    const known = this.#files.get(path);
    if (known !== undefined) {
      // The one that was used last is closed last.
      this.#files.delete(path);
      this.#files.set(path, known);
      return known;
    }
    if (this.#files.size >= MOST_OPEN_FILES) this.#closeOldest();
    const { fd } = this.#open(path);
    this.#files.set(path, fd);
    return fd;
  }

  close(): void {
    for (const fd of this.#files.values()) closeSync(fd);
    this.#files.clear();
  }

  /** Where the process has no descriptor left, older files make room. */
  #open(path: string): { readonly fd: number } {
    for (;;) {
      try {
        return openRegularFile(path);
      } catch (error) {
        const isFull = (error as { cause?: { code?: string } }).cause?.code === "EMFILE";
        // The two that were used last may still be read.
        if (!isFull || this.#files.size <= 2) throw error;
        this.#closeOldest();
      }
    }
  }

  #closeOldest(): void {
    const [oldest] = this.#files;
    if (oldest === undefined) return;
    closeSync(oldest[1]);
    this.#files.delete(oldest[0]);
  }
}
