/**
 * A cache of compiled JavaScript, so that a command starts warm: V8 keeps what it compiled of a bundle in a run, and the
 * next run takes it instead of compiling anew. Files (`base/own-files.ts`) are known by what they were made of, and are left aside
 * when anything differs.
 */

import { cachedDataVersionTag } from "node:v8";
import { crc32 } from "node:zlib";
import { OwnFiles } from "../base/own-files.ts";

/** "TWC1", then the checksums of the source and of the data, and the length of the code that V8 had then, bytes. */
const MAGIC = 0x31435754;
const HEADER_BYTES = 16;

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
    const files = typeof crc32 === "function" ? OwnFiles.open() : undefined;
    if (files === undefined) return undefined;
    const tag = cachedDataVersionTag().toString(16);
    const name = `${bundle}-${variant}-${process.version}-${process.arch}-${tag}`;
    return new CodeCache(files, name, crc32(source));
  }

  /** What a run before left, if it is whole and of this source. */
  read(): CachedCode | undefined {
    const bytes = this.#files.read(this.#name);
    if (bytes === undefined || bytes.length <= HEADER_BYTES) return undefined;
    const data = bytes.subarray(HEADER_BYTES);
    const isOfThis =
      bytes.readUInt32LE(0) === MAGIC &&
      bytes.readUInt32LE(4) === this.sourceSum &&
      bytes.readUInt32LE(8) === crc32(data);
    return isOfThis ? { data, codeBytes: bytes.readUInt32LE(12) } : undefined;
  }

  write({ data, codeBytes }: CachedCode): void {
    const header = Buffer.alloc(HEADER_BYTES);
    header.writeUInt32LE(MAGIC, 0);
    header.writeUInt32LE(this.sourceSum, 4);
    header.writeUInt32LE(crc32(data), 8);
    header.writeUInt32LE(Math.min(codeBytes, 0xffffffff), 12);
    this.#files.write(this.#name, [header, data]);
  }
}
