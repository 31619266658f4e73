/** Gives chunks to scans and takes them back. A chunk is in use while scans add to it, and while any segment of it is held. */

import { MAX_TEXT_BYTES } from "../../../column/text-limit.ts";
import {
  type Chunk,
  ChunkField,
  type ChunkLayout,
  chunkLayout,
  hasTexts,
  type Segment,
  Slot,
} from "./chunk.ts";
import type { KernelColumn } from "./columns.ts";
import type { KernelDictionaries } from "./dictionaries.ts";
import { type KernelMemory, State } from "./memory.ts";

/** Bytes that a column's texts begin with: rendered ones are long. Pages that are never written cost nothing. */
const FIRST_TEXT_BYTES = 1 << 17;
const FIRST_RENDERED_BYTES = 1 << 20;
/** Copies of texts write so many bytes behind what they copy. */
const TEXT_SLACK = 64;
/** Room for more than so many bytes is given back when a chunk is done with. */
const KEPT_TEXT_BYTES = 1 << 21;
/** Room for a long text grows in few steps: each leaves a region behind. */
const TEXT_GROWTH = 8;

export class ChunkPool {
  readonly columns: readonly KernelColumn[];
  readonly layout: ChunkLayout;
  readonly #memory: KernelMemory;
  readonly #dictionaries: KernelDictionaries;
  readonly #free: number[] = [];
  /** By address: how many hold a chunk. */
  readonly #users = new Map<number, number>();

  constructor(
    memory: KernelMemory,
    columns: readonly KernelColumn[],
    dictionaries: KernelDictionaries,
    rows: number,
  ) {
    this.#memory = memory;
    this.columns = columns;
    this.layout = chunkLayout(columns, rows);
    this.#dictionaries = dictionaries;
  }

  /** An empty chunk, for texts of the dictionaries that are current; the taker holds it until it calls `give`. */
  take(): Chunk {
    const address = this.#free.pop() ?? this.make().address;
    const memory = this.#memory;
    memory.set(address + ChunkField.rows, 0);
    this.columns.forEach(({ kind }, i) => {
      if (kind === "dictionary") {
        const slot = address + this.layout.places[i]!.slot;
        memory.set(slot + Slot.dictionary, this.#dictionaries.use(i));
      }
    });
    this.#users.set(address, 1);
    return { address, rows: 0 };
  }

  /** Whether a chunk is worth adding to: the next packet's rows would hardly fit into one that is nearly full. */
  hasRoom({ rows }: Chunk): boolean {
    return rows < this.layout.rows - (this.layout.rows >> 4);
  }

  /** Whether the texts of a chunk's rows go into dictionaries that are still added to. */
  hasCurrentDictionaries({ address }: Chunk): boolean {
    return this.columns.every(({ kind }, i) => {
      if (kind !== "dictionary") return true;
      const slot = address + this.layout.places[i]!.slot;
      return this.#dictionaries.isCurrent(i, this.#memory.get(slot + Slot.dictionary));
    });
  }

  /** Rows of a chunk as a segment, which holds the chunk until it is given. */
  segment({ address }: Chunk, from: number, to: number): Segment {
    this.#users.set(address, this.#users.get(address)! + 1);
    return { address, from, to };
  }

  /** Lets a chunk go: nothing of the segment is needed any more, or nothing will be added to the chunk. */
  give({ address }: { readonly address: number }): void {
    const users = this.#users.get(address)! - 1;
    if (users > 0) {
      this.#users.set(address, users);
      return;
    }
    this.#users.delete(address);
    const memory = this.#memory;
    this.columns.forEach(({ kind }, i) => {
      if (kind !== "dictionary") return;
      const slot = address + this.layout.places[i]!.slot;
      this.#dictionaries.release(i, memory.get(slot + Slot.dictionary));
    });
    this.clear(address, memory.get(address + ChunkField.rows));
    this.#free.push(address);
  }

  /** Makes so many rows' marks as if nothing had ever been there. Room for long texts is given back. */
  clear(address: number, rows: number): void {
    const memory = this.#memory;
    this.layout.places.forEach(({ slot, validity }, i) => {
      memory.set(address + slot + Slot.seen, 0);
      if (memory.get(address + slot + Slot.textCapacity) > KEPT_TEXT_BYTES)
        this.#shrink(address, i);
      if (memory.get(address + slot + Slot.nulls) === 0) return;
      memory.set(address + slot + Slot.nulls, 0);
      memory.u8.fill(0xff, address + validity, address + validity + ((rows + 7) >> 3));
    });
  }

  /** Forgets the rows of a chunk from one on. */
  cut(chunk: Chunk, from: number): void {
    const memory = this.#memory;
    for (const { slot, validity } of this.layout.places) {
      if (memory.get(chunk.address + slot + Slot.nulls) === 0) continue;
      const bits = memory.u8.subarray(chunk.address + validity);
      for (let row = from; row < chunk.rows; row++) bits[row >> 3]! |= 1 << (row & 7);
    }
    this.close(chunk, from);
  }

  /** Says that code has appended rows. */
  close(chunk: Chunk, rows: number): void {
    const memory = this.#memory;
    chunk.rows = rows;
    memory.set(chunk.address + ChunkField.rows, rows);
    if (memory.get(memory.state + State.renderSeen) === 0) return;
    memory.set(memory.state + State.renderSeen, 0);
    this.columns.forEach(({ kind }, i) => {
      const slot = chunk.address + this.layout.places[i]!.slot;
      if (kind === "rendered" || kind === "utf8") memory.set(slot + Slot.seen, 1);
    });
  }

  /**
   * Makes more room for texts in the column of an empty chunk whose first text did not fit. False if there is room already
   * for all that a row may have.
   * @param slot the column's, by its offset
   */
  growText({ address }: Chunk, slot: number): boolean {
    const column = this.layout.places.findIndex((place) => place.slot === slot);
    const capacity = this.#memory.get(address + slot + Slot.textCapacity);
    if (capacity >= MAX_TEXT_BYTES) return false;
    this.reserve(address, column, 0, Math.min(capacity * TEXT_GROWTH, MAX_TEXT_BYTES));
    return true;
  }

  /** Makes room for `bytes` in a column's texts, of which `used` are kept. */
  reserve(address: number, column: number, used: number, bytes: number): void {
    const memory = this.#memory;
    const slot = address + this.layout.places[column]!.slot;
    const capacity = memory.get(slot + Slot.textCapacity);
    if (bytes <= capacity) return;
    const old = memory.get(slot + Slot.text);
    this.#setText(slot, 2 ** Math.ceil(Math.log2(bytes)));
    if (capacity === 0) return;
    const text = memory.get(slot + Slot.text);
    if (used > 0) memory.u8.copyWithin(text, old, old + used);
    memory.give(old, capacity + TEXT_SLACK);
  }

  /** A new chunk, without dictionaries. */
  make(): Chunk {
    const memory = this.#memory;
    const address = memory.allocate(this.layout.bytes);
    this.columns.forEach((column, i) => {
      const { validity } = this.layout.places[i]!;
      memory.u8.fill(0xff, address + validity, address + validity + ((this.layout.rows + 7) >> 3));
      if (hasTexts(column)) this.reserve(address, i, 0, firstTextBytes(column));
    });
    return { address, rows: 0 };
  }

  #shrink(address: number, column: number): void {
    const slot = address + this.layout.places[column]!.slot;
    const memory = this.#memory;
    memory.give(memory.get(slot + Slot.text), memory.get(slot + Slot.textCapacity) + TEXT_SLACK);
    this.#setText(slot, firstTextBytes(this.columns[column]!));
  }

  #setText(slot: number, capacity: number): void {
    const memory = this.#memory;
    memory.set(slot + Slot.text, memory.takeUncleared(capacity + TEXT_SLACK));
    memory.set(slot + Slot.textCapacity, capacity);
  }
}

function firstTextBytes({ kind }: KernelColumn): number {
  return kind === "rendered" ? FIRST_RENDERED_BYTES : FIRST_TEXT_BYTES;
}
