/**
 * One segment on its way to the disk. It is written under another name and renamed when it is whole and on the disk, so that a
 * reader, or whoever starts again after a crash, sees all of it or nothing.
 */

import {
  closeSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  renameSync,
  rmSync,
  type Stats,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { PART_PREFIX } from "../base/part-name.ts";
import { makeFolder } from "./folder.ts";
import { isStillNamed } from "./own-name.ts";

export class SegmentFile {
  readonly #folder: string;
  readonly #path: string;
  readonly #file: number;
  readonly #made: Stats;
  #written = 0;
  /** Bytes that could not be written yet. */
  #pending: Uint8Array[] = [];

  /**
   * Makes the file, and its folder where that has gone.
   * @throws the system's error where that is not possible
   */
  constructor(folder: string, number: number, extension: string) {
    this.#folder = folder;
    this.#path = join(folder, `${PART_PREFIX}${number}.${extension}`);
    makeFolder(folder);
    this.#file = openSync(this.#path, "w", 0o644);
    this.#made = fstatSync(this.#file);
  }

  /** Whether it was neither deleted nor moved. */
  get isThere(): boolean {
    return isStillNamed(this.#path, this.#made);
  }

  /** Bytes so far, with those that wait. */
  get bytes(): number {
    return this.#pending.reduce((sum, { length }) => sum + length, this.#written);
  }

  get isBehind(): boolean {
    return this.#pending.length > 0;
  }

  /** Adds bytes and writes what it can. @returns the error of the system that stopped it */
  write(bytes: Uint8Array): NodeJS.ErrnoException | undefined {
    if (bytes.length > 0) this.#pending.push(bytes);
    const error = this.flush();
    // What waits must not be written over by its maker.
    if (error !== undefined) this.#pending = this.#pending.map((part) => part.slice());
    return error;
  }

  /**
   * Gives up what waits and what stands behind so many bytes, and ends the file there.
   * @returns the error of the system that stopped it
   */
  endWhole(bytes: number, end: Uint8Array): NodeJS.ErrnoException | undefined {
    this.#pending = [];
    this.#written = bytes;
    try {
      ftruncateSync(this.#file, bytes);
    } catch (error) {
      return error as NodeJS.ErrnoException;
    }
    return this.write(end);
  }

  /** Writes what waits. */
  flush(): NodeJS.ErrnoException | undefined {
    try {
      for (let [part] = this.#pending; part !== undefined; [part] = this.#pending) {
        const count = writeSync(this.#file, part, 0, part.length, this.#written);
        this.#written += count;
        if (count < part.length) this.#pending[0] = part.subarray(count);
        else this.#pending.shift();
      }
      return undefined;
    } catch (error) {
      return error as NodeJS.ErrnoException;
    }
  }

  /**
   * Gives the segment its name, once it is on the disk.
   * @throws the system's error; the segment is then gone
   */
  finish(name: string): void {
    try {
      fsyncSync(this.#file);
      closeSync(this.#file);
      renameSync(this.#path, join(this.#folder, name));
      syncFolder(this.#folder);
    } catch (error) {
      rmSync(this.#path, { force: true });
      throw error;
    }
  }

  discard(): void {
    closeSync(this.#file);
    rmSync(this.#path, { force: true });
  }
}

function syncFolder(folder: string): void {
  const directory = openSync(folder, "r");
  fsyncSync(directory);
  closeSync(directory);
}
