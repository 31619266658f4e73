import { readdir, readFile, realpath, stat } from "node:fs/promises";
import { join } from "node:path";
import { MetadataError, SourceError, TraceError } from "../base/errors.ts";
import { MetadataReader } from "./metadata.ts";
import { indexPackets, type PacketEntry } from "./packet-index.ts";
import type { StreamClass, TraceClass } from "./trace-class.ts";

/** A packet of a stream that may span several files (tracefile rotation). */
export interface StoredPacket extends PacketEntry {
  readonly path: string;
}

export interface StoredStream {
  /** Path of the stream's first data file. */
  readonly path: string;
  readonly streamClass: StreamClass;
  readonly instanceId: bigint | undefined;
  /** In time order. */
  readonly packets: readonly StoredPacket[];
}

/** A recorded trace: a directory with a `metadata` file, or several of one UUID. */
export interface TraceDirectory {
  /** Of the first, where there are several. */
  readonly path: string;
  readonly metadata: Uint8Array;
  readonly traceClass: TraceClass;
  readonly streams: readonly StoredStream[];
  /** Data files that are not packets to their end, and why. */
  readonly damage: readonly { readonly path: string; readonly error: TraceError }[];
}

/** Directories below this depth are not searched. */
const MAX_DEPTH = 16;

/** Directories with a `metadata` file, sorted, and folders that could not be searched. */
export interface FoundTraces {
  readonly found: readonly string[];
  readonly unreadable: OpenedTraces["failures"];
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
  const info = await stat(path).catch((error: NodeJS.ErrnoException) => {
    const why = error.code === "ENOENT" ? "no such file or directory" : error.message;
    throw new SourceError("SOURCE_NOT_FOUND", `${path}: expected a trace directory, got ${why}`, {
      cause: error,
    });
  });
  if (!info.isDirectory()) {
    throw new SourceError(
      "SOURCE_NOT_DIRECTORY",
      `${path}: expected a trace directory, got a file`,
    );
  }
  const search = new Search();
  await search.enter(path, 0);
  const [unreadable] = search.unreadable;
  if (search.found.length > 0) return { found: search.found.sort(), unreadable: search.unreadable };
  if (unreadable !== undefined) throw unreadable.error;
  throw new SourceError(
    "SOURCE_NO_TRACE",
    `${path}: expected a CTF trace, got no file named metadata at or below it`,
  );
}

/** Walks folders and links to folders, each once. */
class Search {
  readonly found: string[] = [];
  readonly unreadable: { path: string; error: SourceError }[] = [];
  readonly #seen = new Set<string>();

  async enter(path: string, depth: number): Promise<void> {
    const entries = await this.#entries(path, depth).catch((cause: Error) => {
      const error = new SourceError("SOURCE_UNREADABLE", `${path}: ${cause.message}`, { cause });
      this.unreadable.push({ path, error });
      return [];
    });
    if (entries.some((entry) => entry.name === "metadata" && !entry.isDirectory()))
      this.found.push(path);
    for (const entry of entries) {
      const inside = join(path, entry.name);
      if (entry.name !== "index" && (await isFolder(entry, inside)))
        await this.enter(inside, depth + 1);
    }
  }

  /** Nothing where this folder was entered before, or lies too deep. */
  async #entries(path: string, depth: number): Promise<readonly FolderEntry[]> {
    const real = await realpath(path);
    if (depth > MAX_DEPTH || this.#seen.has(real)) return [];
    this.#seen.add(real);
    return readdir(path, { withFileTypes: true });
  }
}

interface FolderEntry {
  readonly name: string;
  isDirectory(): boolean;
  isSymbolicLink(): boolean;
}

async function isFolder(entry: FolderEntry, path: string): Promise<boolean> {
  if (!entry.isSymbolicLink()) return entry.isDirectory();
  const target = await stat(path).catch(() => undefined);
  return target?.isDirectory() ?? false;
}

/** What is wrong when a packet is not where it was found: so many of its bytes are there. */
export function shrunk({ path, byteOffset, bytes }: StoredPacket, got: number): SourceError {
  return new SourceError(
    "SOURCE_TRUNCATED",
    `${path}: expected ${bytes} bytes at ${byteOffset}, got ${got}: the file shrank while it was read`,
  );
}

/** Traces that could be opened, and why others could not. */
export interface OpenedTraces {
  readonly opened: readonly TraceDirectory[];
  readonly failures: readonly { readonly path: string; readonly error: TraceError }[];
}

/**
 * Reads the metadata in some directories and finds the packets of their streams. Directories of one UUID (rotation chunks,
 * snapshots of one session) are one trace.
 */
export async function openTraces(paths: readonly string[]): Promise<OpenedTraces> {
  const chunks = new Map<string, Chunk[]>();
  const failures: { path: string; error: TraceError }[] = [];
  for (const path of paths) {
    try {
      const chunk = await readChunk(path);
      const { uuid } = chunk.traceClass;
      const key = uuid === undefined ? path : Buffer.from(uuid).toString("hex");
      chunks.set(key, [...(chunks.get(key) ?? []), chunk]);
    } catch (error) {
      failures.push({ path, error: traceError(error, path) });
    }
  }
  const opened: TraceDirectory[] = [];
  for (const group of chunks.values()) {
    try {
      opened.push(await openChunks(group));
    } catch (error) {
      failures.push({ path: group[0]!.path, error: traceError(error, group[0]!.path) });
    }
  }
  return { opened, failures };
}

/**
 * Reads one directory's metadata and finds the packets of its streams.
 * @throws MetadataError, prefixed with the metadata file's path
 */
export async function openTraceDirectory(path: string): Promise<TraceDirectory> {
  return openChunks([await readChunk(path)]);
}

/** Files may vanish or be forbidden: what the system says of them is about that trace alone. */
function traceError(error: unknown, path: string): TraceError {
  if (error instanceof TraceError) return error;
  if (!(error instanceof Error && "code" in error)) throw error;
  return new SourceError("SOURCE_UNREADABLE", `${path}: ${error.message}`, { cause: error });
}

/** A directory with its metadata. */
interface Chunk {
  readonly path: string;
  readonly metadata: Uint8Array;
  readonly traceClass: TraceClass;
}

async function readChunk(path: string): Promise<Chunk> {
  const metadata = await readFile(join(path, "metadata"));
  return { path, metadata, traceClass: readWholeMetadata(metadata, join(path, "metadata")) };
}

/** One trace of several directories. Metadata only grow while tracing, so that the longest describes the others too. */
async function openChunks(chunks: readonly Chunk[]): Promise<TraceDirectory> {
  const { metadata, traceClass } = chunks.reduce((best, chunk) =>
    chunk.metadata.length > best.metadata.length ? chunk : best,
  );
  const byKey = new Map<string, { stream: StoredStream; packets: StoredPacket[] }>();
  const damage: { path: string; error: TraceError }[] = [];
  for (const { path } of chunks) {
    for (const dataPath of await dataFiles(path)) {
      const index = await indexPackets(dataPath, traceClass);
      if (index.damage !== undefined) damage.push({ path: dataPath, error: index.damage });
      if (index.first === undefined) continue;
      const { streamClass, instanceId } = index.first;
      const key = instanceId === undefined ? dataPath : `${streamClass.id}/${instanceId}`;
      const packets = index.packets.map((packet) => ({ ...packet, path: dataPath }));
      const known = byKey.get(key);
      if (known === undefined)
        byKey.set(key, { stream: { path: dataPath, streamClass, instanceId, packets }, packets });
      else known.packets.push(...packets);
    }
  }
  const streams = [...byKey.values()].map(({ stream, packets }) => ({
    ...stream,
    packets: withoutCopies(inTimeOrder(packets)),
  }));
  return { path: chunks[0]!.path, metadata, traceClass, streams, damage };
}

/** Snapshots of one session hold the same packets again. */
function withoutCopies(packets: readonly StoredPacket[]): StoredPacket[] {
  return packets.filter(({ begin, end, bytes, path }, i) => {
    const last = packets[i - 1];
    const isTimed = begin !== undefined && end !== undefined;
    const isCopy = isTimed && last?.begin === begin && last.end === end && last.bytes === bytes;
    return !isCopy || last.path === path;
  });
}

function readWholeMetadata(metadata: Uint8Array, path: string): TraceClass {
  const reader = new MetadataReader();
  try {
    reader.append(metadata);
    return reader.finish();
  } catch (error) {
    if (!(error instanceof MetadataError)) throw error;
    throw new MetadataError(error.code, `${path}: ${error.message}`, {
      cause: error,
      ...(error.position && { position: error.position }),
    });
  }
}

async function dataFiles(path: string): Promise<string[]> {
  const entries = await readdir(path, { withFileTypes: true });
  return entries
    .filter(
      (entry) => !entry.isDirectory() && entry.name !== "metadata" && !entry.name.startsWith("."),
    )
    .map((entry) => join(path, entry.name))
    .sort();
}

function inTimeOrder(packets: StoredPacket[]): StoredPacket[] {
  return packets.sort((a, b) =>
    (a.begin ?? 0n) < (b.begin ?? 0n) ? -1 : (a.begin ?? 0n) > (b.begin ?? 0n) ? 1 : 0,
  );
}
