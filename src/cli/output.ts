/** Bytes to stdout: waits for slow readers, and takes a reader that goes away as the end of the work. */

import type { Writable } from "node:stream";
import type { Gate } from "../source/gate.ts";

export class Output {
  readonly #stream: Writable;
  readonly #gate: Gate;
  #release: (() => void) | undefined;
  /** Set when the reader is gone. */
  isClosed = false;

  /** @param onClosed called once when nobody reads any more (EPIPE) */
  constructor(stream: Writable, gate: Gate, onClosed: (error: Error | undefined) => void) {
    this.#stream = stream;
    this.#gate = gate;
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (this.isClosed) return;
      this.isClosed = true;
      this.#release?.();
      onClosed(error.code === "EPIPE" ? undefined : error);
    });
    stream.on("drain", () => {
      this.#release?.();
      this.#release = undefined;
    });
  }

  /** Runs work when everything has been written, or cannot be any more. */
  afterAll(work: () => void): void {
    if (this.isClosed) work();
    else this.#stream.write("", () => work());
  }

  /** @param onWritten called when nobody looks at the bytes any more; never, once the reader is gone */
  write(bytes: Uint8Array, onWritten?: () => void): void {
    if (this.isClosed || bytes.length === 0) return;
    if (!this.#stream.write(bytes, onWritten)) this.#release ??= this.#gate.hold();
  }
}
