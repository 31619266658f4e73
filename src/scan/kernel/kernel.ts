/** What the compiling scanners of one query share, one scanner for each trace. */

import type { ColumnBatch } from "../../column/column.ts";
import type { PlannedColumn } from "../../column/schema.ts";
import type { WasmMemory } from "../../wasm/runtime.ts";
import type { Fold } from "../scanner.ts";
import { Folder } from "./fold/folder.ts";
import { CHUNK_ROWS, type Chunk, type Segment } from "./memory/chunk.ts";
import { ChunkReader } from "./memory/chunk-columns.ts";
import { ChunkPool } from "./memory/chunk-pool.ts";
import { type KernelColumns, kernelColumns } from "./memory/columns.ts";
import { KernelDictionaries } from "./memory/dictionaries.ts";
import { KernelMemory } from "./memory/memory.ts";
import { RenderHost } from "./text/render-host.ts";

/** Packets with less content than this have few rows. */
const SMALL_BITS = 8192 * 8;

export class Kernel {
  readonly memory: KernelMemory;
  readonly host: RenderHost;
  readonly columns: KernelColumns;
  readonly dictionaries: KernelDictionaries;
  readonly chunks: ChunkPool;
  readonly #reader: ChunkReader;
  /**
   * The chunks that scans add to: small packets have one of their own. Rows of streams that hardly write wait long for their
   * time; among many rows of others, each would hold a chunk.
   */
  readonly #open: (Chunk | undefined)[] = [];
  #folder: Folder | undefined;
  /** How many functions of event classes there are. */
  functions = 0;

  /** @param shared a memory that other threads use too */
  constructor(columns: readonly PlannedColumn[], shared?: WasmMemory) {
    this.memory = new KernelMemory(shared);
    this.host = new RenderHost(this.memory);
    const { float, labels, clock, text } = this.host;
    this.memory.imports = { float, labels, clock, text };
    this.columns = kernelColumns(columns);
    this.dictionaries = new KernelDictionaries(this.memory);
    this.chunks = new ChunkPool(this.memory, this.columns.columns, this.dictionaries, CHUNK_ROWS);
    this.#reader = new ChunkReader(
      this.memory,
      this.columns.columns,
      this.chunks.layout,
      (column, address) => this.dictionaries.texts(column, address),
    );
  }

  /** What folds the rows of the query; `undefined` where that cannot be. */
  folder(fold: Fold): Folder | undefined {
    this.#folder ??= Folder.of(fold, this.memory, this.chunks);
    return this.#folder;
  }

  /** The chunk that rows of a packet are added to. @param contentBits of the packet */
  openChunk(contentBits: number): Chunk {
    const place = contentBits < SMALL_BITS ? 1 : 0;
    const open = this.#open[place];
    if (open !== undefined && this.chunks.hasRoom(open)) return open;
    if (open !== undefined) this.chunks.give(open);
    const chunk = this.chunks.take();
    this.#open[place] = chunk;
    return chunk;
  }

  /** An empty chunk in place of an open one, to which nothing more can be added. */
  nextChunk(full: Chunk): Chunk {
    const place = this.#open.indexOf(full);
    this.chunks.give(full);
    const chunk = this.chunks.take();
    this.#open[place] = chunk;
    return chunk;
  }

  /** As `nextChunk`, for a chunk one of whose dictionaries is full. */
  nextDictionaries(full: Chunk): Chunk {
    if (this.chunks.hasCurrentDictionaries(full)) this.dictionaries.renew();
    return this.nextChunk(full);
  }

  /** A copy of a segment's rows, which another thread may have made. */
  copyRows(segment: Segment): ColumnBatch {
    return this.#reader.copy(segment);
  }

  /** Copies a segment's rows out and gives it back. */
  export(segment: Segment): ColumnBatch {
    const batch = this.#reader.copy(segment);
    this.chunks.give(segment);
    return batch;
  }
}
