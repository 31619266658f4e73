/** How a located field gets into its column: chosen once per event class and column, then run for every row. */

import type { Word } from "../base/bits.ts";
import { TextTooLong } from "../base/utf8-writer.ts";
import {
  type AnyBuilder,
  DictionaryBuilder,
  ListBuilder,
  NullBuilder,
  NumberBuilder,
  Utf8Builder,
} from "../column/column-builder.ts";
import { alignUp, FieldCursor } from "../ctf/field-cursor.ts";
import { readFloatField, readIntegerField } from "../ctf/read-field.ts";
import { toUtf8 } from "../ctf/text-encoding.ts";
import type {
  ArrayClass,
  FieldClass,
  FloatClass,
  IntegerClass,
  TextEncoding,
} from "../ctf/trace-class.ts";
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
  if (builder instanceof NullBuilder) return undefined;
  if (fieldClass.kind === "string" || fieldClass.kind === "text") {
    return textWriter(builder, fieldClass.encoding, location, walker);
  }
  if (!(builder instanceof Utf8Builder)) return undefined;
  return fieldClass.kind === "blob"
    ? hexWriter(builder, location, walker)
    : renderedWriter(builder, fieldClass, walker);
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
  const { signed } = fieldClass;
  const word: Word = { hi: 0, lo: 0 };
  return (bit) => {
    readIntegerField(walker.bytes, bit, fieldClass, word);
    builder.appendInteger(word, signed);
  };
}

function floatWriter(builder: NumberBuilder, fieldClass: FloatClass, walker: Walker): WriteAt {
  return (bit) => builder.appendFloat(readFloatField(walker.bytes, bit, fieldClass));
}

function listWriter(
  builder: ListBuilder,
  fieldClass: ArrayClass,
  location: number,
  walker: Walker,
): WriteAt | undefined {
  const { element } = fieldClass;
  if ((element.kind !== "integer" && element.kind !== "float") || element.coding === "leb128")
    return undefined;
  const writeElement = numberWriter(builder.elements, element, walker);
  if (writeElement === undefined) return undefined;
  const stride = alignUp(element.size, element.align);
  return (bit) => {
    const count = walker.lengths[location]!;
    if (!builder.mayHold(count)) throw new TextTooLong();
    for (let i = 0; i < count; i++) writeElement(bit + i * stride);
    builder.endRow(count);
  };
}

function textWriter(
  builder: DictionaryBuilder | Utf8Builder,
  encoding: TextEncoding,
  location: number,
  walker: Walker,
): WriteAt {
  if (encoding !== "utf-8") {
    return (bit) => {
      const from = bit >>> 3;
      const text = toUtf8(walker.bytes.subarray(from, from + walker.lengths[location]!), encoding);
      if (builder instanceof DictionaryBuilder) {
        builder.appendText(text, 0, text.length);
      } else {
        builder.writer.raw(text);
        builder.endRow();
      }
    };
  }
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

function hexWriter(builder: Utf8Builder, location: number, walker: Walker): WriteAt {
  return (bit) => {
    const from = bit >>> 3;
    builder.writer.hex(walker.bytes, from, from + walker.lengths[location]!);
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

/** A mark of the byte order is a character like others. */
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const encoder = new TextEncoder();

/** Arrow's utf8 must be valid: what is not becomes U+FFFD. */
function validUtf8(bytes: Uint8Array): Uint8Array {
  for (let i = 0; i < bytes.length; i++) {
    if (bytes[i]! >= 0x80) return encoder.encode(decoder.decode(bytes));
  }
  return bytes;
}
