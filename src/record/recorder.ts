/** Writes a query's rows into segments: files that are whole by themselves, by size or time, of which the oldest may give way. */

import { floorTo } from "../base/time.ts";
import { type ColumnBatch, takeRange } from "../column/column.ts";
import { halvesOf } from "../column/halves.ts";
import type { Schema } from "../column/schema.ts";
import { type BatchWriter, NO_BYTES } from "../format/batch-writer.ts";
import { Panes } from "../operators/aggregate/windows.ts";
import { segmentName } from "../segments/segment-names.ts";
import { DiskStall, type RecordingEvents, roomProblem } from "./disk-stall.ts";
import { SegmentFile } from "./segment-file.ts";
import { type RingSpec, SegmentRing } from "./segment-ring.ts";

export interface RecordingSpec extends RingSpec {
  readonly open: () => BatchWriter;
  /** A segment ends when it has so many bytes. */
  readonly segmentBytes: number;
  /** Segments end at whole multiples of so many ns; `undefined`: by size alone. */
  readonly segmentNs: bigint | undefined;
}

interface OpenSegment {
  readonly file: SegmentFile;
  readonly writer: BatchWriter;
  readonly number: number;
  readonly firstNs: bigint;
  lastNs: bigint;
  rows: number;
  /** No row, with its columns: what else there is to say of a segment goes with it. */
  noRows: ColumnBatch | undefined;
  /** Rows that the disk did not take, as its last batch says. */
  toldLost: number;
  /** What of it is in the file, batch by batch that gave bytes; the last are enough. */
  readonly whole: WholePart[];
}

/** So many bytes of a file have so many rows. */
interface WholePart {
  readonly bytes: number;
  readonly rows: number;
  readonly lastNs: bigint;
}

/** With room for less, no file is begun. */
const PROBE_BYTES = 4096;
/** A format's end may need more room than the last bytes take: then those before are the last. */
const KEPT_PARTS = 8;
/** By which the number of lost events travels beside rows. */
const LOST_FACT = "lost_events";

export class Recorder {
  readonly #spec: RecordingSpec;
  readonly #ring: SegmentRing;
  /** Pieces of time that segments end with. */
  readonly #pieces: Panes | undefined;
  #columns: Schema = [];
  #current: OpenSegment | undefined;
  #nextNumber: number;
  readonly #stall: DiskStall;
  /** Rows that the disk did not take. */
  #lost = 0;
  /** What travelled beside the last batch. */
  #facts: ReadonlyMap<string, string> = new Map();

  /** @throws the system's error where the folder cannot be made or read */
  constructor(spec: RecordingSpec, events: RecordingEvents) {
    this.#spec = spec;
    const lost = (rows: number): void => {
      this.#lost += rows;
      events.lost(rows);
    };
    this.#stall = new DiskStall(spec.folder, "row", { note: events.note, lost });
    const { segmentNs } = spec;
    this.#pieces =
      segmentNs === undefined ? undefined : new Panes({ everyNs: segmentNs, slideNs: segmentNs });
    this.#ring = new SegmentRing(spec);
    this.#nextNumber = this.#ring.nextNumber;
  }

  /** The time of the last row that is recorded: a recording goes on behind it. */
  get lastNs(): bigint | undefined {
    return this.#ring.lastNs;
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
    this.#checkThere();
    if (this.#mustEnd(firstNs)) this.#close();
    if (!this.#stall.mayWrite(() => this.#problem())) {
      this.#stall.lose(rows, firstNs, lastNs);
      return;
    }
    const segment = this.#openAt(firstNs);
    if (segment === undefined) {
      this.#stall.lose(rows, firstNs, lastNs);
      return;
    }
    segment.rows += rows;
    if (lastNs > segment.lastNs) segment.lastNs = lastNs;
    const bytes = bytesOf(segment.writer.batch(batch, withLost(facts, this.#lost)));
    segment.noRows = takeRange(batch, 0, 0);
    segment.toldLost = this.#lost;
    this.#facts = facts;
    const error = segment.file.write(bytes);
    if (error === undefined && bytes.length > 0) keepPart(segment);
    this.#stall.took(error, lastNs);
  }

  /** Ends the last segment. */
  end(): void {
    this.#close();
    this.#stall.end();
  }

  /** Why the disk takes nothing, still. */
  #problem(): NodeJS.ErrnoException | undefined {
    if (this.#current !== undefined) return this.#current.file.flush();
    return roomProblem(this.#spec.folder, PROBE_BYTES);
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

  /** What is written to a file that was deleted is nowhere: another one begins, in a new folder if need be. */
  #checkThere(): void {
    const segment = this.#current;
    if (segment === undefined || segment.file.isThere) return;
    this.#current = undefined;
    segment.file.discard();
    this.#stall.deleted(segment.rows, segment.firstNs, segment.lastNs);
  }

  #openAt(firstNs: bigint): OpenSegment | undefined {
    if (this.#current !== undefined) return this.#current;
    const { folder, extension, open } = this.#spec;
    const number = this.#nextNumber;
    try {
      const file = new SegmentFile(folder, number, extension);
      const writer = open();
      const empty = { rows: 0, noRows: undefined, toldLost: 0, whole: [] };
      this.#current = { file, writer, number, firstNs, lastNs: firstNs, ...empty };
      this.#nextNumber++;
      this.#stall.took(file.write(bytesOf(writer.begin(this.#columns))), firstNs);
      return this.#current;
    } catch (error) {
      this.#stall.took(error as NodeJS.ErrnoException, firstNs);
      return undefined;
    }
  }

  #close(): void {
    this.#checkThere();
    const segment = this.#current;
    if (segment === undefined) return;
    this.#current = undefined;
    const { file, writer, lastNs, whole, rows } = segment;
    const accountOf = (part: WholePart): Uint8Array =>
      this.#account(segment, this.#lost + rows - part.rows);
    // A writer that has ended gives no more batches: those that a shorter file would end with are made before.
    const made = writer.endAt === undefined ? whole.map(accountOf) : [];
    const account = this.#account(segment, this.#lost);
    const end = bytesOf(writer.end());
    const error = file.write(Buffer.concat([account, end]));
    if (error === undefined) {
      this.#name(segment, rows, lastNs);
      return;
    }
    this.#stall.took(error, lastNs);
    this.#rescue(segment, (part, i) => {
      if (writer.endAt === undefined) return Buffer.concat([made[i]!, end]);
      accountOf(part);
      return bytesOf(writer.endAt(part.bytes));
    });
  }

  /** What a segment's file has to say of rows that were lost behind its last batch. */
  #account({ writer, noRows, toldLost }: OpenSegment, lost: number): Uint8Array {
    if (noRows === undefined || lost === toldLost) return NO_BYTES;
    return bytesOf(writer.batch(noRows, withLost(this.#facts, lost)));
  }

  /**
   * Of a segment that the disk did not take to its end, keeps what is in the file.
   * @param endOf what the file ends with behind a part of it
   */
  #rescue(segment: OpenSegment, endOf: (part: WholePart, index: number) => Uint8Array): void {
    const { file, whole, rows, firstNs, lastNs } = segment;
    const at = whole.findLastIndex(
      (part, i) => file.endWhole(part.bytes, endOf(part, i)) === undefined,
    );
    const kept = whole[at];
    if (kept === undefined) file.discard();
    else this.#name(segment, kept.rows, kept.lastNs);
    const lost = rows - (kept?.rows ?? 0);
    if (lost > 0) this.#stall.lose(lost, kept?.lastNs ?? firstNs, lastNs);
  }

  /** Gives a segment its name, once it is on the disk. @param lastNs of its rows */
  #name({ file, number, firstNs }: OpenSegment, rows: number, lastNs: bigint): void {
    const { extension } = this.#spec;
    const name = segmentName({ number, firstNs, lastNs }, extension);
    try {
      file.finish(name);
      this.#ring.add({ name, extension, number, firstNs, lastNs });
    } catch (failure) {
      this.#stall.took(failure as NodeJS.ErrnoException, lastNs);
      this.#stall.lose(rows, firstNs, lastNs);
    }
  }
}

function keepPart({ whole, file, rows, lastNs }: OpenSegment): void {
  whole.push({ bytes: file.bytes, rows, lastNs });
  if (whole.length > KEPT_PARTS) whole.shift();
}

/** The files say of what the disk did not take, too, how many events are missing. */
function withLost(facts: ReadonlyMap<string, string>, lost: number): ReadonlyMap<string, string> {
  if (lost === 0) return facts;
  return new Map(facts).set(LOST_FACT, String(Number(facts.get(LOST_FACT) ?? 0) + lost));
}

/** Recordings are made in formats that promise nothing. */
function bytesOf(bytes: Uint8Array | Promise<Uint8Array>): Uint8Array {
  if (bytes instanceof Uint8Array) return bytes;
  throw new TypeError("recorder: expected a format that gives its bytes at once");
}
