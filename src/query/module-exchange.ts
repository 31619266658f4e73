/**
 * Threads of one query compile each module once: the first that needs it claims it on a board that all share, compiles it, and
 * posts it to the others, which wait for it meanwhile.
 *
 * Board: i32 words. 0 how many modules have been compiled · then for each claimed module its hash and whether it was posted.
 */

import { MessageChannel, type MessagePort, receiveMessageOnPort } from "node:worker_threads";
import { type ModuleExchange, moduleKey } from "../wasm/module-cache.ts";
import type { WasmModule } from "../wasm/runtime.ts";

/** Threads beyond these compile by themselves: each has a port to each other. */
const MAX_THREADS = 16;
const MAX_MODULES = 1024;
/** A thread that has not compiled a module after this, in ms, has ended or stands still. */
const PATIENCE_MS = 2000;
const CLAIMED = 0;
const POSTED = 1;

/** What one thread gets: the board, and a port to each other thread. */
export interface ExchangePart {
  readonly board: Int32Array;
  readonly ports: readonly MessagePort[];
}

/** The parts of some threads; none if they are too many, or only one. */
export function exchangeParts(threads: number): readonly ExchangePart[] {
  if (threads < 2 || threads > MAX_THREADS) return [];
  const board = new Int32Array(new SharedArrayBuffer(4 * (1 + 2 * MAX_MODULES)));
  const ports: MessagePort[][] = Array.from({ length: threads }, () => []);
  for (let a = 0; a < threads; a++) {
    for (let b = 0; b < a; b++) {
      const { port1, port2 } = new MessageChannel();
      ports[a]!.push(port1);
      ports[b]!.push(port2);
    }
  }
  return ports.map((own) => ({ board, ports: own }));
}

interface Posted {
  readonly key: string;
  readonly module: WasmModule;
}

export class SharedModules implements ModuleExchange {
  readonly #part: ExchangePart;
  readonly #received = new Map<string, WasmModule>();

  constructor(part: ExchangePart) {
    this.#part = part;
    for (const port of part.ports) port.unref();
  }

  module(bytes: Uint8Array<ArrayBuffer>, compile: () => WasmModule): WasmModule {
    const { board } = this.#part;
    const key = moduleKey(bytes);
    const hash = hashOf(bytes);
    for (let at = 1; at < board.length; at += 2) {
      const known = Atomics.compareExchange(board, at, 0, hash);
      if (known === 0) return this.#post(key, compile, at + 1);
      if (known !== hash) continue;
      Atomics.wait(board, at + 1, CLAIMED, PATIENCE_MS);
      const module = this.#receive(key);
      if (module !== undefined) return module;
      // Another module of the same hash, or a thread that has ended.
    }
    Atomics.add(board, 0, 1);
    return compile();
  }

  /** How many modules all threads together have compiled. */
  get compilations(): number {
    return Atomics.load(this.#part.board, 0);
  }

  close(): void {
    for (const port of this.#part.ports) port.close();
  }

  #post(key: string, compile: () => WasmModule, state: number): WasmModule {
    const { board, ports } = this.#part;
    try {
      const module = compile();
      Atomics.add(board, 0, 1);
      for (const port of ports) port.postMessage({ key, module } satisfies Posted);
      return module;
    } finally {
      Atomics.store(board, state, POSTED);
      Atomics.notify(board, state);
    }
  }

  #receive(key: string): WasmModule | undefined {
    for (const port of this.#part.ports) {
      for (;;) {
        const message = receiveMessageOnPort(port)?.message as Posted | undefined;
        if (message === undefined) break;
        this.#received.set(message.key, message.module);
      }
    }
    return this.#received.get(key);
  }
}

/** FNV-1a; never 0, which stands for no module. */
function hashOf(bytes: Uint8Array): number {
  let hash = 0x811c9dc5 | 0;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash || 1;
}
