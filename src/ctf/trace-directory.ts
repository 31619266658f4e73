/** Trace directories below a path: their metadata, streams and data files. */

import { join } from "node:path";
import { MetadataError, SourceError, TraceError } from "../base/errors.ts";
import { Turns } from "../base/turns.ts";
import { dataFiles, readRegularFile } from "./data-files.ts";
import { MAX_METADATA_BYTES, MetadataReader } from "./metadata.ts";
import { withoutCopies } from "./packet-copies.ts";
import { foreignUuidNote } from "./packet-header.ts";
import { indexPackets } from "./packet-index.ts";
import type { StoredPacket } from "./stored-packet.ts";
import type { StreamClass, TraceClass } from "./trace-class.ts";
import type { Failure } from "./trace-search.ts";
import { type FoundPacket, hasNarrowClock, withWholeTimes } from "./whole-times.ts";

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
  /** Files that cannot be read, or are not packets to their end, and why. */
  readonly damage: readonly Failure[];
  /** What people should know of what is read. */
  readonly notes: readonly string[];
}

/** Traces that could be opened, and why others could not. */
export interface OpenedTraces {
  readonly opened: readonly TraceDirectory[];
  readonly failures: readonly Failure[];
}

/**
 * Reads the metadata in some directories and finds the packets of their streams. Directories of one UUID (rotation chunks,
 * snapshots of one session) are one trace.
 */
export async function openTraces(
  paths: readonly string[],
  clockOffsetNs: bigint = 0n,
): Promise<OpenedTraces> {
  const chunks = new Map<string, Chunk[]>();
  const failures: Failure[] = [];
  for (const path of paths) {
    try {
      const chunk = await readChunk(path, clockOffsetNs);
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
  const isGone = error.code === "ENOENT";
  const reason = isGone ? "moved or deleted while it was read" : error.message;
  return new SourceError("SOURCE_UNREADABLE", `${path}: ${reason}`, { cause: error });
}

/** A directory with its metadata. */
interface Chunk {
  readonly path: string;
  readonly metadata: Uint8Array;
  readonly traceClass: TraceClass;
}

async function readChunk(path: string, clockOffsetNs: bigint = 0n): Promise<Chunk> {
  const metadataPath = join(path, "metadata");
  const metadata = await readRegularFile(metadataPath, MAX_METADATA_BYTES);
  return { path, metadata, traceClass: readWholeMetadata(metadata, metadataPath, clockOffsetNs) };
}

/** One trace of several directories. Metadata only grow while tracing, so that the longest describes the others too. */
async function openChunks(chunks: readonly Chunk[]): Promise<TraceDirectory> {
  const { metadata, traceClass } = chunks.reduce((best, chunk) =>
    chunk.metadata.length > best.metadata.length ? chunk : best,
  );
  const drafts = new Map<string, StreamDraft>();
  const damage: Failure[] = [];
  /** The first file of each. */
  const foreignUuids = new Map<string, string>();
  const turns = new Turns();
  for (const { path } of chunks) {
    const { paths, others } = await dataFiles(path);
    for (const failure of others) damage.push(failure);
    for (const dataPath of paths) {
      await turns.pass();
      const index = await indexPackets(dataPath, traceClass, turns);
      if (index.damage !== undefined) damage.push({ path: dataPath, error: index.damage });
      if (index.first === undefined) continue;
      const { streamClass, instanceId, foreignUuid: foreign } = index.first;
      if (foreign !== undefined && !foreignUuids.has(foreign)) foreignUuids.set(foreign, dataPath);
      const key = instanceId === undefined ? dataPath : `${streamClass.id}/${instanceId}`;
      const draft = drafts.get(key) ?? { path: dataPath, streamClass, instanceId, packets: [] };
      drafts.set(key, draft);
      for (const packet of index.packets) draft.packets.push({ ...packet, path: dataPath });
    }
  }
  const streams = [...drafts.values()].map(storedStream);
  const notes = [...foreignUuids].map(([uuid, path]) => foreignUuidNote(path, uuid, traceClass));
  return { path: chunks[0]!.path, metadata, traceClass, streams, damage, notes };
}

interface StreamDraft {
  readonly path: string;
  readonly streamClass: StreamClass;
  readonly instanceId: bigint | undefined;
  readonly packets: (StoredPacket & FoundPacket)[];
}

function storedStream({ path, streamClass, instanceId, packets }: StreamDraft): StoredStream {
  const isNarrow = hasNarrowClock(streamClass, packets);
  const inOrder = isNarrow ? inFileOrder(packets) : packets;
  const timed = withWholeTimes(streamClass, inOrder);
  const ordered = isNarrow ? timed : inTimeOrder(timed);
  return { path, streamClass, instanceId, packets: withoutCopies(ordered).map(storedPacket) };
}

function storedPacket({ path, byteOffset, bytes, begin, end }: StoredPacket): StoredPacket {
  return { path, byteOffset, bytes, begin, end };
}

function readWholeMetadata(metadata: Uint8Array, path: string, clockOffsetNs: bigint): TraceClass {
  const reader = new MetadataReader(clockOffsetNs);
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

/** Packets without a time stay where they are. */
function inTimeOrder(packets: StoredPacket[]): StoredPacket[] {
  if (packets.some(({ begin }) => begin === undefined)) return packets;
  return packets.sort((a, b) => (a.begin! < b.begin! ? -1 : a.begin! > b.begin! ? 1 : 0));
}

/** Of the files of a tracefile rotation, the tenth is behind the ninth. */
function inFileOrder<Packet extends StoredPacket>(packets: Packet[]): Packet[] {
  // Made only where it is needed: that takes 8 ms.
  const byNumber = new Intl.Collator("en", { numeric: true });
  return packets.sort((a, b) => byNumber.compare(a.path, b.path));
}
