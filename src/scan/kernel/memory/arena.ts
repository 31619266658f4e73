import { type WasmFunction, type WasmTable, wasmTable } from "../../../wasm/runtime.ts";
import type { KernelMemory } from "./memory.ts";
import type { Regions } from "./regions.ts";

/** Up to here regions come in all multiples of 16 bytes, beyond in powers of two: what is given back fits the next. */
const MAX_EXACT = 1024;

const FIRST_FUNCTIONS = 64;

/** Regions and functions of one owner, which are given back together when it ends. */
export class Arena implements Regions {
  readonly #memory: KernelMemory;
  /** Functions of event classes, called by number. A table keeps every module alive that was ever given it. */
  readonly table: WasmTable = wasmTable(FIRST_FUNCTIONS);
  #nextFunction = 0;
  #regions: { readonly address: number; readonly size: number }[] = [];

  constructor(memory: KernelMemory) {
    this.#memory = memory;
  }

  allocate(bytes: number): number {
    const size = bytes <= MAX_EXACT ? (bytes + 15) & ~15 : 2 ** Math.ceil(Math.log2(bytes));
    const address = this.#memory.take(size);
    this.#regions.push({ address, size });
    return address;
  }

  literal(bytes: Uint8Array): number {
    const address = this.allocate(bytes.length + 16);
    this.#memory.u8.set(bytes, address);
    return address;
  }

  /** Puts a function into the table; its number is for `call_indirect`. */
  addFunction(code: WasmFunction): number {
    if (this.#nextFunction === this.table.length) this.table.grow(this.table.length);
    this.table.set(this.#nextFunction, code);
    return this.#nextFunction++;
  }

  /** Nothing of it may be used any more. */
  free(): void {
    for (const { address, size } of this.#regions) this.#memory.give(address, size);
    this.#regions = [];
  }
}
