import { compileModule, type WasmModule } from "./runtime.ts";

/** Bytes of modules that are remembered; beyond them the oldest are forgotten. */
const MAX_BYTES = 16 << 20;

/** Other threads that compile the same modules. */
export interface ModuleExchange {
  /** A module that another thread has compiled, or `compile`'s, which the others then get. */
  module(bytes: Uint8Array<ArrayBuffer>, compile: () => WasmModule): WasmModule;
}

const modules = new Map<string, WasmModule>();
/** Of all modules that are in use. */
const keys = new WeakMap<WasmModule, string>();
let bytesKept = 0;
let compilations = 0;
let exchange: ModuleExchange | undefined;

/** How many modules this thread has compiled. */
export function compilationCount(): number {
  return compilations;
}

/** From here on modules are exchanged with other threads; `undefined`: no more. */
export function exchangeModules(others: ModuleExchange | undefined): void {
  exchange = others;
}

/** The module of some bytes, compiled once in this thread, and in one of those that exchange modules. */
export function cachedModule(bytes: Uint8Array<ArrayBuffer>): WasmModule {
  const key = moduleKey(bytes);
  let module = modules.get(key);
  if (module !== undefined) {
    // The last used is the last to be forgotten.
    modules.delete(key);
    modules.set(key, module);
    return module;
  }
  const compile = (): WasmModule => {
    compilations++;
    return compileModule(bytes);
  };
  module = exchange === undefined ? compile() : exchange.module(bytes, compile);
  modules.set(key, module);
  keys.set(module, key);
  bytesKept += bytes.length;
  for (const oldest of modules.keys()) {
    if (bytesKept <= MAX_BYTES || modules.size === 1) break;
    modules.delete(oldest);
    bytesKept -= oldest.length;
  }
  return module;
}

/** The bytes that a module of `cachedModule` was made of. */
export function moduleBytes(module: WasmModule): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.from(keys.get(module)!, "latin1"));
}

/** All of a module's bytes, as a key. */
export function moduleKey(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}
