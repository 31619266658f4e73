/** Copies event records field by field, where another place in the packet means other padding. */

import { SourceError } from "../base/errors.ts";
import { alignUp, FieldCursor, Slots } from "../ctf/field-cursor.ts";
import type {
  ByteOrder,
  EventClass,
  FieldClass,
  StreamClass,
  StructureClass,
} from "../ctf/trace-class.ts";
import { copyBits } from "./bits.ts";
import { scopesOf } from "./record-shape.ts";

/** Where records are written to. */
export interface Target {
  bytes: Uint8Array;
  bit: number;
  /** Makes sure that so many bits more can be written. */
  reserve(bits: number): void;
}

export class FieldCopier {
  readonly #cursor: FieldCursor;
  readonly #target: Target;
  #order: ByteOrder | undefined;

  /** @param slots what lengths and selectors of the packet's header and context are */
  constructor(bytes: Uint8Array, slots: Slots, slotCount: number, end: number, target: Target) {
    const own = new Slots(slotCount);
    own.set(slots);
    this.#cursor = new FieldCursor(bytes, own, 0, end);
    this.#target = target;
  }

  /**
   * Copies the record that begins at a bit.
   * @throws SourceError `CUT_BYTE_ORDER` where fields of two byte orders would meet inside a byte
   */
  record(bit: number, streamClass: StreamClass, eventClass: EventClass): void {
    this.#cursor.bit = bit;
    this.#cursor.byteOrder = undefined;
    for (const scope of scopesOf(streamClass, eventClass)) this.#structure(scope);
  }

  #structure({ align, members }: StructureClass): void {
    this.#align(align);
    for (const { fieldClass } of members) this.#field(fieldClass);
  }

  #field(fieldClass: FieldClass): void {
    const cursor = this.#cursor;
    switch (fieldClass.kind) {
      case "structure":
        this.#structure(fieldClass);
        break;
      case "integer": {
        const align = fieldClass.coding === "leb128" ? 8 : fieldClass.align;
        const from = alignUp(cursor.bit, align);
        cursor.readInteger(fieldClass);
        this.#copy(from, align, fieldClass.coding === "leb128" ? undefined : fieldClass.byteOrder);
        break;
      }
      case "float": {
        const from = alignUp(cursor.bit, fieldClass.align);
        cursor.readFloat(fieldClass);
        this.#copy(from, fieldClass.align, fieldClass.byteOrder);
        break;
      }
      case "string":
      case "text":
      case "blob": {
        const from = alignUp(cursor.bit, 8);
        if (fieldClass.kind === "string") cursor.readString(fieldClass);
        else if (fieldClass.kind === "text") cursor.readText(fieldClass);
        else cursor.readBlob(fieldClass);
        this.#copy(from, 8, undefined);
        break;
      }
      case "array": {
        this.#align(fieldClass.align);
        const count = cursor.length(fieldClass.length, 0);
        for (let i = 0; i < count; i++) {
          const before = cursor.bit;
          this.#field(fieldClass.element);
          if (cursor.bit === before) break;
        }
        break;
      }
      case "variant":
        this.#field(cursor.option(fieldClass).fieldClass);
        break;
      case "optional":
        if (cursor.isPresent(fieldClass)) this.#field(fieldClass.fieldClass);
        break;
    }
  }

  #align(align: number): void {
    this.#cursor.align(align);
    this.#target.bit = alignUp(this.#target.bit, align);
  }

  /** Copies what the cursor has read from a bit on. @param order `undefined` for whole bytes */
  #copy(from: number, align: number, order: ByteOrder | undefined): void {
    const target = this.#target;
    const bits = this.#cursor.bit - from;
    target.bit = alignUp(target.bit, align);
    const isInside = order !== undefined && (target.bit & 7) !== 0 && this.#order !== undefined;
    if (isInside && this.#order !== order)
      throw new SourceError(
        "CUT_BYTE_ORDER",
        `cut: expected fields of one byte order in each byte of the new packets, got ${this.#order} and ${order} at bit ${target.bit}`,
      );
    this.#order = order;
    target.reserve(bits);
    copyBits(this.#cursor.bytes, from, target.bytes, target.bit, bits, order ?? "little-endian");
    target.bit += bits;
  }
}
