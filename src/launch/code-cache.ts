/**
 * A cache of compiled JavaScript, so that a command starts warm: V8 keeps what it compiled of a bundle in a run, and the
 * next run takes it instead of compiling anew. Files lie in a directory of the user's own, are known by what they were
 * made of, and are left aside when anything differs. `TRACEWIRE_CODE_CACHE=off` does without.
 */

import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { cachedDataVersionTag } from "node:v8";
import { crc32 } from "node:zlib";

/** "TWC1", then the checksums of the source and of the data, and the length of the code that V8 had then, bytes. */
const MAGIC = 0x31435754;
const HEADER_BYTES = 16;
/** A cache that is larger than this was not made here. */
const MAX_BYTES = 64 << 20;

export interface CachedCode {
  readonly data: Buffer;
  /** Bytecode that the heap had when the data was made, bytes. */
  readonly codeBytes: number;
}

/** One file of the cache: what V8 compiled of a bundle when it ran as `variant`. */
export class CodeCache {
  readonly #directory: string;
  readonly #file: string;
  readonly #sourceSum: number;

  private constructor(directory: string, file: string, sourceSum: number) {
    this.#directory = directory;
    this.#file = file;
    this.#sourceSum = sourceSum;
  }

  /** The cache of a bundle; undefined where there can be none: switched off, a Node without `crc32`, no safe directory. */
  static of(bundle: string, variant: string, source: Buffer): CodeCache | undefined {
    if (process.env["TRACEWIRE_CODE_CACHE"] === "off" || typeof crc32 !== "function")
      return undefined;
    const directory = safeDirectory();
    if (directory === undefined) return undefined;
    const tag = cachedDataVersionTag().toString(16);
    const file = join(directory, `${bundle}-${variant}-${process.version}-${process.arch}-${tag}`);
    return new CodeCache(directory, file, crc32(source));
  }

  /** What a run before left, if it is whole and of this source. */
  read(): CachedCode | undefined {
    const bytes = readOwn(this.#file);
    if (bytes === undefined || bytes.length <= HEADER_BYTES) return undefined;
    const data = bytes.subarray(HEADER_BYTES);
    const isOfThis =
      bytes.readUInt32LE(0) === MAGIC &&
      bytes.readUInt32LE(4) === this.#sourceSum &&
      bytes.readUInt32LE(8) === crc32(data);
    return isOfThis ? { data, codeBytes: bytes.readUInt32LE(12) } : undefined;
  }

  /** Puts a cache in the place of the one before, whole or not at all. A failure leaves things as they were. */
  write({ data, codeBytes }: CachedCode): void {
    const header = Buffer.alloc(HEADER_BYTES);
    header.writeUInt32LE(MAGIC, 0);
    header.writeUInt32LE(this.#sourceSum, 4);
    header.writeUInt32LE(crc32(data), 8);
    header.writeUInt32LE(Math.min(codeBytes, 0xffffffff), 12);
    const part = `${this.#file}.${process.pid}.${performance.now()}`;
    try {
      // Not `recursive`, which goes on for ever below /proc (Node 20).
      if (!existsSync(dirname(this.#directory))) mkdirSync(dirname(this.#directory), 0o700);
      if (!existsSync(this.#directory)) mkdirSync(this.#directory, 0o700);
      if (safeDirectory() !== this.#directory) return;
      writeFileSync(part, Buffer.concat([header, data]), { mode: 0o600, flag: "wx" });
      renameSync(part, this.#file);
    } catch {
      rmSync(part, { force: true });
    }
  }
}

/** The directory of the caches, unless somebody else could write there. It need not be there yet. */
function safeDirectory(): string | undefined {
  const home = process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache");
  const directory = join(home, "tracewire");
  try {
    const status = lstatSync(directory, { throwIfNoEntry: false });
    if (status === undefined) return directory;
    const isOwn =
      status.isDirectory() && status.uid === process.geteuid?.() && (status.mode & 0o077) === 0;
    return isOwn ? directory : undefined;
  } catch {
    return undefined;
  }
}

/** The bytes of a file that the user owns; undefined when it is not there, a link, someone else's or too large. */
function readOwn(path: string): Buffer | undefined {
  let file: number | undefined;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
    const { size, uid } = fstatSync(file);
    if (uid !== process.geteuid?.() || size > MAX_BYTES) return undefined;
    const bytes = Buffer.allocUnsafe(size);
    return readSync(file, bytes, 0, size, 0) === size ? bytes : undefined;
  } catch {
    return undefined;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}
