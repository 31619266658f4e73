/**
 * The kernel's memory: one for each query. A region is given once and never moves, so that code may hold its address;
 * growing the memory only adds to its end. Views are taken anew after every growth.
 */

import {
  type WasmFunction,
  type WasmMemory,
  type WasmTable,
  wasmMemory,
  wasmTable,
} from "../../wasm/runtime.ts";

const PAGE = 65_536;
const MAX_PAGES = 16_384;

/** Bytes that stay readable behind a packet, so that reads of a static run need no check of their own. */
export const SLACK_BYTES = 65_536;

/** Addresses of what JavaScript and code pass to each other; all but the times are i32. */
export const State = {
  /** Address of the packet's first byte. */
  input: 16,
  /** Content size of the packet, in bits. */
  end: 20,
  /** Rows in the columns. */
  row: 24,
  /** Event records walked. */
  events: 28,
  /** First bit of the record that a status speaks of. */
  start: 32,
  /** Event class id of that record; -1 if it does not fit 31 bits. */
  eventId: 36,
  /** i64: clock before that record, in cycles. */
  startClock: 40,
  /** i64: running clock. */
  clock: 48,
  /** Packet's cpu_id, and whether it has one. */
  cpuId: 56,
  hasCpuId: 60,
  /** Classes by event id: address, and how many. */
  classes: 64,
  classCount: 68,
  /** First bit of the packet context. */
  context: 72,
  /** Render machine: position after a program; whether bytes beyond ASCII were written. */
  renderBit: 76,
  renderSeen: 80,
  /** Text of the packet context, address and length. */
  packetText: 84,
  packetTextLength: 88,
} as const;
const STATE_END = 128;

export class KernelMemory {
  readonly memory: WasmMemory = wasmMemory(16, MAX_PAGES);
  /** Functions of event classes, called by number. */
  readonly table: WasmTable = wasmTable(64);
  /** Functions of the host that code may call: see `render-host.ts`. */
  imports: Readonly<Record<string, unknown>> = {};
  /** Table entries of functions that all modules share, by what they were made from. */
  readonly shared: Map<object, number> = new Map();
  #next = STATE_END;
  #nextFunction = 0;
  #u8: Uint8Array = new Uint8Array(this.memory.buffer);
  #i32: Int32Array = new Int32Array(this.memory.buffer);
  #inputCapacity = 0;

  get u8(): Uint8Array {
    this.#refresh();
    return this.#u8;
  }

  get i32(): Int32Array {
    this.#refresh();
    return this.#i32;
  }

  /** Zeroed bytes at an address that is a multiple of 16. */
  allocate(bytes: number): number {
    const address = (this.#next + 15) & ~15;
    const end = address + bytes;
    const missing = end - this.memory.buffer.byteLength;
    if (missing > 0) this.memory.grow(Math.ceil(missing / PAGE));
    this.#next = end;
    return address;
  }

  /** A region with these bytes, followed by eight zeros. */
  literal(bytes: Uint8Array): number {
    const address = this.allocate(bytes.length + 8);
    this.u8.set(bytes, address);
    return address;
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

  /** Copies a packet to where the code reads it. */
  setInput(bytes: Uint8Array): void {
    if (bytes.length > this.#inputCapacity) {
      this.#inputCapacity = Math.max(bytes.length, this.#inputCapacity * 2, 1 << 18);
      this.set(State.input, this.allocate(this.#inputCapacity + SLACK_BYTES + 16));
    }
    this.u8.set(bytes, this.get(State.input));
  }

  /** Puts a function into the table; its number is for `call_indirect`. */
  addFunction(code: WasmFunction): number {
    if (this.#nextFunction === this.table.length) this.table.grow(this.table.length);
    this.table.set(this.#nextFunction, code);
    return this.#nextFunction++;
  }

  #refresh(): void {
    if (this.#u8.buffer === this.memory.buffer) return;
    this.#u8 = new Uint8Array(this.memory.buffer);
    this.#i32 = new Int32Array(this.memory.buffer);
  }
}
