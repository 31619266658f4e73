import { compileModule, type WasmModule } from "./runtime.ts";

/** Bytes of modules that are remembered; beyond them the oldest are forgotten. */
const MAX_BYTES = 16 << 20;

const modules = new Map<string, WasmModule>();
let bytesKept = 0;
let compilations = 0;

/** How many modules this thread has compiled. */
export function compilationCount(): number {
  return compilations;
}

/** The module of some bytes, compiled once in this thread however often it is asked for. */
export function cachedModule(bytes: Uint8Array<ArrayBuffer>): WasmModule {
  const key = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
  let module = modules.get(key);
  if (module !== undefined) {
    // The last used is the last to be forgotten.
    modules.delete(key);
    modules.set(key, module);
    return module;
  }
  module = compileModule(bytes);
  compilations++;
  modules.set(key, module);
  bytesKept += bytes.length;
  for (const oldest of modules.keys()) {
    if (bytesKept <= MAX_BYTES || modules.size === 1) break;
    modules.delete(oldest);
    bytesKept -= oldest.length;
  }
  return module;
}
