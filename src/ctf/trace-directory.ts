import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { MetadataError, SourceError, type TraceError } from "../base/errors.ts";
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

/** A recorded trace: one directory with a `metadata` file. */
export interface TraceDirectory {
  readonly path: string;
  readonly metadata: Uint8Array;
  readonly traceClass: TraceClass;
  readonly streams: readonly StoredStream[];
  /** Data files that are not packets to their end, and why. */
  readonly damage: readonly { readonly path: string; readonly error: TraceError }[];
}

/** Directories below this depth are not searched. */
const MAX_DEPTH = 16;

/**
 * The directories at and below `path` that hold a `metadata` file, sorted.
 * @throws SourceError when there is no such path, or no trace in it
 */
export async function findTraceDirectories(path: string): Promise<string[]> {
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
  const found: string[] = [];
  await search(path, 0, found);
  if (found.length > 0) return found.sort();
  throw new SourceError(
    "SOURCE_NO_TRACE",
    `${path}: expected a CTF trace, got no file named metadata at or below it`,
  );
}

async function search(path: string, depth: number, found: string[]): Promise<void> {
  const entries = await readdir(path, { withFileTypes: true });
  if (entries.some((entry) => entry.name === "metadata" && !entry.isDirectory())) found.push(path);
  if (depth === MAX_DEPTH) return;
  for (const entry of entries) {
    if (entry.isDirectory() && entry.name !== "index")
      await search(join(path, entry.name), depth + 1, found);
  }
}

/**
 * Reads a trace directory's metadata and finds the packets of its streams.
 * @throws MetadataError, prefixed with the metadata file's path
 */
export async function openTraceDirectory(path: string): Promise<TraceDirectory> {
  const metadata = await readFile(join(path, "metadata"));
  const traceClass = readWholeMetadata(metadata, join(path, "metadata"));
  const byKey = new Map<string, { stream: StoredStream; packets: StoredPacket[] }>();
  const damage: { path: string; error: TraceError }[] = [];
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
  const streams = [...byKey.values()].map(({ stream, packets }) => ({
    ...stream,
    packets: inTimeOrder(packets),
  }));
  return { path, metadata, traceClass, streams, damage };
}

function readWholeMetadata(metadata: Uint8Array, path: string): TraceClass {
  const reader = new MetadataReader();
  try {
    const traceClass = reader.append(metadata);
    if (traceClass !== undefined && !reader.isUnfinished) return traceClass;
  } catch (error) {
    if (error instanceof MetadataError) {
      throw new MetadataError(error.code, `${path}: ${error.message}`, {
        cause: error,
        ...(error.position && { position: error.position }),
      });
    }
    throw error;
  }
  const problem =
    reader.traceClass === undefined ? "no trace block" : "text that ends inside a declaration";
  throw new MetadataError(
    "METADATA_INCOMPLETE",
    `${path}: expected complete metadata, got ${problem}`,
  );
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
