/** What lies in a directory that a tracer writes to: traces, their files, and all folders. */

import { readdirSync, type Stats, statSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { SourceError } from "../base/errors.ts";
import { MAX_SEARCHED_FOLDERS, OffLimits } from "../base/off-limits.ts";
import { PART_PREFIX } from "../base/part-name.ts";
import { systemReason } from "../base/system-error.ts";
import { Turns } from "../base/turns.ts";

const MAX_DEPTH = 32;

/** A file as a walk saw it. */
export interface FoundFile {
  readonly path: string;
  /** Device and inode: a file keeps them when a rotation moves it. */
  readonly id: string;
  readonly size: number;
  readonly mtimeMs: number;
}

/** A directory with a `metadata` file. */
export interface FoundTrace {
  readonly path: string;
  readonly metadata: FoundFile;
  readonly files: readonly FoundFile[];
}

export interface Found {
  readonly traces: readonly FoundTrace[];
  /** All folders at and below the root. */
  readonly folders: readonly string[];
  /** Why what lies there may not be all: each names a path. */
  readonly problems: readonly string[];
}

/**
 * Walks a directory until two walks agree: while a rotation moves its folders, a single one may miss some.
 *
 * @param mostFolders that it enters
 * @returns `undefined` if there is no such directory
 * @throws SourceError `SOURCE_NOT_DIRECTORY`, `SOURCE_UNREADABLE`
 */
export async function walk(
  root: string,
  mostFolders: number = MAX_SEARCHED_FOLDERS,
): Promise<Found | undefined> {
  let found = await walkOnce(root, mostFolders);
  for (let tries = 0; tries < 4; tries++) {
    const again = await walkOnce(root, mostFolders);
    const isSame = namesOf(found) === namesOf(again);
    found = again;
    if (isSame) break;
  }
  return found;
}

function namesOf(found: Found | undefined): string {
  const files = found?.traces.flatMap(({ metadata, files }) => [metadata, ...files]) ?? [];
  return files.map(({ path, id }) => `${id} ${path}`).join("\n");
}

async function walkOnce(root: string, mostFolders: number): Promise<Found | undefined> {
  const stats = statOf(root);
  if (stats === undefined) return undefined;
  if (!stats.isDirectory()) {
    const message = `${root}: expected a trace directory, got a file`;
    throw new SourceError("SOURCE_NOT_DIRECTORY", message);
  }
  const turns = new Turns();
  const traces: FoundTrace[] = [];
  const folders: string[] = [];
  const problems: string[] = [];
  const seen = new Set<string>();
  const offLimits = new OffLimits(root);
  const open: { readonly path: string; readonly stats: Stats; readonly depth: number }[] = [
    { path: root, stats, depth: 0 },
  ];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { path, stats, depth } = next;
    if (seen.has(idOf(stats)) || offLimits.has(stats)) continue;
    if (seen.size >= mostFolders) {
      problems.push(`${root}: expected at most ${mostFolders} folders in it, got more`);
      break;
    }
    seen.add(idOf(stats));
    await turns.pass();
    const names = namesIn(path, path === root, problems);
    if (names === undefined) continue;
    folders.push(path);
    const { files, below } = entriesOf(path, names);
    const inside = below.filter((one) => mayHold(basename(one.path)));
    if (depth < MAX_DEPTH) open.push(...inside.map((one) => ({ ...one, depth: depth + 1 })));
    else if (inside.length > 0)
      problems.push(
        `${path}: expected at most ${MAX_DEPTH} folders one within the other, got more`,
      );
    const trace = traceOf(path, files);
    if (trace !== undefined) traces.push(trace);
    else if (files.length > 0 && names.includes("metadata"))
      problems.push(`${join(path, "metadata")}: expected a file, got something else`);
  }
  traces.sort((a, b) => (a.path < b.path ? -1 : 1));
  return { traces, folders, problems };
}

/** The regular files of a folder, and the folders in it. */
function entriesOf(
  path: string,
  names: readonly string[],
): {
  readonly files: readonly FoundFile[];
  readonly below: readonly { readonly path: string; readonly stats: Stats }[];
} {
  const files: FoundFile[] = [];
  const below: { path: string; stats: Stats }[] = [];
  for (const name of names) {
    const inside = join(path, name);
    const stats = statOf(inside);
    if (stats?.isFile() === true) files.push(fileOf(inside, stats));
    else if (stats?.isDirectory() === true) below.push({ path: inside, stats });
  }
  return { files, below };
}

function traceOf(path: string, files: readonly FoundFile[]): FoundTrace | undefined {
  const metadata = files.find((file) => basename(file.path) === "metadata");
  if (metadata === undefined) return undefined;
  const data = files.filter((file) => file !== metadata && !basename(file.path).startsWith("."));
  return { path, metadata, files: data.sort((a, b) => (a.path < b.path ? -1 : 1)) };
}

/** @returns `undefined` where it has gone meanwhile, or is a folder below the root that cannot be read, which is a problem */
function namesIn(path: string, isRoot: boolean, problems: string[]): readonly string[] | undefined {
  try {
    return readdirSync(path);
  } catch (error) {
    const reason = error as NodeJS.ErrnoException;
    if (reason.code === "ENOENT") return undefined;
    if (!isRoot) {
      problems.push(`${path}: ${systemReason(reason)}`);
      return undefined;
    }
    throw new SourceError("SOURCE_UNREADABLE", `${path}: ${systemReason(reason)}`, {
      cause: error,
    });
  }
}

function fileOf(path: string, stats: Stats): FoundFile {
  return { path, id: idOf(stats), size: stats.size, mtimeMs: stats.mtimeMs };
}

export function idOf({ dev, ino }: Pick<Stats, "dev" | "ino">): string {
  return `${dev}:${ino}`;
}

function statOf(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}

/** Folders that LTTng moves a session's directories to and from: its chunks. */
const CHUNK = /^(?:\.tmp_old_chunk|\.tmp_new_chunk|\.deleted|\d{8}T\d{6}[+-]\d{4}-\d+)$/;
const ARCHIVE = /^\d{8}T\d{6}/;

/** The path at which something lay or will lie outside of chunks and archives, which a rotation does not change. */
export function lastingPath(root: string, path: string): string {
  const parts = relative(root, path).split("/");
  const kept = parts.filter((part, i) => {
    const isArchives = part === "archives" && ARCHIVE.test(parts[i + 1] ?? "");
    const isArchive = parts[i - 1] === "archives" && ARCHIVE.test(part);
    return !isArchives && !isArchive && !CHUNK.test(part);
  });
  return join(root, ...kept);
}

/** Whether a rotation has put it into an archive. */
export function isArchived(path: string): boolean {
  for (let at = path; at !== dirname(at); at = dirname(at))
    if (basename(dirname(at)) === "archives" && ARCHIVE.test(basename(at))) return true;
  return false;
}

/** Whether a folder may hold traces. */
function mayHold(name: string): boolean {
  return name !== "index" && !name.startsWith(PART_PREFIX);
}
