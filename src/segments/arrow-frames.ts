/** The messages of an Arrow stream, or of an Arrow file, which has the same messages between its magic numbers. */

import { closeSync } from "node:fs";
import { Message } from "apache-arrow";
import { SourceError } from "../base/errors.ts";
import { openRegularFile } from "../ctf/data-files.ts";
import { MAX_BLOCK_BYTES, MAX_METADATA_BYTES, readBytes } from "./segment.ts";

const MAGIC = "ARROW1";
const CONTINUATION = 0xffffffff;

export class ArrowFrames {
  readonly #path: string;
  readonly #file: number;
  readonly #size: number;
  readonly #isFile: boolean;
  #at = 0;

  /** @throws SourceError `SEGMENT_CUT` */
  constructor(path: string) {
    this.#path = path;
    const { fd, size } = openRegularFile(path);
    this.#file = fd;
    this.#size = size;
    this.#isFile = this.#size >= 8 && this.#text(0) === MAGIC;
    if (!this.#isFile) return;
    this.#at = 8;
    const end = this.#size < 16 ? "" : this.#text(this.#size - MAGIC.length);
    if (end !== MAGIC) {
      this.close();
      throw new SourceError(
        "SEGMENT_CUT",
        `${path}: byte ${this.#size}: expected ${MAGIC} at the end of an Arrow file, got ${this.#size} bytes without it`,
      );
    }
  }

  /** Whether there may be a stream, or another one behind the end of one. */
  get hasMore(): boolean {
    return this.#isFile ? this.#at === 8 : this.#at < this.#size;
  }

  /**
   * The messages of one stream, each whole.
   * @throws SourceError `SEGMENT_CUT`, `SEGMENT_SIZE`, `SEGMENT_FOREIGN`
   */
  *stream(): Generator<Uint8Array, void, void> {
    while (this.#at < this.#size) {
      const at = this.#at;
      const prefix = this.#read(at, 8, "a message");
      const words = new DataView(prefix.buffer);
      if (words.getUint32(0, true) !== CONTINUATION)
        throw new SourceError(
          "SEGMENT_FOREIGN",
          `${this.#path}: byte ${at}: expected a message of an Arrow stream, ffffffff, got ${words.getUint32(0, true).toString(16)}`,
        );
      const metadataBytes = words.getInt32(4, true);
      if (metadataBytes === 0) {
        this.#at = at + 8;
        return;
      }
      this.#checkLength(at, "metadata", metadataBytes, MAX_METADATA_BYTES);
      const metadata = this.#read(at + 8, metadataBytes, "metadata");
      const body = Number(Message.decode(metadata).bodyLength);
      this.#checkLength(at, "body", body, MAX_BLOCK_BYTES);
      const whole = this.#read(at, 8 + metadataBytes + body, "a message");
      this.#at = at + whole.length;
      yield whole;
    }
    if (this.#isFile)
      throw new SourceError(
        "SEGMENT_CUT",
        `${this.#path}: expected the end of the messages, got none`,
      );
  }

  close(): void {
    closeSync(this.#file);
  }

  #checkLength(at: number, what: string, length: number, most: number): void {
    if (Number.isSafeInteger(length) && length >= 0 && length <= most) return;
    throw new SourceError(
      "SEGMENT_SIZE",
      `${this.#path}: byte ${at}: expected ${what} of at most ${most} bytes, got ${length}`,
    );
  }

  #read(at: number, length: number, what: string): Uint8Array<ArrayBuffer> {
    if (at + length > this.#size)
      throw new SourceError(
        "SEGMENT_CUT",
        `${this.#path}: byte ${at}: expected ${length} bytes of ${what}, got ${this.#size - at}`,
      );
    return readBytes(this.#path, this.#file, at, length);
  }

  #text(at: number): string {
    return new TextDecoder("latin1").decode(this.#read(at, MAGIC.length, "a magic number"));
  }
}
