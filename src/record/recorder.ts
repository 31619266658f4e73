/** Writes a query's rows into segments: files that are whole by themselves, by size or time, of which the oldest may give way. */

import { existsSync, mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { floorTo } from "../base/time.ts";
import { type ColumnBatch, takeRange } from "../column/column.ts";
import { halvesOf } from "../column/halves.ts";
import type { Schema } from "../column/schema.ts";
import type { BatchWriter } from "../format/batch-writer.ts";
import { Panes } from "../operators/aggregate/windows.ts";
import { PART_PREFIX, type Segment, segmentName, segmentsOf } from "../segments/segment-names.ts";
import { SegmentFile } from "./segment-file.ts";

export interface RecordingSpec {
  readonly folder: string;
  /** Of the files, without a dot. */
  readonly extension: string;
  readonly open: () => BatchWriter;
  /** A segment ends when it has so many bytes. */
  readonly segmentBytes: number;
  /** Segments end at whole multiples of so many ns; `undefined`: by size alone. */
  readonly segmentNs: bigint | undefined;
  /** Bytes of all segments, beyond which the oldest are deleted. */
  readonly maxBytes: number | undefined;
  /** Segments, beyond which the oldest are deleted. */
  readonly maxSegments: number | undefined;
}

export interface RecordingEvents {
  /** Something to say: a segment is whole, the disk is full, recording goes on. */
  note(text: string): void;
  /** Rows that could not be written. */
  lost(rows: number): void;
}

/** How long after an error of the disk it is tried again, ms. */
const RETRY_MS = 1000;

interface OpenSegment {
  readonly file: SegmentFile;
  readonly writer: BatchWriter;
  readonly number: number;
  readonly firstNs: bigint;
  lastNs: bigint;
  rows: number;
}

/** Rows that are being lost because the disk does not take them. */
interface Stall {
  sinceNs: bigint;
  untilNs: bigint;
  rows: number;
  triedMs: number;
}

export class Recorder {
  readonly #spec: RecordingSpec;
  readonly #events: RecordingEvents;
  readonly #segments: { readonly segment: Segment; readonly bytes: number }[];
  /** Pieces of time that segments end with. */
  readonly #pieces: Panes | undefined;
  #columns: Schema = [];
  #current: OpenSegment | undefined;
  #nextNumber: number;
  #stall: Stall | undefined;

  /** @throws the system's error where the folder cannot be made or read */
  constructor(spec: RecordingSpec, events: RecordingEvents) {
    this.#spec = spec;
    this.#events = events;
    const { folder, extension, segmentNs } = spec;
    this.#pieces =
      segmentNs === undefined ? undefined : new Panes({ everyNs: segmentNs, slideNs: segmentNs });
    // Not `recursive`, which goes on for ever below /proc (Node 20).
    if (!existsSync(folder)) mkdirSync(folder);
    for (const name of readdirSync(folder))
      if (name.startsWith(PART_PREFIX)) rmSync(join(folder, name), { force: true });
    this.#segments = segmentsOf(folder, extension).map((segment) => ({
      segment,
      bytes: statSync(join(folder, segment.name)).size,
    }));
    this.#nextNumber = (this.#segments.at(-1)?.segment.number ?? 0) + 1;
  }

  /** The time of the last row that is recorded: a recording goes on behind it. */
  get lastNs(): bigint | undefined {
    return this.#segments.at(-1)?.segment.lastNs;
  }

  /** Says what the rows from here on have as columns. */
  columns(columns: Schema): void {
    this.#close();
    this.#columns = columns;
  }

  batch(batch: ColumnBatch, facts: ReadonlyMap<string, string>): void {
    const { rows, timestamps } = batch;
    const words = halvesOf(timestamps);
    for (let from = 0; from < rows; ) {
      const to = this.#pieces?.run(timestamps, words, from, rows).to ?? rows;
      this.#part(to - from === rows ? batch : takeRange(batch, from, to), facts);
      from = to;
    }
  }

  #part(batch: ColumnBatch, facts: ReadonlyMap<string, string>): void {
    const { timestamps, rows } = batch;
    const [firstNs, lastNs] = [timestamps[0]!, timestamps[rows - 1]!];
    if (this.#mustEnd(firstNs)) this.#close();
    if (!this.#mayWrite()) {
      this.#lose(rows, firstNs, lastNs);
      return;
    }
    const segment = this.#openAt(firstNs);
    if (segment === undefined) {
      this.#lose(rows, firstNs, lastNs);
      return;
    }
    segment.rows += rows;
    if (lastNs > segment.lastNs) segment.lastNs = lastNs;
    this.#took(segment.file.write(bytesOf(segment.writer.batch(batch, facts))), lastNs);
  }

  /** Ends the last segment. */
  end(): void {
    this.#close();
    const stall = this.#stall;
    this.#stall = undefined;
    if (stall !== undefined) this.#events.note(describe(stall));
  }

  /** A segment ends only between two times, so that a recording can go on behind its last row. */
  #mustEnd(nextNs: bigint): boolean {
    const segment = this.#current;
    if (segment === undefined || nextNs <= segment.lastNs) return false;
    const { segmentBytes, segmentNs } = this.#spec;
    if (segment.file.bytes >= segmentBytes) return true;
    return (
      segmentNs !== undefined && floorTo(nextNs, segmentNs) !== floorTo(segment.firstNs, segmentNs)
    );
  }

  #openAt(firstNs: bigint): OpenSegment | undefined {
    if (this.#current !== undefined) return this.#current;
    const { folder, extension, open } = this.#spec;
    const number = this.#nextNumber;
    try {
      const file = new SegmentFile(folder, number, extension);
      const writer = open();
      this.#current = { file, writer, number, firstNs, lastNs: firstNs, rows: 0 };
      this.#nextNumber++;
      this.#took(file.write(bytesOf(writer.begin(this.#columns))), firstNs);
      return this.#current;
    } catch (error) {
      this.#took(error as NodeJS.ErrnoException, firstNs);
      return undefined;
    }
  }

  #close(): void {
    const segment = this.#current;
    if (segment === undefined) return;
    this.#current = undefined;
    const { file, writer, firstNs, lastNs, number, rows } = segment;
    const { folder, extension } = this.#spec;
    const name = segmentName({ number, firstNs, lastNs }, extension);
    let error = file.write(bytesOf(writer.end()));
    if (error === undefined) {
      try {
        file.finish(name);
        const { size } = statSync(join(folder, name));
        this.#segments.push({ segment: { name, extension, number, firstNs, lastNs }, bytes: size });
        this.#giveWay();
        return;
      } catch (failure) {
        error = failure as NodeJS.ErrnoException;
      }
    } else file.discard();
    this.#took(error, lastNs);
    this.#lose(rows, firstNs, lastNs);
  }

  /** Deletes the oldest segments that are too many. */
  #giveWay(): void {
    const { folder, maxBytes = Infinity, maxSegments = Infinity } = this.#spec;
    let all = this.#segments.reduce((sum, { bytes }) => sum + bytes, 0);
    while (this.#segments.length > 1 && (all > maxBytes || this.#segments.length > maxSegments)) {
      const oldest = this.#segments.shift()!;
      all -= oldest.bytes;
      rmSync(join(folder, oldest.segment.name), { force: true });
    }
  }

  /** Whether the disk takes rows, as far as is known; after an error it is tried again now and then. */
  #mayWrite(): boolean {
    const stall = this.#stall;
    if (stall === undefined) return true;
    const nowMs = performance.now();
    if (nowMs - stall.triedMs < RETRY_MS) return false;
    stall.triedMs = nowMs;
    if (this.#current !== undefined && this.#current.file.flush() !== undefined) return false;
    this.#events.note(describe(stall));
    this.#stall = undefined;
    return true;
  }

  #took(error: NodeJS.ErrnoException | undefined, ns: bigint): void {
    if (error === undefined || this.#stall !== undefined) return;
    const triedMs = performance.now();
    this.#stall = { sinceNs: ns, untilNs: ns, rows: 0, triedMs };
    this.#events.note(`${this.#spec.folder}: ${error.message}; it is tried again every second`);
  }

  #lose(rows: number, firstNs: bigint, lastNs: bigint): void {
    this.#events.lost(rows);
    this.#stall ??= { sinceNs: firstNs, untilNs: lastNs, rows: 0, triedMs: performance.now() };
    const stall = this.#stall;
    stall.rows += rows;
    if (firstNs < stall.sinceNs) stall.sinceNs = firstNs;
    if (lastNs > stall.untilNs) stall.untilNs = lastNs;
  }
}

function describe({ sinceNs, untilNs, rows }: Stall): string {
  if (rows === 0) return "recording goes on; nothing is missing";
  const count = `${rows} ${rows === 1 ? "row was" : "rows were"}`;
  return `${count} not recorded, from ${sinceNs} to ${untilNs} ns`;
}

/** Recordings are made in formats that promise nothing. */
function bytesOf(bytes: Uint8Array | Promise<Uint8Array>): Uint8Array {
  if (bytes instanceof Uint8Array) return bytes;
  throw new TypeError("recorder: expected a format that gives its bytes at once");
}
