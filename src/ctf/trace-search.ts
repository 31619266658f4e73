/** Finds the trace directories at and below a path. */

import { readdir, realpath, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { SourceError, type TraceError } from "../base/errors.ts";
import { MAX_SEARCHED_FOLDERS, OffLimits } from "../base/off-limits.ts";
import { PART_PREFIX } from "../base/part-name.ts";
import { systemReason } from "../base/system-error.ts";

/** Why something could not be read. */
export interface Failure {
  readonly path: string;
  readonly error: TraceError;
}

/** Directories with a `metadata` file, sorted, and folders that could not be searched. */
export interface FoundTraces {
  readonly found: readonly string[];
  readonly unreadable: readonly Failure[];
}

/** As `searchTraces`, for who can do nothing about what is unreadable. */
export async function findTraceDirectories(path: string): Promise<readonly string[]> {
  return (await searchTraces(path)).found;
}

/**
 * The directories at and below `path` that hold a `metadata` file.
 * @throws SourceError when there is no such path, or no trace in it
 */
export async function searchTraces(path: string): Promise<FoundTraces> {
  // A variable of a shell that is not set.
  if (path === "")
    throw new SourceError(
      "SOURCE_NOT_FOUND",
      "source: expected a trace directory, got an empty text",
    );
  const info = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    const message = `${path}: expected a trace directory, got ${systemReason(cause)}`;
    throw new SourceError("SOURCE_NOT_FOUND", message, { cause });
  });
  if (!info.isDirectory()) {
    const message = `${path}: expected a trace directory, got a file${advice(path)}`;
    throw new SourceError("SOURCE_NOT_DIRECTORY", message);
  }
  const search = new Search(new OffLimits(path));
  await search.enter(path);
  const [unreadable] = search.unreadable;
  if (search.found.length > 0) return { found: search.found.sort(), unreadable: search.unreadable };
  if (unreadable !== undefined) throw unreadable.error;
  throw new SourceError(
    "SOURCE_NO_TRACE",
    `${path}: expected a CTF trace, got no file named metadata at or below it${(await readdir(path)).some(isRows) ? ROWS_ADVICE : ""}`,
  );
}

/** Where files of rows can be asked, which have no events. */
const ROWS_ADVICE = "; tail, query and the library read files of rows";

function isRows(name: string): boolean {
  return /\.(?:arrows?|feather|parquet)$/i.test(name);
}

const TAR = /\.(?:tar|tgz|tbz2?|txz)(?:\.\w+)?$/i;

/** What to do about a file. */
function advice(path: string): string {
  const name = basename(path);
  if (TAR.test(name)) return `; unpack it: tar -xf ${name} -C DIRECTORY`;
  if (/\.zip$/i.test(name)) return `; unpack it: unzip ${name} -d DIRECTORY`;
  if (/\.(?:gz|xz|bz2|zst)$/i.test(name)) return "; unpack it";
  if (isRows(name)) return ROWS_ADVICE;
  return `; the directory that it lies in is ${dirname(path)}`;
}

/** Walks folders and links to folders, each once. */
class Search {
  readonly #offLimits: OffLimits;
  readonly found: string[] = [];
  readonly unreadable: Failure[] = [];
  readonly #seen = new Set<string>();
  #isOver = false;

  constructor(offLimits: OffLimits) {
    this.#offLimits = offLimits;
  }

  async enter(path: string): Promise<void> {
    const entries = await this.#entries(path).catch((cause: NodeJS.ErrnoException) => {
      this.#fail("SOURCE_UNREADABLE", path, systemReason(cause), { cause });
      return [];
    });
    const metadata = entries.find((entry) => entry.name === "metadata");
    if (metadata?.isDirectory() === false) this.found.push(path);
    // Traces lie in a folder of that name, too; beside data files, it stands where the file should.
    else if (metadata !== undefined && entries.some((entry) => entry.isFile()))
      this.#fail("SOURCE_NOT_FILE", join(path, "metadata"), "expected a file, got a folder");
    for (const entry of entries) {
      if (this.#isOver) return;
      const inside = join(path, entry.name);
      const mayHold = entry.name !== "index" && !entry.name.startsWith(PART_PREFIX);
      if (mayHold && (await this.#isFolder(entry, inside))) await this.enter(inside);
    }
  }

  /** Nothing where this folder was entered before. */
  async #entries(path: string): Promise<readonly FolderEntry[]> {
    const real = await realpath(path);
    if (this.#seen.has(real)) return [];
    if (this.#seen.size >= MAX_SEARCHED_FOLDERS) {
      this.#isOver = true;
      const most = `expected at most ${MAX_SEARCHED_FOLDERS} folders in a search`;
      this.#fail("SOURCE_TOO_LARGE", path, `${most}, got more; name the traces`);
      return [];
    }
    this.#seen.add(real);
    return readdir(path, { withFileTypes: true });
  }

  #fail(code: string, path: string, reason: string, options?: ErrorOptions): void {
    this.unreadable.push({ path, error: new SourceError(code, `${path}: ${reason}`, options) });
  }

  async #isFolder(entry: FolderEntry, path: string): Promise<boolean> {
    if (!entry.isSymbolicLink()) return entry.isDirectory();
    const target = await stat(path).catch(() => undefined);
    return target?.isDirectory() === true && !this.#offLimits.has(target);
  }
}

interface FolderEntry {
  readonly name: string;
  isDirectory(): boolean;
  isFile(): boolean;
  isSymbolicLink(): boolean;
}
