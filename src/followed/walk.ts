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
}

/**
 * Walks a directory until two walks agree: while a rotation moves its folders, a single one may miss some.
 *
 * @returns `undefined` if there is no such directory
 * @throws SourceError `SOURCE_NOT_DIRECTORY`, `SOURCE_UNREADABLE`
 */
export async function walk(root: string): Promise<Found | undefined> {
  let found = await walkOnce(root);
  for (let tries = 0; tries < 4; tries++) {
    const again = await walkOnce(root);
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

async function walkOnce(root: string): Promise<Found | undefined> {
  const stats = statOf(root);
  if (stats === undefined) return undefined;
  if (!stats.isDirectory()) {
    const message = `${root}: expected a trace directory, got a file`;
    throw new SourceError("SOURCE_NOT_DIRECTORY", message);
  }
  const turns = new Turns();
  const traces: FoundTrace[] = [];
  const folders: string[] = [];
  const seen = new Set<string>();
  const offLimits = new OffLimits(root);
  const open: { readonly path: string; readonly stats: Stats; readonly depth: number }[] = [
    { path: root, stats, depth: 0 },
  ];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { path, stats, depth } = next;
    if (seen.has(idOf(stats)) || offLimits.has(stats)) continue;
    if (seen.size >= MAX_SEARCHED_FOLDERS) break;
    seen.add(idOf(stats));
    await turns.pass();
    const names = namesIn(path, path === root);
    if (names === undefined) continue;
    folders.push(path);
    const files: FoundFile[] = [];
    for (const name of names) {
      const inside = join(path, name);
      const below = statOf(inside);
      if (below?.isFile() === true) files.push(fileOf(inside, below));
      else if (below?.isDirectory() === true && mayHold(name) && depth < MAX_DEPTH)
        open.push({ path: inside, stats: below, depth: depth + 1 });
    }
    const trace = traceOf(path, files);
    if (trace !== undefined) traces.push(trace);
  }
  traces.sort((a, b) => (a.path < b.path ? -1 : 1));
  return { traces, folders };
}

function traceOf(path: string, files: readonly FoundFile[]): FoundTrace | undefined {
  const metadata = files.find((file) => basename(file.path) === "metadata");
  if (metadata === undefined) return undefined;
  const data = files.filter((file) => file !== metadata && !basename(file.path).startsWith("."));
  return { path, metadata, files: data.sort((a, b) => (a.path < b.path ? -1 : 1)) };
}

/** @returns `undefined` where it has gone meanwhile */
function namesIn(path: string, isRoot: boolean): readonly string[] | undefined {
  try {
    return readdirSync(path);
  } catch (error) {
    const reason = error as NodeJS.ErrnoException;
    if (reason.code === "ENOENT" || !isRoot) return undefined;
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
