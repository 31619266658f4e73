/** The time in which the disk takes no more: what is not recorded meanwhile is counted, and the disk is tried now and then. */

import { closeSync, fsyncSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { PART_PREFIX } from "../base/part-name.ts";
import { EDQUOT, writeProblem } from "../base/system-error.ts";
import { makeFolder } from "./folder.ts";

/** What a recording reports. */
export interface RecordingEvents {
  /** Something to say: the disk is full, recording goes on. */
  note(text: string): void;
  /** Rows that could not be written. */
  lost(rows: number): void;
}

/** How long after an error of the disk it is tried again, ms. */
const RETRY_MS = 1000;

const NO_ROOM: ReadonlySet<unknown> = new Set(["ENOSPC", "EDQUOT", "EFBIG"]);

/** Whether a disk, a quota or a limit has no room for what was written. */
export function isNoRoom(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code, errno } = error as NodeJS.ErrnoException;
  return NO_ROOM.has(code) || errno === -EDQUOT;
}

/** Errors of the system, not of what is recorded. */
export function isOfDisk(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && "syscall" in error;
}

interface Stall {
  sinceNs: bigint;
  untilNs: bigint;
  rows: number;
  triedMs: number;
}

export class DiskStall {
  readonly #folder: string;
  readonly #events: RecordingEvents;
  /** `row` or `event record` */
  readonly #unit: string;
  #stall: Stall | undefined;

  constructor(folder: string, unit: string, events: RecordingEvents) {
    this.#folder = folder;
    this.#unit = unit;
    this.#events = events;
  }

  /** Takes what became of a write. @param ns of the data that was written */
  took(error: NodeJS.ErrnoException | undefined, ns: bigint): void {
    if (error === undefined || this.#stall !== undefined) return;
    const triedMs = performance.now();
    this.#stall = { sinceNs: ns, untilNs: ns, rows: 0, triedMs };
    this.#events.note(`${this.#folder}: ${writeProblem(error)}; it is tried again every second`);
  }

  lose(rows: number, firstNs: bigint, lastNs: bigint): void {
    this.#events.lost(rows);
    this.#stall ??= { sinceNs: firstNs, untilNs: lastNs, rows: 0, triedMs: performance.now() };
    const stall = this.#stall;
    stall.rows += rows;
    if (firstNs < stall.sinceNs) stall.sinceNs = firstNs;
    if (lastNs > stall.untilNs) stall.untilNs = lastNs;
  }

  /** Takes what an open segment had that somebody else has deleted. The disk may take more at once. */
  deleted(rows: number, firstNs: bigint, lastNs: bigint): void {
    if (this.#stall !== undefined) {
      this.lose(rows, firstNs, lastNs);
      return;
    }
    this.#events.lost(rows);
    const lost = this.#describe({ rows, sinceNs: firstNs, untilNs: lastNs });
    this.#events.note(`${this.#folder}: the segment under way was deleted: ${lost}`);
  }

  /**
   * Whether the disk takes data, as far as is known; after an error it is tried again now and then.
   * @param attempt writes what waits; gives the error that is still there
   */
  mayWrite(attempt: () => Error | undefined): boolean {
    const stall = this.#stall;
    if (stall === undefined) return true;
    const nowMs = performance.now();
    if (nowMs - stall.triedMs < RETRY_MS) return false;
    stall.triedMs = nowMs;
    if (attempt() !== undefined) return false;
    this.end();
    return true;
  }

  /** Says what was lost. */
  end(): void {
    const stall = this.#stall;
    this.#stall = undefined;
    if (stall !== undefined) this.#events.note(this.#describe(stall));
  }

  #describe({ sinceNs, untilNs, rows }: Omit<Stall, "triedMs">): string {
    if (rows === 0) return "recording goes on; nothing is missing";
    const count = `${rows} ${this.#unit}${rows === 1 ? " was" : "s were"}`;
    return `${count} not recorded, from ${sinceNs} to ${untilNs} ns`;
  }
}

/** Why a folder, which is made where it has gone, does not take so many bytes; `undefined` where it does. */
export function roomProblem(folder: string, bytes: number): NodeJS.ErrnoException | undefined {
  const path = join(folder, `${PART_PREFIX}probe`);
  try {
    makeFolder(folder);
    const file = openSync(path, "w");
    try {
      const zeros = new Uint8Array(bytes);
      for (let at = 0; at < bytes; ) at += writeSync(file, zeros, at);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    return undefined;
  } catch (error) {
    return error as NodeJS.ErrnoException;
  } finally {
    rmSync(path, { force: true });
  }
}
