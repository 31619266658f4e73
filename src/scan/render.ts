/** Fields as text: JSON for programs, a compact form for reading, and babeltrace2's form for comparing. */

import type { Word } from "../base/bits.ts";
import { wordToBigInt } from "../base/bits.ts";
import { Utf8Writer } from "../base/utf8-writer.ts";
import type { FieldCursor } from "../ctf/field-cursor.ts";
import type { ArrayClass, FieldClass, IntegerClass, Member } from "../ctf/trace-class.ts";
import { formatG } from "./format-g.ts";
import { writeJsonString } from "./json-string.ts";

/** How a style writes the parts of which every field is made. */
interface Style {
  integer(fieldClass: IntegerClass, word: Word, out: Utf8Writer): void;
  float(value: number, size: 32 | 64, out: Utf8Writer): void;
  text(bytes: Uint8Array, out: Utf8Writer): void;
  readonly structure: { readonly open: string; readonly separator: string; readonly close: string };
  /** Between a member's name and its value. */
  readonly equals: string;
  name(name: string, out: Utf8Writer): void;
  readonly array: { readonly open: string; readonly separator: string; readonly close: string };
  /** Whether elements are preceded by `[i] = `. */
  readonly numbersElements: boolean;
  /** Whether a variant shows the name of its option. */
  readonly namesOption: boolean;
}

export type RenderStyle = "json" | "text" | "babeltrace";

/** Renders one field at the cursor. */
export function renderField(
  style: RenderStyle,
  fieldClass: FieldClass,
  cursor: FieldCursor,
  out: Utf8Writer,
): void {
  render(STYLES[style], fieldClass, cursor, out);
}

/**
 * Renders a scope's members. `json` and `babeltrace` write the surrounding braces, `text` does not.
 * Members whose class fails `isShown` are read but not written.
 */
export function renderMembers(
  style: RenderStyle,
  members: readonly Member[],
  cursor: FieldCursor,
  out: Utf8Writer,
  isShown: (member: Member) => boolean = () => true,
): void {
  const { structure } = STYLES[style];
  if (style !== "text") out.ascii(structure.open);
  let written = 0;
  for (const member of members) {
    if (!isShown(member)) {
      render(STYLES[style], member.fieldClass, cursor, discarded);
      discarded.length = 0;
    } else {
      if (written++ > 0) out.ascii(structure.separator);
      renderMember(STYLES[style], member, cursor, out);
    }
  }
  if (style !== "text") out.ascii(written === 0 && style === "babeltrace" ? "}" : structure.close);
}

function renderMember(style: Style, member: Member, cursor: FieldCursor, out: Utf8Writer): void {
  style.name(member.name, out);
  out.ascii(style.equals);
  render(style, member.fieldClass, cursor, out);
}

function render(style: Style, fieldClass: FieldClass, cursor: FieldCursor, out: Utf8Writer): void {
  switch (fieldClass.kind) {
    case "integer":
      style.integer(fieldClass, cursor.readInteger(fieldClass), out);
      break;
    case "float":
      style.float(cursor.readFloat(fieldClass), fieldClass.size, out);
      break;
    case "string":
      style.text(cursor.readString(), out);
      break;
    case "text":
      style.text(cursor.readText(fieldClass), out);
      break;
    case "array":
      renderArray(style, fieldClass, cursor, out);
      break;
    case "structure":
      cursor.align(fieldClass.align);
      out.ascii(style.structure.open);
      fieldClass.members.forEach((member, i) => {
        if (i > 0) out.ascii(style.structure.separator);
        renderMember(style, member, cursor, out);
      });
      out.ascii(
        fieldClass.members.length === 0 ? style.structure.close.trimStart() : style.structure.close,
      );
      break;
    case "variant":
      out.ascii(style.structure.open);
      if (style.namesOption) renderMember(style, cursor.option(fieldClass), cursor, out);
      else render(style, cursor.option(fieldClass).fieldClass, cursor, out);
      out.ascii(style.structure.close);
      break;
  }
}

function renderArray(
  style: Style,
  fieldClass: ArrayClass,
  cursor: FieldCursor,
  out: Utf8Writer,
): void {
  cursor.align(fieldClass.align);
  const count = cursor.length(fieldClass.length, 0);
  const { open, separator, close } = style.array;
  out.ascii(open);
  for (let i = 0; i < count; i++) {
    if (i > 0) out.ascii(separator);
    if (style.numbersElements) {
      out.ascii("[");
      out.unsigned(i);
      out.ascii("] = ");
    }
    const before = cursor.bit;
    render(style, fieldClass.element, cursor, out);
    // Elements of no size could be counted for ever: one stands for all.
    if (cursor.bit === before) break;
  }
  out.ascii(count === 0 ? close.trimStart() : close);
}

/**
 * Integers beyond ±(2^53 − 1) are written as strings, because JSON readers round them; enumerations as their integer;
 * infinities and NaN, which JSON lacks, as strings.
 */
const json: Style = {
  integer(fieldClass, word, out) {
    const isExact =
      word.hi >= -0x20_0000 && word.hi < 0x20_0000 && !(word.hi === -0x20_0000 && word.lo === 0);
    if (!isExact) out.byte(QUOTE);
    out.decimal(word, fieldClass.signed);
    if (!isExact) out.byte(QUOTE);
  },
  float(value, size, out) {
    const text = size === 32 ? shortestFloat32(value) : String(value);
    out.ascii(Number.isFinite(value) ? text : `"${value}"`);
  },
  text: writeJsonString,
  structure: { open: "{", separator: ",", close: "}" },
  equals: ":",
  name: (name, out) => out.raw(jsonName(name)),
  array: { open: "[", separator: ",", close: "]" },
  numbersElements: false,
  namesOption: true,
};

/** `name=value`, strings bare where nothing in them could confuse, labels before their value. */
const text: Style = {
  integer(fieldClass, word, out) {
    const labels = fieldClass.mappings === undefined ? [] : labelsOf(fieldClass, word);
    if (labels.length === 0) {
      writeInteger(fieldClass, word, out);
      return;
    }
    out.raw(encoder.encode(labels.join("|")));
    out.byte(OPEN_PARENTHESIS);
    writeInteger(fieldClass, word, out);
    out.byte(CLOSE_PARENTHESIS);
  },
  float: (value, size, out) => out.ascii(size === 32 ? shortestFloat32(value) : String(value)),
  text(bytes, out) {
    if (bytes.length > 0 && bytes.every(isPlainByte)) out.raw(bytes);
    else writeJsonString(bytes, out);
  },
  structure: { open: "{", separator: " ", close: "}" },
  equals: "=",
  name: (name, out) => out.raw(utf8Name(name)),
  array: { open: "[", separator: ",", close: "]" },
  numbersElements: false,
  namesOption: true,
};

/** As babeltrace2's `sink.text.pretty` writes them (2.0.4, measured; print.c). */
const babeltrace: Style = {
  integer(fieldClass, word, out) {
    if (fieldClass.mappings === undefined) {
      writeInteger(fieldClass, word, out);
      return;
    }
    const labels = labelsOf(fieldClass, word);
    out.ascii("( ");
    if (labels.length === 0) out.ascii("<unknown>");
    labels.forEach((label, i) => {
      if (i > 0) out.ascii(", ");
      writeEscaped(encoder.encode(label), out);
    });
    out.ascii(" : container = ");
    writeInteger(fieldClass, word, out);
    out.ascii(" )");
  },
  float: (value, _size, out) => out.ascii(formatG(value)),
  text: writeEscaped,
  structure: { open: "{ ", separator: ", ", close: " }" },
  equals: " = ",
  name: (name, out) => out.raw(utf8Name(name)),
  array: { open: "[ ", separator: ", ", close: " ]" },
  numbersElements: true,
  namesOption: false,
};

const STYLES: Readonly<Record<RenderStyle, Style>> = { json, text, babeltrace };

const QUOTE = 34;
const BACKSLASH = 92;
const OPEN_PARENTHESIS = 40;
const CLOSE_PARENTHESIS = 41;
const encoder = new TextEncoder();

/** Integers in bases other than ten show the field's own bits, also when signed. */
function writeInteger(fieldClass: IntegerClass, word: Word, out: Utf8Writer): void {
  const { base, size, signed } = fieldClass;
  if (base === 10) {
    out.decimal(word, signed);
    return;
  }
  out.ascii(base === 16 ? "0x" : base === 8 ? "0" : "0b");
  const bits =
    signed && base === 8
      ? Math.ceil(size / 3) * 3
      : signed && base === 16
        ? Math.ceil(size / 4) * 4
        : size;
  out.power(word, Math.min(64, bits), base);
}

function labelsOf(fieldClass: IntegerClass, word: Word): string[] {
  const value = wordToBigInt(word, fieldClass.signed);
  return (fieldClass.mappings ?? [])
    .filter(({ ranges }) => ranges.some(({ low, high }) => low <= value && value <= high))
    .map(({ label }) => label);
}

/** The shortest decimal that reads back as the same binary32. */
function shortestFloat32(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  for (let digits = 6; digits < 9; digits++) {
    const text = Number(value.toPrecision(digits));
    if (Math.fround(text) === value) return String(text);
  }
  return String(value);
}

function isPlainByte(byte: number): boolean {
  return (
    byte > 32 && byte !== QUOTE && byte !== 44 && byte !== 61 && byte !== BACKSLASH && byte < 127
  );
}

const ESCAPES: ReadonlyMap<number, string> = new Map([
  [0x07, "\\a"],
  [0x08, "\\b"],
  [0x1b, "\\e"],
  [0x0c, "\\f"],
  [0x0a, "\\n"],
  [0x0d, "\\r"],
  [0x09, "\\t"],
  [0x0b, "\\v"],
  [0x5c, "\\\\"],
  [0x27, "\\'"],
  [0x22, '\\"'],
  [0x3f, "\\?"],
]);

/** A quoted string with babeltrace2's escapes; bytes beyond ASCII pass as they are. */
function writeEscaped(bytes: Uint8Array, out: Utf8Writer): void {
  out.byte(QUOTE);
  for (const byte of bytes) {
    const escaped = ESCAPES.get(byte);
    if (escaped !== undefined) out.ascii(escaped);
    else if (byte < 32 || byte === 127) out.ascii(`\\x${byte.toString(16).padStart(2, "0")}`);
    else out.byte(byte);
  }
  out.byte(QUOTE);
}

const utf8Names = new Map<string, Uint8Array>();
const jsonNames = new Map<string, Uint8Array>();
/** Names come from metadata, so their number is bounded by what was loaded; the cache is not allowed to outgrow that. */
const MAX_CACHED_NAMES = 1 << 16;

function utf8Name(name: string): Uint8Array {
  return cached(utf8Names, name, () => encoder.encode(name));
}

function jsonName(name: string): Uint8Array {
  return cached(jsonNames, name, () => encoder.encode(JSON.stringify(name)));
}

function cached(names: Map<string, Uint8Array>, name: string, make: () => Uint8Array): Uint8Array {
  let bytes = names.get(name);
  if (bytes === undefined) {
    bytes = make();
    if (names.size < MAX_CACHED_NAMES) names.set(name, bytes);
  }
  return bytes;
}

/** Takes what is read over but not shown. */
const discarded = new Utf8Writer();
