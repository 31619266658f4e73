/** The file of one slice. It gets its name when it is whole. */

import { SourceError } from "../base/errors.ts";
import { writeProblem } from "../base/system-error.ts";
import { SegmentFile } from "../record/segment-file.ts";
import { segmentName } from "../segments/segment-names.ts";

export interface RowFileSpec {
  readonly folder: string;
  /** What the user calls the folder or the file. */
  readonly to: string;
  readonly number: number;
  readonly extension: string;
  /** Instead of one by number and times. */
  readonly name: string | undefined;
}

export class RowFile {
  readonly #spec: RowFileSpec;
  readonly #file: SegmentFile;
  #firstNs: bigint | undefined;
  #lastNs = 0n;

  /** @throws SourceError `CONVERT_WRITE` */
  constructor(spec: RowFileSpec) {
    this.#spec = spec;
    const { folder, number, extension, to } = spec;
    try {
      this.#file = new SegmentFile(folder, number, extension);
    } catch (error) {
      throw writeFailed(to, error as NodeJS.ErrnoException);
    }
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
    if (error !== undefined) throw writeFailed(this.#spec.to, error);
  }

  /** @throws SourceError `CONVERT_WRITE` */
  finish(): void {
    const { number, extension, name: given, to } = this.#spec;
    const [firstNs, lastNs] = [this.#firstNs, this.#lastNs];
    if (firstNs === undefined && given === undefined) {
      this.#file.discard();
      return;
    }
    const name = given ?? segmentName({ number, firstNs: firstNs ?? 0n, lastNs }, extension);
    try {
      this.#file.finish(name);
    } catch (error) {
      throw writeFailed(to, error as NodeJS.ErrnoException);
    }
  }

  discard(): void {
    this.#file.discard();
  }
}

/** The error of a conversion that the system does not let write. */
export function writeFailed(to: string, error: NodeJS.ErrnoException): SourceError {
  return new SourceError("CONVERT_WRITE", `${to}: ${writeProblem(error)}`, { cause: error });
}
