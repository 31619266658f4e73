/** Text → UTF-8 in a buffer that grows up to a limit. */

import type { Word } from "./bits.ts";
import { grownCopy } from "./grow.ts";

const HEX_DIGITS = "0123456789abcdef";

/** A writer would have grown beyond its limit. */
export class TextTooLong extends Error {}

/** Appends UTF-8 text to a growing buffer; numbers are written digit by digit, without making strings. */
export class Utf8Writer {
  bytes: Uint8Array;
  length = 0;
  /** Bytes up to which the buffer may grow. */
  limit: number = Number.POSITIVE_INFINITY;

  constructor(capacity = 4096) {
    this.bytes = new Uint8Array(capacity);
  }

  byte(value: number): void {
    if (this.length === this.bytes.length) this.#grow(1);
    this.bytes[this.length++] = value;
  }

  /** Text of ASCII characters only: punctuation and keywords. */
  ascii(text: string): void {
    if (this.length + text.length > this.bytes.length) this.#grow(text.length);
    for (let i = 0; i < text.length; i++) this.bytes[this.length++] = text.charCodeAt(i);
  }

  raw(bytes: Uint8Array): void {
    this.range(bytes, 0, bytes.length);
  }

  /** `bytes[from, to)` */
  range(bytes: Uint8Array, from: number, to: number): void {
    const length = to - from;
    if (this.length + length > this.bytes.length) this.#grow(length);
    // A loop beats set() for the short texts that traces are made of.
    if (length < 32) {
      const target = this.bytes;
      let at = this.length;
      for (let i = from; i < to; i++) target[at++] = bytes[i]!;
    } else {
      this.bytes.set(
        from === 0 && to === bytes.length ? bytes : bytes.subarray(from, to),
        this.length,
      );
    }
    this.length += length;
  }

  /** Two hexadecimal digits for each of `bytes[from, to)`. */
  hex(bytes: Uint8Array, from: number, to: number): void {
    for (let i = from; i < to; i++) {
      this.byte(HEX_DIGITS.charCodeAt(bytes[i]! >> 4));
      this.byte(HEX_DIGITS.charCodeAt(bytes[i]! & 15));
    }
  }

  /** Decimal digits of a 64-bit integer. */
  decimal(word: Word, signed: boolean): void {
    let hi = word.hi;
    let lo = word.lo;
    if (signed && hi < 0) {
      this.byte(45);
      lo = -lo | 0;
      hi = lo === 0 ? -hi | 0 : ~hi;
    }
    const high = hi >>> 0;
    if (high < 0x20_0000) this.unsigned(high * 0x1_0000_0000 + (lo >>> 0));
    else this.#large(high, lo >>> 0);
  }

  /** Decimal digits of a whole number from 0 to 2^53. */
  unsigned(value: number): void {
    if (this.length + 20 > this.bytes.length) this.#grow(20);
    let digits = 1;
    for (let limit = 10; value >= limit && digits < 17; limit *= 10) digits++;
    if (value < 0x4000_0000) {
      this.#small(value | 0, digits);
      return;
    }
    let rest = value;
    for (let at = this.length + digits - 1; at >= this.length; at--) {
      const tenth = Math.floor(rest / 10);
      this.bytes[at] = 48 + (rest - tenth * 10);
      rest = tenth;
    }
    this.length += digits;
  }

  /** The lowest `size` bits in base 8 or 16 (upper-case digits), without leading zeros. */
  power(word: Word, size: number, base: 8 | 16): void {
    const bitsPerDigit = base === 16 ? 4 : 3;
    const digits = Math.ceil(size / bitsPerDigit);
    let started = false;
    for (let i = digits - 1; i >= 0; i--) {
      const shift = i * bitsPerDigit;
      const group =
        shift >= 32
          ? word.hi >>> (shift - 32)
          : (word.lo >>> shift) | (shift > 0 ? word.hi << (32 - shift) : 0);
      const available = Math.min(bitsPerDigit, 64 - shift);
      const digit = group & ((1 << available) - 1);
      if (digit !== 0 || started || i === 0) {
        started = true;
        this.byte(digit < 10 ? 48 + digit : 55 + digit);
      }
    }
  }

  /** The lowest `size` bits, as many digits. */
  binary(word: Word, size: number): void {
    for (let i = size - 1; i >= 0; i--) {
      const bit = i >= 32 ? word.hi >>> (i - 32) : word.lo >>> i;
      this.byte(48 + (bit & 1));
    }
  }

  /** As `unsigned`, in 32-bit arithmetic. */
  #small(value: number, digits: number): void {
    const { bytes } = this;
    let rest = value;
    for (let at = this.length + digits - 1; at >= this.length; at--) {
      const tenth = (rest / 10) | 0;
      bytes[at] = 48 + (rest - tenth * 10);
      rest = tenth;
    }
    this.length += digits;
  }

  #large(high: number, low: number): void {
    // Long division by 10^9 in limbs of 16 bits, so that every step stays below 2^53.
    const divisor = 1e9;
    const middle = (high % divisor) * 0x1_0000 + (low >>> 16);
    const last = (middle % divisor) * 0x1_0000 + (low & 0xffff);
    const quotient =
      Math.floor(high / divisor) * 0x1_0000_0000 +
      Math.floor(middle / divisor) * 0x1_0000 +
      Math.floor(last / divisor);
    const tail = last % divisor;
    this.unsigned(quotient);
    const from = this.length;
    this.unsigned(tail + divisor);
    // The leading 1 kept the zeros: the last nine digits stay.
    this.bytes.copyWithin(from, from + 1, this.length);
    this.length--;
  }

  /** @throws TextTooLong */
  #grow(more: number): void {
    if (this.length + more > this.limit) throw new TextTooLong();
    this.bytes = grownCopy(this.bytes, Uint8Array, this.length + more);
  }
}
