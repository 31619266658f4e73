/** Bytes to stdout: waits for slow readers, and takes a reader that goes away as the end of the work. */

import { fstatSync } from "node:fs";
import type { Writable } from "node:stream";
import { SourceError } from "../base/errors.ts";
import { NO_BYTES } from "../format/batch-writer.ts";
import { type Bytes, BytesInOrder } from "../format/bytes-in-order.ts";
import type { Gate } from "../source/gate.ts";
import { describeError } from "./report.ts";

/**
 * What is written to stdout by commands without an `Output`: a reader that goes away ends them quietly, any other failure,
 * such as a full disk, with one line.
 */
export function guardOutputs(onFailure: (error: unknown) => void): void {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (process.stdout.listenerCount("error") > 1) return;
    if (error.code !== "EPIPE") onFailure(error);
    process.exit();
  });
  // Nothing can be said any more.
  process.stderr.on("error", () => undefined);
}

/**
 * Prints where a server is. One that cannot say so serves all the same: its clients may know.
 * @param onFailure called when stdout takes nothing, such as a full disk
 */
export function printAddress(address: string, onFailure: (text: string) => void): void {
  process.stdout.on("error", (error) => onFailure(`stdout: ${describeError(error)}`));
  process.stdout.write(`${address}\n`);
}

/**
 * Refuses to write bytes that are no text to a terminal.
 * @throws SourceError `OUTPUT_TERMINAL`
 */
export function refuseTerminal(format: string): void {
  const isBinary = format === "arrow" || format === "parquet";
  if (!isBinary || process.stdout.isTTY !== true) return;
  const name = format === "arrow" ? "Arrow" : "Parquet";
  const message = `stdout: expected a file or a pipe for ${name}, which is no text, got a terminal; add > FILE, or choose another --format`;
  throw new SourceError("OUTPUT_TERMINAL", message);
}

/** Whether what reads stdout may write to the terminal on which status lines are shown. */
export function mayShareTerminal(): boolean {
  if (process.stdout.isTTY === true) return true;
  try {
    const stdout = fstatSync(1);
    return stdout.isFIFO() || stdout.isSocket();
  } catch {
    return false;
  }
}

export class Output {
  readonly #stream: Writable;
  readonly #gate: Gate;
  #release: (() => void) | undefined;
  readonly #bytes: BytesInOrder;
  /** Set when the reader is gone. */
  isClosed = false;

  /** @param onClosed called once when the reader has gone (EPIPE) */
  constructor(stream: Writable, gate: Gate, onClosed: (error: Error | undefined) => void) {
    this.#stream = stream;
    this.#gate = gate;
    this.#bytes = new BytesInOrder((error) =>
      onClosed(error instanceof Error ? error : new Error(String(error))),
    );
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
    else this.#bytes.pass(NO_BYTES, () => this.#stream.write("", () => work()));
  }

  /** @param onWritten called when the bytes are not used any more; never, once the reader is gone */
  write(bytes: Bytes, onWritten?: (bytes: Uint8Array) => void): void {
    if (this.isClosed) return;
    const wasWaiting = this.#bytes.isWaiting;
    this.#bytes.pass(bytes, (ready) => {
      if (this.isClosed || ready.length === 0) return;
      const written = onWritten && (() => onWritten(ready));
      if (!this.#stream.write(ready, written)) this.#release ??= this.#gate.hold();
    });
    if (wasWaiting || !this.#bytes.isWaiting) return;
    // More rows would only wait, too.
    void this.#bytes.idle().then(this.#gate.hold());
  }
}
