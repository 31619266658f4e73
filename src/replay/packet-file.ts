import { type FileHandle, open } from "node:fs/promises";

/** Data files, opened when first read and kept open; at most as many as the recording has. */
export class PacketFiles {
  readonly #files = new Map<string, Promise<FileHandle>>();

  /** `length` bytes at `offset`; `undefined` when the file ends before. */
  async read(path: string, offset: number, length: number): Promise<Uint8Array | undefined> {
    let opening = this.#files.get(path);
    if (opening === undefined) {
      opening = open(path);
      this.#files.set(path, opening);
    }
    const file = await opening;
    const { size } = await file.stat();
    if (offset + length > size) return undefined;
    const bytes = new Uint8Array(length);
    const { bytesRead } = await file.read(bytes, 0, length, offset);
    return bytesRead === length ? bytes : undefined;
  }

  async close(): Promise<void> {
    const files = [...this.#files.values()];
    this.#files.clear();
    await Promise.allSettled(files.map(async (file) => (await file).close()));
  }
}
