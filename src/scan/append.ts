/** How a located field gets into its column: chosen once per event class and column, then run for every row. */

import { readFloat, readInteger, type Word } from "../base/bits.ts";
import { alignUp, FieldCursor } from "../ctf/field-cursor.ts";
import type { ArrayClass, FieldClass, FloatClass, IntegerClass } from "../ctf/trace-class.ts";
import {
  type AnyBuilder,
  DictionaryBuilder,
  ListBuilder,
  NumberBuilder,
  Utf8Builder,
} from "./column-builder.ts";
import { fieldRenderer } from "./render.ts";
import type { Walker } from "./walker.ts";

/** Appends the current record's value, or a null, to one column. */
export type Append = () => void;

/**
 * Appends the field at `location`. A field whose class does not fit the column (it came with later metadata, when the
 * column's type was settled already) gives nulls.
 */
export function appendField(
  builder: AnyBuilder,
  fieldClass: FieldClass,
  location: number,
  walker: Walker,
): Append {
  const write = valueWriter(builder, fieldClass, location, walker);
  if (write === undefined) return () => builder.appendNull();
  return () => {
    const bit = walker.bitOffsets[location]!;
    if (bit === -1) builder.appendNull();
    else write(bit);
  };
}

type WriteAt = (bit: number) => void;

function valueWriter(
  builder: AnyBuilder,
  fieldClass: FieldClass,
  location: number,
  walker: Walker,
): WriteAt | undefined {
  if (builder instanceof NumberBuilder) return numberWriter(builder, fieldClass, walker);
  if (builder instanceof ListBuilder) {
    return fieldClass.kind === "array"
      ? listWriter(builder, fieldClass, location, walker)
      : undefined;
  }
  if (fieldClass.kind === "string" || fieldClass.kind === "text") {
    return textWriter(builder, location, walker);
  }
  return builder instanceof Utf8Builder ? renderedWriter(builder, fieldClass, walker) : undefined;
}

function numberWriter(
  builder: NumberBuilder,
  fieldClass: FieldClass,
  walker: Walker,
): WriteAt | undefined {
  if (fieldClass.kind === "integer") return integerWriter(builder, fieldClass, walker);
  if (fieldClass.kind !== "float" || !builder.type.startsWith("float")) return undefined;
  return floatWriter(builder, fieldClass, walker);
}

function integerWriter(builder: NumberBuilder, fieldClass: IntegerClass, walker: Walker): WriteAt {
  const { size, signed, byteOrder } = fieldClass;
  const littleEndian = byteOrder === "little-endian";
  const word: Word = { hi: 0, lo: 0 };
  return (bit) => {
    readInteger(walker.bytes, bit, size, signed, littleEndian, word);
    builder.appendInteger(word, signed);
  };
}

function floatWriter(builder: NumberBuilder, fieldClass: FloatClass, walker: Walker): WriteAt {
  const littleEndian = fieldClass.byteOrder === "little-endian";
  return (bit) => builder.appendFloat(readFloat(walker.bytes, bit, fieldClass.size, littleEndian));
}

function listWriter(
  builder: ListBuilder,
  fieldClass: ArrayClass,
  location: number,
  walker: Walker,
): WriteAt | undefined {
  const { element } = fieldClass;
  if (element.kind !== "integer" && element.kind !== "float") return undefined;
  const writeElement = numberWriter(builder.elements, element, walker);
  if (writeElement === undefined) return undefined;
  const stride = alignUp(element.size, element.align);
  return (bit) => {
    const count = walker.lengths[location]!;
    for (let i = 0; i < count; i++) writeElement(bit + i * stride);
    builder.endRow(count);
  };
}

function textWriter(
  builder: DictionaryBuilder | Utf8Builder,
  location: number,
  walker: Walker,
): WriteAt {
  if (builder instanceof DictionaryBuilder) {
    return (bit) =>
      builder.appendText(walker.bytes, bit >>> 3, (bit >>> 3) + walker.lengths[location]!);
  }
  return (bit) => {
    const from = bit >>> 3;
    builder.writer.raw(validUtf8(walker.bytes.subarray(from, from + walker.lengths[location]!)));
    builder.endRow();
  };
}

/** Numbers in a text column as decimals, compounds as JSON. */
function renderedWriter(builder: Utf8Builder, fieldClass: FieldClass, walker: Walker): WriteAt {
  const render = fieldRenderer("json", fieldClass);
  return (bit) => {
    render(new FieldCursor(walker.bytes, walker.slots, bit, walker.end), builder.writer);
    builder.endRow();
  };
}

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** Arrow's utf8 must be valid: what is not becomes U+FFFD. */
function validUtf8(bytes: Uint8Array): Uint8Array {
  for (let i = 0; i < bytes.length; i++) {
    if (bytes[i]! >= 0x80) return encoder.encode(decoder.decode(bytes));
  }
  return bytes;
}
