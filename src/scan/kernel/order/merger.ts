/**
 * Rows of many streams, held in the kernel's memory until their time comes, and the batch under assembly. Its rows are
 * copied out of the memory once, in their final order.
 */

import type { ColumnBatch, DictionaryTexts } from "../../../column/column.ts";
import { DICTIONARY_CAPACITY } from "../../../column/dictionary.ts";
import type { WasmFunction } from "../../../wasm/runtime.ts";
import type { LineFormat } from "../../line-format.ts";
import type { Kernel } from "../kernel.ts";
import { Arena } from "../memory/arena.ts";
import { type Chunk, hasTexts, type Segment, Slot } from "../memory/chunk.ts";
import { ChunkReader } from "../memory/chunk-columns.ts";
import { ChunkPool } from "../memory/chunk-pool.ts";
import { widthOf } from "../memory/columns.ts";
import { State } from "../memory/memory.ts";
import { instantiateUnit, Unit } from "../scan/unit.ts";
import { canWriteLines, LineAssembly } from "../text/line-assembly.ts";
import { emitGather } from "./gather-emitter.ts";
import { emitMerge, RUN_BYTES } from "./merge-emitter.ts";
import { MergedDictionary } from "./merged-dictionary.ts";
import { Ranks } from "./ranks.ts";
import { ENTRY_BYTES, Entry, NODE_BYTES, Node } from "./stream-heap.ts";

/** One stream's rows, by the number of its entry. */
interface HeldStream {
  readonly entry: number;
  /** Node of its last segment, 0 if none is held. */
  last: number;
  segments: number;
  hasEnded: boolean;
}

interface HeldSegment {
  readonly stream: HeldStream;
  segment: Segment;
}

const FIRST_ENTRIES = 64;
const FIRST_NODES = 256;
const NO_TIMES = new BigInt64Array(0);
/** Gives segments back whose rows have left: to the kernel's pool, or to the thread that made them. */
export type Release = (segment: Segment) => void;

export class KernelMerger {
  /** Rows of the batch under assembly, of at most `capacity`. */
  rows = 0;
  readonly capacity: number;
  readonly #kernel: Kernel;
  readonly #release: Release;
  readonly #out: ChunkPool;
  readonly #batch: Chunk;
  readonly #mergeCode: WasmFunction;
  readonly #gatherCode: WasmFunction;
  /** Set where rows become lines instead of columns. */
  readonly #lines: LineAssembly | undefined;
  readonly #dictionaries = new Map<number, MergedDictionary>();
  readonly #streams: (HeldStream | undefined)[] = [];
  readonly #freeStreams: number[] = [];
  readonly #ranks = new Ranks((stream, number) => this.#set(stream, Entry.rank, number));
  /** By node. */
  readonly #segments = new Map<number, HeldSegment>();
  readonly #freeNodes: number[] = [];
  readonly #reader: ChunkReader;
  readonly #runs: number;
  readonly #mostBytes: number;
  #entries: number;
  #heap: number;
  #entryCapacity = FIRST_ENTRIES;
  #bytes = 0;
  /** Rows of the batch that was taken last, whose marks are still there. */
  #taken = 0;

  /**
   * @param mostBytes of texts and lists: what can make a batch large though its rows are few
   * @param format of lines, if rows are wanted as such
   */
  constructor(
    kernel: Kernel,
    capacity: number,
    mostBytes: number,
    release: Release,
    format?: LineFormat,
  ) {
    const { memory, columns, dictionaries } = kernel;
    this.#kernel = kernel;
    this.#release = release;
    this.capacity = capacity;
    this.#mostBytes = mostBytes;
    const canWrite = format !== undefined && canWriteLines(format, columns.columns);
    this.#lines = canWrite
      ? new LineAssembly(kernel, format, (column) => this.#mergedTexts(column))
      : undefined;
    this.#out = new ChunkPool(memory, columns.columns, dictionaries, canWrite ? 8 : capacity);
    this.#batch = this.#out.make();
    this.#reader = new ChunkReader(memory, columns.columns, this.#out.layout, (column) =>
      this.#mergedTexts(column),
    );
    this.#runs = memory.allocate(capacity * RUN_BYTES);
    this.#entries = memory.allocate(FIRST_ENTRIES * ENTRY_BYTES);
    this.#heap = memory.allocate(FIRST_ENTRIES * 4);
    columns.columns.forEach(({ kind }, i) => {
      if (kind === "dictionary") this.#dictionaries.set(i, new MergedDictionary(memory));
    });
    const unit = new Unit(memory.isShared);
    const from = kernel.chunks.layout;
    unit.module.exportFunction("merge", emitMerge(unit, columns.columns, from));
    const gatherIndex =
      this.#lines?.emit(unit) ?? emitGather(unit, columns.columns, from, this.#out.layout);
    unit.module.exportFunction("gather", gatherIndex);
    const arena = new Arena(memory);
    const { merge, gather } = instantiateUnit(unit.compile(), { memory, arena });
    this.#mergeCode = merge!;
    this.#gatherCode = gather!;
    this.#lines?.use(gather!);
  }

  get isFull(): boolean {
    return this.rows >= this.capacity || this.#bytes >= this.#mostBytes;
  }

  /** Number of a new stream. */
  addStream(): number {
    const entry = this.#freeStreams.pop() ?? this.#streams.length;
    if (entry === this.#entryCapacity) this.#growEntries();
    this.#streams[entry] = { entry, last: 0, segments: 0, hasEnded: false };
    this.#set(entry, Entry.node, 0);
    this.#set(entry, Entry.rank, 0);
    return entry;
  }

  /** The less, the earlier among rows of equal time. A new stream may change the places of others. */
  rank(stream: number, rank: string): void {
    this.#ranks.add(stream, rank);
  }

  /** Takes a scan's segments. */
  push(stream: number, segments: readonly Segment[]): void {
    const held = this.#streams[stream]!;
    const { memory } = this.#kernel;
    for (const segment of segments) {
      this.#learnTexts(segment);
      if (this.#extend(held, segment)) continue;
      const node = this.#node(segment);
      this.#segments.set(node, { stream: held, segment });
      if (held.last === 0) {
        this.#set(stream, Entry.node, node);
        this.#set(stream, Entry.row, segment.from);
      } else {
        memory.set(held.last + Node.next, node);
      }
      held.last = node;
      held.segments++;
    }
  }

  /** No more rows will come; what is held still leaves in order. */
  end(stream: number): void {
    const held = this.#streams[stream];
    if (held === undefined) return;
    held.hasEnded = true;
    this.#forgetEmpty(held);
  }

  /** How many rows of a scan are before a time: those that come late. Rows of a stream are in order. */
  countBefore(segments: readonly Segment[], before: bigint): number {
    let late = 0;
    const { timestamps } = this.#kernel.chunks.layout;
    for (const { address, from, to } of segments) {
      const { buffer } = this.#kernel.memory.memory;
      const times = new BigInt64Array(buffer, address + timestamps, to);
      for (let row = from; row < to; row++) {
        if (times[row]! >= before) return late;
        late++;
      }
    }
    return late;
  }

  /** Moves rows up to a time into the batch, at most so many, until it is full; returns how many. */
  merge(upTo: bigint, most: number): number {
    const { memory } = this.#kernel;
    if (this.#taken > 0) this.#out.clear(this.#batch.address, this.#taken);
    this.#taken = 0;
    const rowsMost = Math.min(most, this.capacity - this.rows);
    const bytesMost = this.#mostBytes - this.#bytes;
    if (rowsMost <= 0 || bytesMost <= 0) return 0;
    memory.set(memory.state + State.passed, 0);
    const runs = this.#mergeCode(
      this.#entries,
      this.#streams.length,
      this.#heap,
      upTo,
      this.#runs,
      rowsMost,
      bytesMost,
      this.#batch.address,
    ) as number;
    const rows = memory.get(memory.state + State.mergedRows);
    if (rows === 0) return 0;
    const bytes = memory.get(memory.state + State.mergedBytes);
    if (this.#lines === undefined) {
      this.#reserveTexts();
      this.#gatherCode(this.#runs, runs, this.#batch.address, this.rows);
    } else {
      this.#lines.append(this.#runs, runs, rows, bytes);
    }
    this.rows += rows;
    this.#bytes += bytes;
    this.#releasePassed();
    return rows;
  }

  /** Time of the first row that is held. */
  get firstNs(): bigint | undefined {
    const { memory, chunks } = this.#kernel;
    let first: bigint | undefined;
    for (const held of this.#streams) {
      const node = held === undefined ? 0 : this.#get(held.entry, Entry.node);
      if (held === undefined || node === 0) continue;
      const row = this.#get(held.entry, Entry.row);
      const times = memory.get(node + Node.chunk) + chunks.layout.timestamps;
      const ns = new BigInt64Array(memory.memory.buffer, times + 8 * row, 1)[0]!;
      if (first === undefined || ns < first) first = ns;
    }
    return first;
  }

  /** Time of the last row in the batch. */
  get lastNs(): bigint | undefined {
    if (this.rows === 0) return undefined;
    const { memory } = this.#kernel;
    if (this.#lines !== undefined) {
      const time = memory.state + State.lineTime;
      return (BigInt(memory.get(time + 4)) << 32n) | BigInt(memory.get(time) >>> 0);
    }
    const address = this.#batch.address + this.#out.layout.timestamps + 8 * (this.rows - 1);
    return new BigInt64Array(this.#kernel.memory.memory.buffer, address, 1)[0];
  }

  /** Begins the next batch. What it gives is borrowed: it stays as it is until rows are merged again. */
  take(): ColumnBatch {
    const { rows } = this;
    if (this.#lines !== undefined) {
      this.rows = 0;
      this.#bytes = 0;
      this.#renewDictionaries();
      return { rows, timestamps: NO_TIMES, columns: [], lines: this.#lines.take() };
    }
    this.#batch.rows = rows;
    const columns = this.#reader.borrow(this.#batch);
    this.#taken = rows;
    this.rows = 0;
    this.#bytes = 0;
    this.#renewDictionaries();
    return { rows, ...columns };
  }

  /** Takes everything that is held out of the memory, stream by stream; the batch must have been taken. */
  *exportAll(): Generator<{ stream: number; rank: string; batch: ColumnBatch; from: number }> {
    const { memory } = this.#kernel;
    for (const held of this.#streams) {
      if (held === undefined) continue;
      const stream = held.entry;
      const rank = this.#ranks.textOf(stream);
      let row = this.#get(stream, Entry.row);
      let node = this.#get(stream, Entry.node);
      while (node !== 0) {
        const { segment } = this.#segments.get(node)!;
        const batch = this.#kernel.copyRows(segment);
        this.#release(segment);
        yield { stream, rank, batch, from: row - segment.from };
        node = memory.get(node + Node.next);
        row = node === 0 ? 0 : memory.get(node + Node.from);
      }
      this.#set(stream, Entry.node, 0);
    }
    this.#segments.clear();
  }

  /** Makes a stream's last segment longer, if the other one goes on where it ends. */
  #extend({ last }: HeldStream, segment: Segment): boolean {
    const held = last === 0 ? undefined : this.#segments.get(last);
    if (held?.segment.address !== segment.address || held.segment.to !== segment.from) return false;
    held.segment = { ...segment, from: held.segment.from };
    this.#kernel.memory.set(last + Node.to, segment.to);
    this.#release(segment);
    return true;
  }

  #node({ address, from, to }: Segment): number {
    const { memory } = this.#kernel;
    if (this.#freeNodes.length === 0) {
      const nodes = memory.allocate(FIRST_NODES * NODE_BYTES);
      for (let i = 0; i < FIRST_NODES; i++) this.#freeNodes.push(nodes + i * NODE_BYTES);
    }
    const node = this.#freeNodes.pop()!;
    memory.set(node + Node.chunk, address);
    memory.set(node + Node.from, from);
    memory.set(node + Node.to, to);
    memory.set(node + Node.next, 0);
    return node;
  }

  /** Gives back the segments that the merge has passed, and forgets streams that have ended and are empty. */
  #releasePassed(): void {
    const { memory } = this.#kernel;
    let node = memory.get(memory.state + State.passed);
    while (node !== 0) {
      const { stream, segment } = this.#segments.get(node)!;
      this.#segments.delete(node);
      this.#freeNodes.push(node);
      node = memory.get(node + Node.next);
      this.#release(segment);
      stream.segments--;
      if (stream.segments === 0) stream.last = 0;
      this.#forgetEmpty(stream);
    }
  }

  #forgetEmpty({ entry, hasEnded, segments }: HeldStream): void {
    if (!hasEnded || segments > 0) return;
    this.#ranks.remove(entry);
    this.#streams[entry] = undefined;
    this.#freeStreams.push(entry);
  }

  /** The dictionary that a column's merged rows have codes of. */
  #mergedTexts(column: number): DictionaryTexts {
    const own = this.#kernel.columns.columns[column];
    return own?.kind === "constant" ? own.dictionary : this.#dictionaries.get(column)!.texts;
  }

  #learnTexts({ address }: Segment): void {
    const { memory, chunks } = this.#kernel;
    for (const [column, dictionary] of this.#dictionaries) {
      const slot = address + chunks.layout.places[column]!.slot;
      dictionary.learn(memory.get(slot + Slot.dictionary));
    }
  }

  /** A dictionary that has grown large begins anew between batches, with what the chunks that are held refer to. */
  #renewDictionaries(): void {
    for (const [column, dictionary] of this.#dictionaries) {
      if (dictionary.texts.size < DICTIONARY_CAPACITY) continue;
      this.#dictionaries.set(column, new MergedDictionary(this.#kernel.memory));
      for (const { segment } of this.#segments.values()) this.#learnTexts(segment);
    }
  }

  #reserveTexts(): void {
    const { memory, columns } = this.#kernel;
    const { address } = this.#batch;
    columns.columns.forEach((column, i) => {
      if (!hasTexts(column)) return;
      const { slot, values } = this.#out.layout.places[i]!;
      const width = column.kind === "list" ? widthOf(column.number) : 1;
      const used = memory.get(address + values + 4 * this.rows) * width;
      this.#out.reserve(address, i, used, used + memory.get(address + slot + Slot.incoming));
    });
  }

  #growEntries(): void {
    const { memory } = this.#kernel;
    const bytes = this.#entryCapacity * ENTRY_BYTES;
    const entries = memory.allocate(bytes * 2);
    memory.u8.copyWithin(entries, this.#entries, this.#entries + bytes);
    this.#entries = entries;
    this.#entryCapacity *= 2;
    this.#heap = memory.allocate(this.#entryCapacity * 4);
  }

  #get(entry: number, field: number): number {
    return this.#kernel.memory.get(this.#entries + entry * ENTRY_BYTES + field);
  }

  #set(entry: number, field: number, value: number): void {
    this.#kernel.memory.set(this.#entries + entry * ENTRY_BYTES + field, value);
  }
}
