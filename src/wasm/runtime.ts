/**
 * The host's WebAssembly, with the few types that are used: Node's declarations leave it to the browser's, which this
 * project does not load.
 */

export interface WasmMemory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}

export interface WasmTable {
  readonly length: number;
  grow(entries: number): number;
  set(index: number, value: WasmFunction): void;
}

export type WasmFunction = (...parameters: (number | bigint)[]) => number | bigint | undefined;

interface Host {
  Memory: new (descriptor: { initial: number; maximum: number; shared: boolean }) => WasmMemory;
  Table: new (descriptor: { initial: number; element: "anyfunc" }) => WasmTable;
  Module: new (bytes: Uint8Array<ArrayBuffer>) => object;
  Instance: new (
    module: object,
    imports: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
  ) => { readonly exports: Readonly<Record<string, WasmFunction>> };
}

/** Absent where the engine was started without it (`--jitless`). */
const host: Host | undefined = (globalThis as unknown as { WebAssembly?: Host }).WebAssembly;

/** Whether modules can be compiled here. */
export function hasWasm(): boolean {
  return host !== undefined;
}

/** Pages are 64 KiB. A shared memory may be handed to other threads; its buffer is then a SharedArrayBuffer. */
export function wasmMemory(initial: number, maximum: number, shared = false): WasmMemory {
  return new (required().Memory)({ initial, maximum, shared });
}

/** A table of functions for indirect calls. */
export function wasmTable(initial: number): WasmTable {
  return new (required().Table)({ initial, element: "anyfunc" });
}

/** Compiled code; threads may hand it to each other. */
export type WasmModule = object & { readonly kind?: "module" };

export function compileModule(bytes: Uint8Array<ArrayBuffer>): WasmModule {
  return new (required().Module)(bytes);
}

/** Makes an instance of a module and gives its exported functions. */
export function instantiate(
  module: WasmModule,
  imports: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
): Readonly<Record<string, WasmFunction>> {
  return new (required().Instance)(module, imports).exports;
}

function required(): Host {
  if (host === undefined) throw new Error("this JavaScript engine has no WebAssembly");
  return host;
}
