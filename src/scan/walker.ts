/** The walk's interpreter: reads like the spec, serves as reference and as source of precise errors. */

import { type Word, wordToBigInt, wordToNumber } from "../base/bits.ts";
import { DecodeError } from "../base/errors.ts";
import { changedByteOrder } from "../ctf/byte-order-changes.ts";
import { badLeb128, brokenText, Slots, unterminated } from "../ctf/field-cursor.ts";
import { leb128Length, readIntegerField } from "../ctf/read-field.ts";
import { findTerminator, findTerminatorWithin } from "../ctf/text-encoding.ts";
import type { ByteOrder } from "../ctf/trace-class.ts";
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
  /** What bits of these bytes are short of the packet's: messages name the packet's. */
  shiftBits = 0;
  /** Running clock value, in cycles. */
  readonly clock: Word = { hi: 0, lo: 0 };
  eventId = 0;
  /** Of the last field, where walks look for it. */
  byteOrder: ByteOrder | undefined;
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
        case Op.leb128:
          this.#leb128(step);
          break;
        case Op.string:
          this.#string(step);
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
        case Op.order:
          this.#begin(step.align, -1);
          this.#follow(step.byteOrder);
          break;
      }
    }
  }

  #begin(align: number, location: number): void {
    this.bit = (this.bit + align - 1) & -align;
    if (location !== -1) this.bitOffsets[location] = this.bit;
  }

  /** A byte's bits are all of one byte order. */
  #follow(byteOrder: ByteOrder): void {
    const isInside = (this.bit & 7) !== 0 && this.byteOrder !== undefined;
    if (isInside && this.byteOrder !== byteOrder) throw changedByteOrder(this.bit, byteOrder);
    this.byteOrder = byteOrder;
  }

  #advance(bits: number): void {
    if (bits > this.end - this.bit) {
      throw this.#error(
        "DECODE_PAST_CONTENT",
        `field: expected ${bits} bits before the content ends at bit ${this.end + this.shiftBits}, got ${Math.max(0, this.end - this.bit)}`,
      );
    }
    this.bit += bits;
  }

  #integer(step: Step & { op: typeof Op.integer }): void {
    this.#begin(step.align, step.location);
    const { bit } = this;
    this.#advance(step.bits);
    this.#take(step, bit, step.bits);
  }

  #leb128(step: Step & { op: typeof Op.leb128 }): void {
    this.#begin(8, step.location);
    const { bit } = this;
    const length = leb128Length(this.bytes, bit >>> 3, this.end >>> 3, step.layout.signed);
    if (length === 0) throw badLeb128(bit, this.end + this.shiftBits);
    this.bit += length * 8;
    this.#take(step, bit, Math.min(64, length * 7));
  }

  /** Reads an integer's value for whom it concerns. */
  #take(
    { layout, slot, hook }: Step & { op: typeof Op.integer | typeof Op.leb128 },
    bit: number,
    size: number,
  ): void {
    if (slot === -1 && hook === Hook.none) return;
    const word = this.#word;
    readIntegerField(this.bytes, bit, layout, word);
    if (slot !== -1) {
      this.slots.hi[slot] = word.hi;
      this.slots.lo[slot] = word.lo;
    }
    if (hook === Hook.clock) updateClock(this.clock, word, size);
    else if (hook === Hook.eventId) this.eventId = wordToNumber(word, layout.signed);
  }

  #string({ location, unit }: Step & { op: typeof Op.string }): void {
    this.#begin(8, location);
    const from = this.bit >>> 3;
    const to = findTerminator(this.bytes, from, this.end >>> 3, unit);
    if (to === -1) throw unterminated(this.bit, this.end + this.shiftBits);
    if (location !== -1) this.lengths[location] = to - from;
    this.bit = (to + unit) * 8;
  }

  #text(step: Step & { op: typeof Op.text }): void {
    this.#begin(8, step.location);
    const count = this.#count(step.slot, step.count, 8);
    const { unit } = step;
    const isBroken = unit > 1 && count % unit !== 0;
    if (step.location !== -1 || isBroken) {
      const from = this.bit >>> 3;
      const to = unit === 0 ? -1 : findTerminatorWithin(this.bytes, from, from + count, unit);
      if (isBroken && to === -1) throw brokenText(this.bit, count, unit);
      if (step.location !== -1) this.lengths[step.location] = to === -1 ? count : to - from;
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
    if (step.isOptional) return NOTHING;
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

const NOTHING: Walk = [];

/**
 * C := the least value ≥ C whose low `size` bits are those read: at most one wrap is assumed.
 * @see CTF 1.8.3 §8
 */
function updateClock(clock: Word, value: Word, size: number): void {
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
