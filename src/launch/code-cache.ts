/**
 * A cache of compiled JavaScript, so that a command starts warm: V8 keeps what it compiled of the program's parts in a run, and the
 * next run takes it instead of compiling anew. Files (`base/own-files.ts`) are known by what they were made of, and are left aside
 * when anything differs.
 */

import { cachedDataVersionTag } from "node:v8";
import { type FileKind, OwnFiles } from "../base/own-files.ts";

/** "TWC2"; the word is the length of the code that V8 had then, bytes. */
const MAGIC = 0x32435754;

export interface CachedCode {
  /** What V8 compiled of each part, by the part's file. */
  readonly parts: ReadonlyMap<string, Buffer>;
  /** Bytecode that the heap had when it was made, bytes. */
  readonly codeBytes: number;
}

/** One file of the cache: what V8 compiled of the program when it ran as `variant`. */
export class CodeCache {
  readonly #files: OwnFiles;
  readonly #name: string;
  readonly #kind: FileKind;

  private constructor(files: OwnFiles, name: string, kind: FileKind) {
    this.#files = files;
    this.#name = name;
    this.#kind = kind;
  }

  /**
   * Undefined where there can be none: switched off, a Node without `crc32`, no safe directory.
   *
   * @param programSum What is made by one program is not for another.
   */
  static of(variant: string, programSum: number): CodeCache | undefined {
    const files = OwnFiles.open();
    if (files === undefined) return undefined;
    const tag = cachedDataVersionTag().toString(16);
    const name = `${variant}-${process.version}-${process.arch}-${tag}`;
    return new CodeCache(files, name, { magic: MAGIC, programSum });
  }

  /** What a run before left, if it is whole and of this program. */
  read(): CachedCode | undefined {
    const kept = this.#files.read(this.#name, this.#kind);
    if (kept === undefined) return undefined;
    const { rest, word } = kept;
    const headEnd = rest.indexOf(0);
    const lengths = JSON.parse(rest.toString("latin1", 0, headEnd)) as [string, number][];
    const parts = new Map<string, Buffer>();
    let at = headEnd + 1;
    for (const [file, length] of lengths) {
      parts.set(file, rest.subarray(at, at + length));
      at += length;
    }
    return { parts, codeBytes: word };
  }

  write({ parts, codeBytes }: CachedCode): void {
    const lengths = [...parts].map(([file, data]) => [file, data.length]);
    const head = Buffer.from(`${JSON.stringify(lengths)}\0`, "latin1");
    const word = Math.min(codeBytes, 0xffffffff);
    this.#files.write(this.#name, this.#kind, {
      rest: Buffer.concat([head, ...parts.values()]),
      word,
    });
  }
}
