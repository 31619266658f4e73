/** What the compiling scanners of one query share, one scanner for each trace. */

import { type ColumnBatch, copyBatch, type DictionaryTexts } from "../../column/column.ts";
import type { PlannedColumn } from "../../column/layout.ts";
import type { WasmMemory } from "../../wasm/runtime.ts";
import { CHUNK_ROWS, type Chunk, ChunkPool } from "./memory/chunk.ts";
import { type KernelColumns, kernelColumns } from "./memory/columns.ts";
import { KernelDictionaries } from "./memory/dictionaries.ts";
import { KernelMemory } from "./memory/memory.ts";
import { RenderHost } from "./text/render-host.ts";

export class Kernel {
  readonly memory: KernelMemory;
  readonly host: RenderHost;
  readonly columns: KernelColumns;
  readonly dictionaries: KernelDictionaries;
  readonly chunks: ChunkPool;
  /** How many functions of event classes there are. */
  functions = 0;

  /** @param shared a memory that other threads use too */
  constructor(columns: readonly PlannedColumn[], shared?: WasmMemory) {
    this.memory = new KernelMemory(shared);
    this.host = new RenderHost(this.memory);
    const { float, labels, clock, visible } = this.host;
    this.memory.imports = { float, labels, clock, visible };
    this.columns = kernelColumns(columns);
    this.dictionaries = new KernelDictionaries(this.memory);
    this.chunks = new ChunkPool(this.memory, this.columns.columns, this.dictionaries, CHUNK_ROWS);
  }

  /** Copies a chunk's rows out and takes the chunk back. */
  export(chunk: Chunk): ColumnBatch {
    const texts = (column: number, address: number): DictionaryTexts =>
      this.dictionaries.texts(column, address);
    const batch = copyBatch({ rows: chunk.rows, ...this.chunks.borrow(chunk, texts) });
    this.chunks.give(chunk);
    return batch;
  }
}
