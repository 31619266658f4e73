import { read } from "node:fs";
import { promisify } from "node:util";
import { SourceError } from "../base/errors.ts";
import { OpenFiles } from "../ctf/data-files.ts";

const readAsync = promisify(read);

/** Data files, opened when first read and kept open, a few at a time. */
export class PacketFiles {
  readonly #files = new OpenFiles();
  /** Reads that are under way: their files stay open. */
  readonly #reading = new Set<Promise<unknown>>();

  /** `length` bytes at `offset`; `undefined` when the file ends before, or cannot be read. */
  async read(path: string, offset: number, length: number): Promise<Uint8Array | undefined> {
    // Descriptors are given up in the order of their use: with few reads at once, none is closed under a read.
    while (this.#reading.size >= MOST_READS) await Promise.race(this.#reading);
    const reading = this.#read(path, offset, length);
    this.#reading.add(reading);
    return reading.finally(() => this.#reading.delete(reading));
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.#reading);
    this.#files.close();
  }

  async #read(path: string, offset: number, length: number): Promise<Uint8Array | undefined> {
    try {
      const bytes = new Uint8Array(length);
      const { bytesRead } = await readAsync(this.#files.fd(path), bytes, 0, length, offset);
      return bytesRead === length ? bytes : undefined;
    } catch (error) {
      if (error instanceof SourceError || (error as NodeJS.ErrnoException).syscall === "read")
        return undefined;
      throw error;
    }
  }
}

const MOST_READS = 4;
