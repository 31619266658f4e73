/**
 * A cache of compiled JavaScript, so that a command starts warm: V8 keeps what it compiled of a bundle in a run, and the
 * next run takes it instead of compiling anew. Files (`base/own-files.ts`) are known by what they were made of, and are left aside
 * when anything differs.
 */

import { cachedDataVersionTag } from "node:v8";
import { crc32 } from "node:zlib";
import { type FileKind, OwnFiles } from "../base/own-files.ts";

/** "TWC1"; the word is the length of the code that V8 had then, bytes. */
const MAGIC = 0x31435754;

export interface CachedCode {
  readonly data: Buffer;
  /** Bytecode that the heap had when the data was made, bytes. */
  readonly codeBytes: number;
}

/** One file of the cache: what V8 compiled of a bundle when it ran as `variant`. */
export class CodeCache {
  readonly #files: OwnFiles;
  readonly #name: string;
  /** A checksum of the bundle: what is made by one program is not for another. */
  readonly sourceSum: number;

  private constructor(files: OwnFiles, name: string, sourceSum: number) {
    this.#files = files;
    this.#name = name;
    this.sourceSum = sourceSum;
  }

  /** The cache of a bundle; undefined where there can be none: switched off, a Node without `crc32`, no safe directory. */
  static of(bundle: string, variant: string, source: Buffer): CodeCache | undefined {
    const files = OwnFiles.open();
    if (files === undefined) return undefined;
    const tag = cachedDataVersionTag().toString(16);
    const name = `${bundle}-${variant}-${process.version}-${process.arch}-${tag}`;
    return new CodeCache(files, name, crc32(source));
  }

  /** What a run before left, if it is whole and of this source. */
  read(): CachedCode | undefined {
    const kept = this.#files.read(this.#name, this.#kind);
    return kept && { data: kept.rest, codeBytes: kept.word };
  }

  write({ data, codeBytes }: CachedCode): void {
    const word = Math.min(codeBytes, 0xffffffff);
    this.#files.write(this.#name, this.#kind, { rest: data, word });
  }

  get #kind(): FileKind {
    return { magic: MAGIC, programSum: this.sourceSum };
  }
}
