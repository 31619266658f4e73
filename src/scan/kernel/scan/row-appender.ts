import type { Folder } from "../fold/folder.ts";
import type { Kernel } from "../kernel.ts";
import type { Chunk, Segment } from "../memory/chunk.ts";
import { State } from "../memory/memory.ts";

/** A chunk is gone on with when folding leaves no more than this part of its rows. */
const FOLDED_ROOM = 0.75;

/** Where a scan's rows go: into the open chunk, behind those of other streams, then into chunks that take its place. */
export class RowAppender {
  readonly #kernel: Kernel;
  readonly #countsOnly: boolean;
  readonly #folder: Folder | undefined;
  readonly #segments: Segment[] = [];
  #chunk: Chunk | undefined;
  /** The scan's first row in the chunk. */
  #from = 0;

  /** @param folder folds the rows, where they may be folded */
  constructor(kernel: Kernel, contentBits: number, countsOnly: boolean, folder?: Folder) {
    this.#kernel = kernel;
    this.#countsOnly = countsOnly;
    this.#folder = folder;
    if (countsOnly) this.#setRow(0);
    else this.#use(kernel.openChunk(contentBits));
  }

  /**
   * Goes on in an empty chunk. If it is empty already, the text that did not fit gets more room in it; false if it is longer
   * than a text may be.
   */
  makeRoom(): boolean {
    const { memory, chunks } = this.#kernel;
    if (this.#row() === 0)
      return chunks.growText(this.#chunk!, memory.get(memory.state + State.fullSlot));
    if (this.#folder !== undefined) {
      this.#fold();
      if (this.#row() < chunks.layout.rows * FOLDED_ROOM) return true;
    }
    this.#close();
    this.#use(this.#kernel.nextChunk(this.#chunk!));
    return true;
  }

  /** Goes on in an empty chunk, whose dictionaries have room. */
  renewDictionaries(): void {
    this.#close();
    this.#use(this.#kernel.nextDictionaries(this.#chunk!));
  }

  /** Rows so far. */
  get found(): number {
    return this.#full + this.#row() - this.#from;
  }

  finish(): { rows: readonly Segment[]; matched: number } {
    if (this.#countsOnly) return { rows: [], matched: this.#row() };
    this.#close();
    return { rows: this.#segments, matched: this.#full };
  }

  /** Forgets the rows. */
  abandon(): void {
    if (this.#countsOnly) return;
    const { chunks } = this.#kernel;
    chunks.close(this.#chunk!, this.#row());
    chunks.cut(this.#chunk!, this.#from);
    for (const segment of this.#segments) chunks.give(segment);
  }

  /** Rows in the chunks that are full. */
  get #full(): number {
    return this.#segments.reduce((sum, { from, to }) => sum + to - from, 0);
  }

  #fold(): void {
    if (this.#folder === undefined) return;
    this.#setRow(this.#folder.fold(this.#chunk!.address, this.#from, this.#row()));
  }

  #close(): void {
    this.#fold();
    const { chunks } = this.#kernel;
    const chunk = this.#chunk!;
    const rows = this.#row();
    chunks.close(chunk, rows);
    if (rows > this.#from) this.#segments.push(chunks.segment(chunk, this.#from, rows));
  }

  #use(chunk: Chunk): void {
    const { memory } = this.#kernel;
    this.#chunk = chunk;
    this.#from = chunk.rows;
    memory.set(memory.state + State.chunk, chunk.address);
    this.#setRow(chunk.rows);
  }

  #row(): number {
    const { memory } = this.#kernel;
    return memory.get(memory.state + State.row);
  }

  #setRow(row: number): void {
    const { memory } = this.#kernel;
    memory.set(memory.state + State.row, row);
  }
}
