/** Scans stored packets for one query, a part at a time: with an executor's scanners, in whichever thread. */

import { DecodeError, SourceError } from "../base/errors.ts";
import { OpenFiles } from "../ctf/data-files.ts";
import { Slots } from "../ctf/field-cursor.ts";
import { MAX_PACKET_BYTES, type PacketHeader } from "../ctf/packet-header.ts";
import { PART_BYTES, type PacketPart, readPart } from "../ctf/packet-part.ts";
import type { TraceClass } from "../ctf/trace-class.ts";
import { MustInterpret } from "../scan/kernel/scan/scanner.ts";
import type { ResumePoint, ScanBudget, ScanOutcome } from "../scan/scanner.ts";
import type { HeaderFacts, PacketOutcome, PacketTask, ScanFailure } from "./scan-task.ts";

/** Room for a record that does not fit into a part grows in few steps. */
const PART_GROWTH = 4;

/** What packets are scanned with. */
export interface PartTarget<Rows> {
  /** Memory for the bytes of a part, used again for the next. */
  buffer(bytes: number): Uint8Array;
  traceClass(trace: number): TraceClass;
  /** @param part in the memory that `buffer` gave last */
  scan(
    trace: number,
    part: PacketPart,
    resume: ResumePoint | undefined,
    budget: ScanBudget,
  ): ScanOutcome<Rows>;
}

export class PartScanner<Rows> {
  readonly #target: PartTarget<Rows>;
  readonly #files = new OpenFiles();

  constructor(target: PartTarget<Rows>) {
    this.#target = target;
  }

  /** Scans a packet from its beginning or from where it was left, to its end or as far as the budget goes. */
  scan(task: PacketTask, budget: ScanBudget): PacketOutcome<Rows> {
    try {
      return this.#scan(task, budget);
    } catch (error) {
      if (error instanceof MustInterpret) return { kind: "must-interpret" };
      if (error instanceof SourceError)
        return { kind: "unread", code: error.code, message: error.message };
      if (error instanceof DecodeError) return { kind: "unreadable", error: failureOf(error) };
      throw error;
    }
  }

  close(): void {
    this.#files.close();
  }

  #scan({ trace, packet, resume }: PacketTask, budget: ScanBudget): PacketOutcome<Rows> {
    const traceClass = this.#target.traceClass(trace);
    for (let bytes = PART_BYTES; ; bytes *= PART_GROWTH) {
      const buffer = (length: number): Uint8Array => this.#target.buffer(length);
      const part = readPart(this.#files, packet, traceClass, resume?.bit, bytes, buffer);
      const { shiftBits, header } = part;
      const outcome = this.#target.scan(trace, part, moved(resume, -shiftBits), budget);
      const { error, reached } = outcome;
      const isCut = error !== undefined && !part.isLast;
      const first = resume?.bit ?? header.headerBits;
      const hasAdvanced = reached.bit + shiftBits > first;
      // A record that is wrong only because its part ends is read again with more behind it.
      if (isCut && !hasAdvanced && bytes < MAX_PACKET_BYTES / PART_GROWTH) continue;
      const isDone = part.isLast && reached.bit >= header.contentBits;
      const goesOn = error === undefined ? !isDone : isCut && hasAdvanced;
      const { streamClass, slots: _, ...facts } = header;
      return {
        kind: "scanned",
        header: { ...facts, streamClassId: streamClass.id },
        rows: outcome.rows,
        matched: outcome.matched,
        events: outcome.events,
        error: error === undefined || goesOn ? undefined : failureOf(error, shiftBits),
        rest: goesOn ? moved(reached, shiftBits) : undefined,
        undeclared: goesOn ? undefined : moved(outcome.resume, shiftBits),
        met: outcome.met ?? [],
      };
    }
  }
}

/** Lengths and selectors of the packet context were the scanner's to use. */
const NO_SLOTS = new Slots(0);

/** The header of a packet that was scanned. */
export function headerOf(
  { streamClassId, ...facts }: HeaderFacts,
  { streamClasses }: TraceClass,
): PacketHeader {
  return { ...facts, streamClass: streamClasses.get(streamClassId)!, slots: NO_SLOTS };
}

export function decodeError({ code, message, bitOffset }: ScanFailure): DecodeError {
  return new DecodeError(code, message, bitOffset);
}

function moved(point: ResumePoint | undefined, bits: number): ResumePoint | undefined {
  return point === undefined || bits === 0 ? point : { ...point, bit: point.bit + bits };
}

function failureOf({ code, message, bitOffset }: DecodeError, shiftBits = 0): ScanFailure {
  return { code, message, bitOffset: bitOffset + shiftBits };
}
