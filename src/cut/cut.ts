/** Traces of the records that pass: read packet by packet, written whole or not at all. */

import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { SourceError } from "../base/errors.ts";
import { PART_PREFIX } from "../base/part-name.ts";
import { writeProblem } from "../base/system-error.ts";
import { Turns } from "../base/turns.ts";
import { OpenFiles } from "../ctf/data-files.ts";
import { MAX_PACKET_BYTES, type PacketHeader, readPacketHeader } from "../ctf/packet-header.ts";
import { readStoredPacket, type StoredPacket, withPlace } from "../ctf/stored-packet.ts";
import type { EventClass, TraceClass } from "../ctf/trace-class.ts";
import type { StoredStream, TraceDirectory } from "../ctf/trace-directory.ts";
import { hasNarrowClock } from "../ctf/whole-times.ts";
import { roomFor } from "../wasm/page-aligned.ts";
import type { CutSpec } from "./cut-spec.ts";
import { hasFixedHead } from "./fixed-head.ts";
import { KeptRecords } from "./kept-records.ts";
import { cutMetadata } from "./metadata-cut.ts";
import { PacketSelector } from "./packet-selector.ts";
import { RecordKernels } from "./record-scan.ts";
import { type SourcePacket, StreamCutter } from "./stream-cutter.ts";

export interface CutTotals {
  records: number;
  /** Of those, which did not pass. */
  kept: number;
  readonly traces: number;
}

/**
 * Writes the traces.
 * @returns `undefined` if it was stopped: nothing is left then
 * @throws SourceError `CUT_EXISTS`, `CUT_CLOCK`, `CUT_HEADER`, `CUT_UNSIZED`, `CUT_BYTE_ORDER`, `CUT_WRITE`
 */
export async function cutTraces(spec: CutSpec): Promise<CutTotals | undefined> {
  const to = resolve(spec.to);
  if (existsSync(to))
    throw new SourceError("CUT_EXISTS", `${spec.to}: expected no such file or directory, got one`);
  const part = join(dirname(to), `${PART_PREFIX}${basename(to)}-${crypto.randomUUID()}`);
  try {
    mkdirSync(dirname(to), { recursive: true });
    mkdirSync(part);
    const totals = await new Cut(spec, part).run();
    if (totals !== undefined) renameSync(part, to);
    return totals;
  } catch (error) {
    const isOfSystem = error instanceof Error && "syscall" in error;
    if (!isOfSystem) throw error;
    throw new SourceError(
      "CUT_WRITE",
      `${spec.to}: ${writeProblem(error as NodeJS.ErrnoException)}`,
      { cause: error },
    );
  } finally {
    rmSync(part, { recursive: true, force: true });
  }
}

class Cut {
  readonly #spec: CutSpec;
  readonly #folder: string;
  readonly #files = new OpenFiles();
  readonly #kernels = new RecordKernels();
  readonly #totals: CutTotals;
  readonly #totalBytes: number;
  #doneBytes = 0;
  /** Of the packet at hand. */
  #buffer = new Uint8Array(0);

  constructor(spec: CutSpec, folder: string) {
    this.#spec = spec;
    this.#folder = folder;
    const { opened } = spec.opened;
    this.#totals = { records: 0, kept: 0, traces: opened.length };
    this.#totalBytes = opened
      .flatMap(({ streams }) => streams.flatMap(({ packets }) => packets))
      .reduce((sum, { bytes }) => sum + bytes, 0);
  }

  async run(): Promise<CutTotals | undefined> {
    const places = placesOf(this.#spec);
    try {
      for (const [directory, place] of places) {
        const isWhole = await this.#trace(directory, join(this.#folder, place));
        if (!isWhole) return undefined;
      }
      return this.#totals;
    } finally {
      this.#files.close();
    }
  }

  async #trace(directory: TraceDirectory, folder: string): Promise<boolean> {
    mkdirSync(folder, { recursive: true });
    const { traceClass, metadata } = directory;
    const uuid = traceClass.uuid && this.#spec.uuid?.();
    const occurring = this.#spec.classes === "occurring" ? new Set<EventClass>() : undefined;
    const names = new Set<string>();
    // Streams that are taken over whole have packets of which this is asked only where they were cut short.
    let selector: PacketSelector | undefined;
    const selects = (): PacketSelector =>
      (selector ??= new PacketSelector(this.#spec, traceClass, this.#kernels));
    try {
      for (const stream of directory.streams) {
        const name = nameFor(basename(stream.path), names);
        const index = indexPath(traceClass, stream, folder, name);
        const cutter = new StreamCutter(traceClass, join(folder, name), index, uuid);
        try {
          if (!(await this.#stream(traceClass, stream, cutter, selects, occurring))) return false;
        } finally {
          cutter.close();
        }
      }
    } finally {
      selector?.close();
    }
    const cut = cutMetadata(metadata, traceClass, { occurring, uuid });
    writeFileSync(join(folder, "metadata"), cut);
    return true;
  }

  async #stream(
    traceClass: TraceClass,
    stream: StoredStream,
    cutter: StreamCutter,
    selector: () => PacketSelector,
    occurring: Set<EventClass> | undefined,
  ): Promise<boolean> {
    const { scan, isStopped, onProgress, onLoss } = this.#spec;
    // Which round a narrow clock is in shows by the packets before.
    const keepsEmpty = hasNarrowClock(
      stream.streamClass,
      stream.packets.map((packet) => ({ ...packet, firstEvent: undefined })),
    );
    const turns = new Turns();
    let silent: SourcePacket | undefined;
    for (const packet of inFileOrder(stream.packets)) {
      if (isStopped()) return false;
      const { bytes, header } = this.#read(packet, traceClass);
      // A packet that was cut short ends with its last whole record.
      if (scan === undefined && header.missingBits === 0) cutter.whole({ bytes, header });
      else {
        const { records, unwanted, error } = selector().select(bytes, header);
        if (error !== undefined) onLoss(stream.path, error);
        for (const eventClass of records.eventClasses(header.streamClass))
          occurring?.add(eventClass);
        this.#totals.records += records.count;
        this.#totals.kept += unwanted;
        // Trace Compass ends a stream without an index at its first packet without a record, so that what those say of
        // discarded events waits for the next one with records, which says it, too.
        const waits = records.count === 0 && cutter.size > 0 && !keepsEmpty && !cutter.hasIndex;
        silent = waits
          ? { bytes: bytes.slice(0, Math.ceil(header.headerBits / 8)), header }
          : undefined;
        if (waits) cutter.leaveOut(header);
        else cutter.packet({ bytes, header }, records, keepsEmpty);
      }
      this.#doneBytes += packet.bytes;
      onProgress?.(this.#doneBytes, this.#totalBytes);
      // Signals have theirs.
      await turns.pass();
    }
    if (silent !== undefined) cutter.packet(silent, new KeptRecords(), keepsEmpty);
    return true;
  }

  #read(
    packet: StoredPacket,
    traceClass: TraceClass,
  ): { readonly bytes: Uint8Array; readonly header: PacketHeader } {
    if (packet.bytes > MAX_PACKET_BYTES)
      throw new SourceError(
        "CUT_PACKET_SIZE",
        `${packet.path}: packet at byte ${packet.byteOffset}: expected at most ${MAX_PACKET_BYTES} bytes, got ${packet.bytes}`,
      );
    this.#buffer = roomFor(this.#buffer, packet.bytes);
    const bytes = this.#buffer.subarray(0, packet.bytes);
    readStoredPacket(this.#files, packet, bytes);
    return { bytes, header: withPlace(readPacketHeader(bytes, traceClass), packet) };
  }
}

/**
 * Packets in time order, those of the same file as they stand there. A packet that had to begin at its first record may begin behind the
 * next one, where times go back: in time order, a cut of that cut would have its records in another order.
 */
function inFileOrder(packets: readonly StoredPacket[]): StoredPacket[] {
  const ordered: StoredPacket[] = [];
  for (let from = 0; from < packets.length; ) {
    const { path } = packets[from]!;
    let to = from + 1;
    while (to < packets.length && packets[to]!.path === path) to++;
    ordered.push(...packets.slice(from, to).sort((a, b) => a.byteOffset - b.byteOffset));
    from = to;
  }
  return ordered;
}

/** LTTng writes one; other tracers may have packets without what an index says, or that cannot be read by one. */
function indexPath(
  traceClass: TraceClass,
  { packets, streamClass }: StoredStream,
  folder: string,
  name: string,
): string | undefined {
  const isTimed = packets.every(({ begin, end }) => begin !== undefined && end !== undefined);
  if (!isTimed || !hasFixedHead(traceClass, streamClass)) return undefined;
  mkdirSync(join(folder, "index"), { recursive: true });
  return join(folder, "index", `${name}.idx`);
}

/** Where each trace goes: where it was below its source. */
function placesOf({ opened, sources }: CutSpec): [TraceDirectory, string][] {
  const taken = new Set<string>();
  return opened.opened.map((directory) => {
    const source = sources.find((one) => !relative(one, directory.path).startsWith(".."));
    const below =
      source === undefined ? basename(directory.path) : relative(source, directory.path);
    const place = sources.length > 1 ? join(basename(source ?? ""), below) : below;
    return [directory, nameFor(place, taken)];
  });
}

/** A name, with a number where it is taken. */
function nameFor(wanted: string, taken: Set<string>): string {
  let name = wanted;
  for (let i = 1; taken.has(name); i++) name = `${wanted}-${i}`;
  taken.add(name);
  return name;
}
