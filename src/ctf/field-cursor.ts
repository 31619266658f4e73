import { type Word, wordToBigInt } from "../base/bits.ts";
import { DecodeError } from "../base/errors.ts";
import { changedByteOrder } from "./byte-order-changes.ts";
import { leb128Length, readFloatField, readIntegerField } from "./read-field.ts";
import { codeUnitBytes, findTerminator, findTerminatorWithin } from "./text-encoding.ts";
import type {
  BlobClass,
  ByteOrder,
  FieldClass,
  FloatClass,
  IntegerClass,
  Length,
  Option,
  OptionalClass,
  Range,
  StringClass,
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

  /** Takes over the values of another, which may have fewer. */
  set(other: Slots): void {
    this.hi.set(other.hi);
    this.lo.set(other.lo);
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
  /** Of the last field that is so many bits. */
  byteOrder: ByteOrder | undefined;

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
    const { bit } = this;
    const { slot } = fieldClass;
    if (fieldClass.coding === "leb128") this.#advanceLeb128(fieldClass.signed);
    else {
      this.#follow(fieldClass.byteOrder);
      this.#advance(fieldClass.size, "integer");
    }
    readIntegerField(this.bytes, bit, fieldClass, this.word);
    if (slot !== undefined) {
      this.slots.hi[slot] = this.word.hi;
      this.slots.lo[slot] = this.word.lo;
    }
    return this.word;
  }

  readFloat(fieldClass: FloatClass): number {
    this.align(fieldClass.align);
    this.#follow(fieldClass.byteOrder);
    const bit = this.#advance(fieldClass.size, "floating point number");
    return readFloatField(this.bytes, bit, fieldClass);
  }

  /** Finds a null-terminated string: `bytes[from, to)`, without the terminator. */
  readString(fieldClass: StringClass): void {
    this.align(8);
    const from = this.bit >>> 3;
    const unit = codeUnitBytes(fieldClass.encoding);
    const to = findTerminator(this.bytes, from, this.end >>> 3, unit);
    if (to === -1) throw unterminated(this.bit, this.end);
    this.bit = (to + unit) * 8;
    this.from = from;
    this.to = to;
  }

  /** Finds a text array or sequence: `bytes[from, to)`, up to its first NUL. */
  readText(fieldClass: TextClass): void {
    this.#readBytes(fieldClass, "text");
    const unit = codeUnitBytes(fieldClass.encoding);
    const to = findTerminatorWithin(this.bytes, this.from, this.to, unit);
    const count = this.to - this.from;
    if (to !== -1) this.to = to;
    else if (count % unit !== 0) throw brokenText(this.from * 8, count, unit);
  }

  /** Finds a blob: `bytes[from, to)`. */
  readBlob(fieldClass: BlobClass): void {
    this.#readBytes(fieldClass, "blob");
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
    const value = this.#selector(variant);
    const option = variant.options.find(({ ranges }) => isWithin(value, ranges));
    if (option !== undefined) return option;
    throw new DecodeError(
      "DECODE_SELECTOR",
      `variant: expected a selector that chooses an option, got ${value}`,
      this.bit,
    );
  }

  /** Whether the selector's value says that the field is there. */
  isPresent(optional: OptionalClass): boolean {
    return isWithin(this.#selector(optional), optional.ranges);
  }

  #selector(fieldClass: VariantClass | OptionalClass): bigint {
    const { selectorSlot: slot, selectorSigned } = fieldClass;
    return wordToBigInt({ hi: this.slots.hi[slot]!, lo: this.slots.lo[slot]! }, selectorSigned);
  }

  #readBytes({ length }: TextClass | BlobClass, what: string): void {
    this.align(8);
    const count = this.length(length, 8);
    this.from = this.#advance(count * 8, what) >>> 3;
    this.to = this.from + count;
  }

  /** A byte's bits are all of one byte order. */
  #follow(byteOrder: ByteOrder): void {
    const isInside = (this.bit & 7) !== 0 && this.byteOrder !== undefined;
    if (isInside && this.byteOrder !== byteOrder) throw changedByteOrder(this.bit, byteOrder);
    this.byteOrder = byteOrder;
  }

  #advanceLeb128(signed: boolean): void {
    const length = leb128Length(this.bytes, this.bit >>> 3, this.end >>> 3, signed);
    if (length === 0) throw badLeb128(this.bit, this.end);
    this.bit += length * 8;
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

/** The error of a string that goes on to the content's end. */
export function unterminated(bit: number, end: number): DecodeError {
  return new DecodeError(
    "DECODE_STRING",
    `string: expected a NUL before the content ends at bit ${end}, got none`,
    bit,
  );
}

/** The error of a text that ends inside a code unit. */
export function brokenText(bit: number, bytes: number, unit: number): DecodeError {
  return new DecodeError(
    "DECODE_TEXT",
    `text: expected code units of ${unit} bytes up to a NUL or the end, got ${bytes} bytes`,
    bit,
  );
}

/** The error of a variable-length integer that has no end, or too many bits. */
export function badLeb128(bit: number, end: number): DecodeError {
  return new DecodeError(
    "DECODE_VARIABLE_LENGTH",
    `variable-length integer: expected at most 64 bits that end before the content does at bit ${end}`,
    bit,
  );
}

function isWithin(value: bigint, ranges: readonly Range[]): boolean {
  return ranges.some(({ low, high }) => low <= value && value <= high);
}

export function alignUp(bit: number, align: number): number {
  return (bit + align - 1) & ~(align - 1);
}

/** What is read of a packet header or context: integers, and the blobs among its fields. */
export interface HeaderVisitor {
  integer(fieldClass: IntegerClass, value: Word): void;
  blob?(fieldClass: BlobClass, bytes: Uint8Array): void;
}

/** Reads a structure of packet header or context; calls back for fields at any depth. */
export function readHeader(
  structure: StructureClass,
  cursor: FieldCursor,
  visitor: HeaderVisitor,
): void {
  const read = (fieldClass: FieldClass): void => {
    switch (fieldClass.kind) {
      case "integer":
        visitor.integer(fieldClass, cursor.readInteger(fieldClass));
        break;
      case "float":
        cursor.readFloat(fieldClass);
        break;
      case "string":
        cursor.readString(fieldClass);
        break;
      case "text":
        cursor.readText(fieldClass);
        break;
      case "blob":
        cursor.readBlob(fieldClass);
        visitor.blob?.(fieldClass, cursor.bytes.subarray(cursor.from, cursor.to));
        break;
      case "array": {
        cursor.align(fieldClass.align);
        const count = cursor.length(fieldClass.length, 0);
        for (let i = 0; i < count; i++) {
          const before = cursor.bit;
          read(fieldClass.element);
          // Elements of no size could be counted for ever.
          if (cursor.bit === before) break;
        }
        break;
      }
      case "variant":
        read(cursor.option(fieldClass).fieldClass);
        break;
      case "optional":
        if (cursor.isPresent(fieldClass)) read(fieldClass.fieldClass);
        break;
      case "structure":
        cursor.align(fieldClass.align);
        for (const member of fieldClass.members) read(member.fieldClass);
        break;
    }
  };
  read(structure);
}
