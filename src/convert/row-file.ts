/** The file of one slice. It gets its name when it is whole. */

import { SourceError } from "../base/errors.ts";
import { SegmentFile } from "../record/segment-file.ts";
import { segmentName } from "../segments/segment-names.ts";

export class RowFile {
  readonly #file: SegmentFile;
  readonly #number: number;
  readonly #extension: string;
  readonly #name: string | undefined;
  readonly #folder: string;
  #firstNs: bigint | undefined;
  #lastNs = 0n;

  /** @param name instead of one by number and times */
  constructor(folder: string, number: number, extension: string, name: string | undefined) {
    this.#file = new SegmentFile(folder, number, extension);
    this.#folder = folder;
    this.#number = number;
    this.#extension = extension;
    this.#name = name;
  }

  /** Says the times of the rows that are written next. */
  rows(timestamps: BigInt64Array, rows: number): void {
    if (rows === 0) return;
    this.#firstNs ??= timestamps[0]!;
    this.#lastNs = timestamps[rows - 1]!;
  }

  /** @throws SourceError `CONVERT_WRITE` */
  write(bytes: Uint8Array | Promise<Uint8Array>): void {
    if (!(bytes instanceof Uint8Array))
      throw new TypeError("convert: expected a format that gives its bytes at once");
    const error = this.#file.write(bytes);
    if (error !== undefined) throw failed(this.#folder, error);
  }

  /** @throws SourceError `CONVERT_WRITE` */
  finish(): void {
    const [number, firstNs, lastNs] = [this.#number, this.#firstNs, this.#lastNs];
    if (firstNs === undefined && this.#name === undefined) {
      this.#file.discard();
      return;
    }
    const name =
      this.#name ?? segmentName({ number, firstNs: firstNs ?? 0n, lastNs }, this.#extension);
    try {
      this.#file.finish(name);
    } catch (error) {
      throw failed(this.#folder, error as NodeJS.ErrnoException);
    }
  }

  discard(): void {
    this.#file.discard();
  }
}

function failed(folder: string, error: NodeJS.ErrnoException): SourceError {
  return new SourceError("CONVERT_WRITE", `${folder}: ${error.message}`, { cause: error });
}
