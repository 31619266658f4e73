/**
 * The kernel's memory. A region never moves, so that code may hold its address; growing the memory only adds to its end.
 * What belongs to one trace is given back when that ends (`arena.ts`), everything else is given once. Views are taken anew
 * after every growth.
 *
 * Several threads may share one memory: each has a `KernelMemory` of its own, with its own state, table and input. What
 * is free next stands in the memory's first word.
 */

import { LimitError } from "../../../base/errors.ts";
import { type WasmMemory, wasmMemory } from "../../../wasm/runtime.ts";
import type { Regions } from "./regions.ts";

const PAGE = 65_536;
export const MAX_PAGES = 32_768;
/** Room for a packet of a mebibyte, the most that a kernel's channels have by default, and for some rows. */
const FIRST_PAGES = 32;
/**
 * Each growth makes every view anew, in few steps, then; but the garbage collector takes all of a memory for used, written or
 * not, and comes the more often: no step is larger than the memory is.
 */
const GROWTH_PAGES = 64;

/** Bytes that stay readable behind a packet, so that reads of a static run need no check of their own. */
export const SLACK_BYTES = 65_536;
const INPUT_SLACK = SLACK_BYTES + 16;
const FIRST_INPUT_BYTES = 1 << 18;

/** What JavaScript and code pass to each other, as byte offsets from `KernelMemory.state`; all but the times are i32. */
export const State = {
  /** Address of the packet's first byte. */
  input: 0,
  /** Content size of the packet, in bits. */
  end: 4,
  /** Rows in the chunk. */
  row: 8,
  /** Event records walked. */
  events: 12,
  /** First bit of the record that a status speaks of. */
  start: 16,
  /** Event class id of that record; -1 if it does not fit 31 bits. */
  eventId: 20,
  /** i64: clock before that record, in cycles. */
  startClock: 24,
  /** i64: running clock. */
  clock: 32,
  /** Packet's cpu_id, and whether it has one. */
  cpuId: 40,
  hasCpuId: 44,
  /** Classes by event id: address, and how many. */
  classes: 48,
  classCount: 52,
  /** First bit of the packet context. */
  context: 56,
  /** Render machine: position after a program; whether bytes beyond ASCII were written. */
  renderBit: 60,
  renderSeen: 64,
  /** Text of the packet context, address and length. */
  packetText: 68,
  packetTextLength: 72,
  /** Chunk that rows are appended to; see `chunk.ts`. */
  chunk: 76,
  /** Merge: rows and bytes of texts in the runs that it chose. */
  mergedRows: 80,
  mergedBytes: 84,
  /** Lines: i64 time of the last line that has one; i64 second that the clock's eight characters stand for. */
  lineTime: 88,
  clockSecond: 96,
  clockText: 104,
  /** What was full when a scan said so: offset of a column's slot in the chunk, 0: its rows. */
  fullSlot: 112,
  /** Merge: first of the segments that have been passed, by their nodes; 0 if there is none. */
  passed: 116,
  /** Lines: whether any has had a time. */
  hasLineTime: 120,
  /** Lines: i64 second that the twenty characters stand for, `2026-11-22T08:55:45.` */
  isoSecond: 128,
  isoText: 136,
} as const;
const STATE_BYTES = 160;

/** Powers of ten, 10^0 to 10^19, and the hundred pairs of decimal digits: what numbers are written with. */
export const Digits = { powers: 0, pairs: 160 } as const;

/** Byte of the memory where the next free address stands, and the first address that is given. */
const NEXT_FREE = 0;
const FIRST_FREE = 64;

export class KernelMemory implements Regions {
  readonly memory: WasmMemory;
  /** Functions of the host that code may call: see `render-host.ts`. */
  imports: Readonly<Record<string, unknown>> = {};
  /** Address of this thread's state. */
  readonly state: number;
  /** Address of the tables that the offsets of `Digits` count from. */
  readonly digits: number;
  readonly isShared: boolean;
  /** Regions that were given back, by their size. */
  readonly #freeRegions = new Map<number, number[]>();
  #u8: Uint8Array;
  #i32: Int32Array;
  #inputCapacity = 0;

  /** @param shared a memory that other threads use too; without it, one of its own */
  constructor(shared?: WasmMemory) {
    this.memory = shared ?? wasmMemory(FIRST_PAGES, MAX_PAGES);
    this.isShared = shared !== undefined;
    this.#u8 = new Uint8Array(this.memory.buffer);
    this.#i32 = new Int32Array(this.memory.buffer);
    Atomics.compareExchange(this.#i32, NEXT_FREE >> 2, 0, FIRST_FREE);
    this.state = this.allocate(STATE_BYTES);
    this.digits = this.literal(digitTables());
  }

  get u8(): Uint8Array {
    this.#refresh();
    return this.#u8;
  }

  get i32(): Int32Array {
    this.#refresh();
    return this.#i32;
  }

  /**
   * Zeroed bytes at an address that is a multiple of 16.
   * @throws LimitError `MEMORY`
   */
  allocate(bytes: number): number {
    const size = (bytes + 15) & ~15;
    const address = this.#advance(size);
    // Others may grow the memory at the same time: it is looked at again after each growth.
    for (;;) {
      const { byteLength } = this.memory.buffer;
      const missing = address + size - byteLength;
      if (missing <= 0) return address;
      const pages = byteLength / PAGE;
      const step = Math.min(GROWTH_PAGES, pages, MAX_PAGES - pages);
      this.memory.grow(Math.max(Math.ceil(missing / PAGE), step));
    }
  }

  /** A zeroed region that may be given back; of `size`, a multiple of 16. */
  take(size: number): number {
    const address = this.takeUncleared(size);
    this.u8.fill(0, address, address + size);
    return address;
  }

  /** As `take`, with whatever was there before. */
  takeUncleared(size: number): number {
    return this.#freeRegions.get(size)?.pop() ?? this.allocate(size);
  }

  give(address: number, size: number): void {
    const free = this.#freeRegions.get(size);
    if (free === undefined) this.#freeRegions.set(size, [address]);
    else free.push(address);
  }

  /** A region with these bytes, followed by sixteen zeros. */
  literal(bytes: Uint8Array): number {
    const address = this.take(literalSize(bytes.length));
    this.u8.set(bytes, address);
    return address;
  }

  /** Gives back a literal of so many bytes. */
  giveLiteral(address: number, bytes: number): void {
    this.give(address, literalSize(bytes));
  }

  get(address: number): number {
    return this.i32[address >> 2]!;
  }

  set(address: number, value: number): void {
    this.i32[address >> 2] = value;
  }

  set64(address: number, hi: number, lo: number): void {
    this.i32[address >> 2] = lo;
    this.i32[(address >> 2) + 1] = hi;
  }

  /** Where the code reads a packet of so many bytes; its bytes are the caller's to fill. */
  input(bytes: number): Uint8Array {
    if (bytes > this.#inputCapacity) {
      const old = this.#inputCapacity;
      if (old > 0) this.give(this.get(this.state + State.input), old + INPUT_SLACK);
      this.#inputCapacity = Math.max(2 ** Math.ceil(Math.log2(bytes)), FIRST_INPUT_BYTES);
      const address = this.takeUncleared(this.#inputCapacity + INPUT_SLACK);
      this.set(this.state + State.input, address);
    }
    const address = this.get(this.state + State.input);
    return this.u8.subarray(address, address + bytes);
  }

  /** Takes the next free bytes; there are as many as an i32 can count. */
  #advance(size: number): number {
    const { i32 } = this;
    for (;;) {
      const address = Atomics.load(i32, NEXT_FREE >> 2);
      if (size >= MAX_PAGES * PAGE - address) throw memoryFull();
      const isMine =
        Atomics.compareExchange(i32, NEXT_FREE >> 2, address, address + size) === address;
      if (isMine) return address;
    }
  }

  #refresh(): void {
    const { byteLength } = this.#u8;
    // Growth leaves nothing behind a view, unless threads share the memory; asking for its buffer takes longer than a load.
    if (byteLength > 0 && (!this.isShared || byteLength === this.memory.buffer.byteLength)) return;
    this.#u8 = new Uint8Array(this.memory.buffer);
    this.#i32 = new Int32Array(this.memory.buffer);
  }
}

function memoryFull(): LimitError {
  const most = (MAX_PAGES * PAGE) >> 20;
  return new LimitError(
    "MEMORY",
    `rows that wait for their time, and packets: expected at most ${most} MiB of memory, got more; --begin, --end, --where or fewer columns (--select) need less`,
  );
}

function digitTables(): Uint8Array {
  const powers = BigUint64Array.from({ length: 20 }, (_, i) => 10n ** BigInt(i));
  const tables = new Uint8Array(Digits.pairs + 200);
  tables.set(new Uint8Array(powers.buffer), Digits.powers);
  for (let i = 0; i < 100; i++) {
    tables[Digits.pairs + 2 * i] = 48 + Math.floor(i / 10);
    tables[Digits.pairs + 2 * i + 1] = 48 + (i % 10);
  }
  return tables;
}

/** Bytes of a literal's region, with the zeros behind it. */
function literalSize(bytes: number): number {
  return (bytes + 16 + 15) & ~15;
}
