/** JSON with exact 64-bit integers and the place of every value, for CTF 2 metadata (RFC 8259). */

import type { Span } from "../base/text.ts";
import { metadataError } from "./metadata-error.ts";

export type JsonValue =
  | {
      readonly kind: "object";
      readonly members: ReadonlyMap<string, JsonValue>;
      readonly span: Span;
    }
  | { readonly kind: "array"; readonly items: readonly JsonValue[]; readonly span: Span }
  | { readonly kind: "string"; readonly value: string; readonly span: Span }
  | { readonly kind: "integer"; readonly value: bigint; readonly span: Span }
  | { readonly kind: "real"; readonly value: number; readonly span: Span }
  | { readonly kind: "boolean"; readonly value: boolean; readonly span: Span }
  | { readonly kind: "null"; readonly span: Span };

export type JsonObject = JsonValue & { kind: "object" };

/** The text ended inside a value: not an error while metadata still grows. */
export class UnfinishedJson extends Error {}

/** Values nested deeper than this are refused before they can exhaust the call stack. */
const MAX_DEPTH = 2500;

/** Members from which on their arrays are read again when they are asked for: a million labels' ranges are not kept as values. */
const MANY_MEMBERS = 1024;

/** An array that has been read once, without a fault, and is read again whenever its items are asked for. */
class ArrayInText {
  readonly #source: string;
  readonly #start: number;
  readonly #end: number;

  constructor(source: string, { start, end }: Span) {
    this.#source = source;
    this.#start = start;
    this.#end = end;
  }

  // No value of its own: there may be a million of them.
  get kind(): "array" {
    return "array";
  }

  get span(): Span {
    return { start: this.#start, end: this.#end };
  }

  get items(): readonly JsonValue[] {
    const value = parseJson(this.#source, this.#start, this.#end);
    return value.kind === "array" ? value.items : [];
  }
}

/**
 * Parses the one value of `source[from, to)`, blanks around it allowed.
 * @throws UnfinishedJson, or MetadataError with line and column
 */
export function parseJson(source: string, from: number, to: number): JsonValue {
  const parser = new JsonParser(source, from, to);
  const value = parser.value(0);
  parser.expectEnd();
  return value;
}

class JsonParser {
  readonly #source: string;
  readonly #end: number;
  #at: number;

  constructor(source: string, from: number, to: number) {
    this.#source = source;
    this.#at = from;
    this.#end = to;
  }

  value(depth: number): JsonValue {
    const c = this.#peek();
    const start = this.#at;
    if (depth > MAX_DEPTH)
      throw this.#error(`expected at most ${MAX_DEPTH} nested values`, "METADATA_NESTING");
    switch (c) {
      case OPEN_BRACE:
        return this.#object(start, depth);
      case OPEN_BRACKET:
        return this.#array(start, depth);
      case QUOTE:
        return { kind: "string", value: this.#string(), span: this.#spanFrom(start) };
      default:
        return c === MINUS || isDigit(c) ? this.#number(start) : this.#word(start);
    }
  }

  expectEnd(): void {
    this.#skipBlanks();
    if (this.#at < this.#end) throw this.#unexpected("the end of the fragment");
  }

  #object(start: number, depth: number): JsonObject {
    const members = new Map<string, JsonValue>();
    this.#at++;
    if (this.#peek() === CLOSE_BRACE) {
      this.#at++;
      return { kind: "object", members, span: this.#spanFrom(start) };
    }
    for (;;) {
      if (this.#peek() !== QUOTE) throw this.#unexpected("the name of a property");
      const nameAt = this.#at;
      const name = this.#string();
      if (members.has(name)) {
        throw metadataError(
          this.#source,
          "JSON_DUPLICATE",
          `property ${name} stands here twice`,
          this.#spanFrom(nameAt),
        );
      }
      this.#expect(COLON, "`:`");
      const value = this.value(depth + 1);
      const isLate = value.kind === "array" && members.size >= MANY_MEMBERS;
      members.set(name, isLate ? new ArrayInText(this.#source, value.span) : value);
      const c = this.#peek();
      if (c !== COMMA && c !== CLOSE_BRACE) throw this.#unexpected("`,` or `}`");
      this.#at++;
      if (c === CLOSE_BRACE) return { kind: "object", members, span: this.#spanFrom(start) };
    }
  }

  #array(start: number, depth: number): JsonValue {
    const items: JsonValue[] = [];
    this.#at++;
    if (this.#peek() === CLOSE_BRACKET) {
      this.#at++;
      return { kind: "array", items, span: this.#spanFrom(start) };
    }
    for (;;) {
      items.push(this.value(depth + 1));
      const c = this.#peek();
      if (c !== COMMA && c !== CLOSE_BRACKET) throw this.#unexpected("`,` or `]`");
      this.#at++;
      if (c === CLOSE_BRACKET) return { kind: "array", items, span: this.#spanFrom(start) };
    }
  }

  #string(): string {
    const start = ++this.#at;
    for (let at = start; at < this.#end; at++) {
      const c = this.#source.charCodeAt(at);
      if (c === QUOTE) {
        this.#at = at + 1;
        return this.#source.slice(start, at);
      }
      if (c === BACKSLASH) return this.#escapedString(start, at);
      if (c < 32) {
        this.#at = at;
        throw this.#unexpected("a character of a string (control characters are escaped)");
      }
    }
    throw new UnfinishedJson();
  }

  #escapedString(start: number, firstEscape: number): string {
    let text = this.#source.slice(start, firstEscape);
    let at = firstEscape;
    while (at < this.#end) {
      const c = this.#source.charCodeAt(at);
      if (c === QUOTE) {
        this.#at = at + 1;
        return text;
      }
      if (c !== BACKSLASH) {
        text += this.#source[at++];
        continue;
      }
      const letter = this.#source[at + 1] ?? "";
      const simple = ESCAPES[letter];
      const hex = /^[0-9a-fA-F]{4}$/.exec(this.#source.slice(at + 2, at + 6))?.[0];
      if (simple === undefined && (letter !== "u" || hex === undefined)) {
        if (at + 6 > this.#end) throw new UnfinishedJson();
        this.#at = at;
        throw this.#unexpected("an escape sequence");
      }
      text += simple ?? String.fromCharCode(Number.parseInt(hex ?? "", 16));
      at += simple === undefined ? 6 : 2;
    }
    throw new UnfinishedJson();
  }

  #number(start: number): JsonValue {
    NUMBER.lastIndex = start;
    const match = NUMBER.exec(this.#source);
    const text = match?.[0] ?? "";
    const end = start + text.length;
    if (end >= this.#end) throw new UnfinishedJson();
    if (text === "") throw this.#unexpected("digits");
    this.#at = end;
    const span = this.#spanFrom(start);
    if (match?.[1] !== undefined) return { kind: "real", value: Number(text), span };
    const value = text.length > 21 ? undefined : BigInt(text);
    if (value === undefined || value < -(1n << 63n) || value >= 1n << 64n) {
      throw metadataError(
        this.#source,
        "JSON_INTEGER",
        `expected an integer of at most 64 bits, got ${text.slice(0, 40)}`,
        span,
      );
    }
    return { kind: "integer", value, span };
  }

  #word(start: number): JsonValue {
    for (const [word, value] of WORDS) {
      if (!this.#source.startsWith(word, start)) continue;
      this.#at = start + word.length;
      const span = this.#spanFrom(start);
      return value === null ? { kind: "null", span } : { kind: "boolean", value, span };
    }
    const rest = this.#source.slice(start, this.#end);
    if (WORDS.some(([word]) => word.startsWith(rest))) throw new UnfinishedJson();
    throw this.#unexpected("a JSON value");
  }

  /** The next character that is no blank. */
  #peek(): number {
    this.#skipBlanks();
    if (this.#at >= this.#end) throw new UnfinishedJson();
    return this.#source.charCodeAt(this.#at);
  }

  #skipBlanks(): void {
    while (this.#at < this.#end && isBlank(this.#source.charCodeAt(this.#at))) this.#at++;
  }

  #expect(c: number, what: string): void {
    if (this.#peek() !== c) throw this.#unexpected(what);
    this.#at++;
  }

  #unexpected(expected: string): Error {
    const got = String.fromCodePoint(this.#source.codePointAt(this.#at) ?? 0);
    return this.#error(`expected ${expected}, got ${got}`, "JSON_SYNTAX");
  }

  #error(message: string, code: string): Error {
    return metadataError(this.#source, code, message, { start: this.#at, end: this.#at + 1 });
  }

  #spanFrom(start: number): Span {
    return { start, end: this.#at };
  }
}

const QUOTE = 34;
const COMMA = 44;
const MINUS = 45;
const COLON = 58;
const OPEN_BRACKET = 91;
const BACKSLASH = 92;
const CLOSE_BRACKET = 93;
const OPEN_BRACE = 123;
const CLOSE_BRACE = 125;
const NUMBER = /-?(?:0|[1-9][0-9]*)(\.[0-9]+(?:[eE][+-]?[0-9]+)?|[eE][+-]?[0-9]+)?/y;
const WORDS: readonly (readonly [string, boolean | null])[] = [
  ["true", true],
  ["false", false],
  ["null", null],
];
const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  "\\": "\\",
  "/": "/",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
};

function isDigit(c: number): boolean {
  return c >= 48 && c <= 57;
}

/** JSON's blanks, and the NUL bytes that pad metadata. */
function isBlank(c: number): boolean {
  return c === 32 || c === 10 || c === 13 || c === 9 || c === 0;
}
