/**
 * Files that make a next run quicker, in a directory of the user's own: `~/.cache/tracewire`, or under `XDG_CACHE_HOME`.
 * They are taken only where others cannot write, and only whole. `TRACEWIRE_CODE_CACHE=off` does without them.
 */

import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { crc32 } from "node:zlib";

/** The kind of a file, the checksums of the program and of the rest, and a word of the kind's own. */
const HEADER_BYTES = 16;
/** What a file holds at most besides its header: one that is larger was not made here. */
export const MOST_OWN_BYTES: number = 64 << 20;

/** What a file is of: only the program that wrote it takes it. */
export interface FileKind {
  /** Its first four bytes, as a number. */
  readonly magic: number;
  /** The checksum of the program. */
  readonly programSum: number;
}

export interface Kept {
  readonly rest: Buffer;
  readonly word: number;
}

export class OwnFiles {
  readonly #directory: string;

  private constructor(directory: string) {
    this.#directory = directory;
  }

  /** Undefined where there can be none: switched off, a Node without `crc32`, or no directory that only the user can write. */
  static open(): OwnFiles | undefined {
    if (process.env["TRACEWIRE_CODE_CACHE"] === "off" || typeof crc32 !== "function")
      return undefined;
    const directory = safeDirectory();
    return directory === undefined ? undefined : new OwnFiles(directory);
  }

  /** What a file has; undefined when it is not whole, not of this kind, not there, a link, someone else's or too large. */
  read(name: string, { magic, programSum }: FileKind): Kept | undefined {
    const bytes = this.#bytes(name);
    if (bytes === undefined || bytes.length <= HEADER_BYTES) return undefined;
    const rest = bytes.subarray(HEADER_BYTES);
    const isOfThis =
      bytes.readUInt32LE(0) === magic &&
      bytes.readUInt32LE(4) === programSum &&
      bytes.readUInt32LE(8) === crc32(rest);
    return isOfThis ? { rest, word: bytes.readUInt32LE(12) } : undefined;
  }

  #bytes(name: string): Buffer | undefined {
    let file: number | undefined;
    try {
      file = openSync(
        join(this.#directory, name),
        constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK,
      );
      const { size, uid } = fstatSync(file);
      if (uid !== process.geteuid?.() || size > HEADER_BYTES + MOST_OWN_BYTES) return undefined;
      const bytes = Buffer.allocUnsafe(size);
      return readSync(file, bytes, 0, size, 0) === size ? bytes : undefined;
    } catch {
      return undefined;
    } finally {
      if (file !== undefined) closeSync(file);
    }
  }

  /** Puts a file in the place of the one before, whole or not at all. A failure leaves things as they were. */
  write(name: string, { magic, programSum }: FileKind, { rest, word }: Kept): void {
    const header = Buffer.alloc(HEADER_BYTES);
    header.writeUInt32LE(magic, 0);
    header.writeUInt32LE(programSum, 4);
    header.writeUInt32LE(crc32(rest), 8);
    header.writeUInt32LE(word, 12);
    const path = join(this.#directory, name);
    const part = `${path}.${process.pid}.${performance.now()}`;
    try {
      // Not `recursive`, which goes on for ever below /proc (Node 20).
      if (!existsSync(dirname(this.#directory))) mkdirSync(dirname(this.#directory), 0o700);
      if (!existsSync(this.#directory)) mkdirSync(this.#directory, 0o700);
      if (safeDirectory() !== this.#directory) return;
      writeFileSync(part, Buffer.concat([header, rest]), { mode: 0o600, flag: "wx" });
      renameSync(part, path);
      // Of runs that were killed while they wrote.
      this.keepNewest(`${name}.`, 0);
    } catch {
      rmSync(part, { force: true });
    }
  }

  /** Of the files whose names begin so, removes all but the newest. */
  keepNewest(prefix: string, count: number): void {
    try {
      const names = readdirSync(this.#directory).filter((name) => name.startsWith(prefix));
      const aged = names.map((name) => join(this.#directory, name)).map(withTime);
      aged.sort((a, b) => b.ms - a.ms);
      for (const { path } of aged.slice(count)) rmSync(path, { force: true });
    } catch {
      // Another run removes them, too.
    }
  }
}

function withTime(path: string): { readonly path: string; readonly ms: number } {
  return { path, ms: statSync(path).mtimeMs };
}

/** The directory, unless somebody else could write there. It need not be there yet. */
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
