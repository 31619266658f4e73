/**
 * Rows of many streams, held in the kernel's memory until their time comes, and the batch under assembly. Its rows are
 * copied out of the memory once, in their final order.
 */

import type { ColumnBatch, DictionaryTexts } from "../../../column/column.ts";
import { DICTIONARY_CAPACITY } from "../../../column/dictionary.ts";
import type { WasmFunction } from "../../../wasm/runtime.ts";
import type { LineFormat } from "../../line-format.ts";
import type { Kernel } from "../kernel.ts";
import { type Chunk, ChunkField, ChunkPool, hasTexts, Slot } from "../memory/chunk.ts";
import { widthOf } from "../memory/columns.ts";
import { State } from "../memory/memory.ts";
import { Unit } from "../scan/unit.ts";
import { canWriteLines, LineAssembly } from "../text/line-assembly.ts";
import { ENTRY_BYTES, Entry, emitGather, emitMerge, RUN_BYTES } from "./merge-emitter.ts";
import { MergedDictionary } from "./merged-dictionary.ts";

/** One stream's rows, by the number of its entry. */
interface HeldStream {
  readonly entry: number;
  rank: string;
  readonly chunks: Chunk[];
  hasEnded: boolean;
}

const FIRST_ENTRIES = 64;
const NO_TIMES = new BigInt64Array(0);
/** Gives chunks back whose rows have left: to the kernel's pool, or to the thread that made them. */
export type Release = (chunk: Chunk) => void;

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
    this.#runs = memory.allocate(capacity * RUN_BYTES);
    this.#entries = memory.allocate(FIRST_ENTRIES * ENTRY_BYTES);
    this.#heap = memory.allocate(FIRST_ENTRIES * 4);
    columns.columns.forEach(({ kind }, i) => {
      if (kind === "dictionary") this.#dictionaries.set(i, new MergedDictionary(memory));
    });
    const unit = new Unit(memory);
    const from = kernel.chunks.layout;
    unit.module.exportFunction("merge", emitMerge(unit, columns.columns, from));
    const gatherIndex =
      this.#lines?.emit(unit) ?? emitGather(unit, columns.columns, from, this.#out.layout);
    unit.module.exportFunction("gather", gatherIndex);
    const { merge, gather } = unit.instantiate();
    this.#mergeCode = merge!;
    this.#gatherCode = gather!;
    this.#lines?.use(gather!);
  }

  get isFull(): boolean {
    return this.rows >= this.capacity || this.#bytes >= this.#mostBytes;
  }

  /** Number of a new stream. */
  addStream(): number {
    const free = this.#streams.indexOf(undefined);
    const entry = free === -1 ? this.#streams.length : free;
    if (entry === this.#entryCapacity) this.#growEntries();
    this.#streams[entry] = { entry, rank: "", chunks: [], hasEnded: false };
    this.#set(entry, Entry.chunk, 0);
    this.#set(entry, Entry.row, 0);
    return entry;
  }

  /** The less, the earlier among rows of equal time. A new stream may change the places of others. */
  rank(stream: number, rank: string): void {
    this.#streams[stream]!.rank = rank;
    const held = this.#streams.filter((one) => one !== undefined);
    held.sort((a, b) => (a.rank < b.rank ? -1 : a.rank > b.rank ? 1 : 0));
    held.forEach(({ entry }, place) => {
      this.#set(entry, Entry.rank, place);
    });
  }

  /** The stream's latest chunk, where its next rows may go. */
  open(stream: number): Chunk | undefined {
    const last = this.#streams[stream]?.chunks.at(-1);
    return last !== undefined && this.#kernel.chunks.hasRoom(last) ? last : undefined;
  }

  /** Takes a scan's chunks; the first may be the open one, which has more rows now. */
  push(stream: number, chunks: readonly Chunk[]): void {
    const held = this.#streams[stream]!;
    const { memory } = this.#kernel;
    for (const chunk of chunks) {
      const last = held.chunks.at(-1);
      this.#learnTexts(chunk);
      if (last?.address === chunk.address) {
        last.rows = chunk.rows;
        continue;
      }
      if (last === undefined) {
        this.#set(stream, Entry.chunk, chunk.address);
        this.#set(stream, Entry.row, 0);
      } else {
        memory.set(last.address + ChunkField.next, chunk.address);
      }
      held.chunks.push(chunk);
    }
  }

  /** No more rows will come; what is held still leaves in order. */
  end(stream: number): void {
    const held = this.#streams[stream];
    if (held === undefined) return;
    held.hasEnded = true;
    this.#retire(held);
  }

  /** How many of a scan's last rows are before a time: those that come late. Rows of a stream are in order. */
  countBefore(chunks: readonly Chunk[], matched: number, before: bigint): number {
    let late = 0;
    let skip = chunks.reduce((sum, { rows }) => sum + rows, 0) - matched;
    const { timestamps } = this.#kernel.chunks.layout;
    for (const { address, rows } of chunks) {
      const times = new BigInt64Array(
        this.#kernel.memory.memory.buffer,
        address + timestamps,
        rows,
      );
      for (let row = Math.min(skip, rows); row < rows; row++) {
        if (times[row]! >= before) return late;
        late++;
      }
      skip = Math.max(0, skip - rows);
    }
    return late;
  }

  /** Moves rows before a time into the batch, at most so many, until it is full; returns how many. */
  merge(before: bigint, most: number): number {
    const { memory } = this.#kernel;
    if (this.#taken > 0) this.#out.clear(this.#batch.address, this.#taken);
    this.#taken = 0;
    const rowsMost = Math.min(most, this.capacity - this.rows);
    const bytesMost = this.#mostBytes - this.#bytes;
    if (rowsMost <= 0 || bytesMost <= 0) return 0;
    const runs = this.#mergeCode(
      this.#entries,
      this.#streams.length,
      this.#heap,
      before,
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
    for (const held of this.#streams) if (held !== undefined) this.#retire(held);
    return rows;
  }

  /** Time of the first row that is held. */
  get firstNs(): bigint | undefined {
    const { memory, chunks } = this.#kernel;
    let first: bigint | undefined;
    for (const held of this.#streams) {
      const chunk = held === undefined ? 0 : this.#get(held.entry, Entry.chunk);
      if (held === undefined || chunk === 0) continue;
      const row = this.#get(held.entry, Entry.row);
      if (row >= memory.get(chunk + ChunkField.rows)) continue;
      const ns = new BigInt64Array(
        memory.memory.buffer,
        chunk + chunks.layout.timestamps + 8 * row,
        1,
      )[0]!;
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
    const columns = this.#out.borrow(this.#batch, (column) => this.#mergedTexts(column));
    this.#taken = rows;
    this.rows = 0;
    this.#bytes = 0;
    this.#renewDictionaries();
    return { rows, ...columns };
  }

  /** Takes everything that is held out of the memory, stream by stream; the batch must have been taken. */
  *exportAll(): Generator<{ stream: number; rank: string; batch: ColumnBatch; from: number }> {
    for (const held of this.#streams) {
      if (held === undefined) continue;
      let from = this.#get(held.entry, Entry.row);
      for (const chunk of held.chunks.splice(0)) {
        const { entry, rank } = held;
        yield { stream: entry, rank, batch: this.#kernel.export(chunk), from };
        from = 0;
      }
      this.#set(held.entry, Entry.chunk, 0);
    }
  }

  /** Gives back the chunks that are passed, and forgets a stream that has ended and is empty. */
  #retire(held: HeldStream): void {
    const current = this.#get(held.entry, Entry.chunk);
    while (held.chunks.length > 0 && held.chunks[0]!.address !== current)
      this.#release(held.chunks.shift()!);
    const [last] = held.chunks;
    const isDone =
      held.chunks.length === 1 &&
      last !== undefined &&
      this.#get(held.entry, Entry.row) === last.rows &&
      (held.hasEnded || !this.#kernel.chunks.hasRoom(last));
    if (isDone) {
      held.chunks.length = 0;
      this.#set(held.entry, Entry.chunk, 0);
      this.#release(last);
    }
    if (held.hasEnded && held.chunks.length === 0) this.#streams[held.entry] = undefined;
  }

  /** The dictionary that a column's merged rows have codes of. */
  #mergedTexts(column: number): DictionaryTexts {
    const own = this.#kernel.columns.columns[column];
    return own?.kind === "constant" ? own.dictionary : this.#dictionaries.get(column)!.texts;
  }

  #learnTexts({ address }: Chunk): void {
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
      for (const held of this.#streams)
        for (const chunk of held?.chunks ?? []) this.#learnTexts(chunk);
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
