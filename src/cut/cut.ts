/** Traces of the records that pass: read packet by packet, written whole or not at all. */

import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { type DecodeError, SourceError } from "../base/errors.ts";
import { globMatches } from "../base/glob.ts";
import { Turns } from "../base/turns.ts";
import { OpenFiles } from "../ctf/data-files.ts";
import { MAX_PACKET_BYTES, type PacketHeader, readPacketHeader } from "../ctf/packet-header.ts";
import { readStoredPacket, type StoredPacket, withPlace } from "../ctf/stored-packet.ts";
import type { EventClass, TraceClass } from "../ctf/trace-class.ts";
import type { OpenedTraces, StoredStream, TraceDirectory } from "../ctf/trace-directory.ts";
import { hasNarrowClock } from "../ctf/whole-times.ts";
import { InterpretingScanner } from "../scan/interpreter.ts";
import type { ScanSpec } from "../scan/scanner.ts";
import { type KeptRecord, StreamCutter } from "./stream-cutter.ts";

export interface CutSpec {
  readonly opened: OpenedTraces;
  /** What the user wrote: the traces keep their places below these. */
  readonly sources: readonly string[];
  readonly to: string;
  /** Which records pass; columns are none. */
  readonly scan: ScanSpec;
  /** Records of these names are kept whether they pass or not: star globs. */
  readonly alwaysKept: readonly string[];
  /** Asked between packets: whether to give up. */
  readonly isStopped: () => boolean;
  readonly onProgress?: (doneBytes: number, totalBytes: number) => void;
  /** Part of a packet that cannot be read. */
  readonly onLoss: (path: string, error: DecodeError) => void;
}

export interface CutTotals {
  records: number;
  /** Of those, which did not pass. */
  kept: number;
  readonly traces: number;
}

/**
 * Writes the traces.
 * @returns `undefined` if it was stopped: nothing is left then
 * @throws SourceError `CUT_EXISTS`, `CUT_CLOCK`, `CUT_HEADER`, `CUT_UNSIZED`, `CUT_BYTE_ORDER`, and what files cannot be written
 */
export async function cutTraces(spec: CutSpec): Promise<CutTotals | undefined> {
  const to = resolve(spec.to);
  if (existsSync(to))
    throw new SourceError("CUT_EXISTS", `${spec.to}: expected no such file or directory, got one`);
  mkdirSync(dirname(to), { recursive: true });
  const part = mkdtempSync(join(dirname(to), `.part-${basename(to)}-`));
  try {
    const totals = await new Cut(spec, part).run();
    if (totals !== undefined) renameSync(part, to);
    return totals;
  } finally {
    rmSync(part, { recursive: true, force: true });
  }
}

class Cut {
  readonly #spec: CutSpec;
  readonly #folder: string;
  readonly #files = new OpenFiles();
  readonly #totals: CutTotals;
  readonly #totalBytes: number;
  #doneBytes = 0;

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
    writeFileSync(join(folder, "metadata"), directory.metadata);
    const names = new Set<string>();
    for (const stream of directory.streams) {
      const name = nameFor(basename(stream.path), names);
      const cutter = new StreamCutter(
        directory.traceClass,
        join(folder, name),
        indexPath(stream, folder, name),
      );
      try {
        if (!(await this.#stream(directory.traceClass, stream, cutter))) return false;
      } finally {
        cutter.close();
      }
    }
    return true;
  }

  async #stream(
    traceClass: TraceClass,
    stream: StoredStream,
    cutter: StreamCutter,
  ): Promise<boolean> {
    const { scan, alwaysKept, isStopped, onProgress, onLoss } = this.#spec;
    const records: KeptRecord[] = [];
    const isKept = new Map<EventClass, boolean>();
    const scanner = new InterpretingScanner(
      scan,
      [],
      traceClass,
      { host: undefined },
      (eventClass, beginBit, endBit, { hi, lo }, passes) => {
        let always = isKept.get(eventClass);
        if (always === undefined) {
          always = alwaysKept.some((glob) => globMatches(glob, eventClass.name));
          isKept.set(eventClass, always);
        }
        if (!passes && !always) return;
        this.#totals.records++;
        if (!passes) this.#totals.kept++;
        const clock = (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0);
        records.push({ eventClass, beginBit, endBit, clock });
      },
    );
    // Which round a narrow clock is in shows by the packets before.
    const keepsEmpty = hasNarrowClock(
      stream.streamClass,
      stream.packets.map((packet) => ({ ...packet, firstEvent: undefined })),
    );
    const turns = new Turns();
    for (const packet of stream.packets) {
      if (isStopped()) return false;
      const { bytes, header } = this.#read(packet, traceClass);
      records.length = 0;
      const { error } = scanner.scan(bytes, header);
      if (error !== undefined) onLoss(stream.path, error);
      cutter.packet({ bytes, header }, records, keepsEmpty);
      this.#doneBytes += packet.bytes;
      onProgress?.(this.#doneBytes, this.#totalBytes);
      // Signals have theirs.
      await turns.pass();
    }
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
    const bytes = new Uint8Array(packet.bytes);
    readStoredPacket(this.#files, packet, bytes);
    return { bytes, header: withPlace(readPacketHeader(bytes, traceClass), packet) };
  }
}

/** LTTng writes one; other tracers may have packets without what an index says. */
function indexPath({ packets }: StoredStream, folder: string, name: string): string | undefined {
  if (packets.some(({ begin, end }) => begin === undefined || end === undefined)) return undefined;
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
