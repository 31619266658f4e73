import { type FileHandle, open } from "node:fs/promises";
import type { TraceError } from "../base/errors.ts";
import type { Item, StreamOrigin, TraceOrigin } from "../base/item.ts";
import { instant } from "./clock.ts";
import type { TraceClass } from "./trace-class.ts";
import {
  type OpenedTraces,
  openTraces,
  type StoredPacket,
  type StoredStream,
  searchTraces,
  shrunk,
} from "./trace-directory.ts";

/** The metadata of a recorded trace is whole, so its class comes instead of bytes. */
export interface TraceClassItem {
  readonly kind: "trace-class";
  readonly trace: TraceOrigin;
  readonly traceClass: TraceClass;
}

/** A packet that is not read: whoever takes the item reads it where it lies. */
export interface StoredPacketItem {
  readonly kind: "stored-packet";
  readonly stream: StreamOrigin;
  readonly packet: StoredPacket;
}

export type RecordedItem = Exclude<Item, { kind: "metadata" }> | TraceClassItem | StoredPacketItem;

/** Nanoseconds since the Unix epoch, both inclusive; `undefined` is open. */
export interface TimeRange {
  readonly begin: bigint | undefined;
  readonly end: bigint | undefined;
}

export interface RecordedOptions {
  /**
   * Packets that lie wholly outside this range are not read. It is asked for once, with the time at which the first packet
   * begins (`undefined` if a packet does not tell), because a time of day means the day of that.
   */
  readonly rangeFrom?: ((firstNs: bigint | undefined) => TimeRange) | undefined;
  /** Whether packets come as places in files instead of bytes. */
  readonly leavesPackets?: boolean | undefined;
  /** Told after each packet how many bytes are done, of how many that will be read. */
  readonly onProgress?: ((doneBytes: number, totalBytes: number) => void) | undefined;
  /** Gives the traces of the paths, for who reads them more than once. Default: they are opened. */
  readonly opened?: (() => Promise<OpenedTraces>) | undefined;
}

/**
 * Reads the recorded traces at and below some paths as one source: packets come in the order in which they begin, over all
 * streams of all traces, each after a `bound` that says so.
 *
 * @throws SourceError, MetadataError if no trace can be opened
 */
export async function* readRecorded(
  paths: readonly string[],
  options: RecordedOptions = {},
): AsyncGenerator<RecordedItem, void, void> {
  const source = paths.join(" ");
  const files = new Map<string, FileHandle>();
  try {
    const queues: StreamQueue[] = [];
    const { opened, failures } = await (options.opened?.() ?? openRecorded(paths));
    for (const { path, error } of failures) yield damage(undefined, undefined, path, error);
    for (const directory of opened) {
      const trace: TraceOrigin = {
        host: undefined,
        session: undefined,
        path: directory.path,
        source,
      };
      yield { kind: "trace", trace };
      yield { kind: "trace-class", trace, traceClass: directory.traceClass };
      for (const stored of directory.streams) {
        const queue = new StreamQueue(trace, stored);
        yield { kind: "stream", stream: queue.origin };
        queues.push(queue);
      }
      for (const { path: dataPath, error } of directory.damage) {
        const stream = queues.find(({ origin }) => origin.name === dataPath)?.origin;
        yield damage(trace, stream, dataPath, error);
      }
    }
    const firstNs = earliest(queues)?.head?.beginNs;
    if (firstNs !== undefined) {
      // Said before any packet is left out: it tells when the trace begins, whatever of it is read.
      yield { kind: "bound", ns: firstNs, source };
      const range = options.rangeFrom?.(firstNs === UNKNOWN_BEGIN ? undefined : firstNs);
      if (range !== undefined) for (const queue of queues) queue.keepOnly(range);
      if (options.leavesPackets === true)
        yield* placesInOrder(source, queues, firstNs, options.onProgress);
      else yield* packetsInOrder(source, queues, files, firstNs, options.onProgress);
    }
    yield { kind: "end", source };
  } finally {
    for (const file of files.values()) await file.close();
  }
}

/** Part of the traces cannot be read; the rest goes on. */
function damage(
  trace: TraceOrigin | undefined,
  stream: StreamOrigin | undefined,
  path: string,
  error: TraceError,
): RecordedItem {
  const reason = error.message.startsWith(path) ? error.message : `${path}: ${error.message}`;
  return { kind: "gap", cause: "packets", trace, stream, reason, packets: undefined };
}

/**
 * Opens the recorded traces at and below some paths.
 * @throws SourceError, MetadataError if no trace can be opened
 */
export async function openRecorded(paths: readonly string[]): Promise<OpenedTraces> {
  const directories = new Set<string>();
  const failures: OpenedTraces["failures"][number][] = [];
  for (const path of paths) {
    const { found, unreadable } = await searchTraces(path);
    for (const directory of found) directories.add(directory);
    failures.push(...unreadable);
  }
  const traces = await openTraces([...directories]);
  failures.push(...traces.failures);
  const [first] = failures;
  if (traces.opened.length === 0 && first !== undefined) throw first.error;
  return { opened: traces.opened, failures };
}

type TimedPacket = StoredPacket & { readonly beginNs: bigint; readonly endNs: bigint };

/** Where a packet has no times, it may hold anything. */
const UNKNOWN_BEGIN = 0n;
const UNKNOWN_END = (1n << 63n) - 1n;

/** The packets of one stream that are still to come. */
class StreamQueue {
  readonly origin: StreamOrigin;
  #packets: readonly TimedPacket[];
  #next = 0;

  constructor(trace: TraceOrigin, stored: StoredStream) {
    this.origin = { trace, name: stored.path };
    const { clock } = stored.streamClass;
    this.#packets = stored.packets.map((packet) => ({
      ...packet,
      beginNs: instant(clock, packet.begin) ?? UNKNOWN_BEGIN,
      endNs: instant(clock, packet.end) ?? UNKNOWN_END,
    }));
  }

  get head(): TimedPacket | undefined {
    return this.#packets[this.#next];
  }

  /** Bytes of the packets that are still to come. */
  get bytes(): number {
    return this.#packets.slice(this.#next).reduce((sum, { bytes }) => sum + bytes, 0);
  }

  advance(): void {
    this.#next++;
  }

  /** Leaves out the packets that lie wholly outside a range. */
  keepOnly({ begin, end }: TimeRange): void {
    this.#packets = this.#packets.filter(
      ({ beginNs, endNs }) =>
        (begin === undefined || endNs >= begin) &&
        (end === undefined || beginNs === UNKNOWN_BEGIN || beginNs <= end),
    );
  }
}

/** Where the packets lie, in the order in which they begin. */
function* placesInOrder(
  source: string,
  queues: readonly StreamQueue[],
  firstNs: bigint,
  onProgress: RecordedOptions["onProgress"],
): Generator<RecordedItem, void, void> {
  const totalBytes = queues.reduce((sum, { bytes }) => sum + bytes, 0);
  let doneBytes = 0;
  let lastBound = firstNs;
  for (let queue = earliest(queues); queue !== undefined; queue = earliest(queues)) {
    const packet = queue.head!;
    queue.advance();
    if (packet.beginNs !== lastBound) {
      lastBound = packet.beginNs;
      yield { kind: "bound", ns: packet.beginNs, source };
    }
    yield { kind: "stored-packet", stream: queue.origin, packet };
    doneBytes += packet.bytes;
    onProgress?.(doneBytes, totalBytes);
    if (queue.head === undefined) yield { kind: "stream-end", stream: queue.origin };
  }
}

/** The next packet is read while this one is used: its bytes go to the other of two buffers. */
async function* packetsInOrder(
  source: string,
  queues: readonly StreamQueue[],
  files: Map<string, FileHandle>,
  firstNs: bigint,
  onProgress: RecordedOptions["onProgress"],
): AsyncGenerator<RecordedItem, void, void> {
  const totalBytes = queues.reduce((sum, { bytes }) => sum + bytes, 0);
  let doneBytes = 0;
  const buffers = [new Uint8Array(0), new Uint8Array(0)];
  let turn = 0;
  const readNext = (): PendingPacket | undefined => {
    const queue = earliest(queues);
    const packet = queue?.head;
    if (queue === undefined || packet === undefined) return undefined;
    turn = 1 - turn;
    if (buffers[turn]!.length < packet.bytes) buffers[turn] = new Uint8Array(packet.bytes);
    const bytes = readPacket(files, packet, buffers[turn]!.subarray(0, packet.bytes));
    // Nobody may come for it any more; whoever does sees the failure.
    bytes.catch(() => undefined);
    queue.advance();
    return {
      stream: queue.origin,
      beginNs: packet.beginNs,
      isLast: queue.head === undefined,
      bytes,
    };
  };
  let lastBound = firstNs;
  let next = readNext();
  try {
    while (next !== undefined) {
      const { stream, beginNs, isLast, bytes } = next;
      if (beginNs !== lastBound) {
        lastBound = beginNs;
        yield { kind: "bound", ns: beginNs, source };
      }
      const current = await bytes;
      next = readNext();
      yield { kind: "packet", stream, bytes: current };
      doneBytes += current.length;
      onProgress?.(doneBytes, totalBytes);
      if (isLast) yield { kind: "stream-end", stream };
    }
  } finally {
    // Files are closed next: not under a read that is still going on.
    await next?.bytes.catch(() => undefined);
  }
}

interface PendingPacket {
  readonly stream: StreamOrigin;
  readonly beginNs: bigint;
  /** The stream has none after it. */
  readonly isLast: boolean;
  readonly bytes: Promise<Uint8Array>;
}

function earliest(queues: readonly StreamQueue[]): StreamQueue | undefined {
  let best: StreamQueue | undefined;
  for (const queue of queues) {
    if (queue.head === undefined) continue;
    if (best?.head === undefined || queue.head.beginNs < best.head.beginNs) best = queue;
  }
  return best;
}

async function fileOf(path: string, files: Map<string, FileHandle>): Promise<FileHandle> {
  let file = files.get(path);
  if (file === undefined) {
    file = await open(path);
    files.set(path, file);
  }
  return file;
}

async function readPacket(
  files: Map<string, FileHandle>,
  packet: StoredPacket,
  bytes: Uint8Array,
): Promise<Uint8Array> {
  const file = await fileOf(packet.path, files);
  let filled = 0;
  while (filled < bytes.length) {
    const { bytesRead } = await file.read(
      bytes,
      filled,
      bytes.length - filled,
      packet.byteOffset + filled,
    );
    if (bytesRead === 0) {
      throw shrunk(packet, filled);
    }
    filled += bytesRead;
  }
  return bytes;
}
