/** Three ways to write fields: JSON for programs, a compact form for reading, babeltrace2's form for comparing. */

import type { Word } from "../base/bits.ts";
import type { Utf8Writer } from "../base/utf8-writer.ts";
import type { RenderStyle } from "../column/request.ts";
import { formatG } from "./format-g.ts";
import { writeJsonString } from "./json-string.ts";

export interface Brackets {
  readonly open: string;
  readonly separator: string;
  readonly close: string;
  /** In place of `open` and `close` when nothing stands between them. */
  readonly empty: string;
}

/** How a style writes the parts of which every field is made. */
export interface Style {
  /** Integers that are not enumerations; `undefined` means the base that the metadata prefers. */
  readonly integer: ((word: Word, signed: boolean, out: Utf8Writer) => void) | undefined;
  /** Around an enumeration's value; `undefined` means enumerations are plain integers. */
  readonly labelled:
    | {
        labels(labels: readonly string[]): string;
        readonly close: string;
        /** Stands for the labels where there is none … */
        readonly none: Uint8Array;
        /** … unless a value without label is a plain integer. */
        readonly isOptional: boolean;
      }
    | undefined;
  /** Around the flags of a bit map that are set: before the value, in parentheses, or behind it. */
  readonly flags: {
    labels(labels: readonly string[]): string;
    readonly isBefore: boolean;
  };
  float(value: number, size: 32 | 64, out: Utf8Writer): void;
  /** The text `bytes[from, to)`. */
  text(bytes: Uint8Array, from: number, to: number, out: Utf8Writer): void;
  /** The blob `bytes[from, to)`. */
  blob(bytes: Uint8Array, from: number, to: number, out: Utf8Writer): void;
  /** Around an optional field, and what stands for one that is not there. */
  readonly optional: { readonly open: string; readonly close: string; readonly absent: string };
  /** What stands for a byte inside a quoted text, as bytes; at most six. */
  escapes(byte: number): Uint8Array;
  /** Whether a text of such bytes needs no quotes; only `text` has bare words. */
  isBare(byte: number): boolean;
  /** A member's name and what stands between it and its value. */
  name(name: string): string;
  readonly structure: Brackets;
  readonly array: Brackets;
  /** Whether elements are preceded by `[i] = `. */
  readonly numbersElements: boolean;
  /** Whether a variant shows the name of its option. */
  readonly namesOption: boolean;
}

const QUOTE = 34;
const BACKSLASH = 92;
const encoder = new TextEncoder();

/**
 * Integers beyond ±(2^53 − 1) are written as strings, because JSON readers round them; enumerations, bit arrays and bit maps
 * as their integer; blobs as strings of hexadecimal digits; optional fields that are absent as null; infinities and NaN,
 * which JSON lacks, as strings. Bytes that are no UTF-8 become U+FFFD.
 */
const json: Style = {
  integer(word, signed, out) {
    const isExact = isExactInJson(word, signed);
    if (!isExact) out.byte(QUOTE);
    out.decimal(word, signed);
    if (!isExact) out.byte(QUOTE);
  },
  labelled: undefined,
  flags: { labels: () => "", isBefore: true },
  float(value, size, out) {
    const text = size === 32 ? shortestFloat32(value) : String(value);
    out.ascii(Number.isFinite(value) ? text : `"${value}"`);
  },
  text: writeJsonString,
  blob(bytes, from, to, out) {
    out.byte(QUOTE);
    out.hex(bytes, from, to);
    out.byte(QUOTE);
  },
  optional: { open: "", close: "", absent: "null" },
  escapes: jsonEscape,
  isBare: () => false,
  name: (name) => `${JSON.stringify(name)}:`,
  structure: { open: "{", separator: ",", close: "}", empty: "{}" },
  array: { open: "[", separator: ",", close: "]", empty: "[]" },
  numbersElements: false,
  namesOption: true,
};

/** `name=value`, strings bare where nothing in them could confuse, labels before their value. */
const text: Style = {
  integer: undefined,
  labelled: {
    labels: (labels) => `${labels.join("|")}(`,
    close: ")",
    none: new Uint8Array(0),
    isOptional: true,
  },
  flags: {
    labels: (labels) => `${labels.join("|")}(`,
    isBefore: true,
  },
  float: (value, size, out) => out.ascii(size === 32 ? shortestFloat32(value) : String(value)),
  text(bytes, from, to, out) {
    if (isPlainWord(bytes, from, to)) out.range(bytes, from, to);
    else writeJsonString(bytes, from, to, out, true);
  },
  blob(bytes, from, to, out) {
    out.ascii("0x");
    out.hex(bytes, from, to);
  },
  optional: { open: "", close: "", absent: "none" },
  escapes: textEscape,
  isBare: isPlainWordByte,
  name: (name) => `${name}=`,
  structure: { open: "{", separator: " ", close: "}", empty: "{}" },
  array: { open: "[", separator: ",", close: "]", empty: "[]" },
  numbersElements: false,
  namesOption: true,
};

/** As babeltrace2's `sink.text.pretty` writes them (2.0.4, measured; what only CTF 2 has: 2.1.2, measured). */
const babeltrace: Style = {
  integer: undefined,
  labelled: {
    labels: (labels) => `( ${labels.map(escapedString).join(", ")} : container = `,
    close: " )",
    none: encoder.encode("( <unknown> : container = "),
    isOptional: false,
  },
  flags: {
    labels: (labels) => ` { ${labels.map(escapedString).join(", ")} }`,
    isBefore: false,
  },
  float: (value, _size, out) => out.ascii(formatG(value)),
  text: writeEscaped,
  blob(bytes, from, to, out) {
    out.ascii("{ ");
    for (let i = from; i < to; i++) {
      out.hex(bytes, i, i + 1);
      out.ascii(" ");
    }
    out.ascii("}");
  },
  optional: { open: "{ ", close: " }", absent: "<none>" },
  escapes: (byte) => (PLAIN[byte] === 1 ? Uint8Array.of(byte) : encoder.encode(escapeOf(byte))),
  isBare: () => false,
  name: (name) => `${name} = `,
  structure: { open: "{ ", separator: ", ", close: " }", empty: "{ }" },
  array: { open: "[ ", separator: ", ", close: " ]", empty: "[ ]" },
  numbersElements: true,
  namesOption: false,
};

export const STYLES: Readonly<Record<RenderStyle, Style>> = { json, text, babeltrace };

/** Whether a JSON reader that knows only doubles keeps the integer as it is. */
export function isExactInJson(word: Word, signed: boolean): boolean {
  if (!signed || word.hi >= 0) return word.hi >= 0 && word.hi < 0x20_0000;
  return word.hi > -0x20_0000 || (word.hi === -0x20_0000 && word.lo !== 0);
}

/** The shortest decimal that reads back as the same binary32. */
function shortestFloat32(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  for (let digits = 6; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return String(short);
  }
  return String(value);
}

/** JSON's escape of a byte; bytes beyond ASCII pass as they are. */
function jsonEscape(byte: number): Uint8Array {
  if (byte >= 128) return Uint8Array.of(byte);
  return encoder.encode(JSON.stringify(String.fromCharCode(byte)).slice(1, -1));
}

/** Terminals obey DEL too. */
function textEscape(byte: number): Uint8Array {
  return byte === 127 ? encoder.encode("\\u007f") : jsonEscape(byte);
}

/** Printable ASCII without blanks, commas, equals signs, quotes and backslashes. */
function isPlainWord(bytes: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (!isPlainWordByte(bytes[i]!)) return false;
  return from < to;
}

function isPlainWordByte(byte: number): boolean {
  const isPrintable = byte > 32 && byte < 127;
  return isPrintable && byte !== QUOTE && byte !== BACKSLASH && byte !== 44 && byte !== 61;
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

/** 1 where a byte is written as it is: printable, beyond ASCII included, and not one of C's special characters. */
const PLAIN = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte >= 32 && byte !== 127 && !ESCAPES.has(byte) ? 1 : 0,
);

/** A quoted string with babeltrace2's escapes; bytes beyond ASCII pass as they are. */
function writeEscaped(bytes: Uint8Array, from: number, to: number, out: Utf8Writer): void {
  out.byte(QUOTE);
  let start = from;
  for (let i = from; i < to; i++) {
    const byte = bytes[i]!;
    if (PLAIN[byte] === 1) continue;
    out.range(bytes, start, i);
    out.ascii(escapeOf(byte));
    start = i + 1;
  }
  out.range(bytes, start, to);
  out.byte(QUOTE);
}

function escapeOf(byte: number): string {
  return ESCAPES.get(byte) ?? `\\x${byte.toString(16).padStart(2, "0")}`;
}

/** Labels come with the metadata and are escaped once. */
function escapedString(label: string): string {
  let escaped = "";
  for (const character of label) {
    const code = character.codePointAt(0)!;
    if (code >= 128 || PLAIN[code] === 1) escaped += character;
    else escaped += escapeOf(code);
  }
  return `"${escaped}"`;
}
