/** The walk's interpreter: reads like the spec, serves as oracle and as source of precise errors. */

import { readInteger, type Word, wordToBigInt, wordToNumber } from "../base/bits.ts";
import { DecodeError } from "../base/errors.ts";
import { Slots } from "../ctf/field-cursor.ts";
import type { RecordView } from "../filter/record-view.ts";
import { Hook, Op, type SelectorRange, type Step, type Walk } from "./walk.ts";

/** Locations that one event class can have; a query that wants more is refused when it is planned. */
export const MAX_LOCATIONS = 1024;

/** Walks event records of one packet after the other, keeping position, clock, event id and locations. */
export class Walker implements RecordView {
  bytes: Uint8Array = new Uint8Array(0);
  readonly bitOffsets: Int32Array = new Int32Array(MAX_LOCATIONS);
  readonly lengths: Int32Array = new Int32Array(MAX_LOCATIONS);
  slots: Slots = new Slots(0);
  /** Next bit to read, and the content's end. */
  bit = 0;
  end = 0;
  /** Running clock value, in cycles. */
  readonly clock: Word = { hi: 0, lo: 0 };
  eventId = 0;
  /** Time of the record at hand, in ns since the Unix epoch: for filters. */
  timeHi = 0;
  timeLo = 0;
  readonly #word: Word = { hi: 0, lo: 0 };

  /** @throws DecodeError with the exact bit where the record stops making sense */
  run(walk: Walk): void {
    for (const step of walk) {
      switch (step.op) {
        case Op.fixed:
          this.#begin(step.align, step.location);
          this.#advance(step.bits);
          break;
        case Op.integer:
          this.#integer(step);
          break;
        case Op.string:
          this.#string(step.location);
          break;
        case Op.text:
          this.#text(step);
          break;
        case Op.array:
          this.#array(step);
          break;
        case Op.variant:
          this.run(this.#option(step));
          break;
        case Op.locate:
          this.#begin(step.align, step.location);
          break;
      }
    }
  }

  #begin(align: number, location: number): void {
    this.bit = (this.bit + align - 1) & -align;
    if (location !== -1) this.bitOffsets[location] = this.bit;
  }

  #advance(bits: number): void {
    if (bits > this.end - this.bit) {
      throw this.#error(
        "DECODE_PAST_CONTENT",
        `field: expected ${bits} bits before the content ends at bit ${this.end}, got ${Math.max(0, this.end - this.bit)}`,
      );
    }
    this.bit += bits;
  }

  #integer(step: Step & { op: typeof Op.integer }): void {
    this.#begin(step.align, step.location);
    const { bit } = this;
    this.#advance(step.bits);
    const word = this.#word;
    readInteger(this.bytes, bit, step.bits, step.signed, step.littleEndian, word);
    if (step.slot !== -1) {
      this.slots.hi[step.slot] = word.hi;
      this.slots.lo[step.slot] = word.lo;
    }
    if (step.hook === Hook.clock) updateClock(this.clock, word, step.bits);
    else if (step.hook === Hook.eventId) this.eventId = wordToNumber(word, step.signed);
  }

  #string(location: number): void {
    this.#begin(8, location);
    const from = this.bit >>> 3;
    const end = this.end >>> 3;
    let p = from;
    while (p < end && this.bytes[p] !== 0) p++;
    if (p >= end) {
      throw this.#error(
        "DECODE_STRING",
        `string: expected a NUL before the content ends at bit ${this.end}, got none`,
      );
    }
    if (location !== -1) this.lengths[location] = p - from;
    this.bit = (p + 1) * 8;
  }

  #text(step: Step & { op: typeof Op.text }): void {
    this.#begin(8, step.location);
    const count = this.#count(step.slot, step.count, 8);
    const from = this.bit >>> 3;
    if (step.location !== -1) {
      let p = from;
      while (p < from + count && this.bytes[p] !== 0) p++;
      this.lengths[step.location] = p - from;
    }
    this.bit += count * 8;
  }

  #array(step: Step & { op: typeof Op.array }): void {
    this.#begin(step.align, step.location);
    const { element, strideBits, elementBits } = step;
    const count = this.#count(step.slot, step.count, elementBits);
    if (step.location !== -1) this.lengths[step.location] = count;
    if (element === undefined) {
      if (count > 0) this.#advance(strideBits * (count - 1) + elementBits);
      return;
    }
    for (let i = 0; i < count; i++) {
      const before = this.bit;
      this.run(element);
      // Elements of no size could be counted for ever: a length proves nothing about them.
      if (this.bit === before) break;
    }
  }

  /** An element count, refused where the content left cannot hold it. */
  #count(slot: number, fixed: number, elementBits: number): number {
    const hi = slot === -1 ? 0 : this.slots.hi[slot]!;
    const count = slot === -1 ? fixed : this.slots.lo[slot]! >>> 0;
    if (hi !== 0 || count * elementBits > this.end - this.bit) {
      const got = wordToBigInt({ hi, lo: count | 0 }, false);
      throw this.#error(
        "DECODE_LENGTH",
        `sequence: expected a length that fits the ${Math.max(0, this.end - this.bit)} bits left, got ${got}`,
      );
    }
    return count;
  }

  #option(step: Step & { op: typeof Op.variant }): Walk {
    const hi = this.slots.hi[step.slot]!;
    const lo = this.slots.lo[step.slot]!;
    for (const { ranges, walk } of step.options) {
      for (const range of ranges) {
        if (isWithin(hi, lo, range, step.signed)) return walk;
      }
    }
    const got = wordToBigInt({ hi, lo }, step.signed);
    throw this.#error(
      "DECODE_SELECTOR",
      `variant: expected a selector that chooses an option, got ${got}`,
    );
  }

  #error(code: string, message: string): DecodeError {
    return new DecodeError(code, message, this.bit);
  }
}

/**
 * C := the least value ≥ C whose low `size` bits are those read: at most one wrap is assumed.
 * @see CTF 1.8.3 §8
 */
export function updateClock(clock: Word, value: Word, size: number): void {
  if (size === 64) {
    clock.hi = value.hi;
    clock.lo = value.lo;
    return;
  }
  const maskLo = size >= 32 ? -1 : (1 << size) - 1;
  const maskHi = size > 32 ? (1 << (size - 32)) - 1 : 0;
  // difference = (value - clock) & mask
  const lo = (value.lo - clock.lo) | 0;
  const borrow = value.lo >>> 0 < clock.lo >>> 0 ? 1 : 0;
  const differenceLo = lo & maskLo;
  const differenceHi = (value.hi - clock.hi - borrow) & maskHi;
  const sum = (clock.lo >>> 0) + (differenceLo >>> 0);
  clock.hi = (clock.hi + differenceHi + (sum > 0xffff_ffff ? 1 : 0)) | 0;
  clock.lo = sum | 0;
}

function isWithin(hi: number, lo: number, range: SelectorRange, signed: boolean): boolean {
  if (range.exact === undefined) return hi === 0 && lo >= range.low && lo <= range.high;
  const value = wordToBigInt({ hi, lo }, signed);
  return range.exact.low <= value && value <= range.exact.high;
}
