/** TSDL text → tokens, one at a time; comments are skipped. */

import type { MetadataError } from "../base/errors.ts";
import { metadataError } from "./metadata-error.ts";

export type TokenKind = "word" | "integer" | "string" | "punctuation" | "end";

/** The text ended inside a declaration: not an error while metadata still grows. */
export class UnfinishedDeclaration extends Error {}

/**
 * Splits TSDL text into tokens (CTF 1.8.3 §C.1), one at a time. The current token stands in `kind`, `text` and `start`.
 *
 * Keywords are words: in TSDL they may also be field names after a dot and enumerator labels, so the parser decides.
 */
export class TsdlLexer {
  readonly source: string;
  kind: TokenKind = "end";
  /** Word or punctuation as written; strings decoded; integers as written. */
  text = "";
  /** Whether a string is a character constant: in single quotes. */
  isCharacter = false;
  /** Offset of the current token. */
  start: number;
  /** Offset after the current token. */
  end: number;

  constructor(source: string, from: number) {
    this.source = source;
    this.start = from;
    this.end = from;
    this.next();
  }

  /**
   * Moves to the next token. Blanks, words and integers are read here and not in functions of their own: so V8 leaves this one
   * whole and compiles it once, and not again inside each of its callers.
   */
  next(): void {
    const { source } = this;
    const { length } = source;
    let p = this.end;
    let c = source.charCodeAt(p);
    while (c === 32 || (c >= 9 && c <= 13) || c === 0 || c === 47) {
      const after = c === 47 ? skipComment(source, p) : p + 1;
      if (after === p) break;
      p = after;
      c = source.charCodeAt(p);
    }
    this.start = p;
    if (p >= length) {
      this.kind = "end";
      this.text = "";
      this.end = p;
      return;
    }
    let end = p + 1;
    if (c === 34 || c === 39) {
      this.#quoted(end, c);
      return;
    }
    if ((c >= 97 && c <= 122) || (c >= 65 && c <= 90) || c === 95 || (c >= 48 && c <= 57)) {
      this.kind = c >= 48 && c <= 57 ? "integer" : "word";
      let next = source.charCodeAt(end);
      while (
        (next >= 97 && next <= 122) ||
        next === 95 ||
        (next >= 48 && next <= 57) ||
        (next >= 65 && next <= 90)
      ) {
        end++;
        next = source.charCodeAt(end);
      }
      // `L"…"` and `L'…'` are strings with a prefix that means nothing here.
      if (c === 76 && end === p + 1 && (next === 34 || next === 39)) {
        this.#quoted(end + 1, next);
        return;
      }
    } else {
      this.kind = "punctuation";
      // Only these three begin longer ones.
      if (c === 46 || c === 58 || c === 45) end = p + punctuationLength(source, p);
    }
    this.text = source.slice(p, end);
    this.end = end;
    // A token at the end of what has come may go on in what is still to come, unless nothing can follow it.
    if (end === length && !/^[;{}()[\],<>=]$/.test(this.text)) throw new UnfinishedDeclaration();
  }

  /** Makes the token that begins at or after an offset the current one. */
  seek(offset: number): void {
    this.end = offset;
    this.next();
  }

  /** A typed error at the current token. */
  error(code: string, message: string): MetadataError {
    return metadataError(this.source, code, message, { start: this.start, end: this.end });
  }

  #quoted(from: number, quote: number): void {
    const { source } = this;
    let text = "";
    // Where the characters begin that stand for themselves.
    let plain = from;
    let p = from;
    while (p < source.length) {
      const c = source.charCodeAt(p);
      if (c === quote) {
        this.kind = "string";
        this.isCharacter = quote === 39;
        this.text = text + source.slice(plain, p);
        this.end = p + 1;
        return;
      }
      if (c === 0) {
        throw metadataError(source, "TSDL_STRING", "expected a string without NUL, got one", {
          start: p,
          end: p + 1,
        });
      }
      if (c === 92) {
        const decoded = readEscape(source, p);
        text += source.slice(plain, p) + decoded.text;
        p = decoded.end;
        plain = p;
      } else {
        p++;
      }
    }
    throw new UnfinishedDeclaration();
  }
}

/**
 * The value of a C integer literal: decimal, `0` octal, `0x` hexadecimal, with or without a suffix.
 * `undefined` if it is not one, or needs more than 64 bits.
 */
export function integerValue(text: string): bigint | undefined {
  const match =
    /^(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)(?:[uU]?(?:ll?|LL?)?|(?:ll?|LL?)[uU])$/.exec(text);
  const digits = match?.[1];
  if (digits === undefined) return undefined;
  const value = BigInt(/^0[0-7]+$/.test(digits) ? `0o${digits.slice(1)}` : digits);
  return value < 1n << 64n ? value : undefined;
}

/** Where a comment that begins at a slash ends; the slash itself, if it begins none. */
function skipComment(source: string, slash: number): number {
  const kind = source[slash + 1];
  if (kind !== "*" && kind !== "/") return slash;
  const mark = kind === "*" ? "*/" : "\n";
  const end = source.indexOf(mark, slash + 2);
  if (end === -1) throw new UnfinishedDeclaration();
  return end + mark.length;
}

function punctuationLength(source: string, p: number): number {
  if (source.startsWith("...", p)) return 3;
  if (source.startsWith(":=", p) || source.startsWith("->", p)) return 2;
  return 1;
}

const SIMPLE_ESCAPES: Readonly<Record<string, string>> = {
  n: "\n",
  t: "\t",
  r: "\r",
  a: "\x07",
  b: "\b",
  f: "\f",
  v: "\v",
  "\\": "\\",
  '"': '"',
  "'": "'",
  "?": "?",
};

function readEscape(source: string, backslash: number): { text: string; end: number } {
  const p = backslash + 1;
  const simple = SIMPLE_ESCAPES[source[p] ?? ""];
  if (simple !== undefined) return { text: simple, end: p + 1 };
  const numeric = /^(?:([0-7]{1,3})|x([0-9a-fA-F]{1,6})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))/.exec(
    source.slice(p, p + 9),
  );
  if (numeric === null) {
    if (p >= source.length) throw new UnfinishedDeclaration();
    throw metadataError(source, "TSDL_ESCAPE", `expected an escape sequence, got \\${source[p]}`, {
      start: backslash,
      end: p + 1,
    });
  }
  const [octal, ...hex] = numeric.slice(1);
  const code = octal ? Number.parseInt(octal, 8) : Number.parseInt(hex.find((h) => h) ?? "0", 16);
  return {
    text: code > 0x10ffff ? "\ufffd" : String.fromCodePoint(code),
    end: p + numeric[0].length,
  };
}
