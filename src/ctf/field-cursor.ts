import { readFloat, readInteger, type Word, wordToBigInt } from "../base/bits.ts";
import { DecodeError } from "../base/errors.ts";
import type {
  FloatClass,
  IntegerClass,
  Length,
  Option,
  StructureClass,
  TextClass,
  VariantClass,
} from "./trace-class.ts";

/** Values of lengths and selectors read so far in a packet, as 64-bit halves. */
export class Slots {
  readonly hi: Int32Array;
  readonly lo: Int32Array;

  constructor(count: number) {
    this.hi = new Int32Array(count);
    this.lo = new Int32Array(count);
  }
}

/**
 * Reads fields one after the other, exactly as CTF 1.8.3 §4 says: align, check that the field lies inside the content,
 * read, advance. Slow and plain: for packet headers, rendering and error messages.
 *
 * Units: `bit` and `end` are bits from the packet's start.
 */
export class FieldCursor {
  readonly bytes: Uint8Array;
  readonly slots: Slots;
  bit: number;
  end: number;
  /** First byte of the last string or text, and the byte after it. */
  from = 0;
  to = 0;
  /** The last integer read. */
  readonly word: Word = { hi: 0, lo: 0 };

  constructor(bytes: Uint8Array, slots: Slots, bit: number, end: number) {
    this.bytes = bytes;
    this.slots = slots;
    this.bit = bit;
    this.end = end;
  }

  align(bits: number): void {
    this.bit = alignUp(this.bit, bits);
  }

  /** Reads into `word`, and keeps the value if a length or selector needs it. */
  readInteger(fieldClass: IntegerClass): Word {
    this.align(fieldClass.align);
    const bit = this.#advance(fieldClass.size, "integer");
    const { signed, size, byteOrder, slot } = fieldClass;
    readInteger(this.bytes, bit, size, signed, byteOrder === "little-endian", this.word);
    if (slot !== undefined) {
      this.slots.hi[slot] = this.word.hi;
      this.slots.lo[slot] = this.word.lo;
    }
    return this.word;
  }

  readFloat(fieldClass: FloatClass): number {
    this.align(fieldClass.align);
    const bit = this.#advance(fieldClass.size, "floating point number");
    return readFloat(this.bytes, bit, fieldClass.size, fieldClass.byteOrder === "little-endian");
  }

  /** Finds a null-terminated string: `bytes[from, to)`, without the NUL. */
  readString(): void {
    this.align(8);
    const from = this.bit >>> 3;
    const nul = this.bytes.indexOf(0, from);
    if (nul === -1 || (nul + 1) * 8 > this.end) {
      throw new DecodeError(
        "DECODE_STRING",
        `string: expected a NUL before the content ends at bit ${this.end}, got none`,
        this.bit,
      );
    }
    this.bit = (nul + 1) * 8;
    this.from = from;
    this.to = nul;
  }

  /** Finds a text array or sequence: `bytes[from, to)`, up to its first NUL. */
  readText(fieldClass: TextClass): void {
    this.align(8);
    const length = this.length(fieldClass.length, 8);
    const from = this.#advance(length * 8, "text") >>> 3;
    let to = from;
    while (to < from + length && this.bytes[to] !== 0) to++;
    this.from = from;
    this.to = to;
  }

  /** Element count; one that cannot fit what is left of the content is an error, whatever it claims. */
  length(length: Length, elementBits: number): number {
    const hi = length.kind === "static" ? 0 : this.slots.hi[length.slot]!;
    const count = length.kind === "static" ? length.count : this.slots.lo[length.slot]! >>> 0;
    if (hi !== 0 || count * elementBits > this.end - this.bit) {
      throw new DecodeError(
        "DECODE_LENGTH",
        `sequence: expected a length that fits the ${this.end - this.bit} bits left, got ${hi === 0 ? count : `${hi >>> 0} * 2^32 + ${count}`}`,
        this.bit,
      );
    }
    return count;
  }

  /** The option that the selector's value chooses. */
  option(variant: VariantClass): Option {
    const { selectorSlot: slot } = variant;
    const word = { hi: this.slots.hi[slot]!, lo: this.slots.lo[slot]! };
    const value = wordToBigInt(word, variant.selectorSigned);
    const option = variant.options.find(({ ranges }) =>
      ranges.some(({ low, high }) => low <= value && value <= high),
    );
    if (option !== undefined) return option;
    throw new DecodeError(
      "DECODE_SELECTOR",
      `variant: expected a selector that chooses an option, got ${value}`,
      this.bit,
    );
  }

  #advance(bits: number, what: string): number {
    const { bit } = this;
    if (bit + bits > this.end) {
      throw new DecodeError(
        "DECODE_PAST_CONTENT",
        `${what}: expected ${bits} bits before the content ends at bit ${this.end}, got ${Math.max(0, this.end - bit)}`,
        bit,
      );
    }
    this.bit = bit + bits;
    return bit;
  }
}

export function alignUp(bit: number, align: number): number {
  return (bit + align - 1) & ~(align - 1);
}

/** Reads a structure of packet header or context; calls back for each integer at any depth. */
export function readIntegers(
  structure: StructureClass,
  cursor: FieldCursor,
  visit: (fieldClass: IntegerClass, value: Word, name: string) => void,
): void {
  const read = (
    fieldClass: StructureClass["members"][number]["fieldClass"],
    name: string,
  ): void => {
    switch (fieldClass.kind) {
      case "integer":
        visit(fieldClass, cursor.readInteger(fieldClass), name);
        break;
      case "float":
        cursor.readFloat(fieldClass);
        break;
      case "string":
        cursor.readString();
        break;
      case "text":
        cursor.readText(fieldClass);
        break;
      case "array": {
        cursor.align(fieldClass.align);
        const count = cursor.length(fieldClass.length, 0);
        for (let i = 0; i < count; i++) read(fieldClass.element, name);
        break;
      }
      case "variant":
        read(cursor.option(fieldClass).fieldClass, name);
        break;
      case "structure":
        cursor.align(fieldClass.align);
        for (const member of fieldClass.members) read(member.fieldClass, member.name);
        break;
    }
  };
  read(structure, "");
}
