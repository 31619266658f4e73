/** Lines to a file or descriptor, without ever waiting for it: what it cannot take is counted and left out. */

import { closeSync, constants, openSync, write } from "node:fs";

/** Bytes that wait to be written; more is left out. */
const MAX_WAITING_BYTES = 1 << 20;
/** Only the owner reads queries of others. */
const MODE = 0o600;

export class LineFile {
  readonly #path: string | undefined;
  #fd: number;
  #waiting: string[] = [];
  #waitingBytes = 0;
  #isWriting = false;
  #idle: (() => void)[] = [];
  /** Lines that could not be written. */
  leftOut = 0;

  private constructor(path: string | undefined, fd: number) {
    this.#path = path;
    this.#fd = fd;
  }

  /**
   * Lines that are appended to a file; never through a link.
   * @throws Error of `node:fs`
   */
  static append(path: string): LineFile {
    return new LineFile(path, openLog(path));
  }

  /** Lines to a descriptor that is open: a pipe that is full holds up nothing but its lines. */
  static to(fd: number): LineFile {
    return new LineFile(undefined, fd);
  }

  /** A function that needs no `this`. */
  readonly line = (text: string): void => {
    if (this.#waitingBytes + text.length > MAX_WAITING_BYTES) {
      this.leftOut++;
      return;
    }
    this.#waiting.push(`${text}\n`);
    this.#waitingBytes += text.length + 1;
    this.#write();
  };

  /**
   * Goes on with the file that has the path now: a log was rotated.
   * @throws Error of `node:fs`; then the file before goes on
   */
  reopen(): void {
    if (this.#path === undefined) return;
    const fd = openLog(this.#path);
    const before = this.#fd;
    this.#fd = fd;
    void this.written(1000).then(() => closeSync(before));
  }

  /** Settles when everything has been written, or after some time. */
  async written(waitMs: number): Promise<void> {
    if (!this.#isWriting) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, waitMs);
      this.#idle.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  #write(): void {
    if (this.#isWriting) return;
    const text = this.#waiting.join("");
    const lines = this.#waiting.length;
    this.#waiting = [];
    this.#waitingBytes = 0;
    if (text === "") {
      for (const idle of this.#idle) idle();
      this.#idle = [];
      return;
    }
    this.#isWriting = true;
    this.#writeAll(Buffer.from(text), lines);
  }

  #writeAll(bytes: Buffer, lines: number): void {
    write(this.#fd, bytes, 0, bytes.length, null, (error, written) => {
      if (error === null && written < bytes.length) {
        this.#writeAll(bytes.subarray(written), lines);
        return;
      }
      // A full disk, a pipe without a reader: later lines may have more luck.
      if (error !== null) this.leftOut += lines;
      this.#isWriting = false;
      this.#write();
    });
  }
}

function openLog(path: string): number {
  const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants;
  return openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK, MODE);
}
