/**
 * Values that take long to make, kept between runs of the program.
 *
 * A file holds the text that a value was made of besides the value, so that it is taken for that text alone, and only by the very
 * program that wrote it.
 */

import { deserialize, serialize } from "node:v8";
import { crc32 } from "node:zlib";
import { type FileKind, MOST_OWN_BYTES, OwnFiles } from "./own-files.ts";

/** The checksum of the program that runs; not there where it runs as it was compiled, file by file, which change between runs. */
declare const programSum: number | undefined;

/** What the values of one kind are kept as. */
export interface ValueKind {
  /** Begins the names of their files. */
  readonly prefix: string;
  /** The first four bytes of a file, as a number; its word is the length of the text, in bytes. */
  readonly magic: number;
  /** So many files stay, the newest. */
  readonly mostFiles: number;
}

/** Values of one kind, each by its text. */
export class KeptValues<Value> {
  readonly #files: OwnFiles;
  readonly #kind: ValueKind;
  readonly #file: FileKind;

  private constructor(files: OwnFiles, kind: ValueKind, programSum: number) {
    this.#files = files;
    this.#kind = kind;
    this.#file = { magic: kind.magic, programSum };
  }

  /** Undefined where nothing can be kept. */
  static open<Value>(kind: ValueKind): KeptValues<Value> | undefined {
    if (typeof programSum !== "number") return undefined;
    const files = OwnFiles.open();
    return files && new KeptValues(files, kind, programSum);
  }

  /** What an earlier run made of a text. */
  read(text: string): Value | undefined {
    const key = Buffer.from(text);
    const kept = this.#files.read(this.#nameOf(key), this.#file);
    if (kept === undefined || kept.word !== key.length) return undefined;
    if (!kept.rest.subarray(0, key.length).equals(key)) return undefined;
    try {
      return deserialize(kept.rest.subarray(key.length)) as Value;
    } catch {
      return undefined;
    }
  }

  /** Keeps what was made of a text, unless it is too large. */
  write(text: string, value: Value): void {
    const key = Buffer.from(text);
    const rest = Buffer.concat([key, serialize(value)]);
    if (rest.length > MOST_OWN_BYTES) return;
    this.#files.write(this.#nameOf(key), this.#file, { rest, word: key.length });
    this.#files.keepNewest(this.#kind.prefix, this.#kind.mostFiles);
  }

  #nameOf(key: Buffer): string {
    // Programs keep their own beside each other.
    const program = this.#file.programSum.toString(16);
    return `${this.#kind.prefix}${crc32(key).toString(16)}-${program}-${process.version}-${process.arch}`;
  }
}
