import { LimitError, SourceError, TraceError } from "../base/errors.ts";
import type { Item, StreamOrigin, TraceOrigin } from "../base/item.ts";
import { roomFor } from "../wasm/page-aligned.ts";
import { instant } from "./clock.ts";
import { OpenFiles } from "./data-files.ts";
import { firstEventNs } from "./events-begin.ts";
import { MAX_PACKET_BYTES } from "./packet-header.ts";
import { PacketOrder, StreamQueue, type TimeRange } from "./packet-order.ts";
import { type LentPacket, PacketShelf } from "./packet-shelf.ts";
import { fetchStoredPacket, type StoredPacket } from "./stored-packet.ts";
import type { TraceClass } from "./trace-class.ts";
import { type OpenedTraces, openTraces } from "./trace-directory.ts";
import { type Failure, type FoundTraces, searchTraces } from "./trace-search.ts";

/** The metadata of a recorded trace is whole, so its class comes instead of bytes. */
export interface TraceClassItem {
  readonly kind: "trace-class";
  readonly trace: TraceOrigin;
  readonly traceClass: TraceClass;
  /** What it was read from: all of it so far, without packets or with them. */
  readonly metadata: Uint8Array;
}

/** A packet that is not read: whoever takes the item reads it where it lies. */
export interface StoredPacketItem {
  readonly kind: "stored-packet";
  readonly stream: StreamOrigin;
  readonly packet: StoredPacket;
  /** When it begins, ns since the Unix epoch; nothing where that is not known. */
  readonly beginNs: bigint | undefined;
}

/** A packet that was read. Its place says what its bytes alone do not: the whole time at which it begins. */
export interface ReadPacketItem {
  readonly kind: "packet";
  readonly stream: StreamOrigin;
  readonly bytes: Uint8Array;
  readonly packet: StoredPacket;
}

export type RecordedItem =
  | Exclude<Item, { kind: "metadata" | "packet" }>
  | TraceClassItem
  | StoredPacketItem
  | ReadPacketItem;

export interface RecordedOptions {
  /**
   * Packets that lie wholly outside this range are not read. It is asked for once, with the time at which the first packet
   * begins (`undefined` if no packet and no event has a time), because a time of day means the day of that, and the time at
   * which the last packet ends.
   */
  readonly rangeFrom?:
    | ((firstNs: bigint | undefined, lastNs: bigint | undefined) => TimeRange)
    | undefined;
  /** Whether the time at which the first packet begins is that of the first event: a buffer may be opened long before. */
  readonly fromFirstEvent?: boolean | undefined;
  /** Whether packets come as places in files instead of bytes. */
  readonly deferPacketReads?: boolean | undefined;
  /** Called after each packet with the bytes that are done, and those that will be read. */
  readonly onProgress?: ((doneBytes: number, totalBytes: number) => void) | undefined;
  /** Gives the traces of the paths, for who reads them more than once. Default: they are opened. */
  readonly opened?: (() => Promise<OpenedTraces>) | undefined;
  /** Where readings of the same `opened` traces share packets. Default: this one is alone. */
  readonly shelf?: PacketShelf | undefined;
}

/**
 * Reads the recorded traces at and below some paths as one source: packets come in the order in which they begin, over all
 * streams of all traces, each after a `bound` that says so. Packets without any time come first, without a bound.
 *
 * @throws SourceError, MetadataError if no trace can be opened
 */
export async function* readRecorded(
  paths: readonly string[],
  options: RecordedOptions = {},
): AsyncGenerator<RecordedItem, void, void> {
  const source = paths.join(" ");
  const queues: StreamQueue[] = [];
  const traces = await (options.opened?.() ?? openRecorded(paths));
  const { opened, failures } = traces;
  for (const { path, error } of failures) yield damage(undefined, undefined, path, error);
  for (const directory of opened) {
    const trace: TraceOrigin = {
      host: undefined,
      session: undefined,
      path: directory.path,
      source,
    };
    yield { kind: "trace", trace };
    const { traceClass, metadata } = directory;
    yield { kind: "trace-class", trace, traceClass, metadata };
    const byPath = new Map<string, StreamOrigin>();
    for (const stored of directory.streams) {
      const queue = new StreamQueue(trace, stored, queues.length);
      byPath.set(stored.path, queue.origin);
      yield { kind: "stream", stream: queue.origin };
      queues.push(queue);
    }
    for (const { path, error } of directory.damage)
      yield damage(trace, byPath.get(path), path, error);
    for (const text of directory.notes) yield { kind: "note", source, text };
  }
  const eventsNs = options.fromFirstEvent === true ? await firstEventNs(traces) : undefined;
  const firstNs = eventsNs ?? firstTime(queues);
  // Said before any packet is left out: it has the beginning of the trace, whatever of it is read.
  const lastNs = lastTime(queues);
  if (firstNs !== undefined) yield { kind: "begin", ns: firstNs, lastNs, source };
  const range = options.rangeFrom?.(firstNs, lastNs);
  if (range !== undefined) for (const queue of queues) queue.keepOnly(range);
  const order = new PacketOrder(source, queues, options.onProgress);
  if (options.deferPacketReads === true) yield* placesInOrder(order);
  else yield* packetsInOrder(order, options.shelf ?? new PacketShelf());
  yield { kind: "end", source };
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
 * @param clockOffsetNs added to all times
 * @throws SourceError, MetadataError if no trace can be opened
 */
export async function openRecorded(
  paths: readonly string[],
  clockOffsetNs: bigint = 0n,
): Promise<OpenedTraces> {
  let found = await searchAll(paths);
  for (let tries = 1; ; tries++) {
    const { opened, failures: unopened } = await openTraces(found.found, clockOffsetNs);
    const failures = [...found.unreadable, ...unopened];
    const damage = opened.flatMap((trace) => trace.damage);
    if (tries < MOST_SEARCHES && [...failures, ...damage].some(hasGone)) {
      // A rotation moves folders while they are read: the traces are where it has put them.
      const again = await searchAll(paths);
      const isMoved = placesOf(again) !== placesOf(found);
      found = again;
      if (isMoved) continue;
    }
    const [first] = failures;
    if (opened.length === 0 && first !== undefined) throw first.error;
    return { opened, failures };
  }
}

/** How often folders are searched that something moves meanwhile. */
const MOST_SEARCHES = 5;

async function searchAll(paths: readonly string[]): Promise<FoundTraces> {
  const directories = new Set<string>();
  const failures: Failure[] = [];
  for (const path of paths) {
    const { found, unreadable } = await searchSteady(path);
    for (const directory of found) directories.add(directory);
    for (const failure of unreadable) failures.push(failure);
  }
  return { found: [...directories], unreadable: failures };
}

/** Searches again where all that there was has gone meanwhile. */
async function searchSteady(path: string, searches: number = MOST_SEARCHES): Promise<FoundTraces> {
  try {
    return await searchTraces(path);
  } catch (error) {
    const isGone = error instanceof SourceError && error.code === "SOURCE_UNREADABLE";
    if (searches === 1 || !isGone || !hasGone({ path, error })) throw error;
    return searchSteady(path, searches - 1);
  }
}

function placesOf({ found, unreadable }: FoundTraces): string {
  return [...found, "", ...unreadable.map(({ path }) => path)].join("\0");
}

/** Whether something was there when folders were searched, and is not any more. */
function hasGone({ error }: Failure): boolean {
  return (error.cause as NodeJS.ErrnoException | undefined)?.code === "ENOENT";
}

/** When the first packet begins and the last one ends, where packets have times. */
export function spanOf({ opened }: Pick<OpenedTraces, "opened">): {
  readonly firstNs: bigint | undefined;
  readonly lastNs: bigint | undefined;
} {
  let firstNs: bigint | undefined;
  let lastNs: bigint | undefined;
  for (const { streamClass, packets } of opened.flatMap(({ streams }) => streams)) {
    const begin = instant(streamClass.clock, packets[0]?.begin);
    const end = instant(streamClass.clock, packets.at(-1)?.end);
    if (begin !== undefined && (firstNs === undefined || begin < firstNs)) firstNs = begin;
    if (end !== undefined && (lastNs === undefined || end > lastNs)) lastNs = end;
  }
  return { firstNs, lastNs };
}

function firstTime(queues: readonly StreamQueue[]): bigint | undefined {
  let first: bigint | undefined;
  for (const { firstNs } of queues) {
    if (firstNs !== undefined && (first === undefined || firstNs < first)) first = firstNs;
  }
  return first;
}

function lastTime(queues: readonly StreamQueue[]): bigint | undefined {
  let last: bigint | undefined;
  for (const { lastNs } of queues) {
    if (lastNs !== undefined && (last === undefined || lastNs > last)) last = lastNs;
  }
  return last;
}

/** Where the packets lie, in the order in which they begin. */
function* placesInOrder(order: PacketOrder): Generator<RecordedItem, void, void> {
  for (let next = order.next(); next !== undefined; next = order.next()) {
    yield* next.before;
    const { stream, packet, beginNs } = next;
    yield { kind: "stored-packet", stream, packet, beginNs };
    yield* order.done(next);
  }
}

/** The next packet is read while this one is used. */
async function* packetsInOrder(
  order: PacketOrder,
  shelf: PacketShelf,
): AsyncGenerator<RecordedItem, void, void> {
  const reads = new PacketReads(shelf);
  const start = () => {
    const next = order.next();
    if (next === undefined) return undefined;
    const lent = reads.start(next.packet);
    // It may not be asked for any more; a later caller gets the failure.
    lent.bytes.catch(() => undefined);
    return { next, lent };
  };
  shelf.enter(order.largestBytes);
  let current = start();
  let used: LentPacket | undefined;
  try {
    while (current !== undefined) {
      const { next, lent } = current;
      used = lent;
      yield* next.before;
      const bytes = await lent.bytes.catch(failed);
      current = start();
      const { stream, packet } = next;
      if (bytes instanceof TraceError) yield unread(stream, bytes);
      else yield { kind: "packet", stream, bytes, packet };
      yield* order.done(next);
      lent.release();
      used = undefined;
    }
  } finally {
    // Files are closed next: not under a read that is still going on.
    for (const lent of new Set([used, current?.lent])) {
      await lent?.bytes.catch(() => undefined);
      lent?.release();
    }
    shelf.leave();
    reads.close();
  }
}

/** Reads packets one after the other: what no other reading shares into one of two buffers, in turn. */
class PacketReads {
  readonly #files = new OpenFiles();
  readonly #shelf: PacketShelf;
  readonly #buffers = [new Uint8Array(0), new Uint8Array(0)];
  #turn = 0;

  constructor(shelf: PacketShelf) {
    this.#shelf = shelf;
  }

  start(packet: StoredPacket): LentPacket {
    return this.#shelf.take(this.#files, packet) ?? { bytes: this.#read(packet), release() {} };
  }

  async #read(packet: StoredPacket): Promise<Uint8Array> {
    if (packet.bytes > MAX_PACKET_BYTES) throw tooLarge(packet);
    this.#turn = 1 - this.#turn;
    const buffer = roomFor(this.#buffers[this.#turn]!, packet.bytes);
    this.#buffers[this.#turn] = buffer;
    return fetchStoredPacket(this.#files, packet, buffer.subarray(0, packet.bytes));
  }

  close(): void {
    this.#files.close();
  }
}

/** Who takes bytes takes whole packets. */
function tooLarge({ path, byteOffset, bytes }: StoredPacket): LimitError {
  const message = `${path}: packet at byte ${byteOffset}: expected at most ${MAX_PACKET_BYTES} bytes where packets are read whole, got ${bytes}`;
  return new LimitError("PACKET_SIZE", message);
}

function failed(error: unknown): TraceError {
  if (error instanceof TraceError) return error;
  throw error;
}

/** A packet whose file has gone, has shrunk or cannot be read is missing; the others go on. */
export function unread(
  stream: StreamOrigin,
  { message: reason }: TraceError,
): Extract<Item, { kind: "gap" }> {
  return { kind: "gap", cause: "packets", trace: stream.trace, stream, reason, packets: 1 };
}
