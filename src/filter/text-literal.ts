/**
 * String literals: glob class, escapes, and the forms that the comparisons of `glob.ts` use.
 *
 * `*` is the only wildcard; `\\` and `\*` are the only escapes. Everything is bytes of UTF-8.
 */

/** Decided on the literal as written, before runs of `*` are collapsed (lttng-tools string-utils.c). */
export type GlobClass = "plain" | "star-at-end" | "star";

/** A text constant of a program. */
export interface TextConstant {
  readonly globClass: GlobClass;
  /** Without quotes, runs of stars collapsed, escapes as written: what a star pattern is matched against. */
  readonly raw: Uint8Array;
  /** Escapes decoded, closing star of a star-at-end literal left off: what comparisons read. */
  readonly decoded: Uint8Array;
  /** A star pattern as byte values and `ANY_RUN`; empty for the other classes. */
  readonly pattern: Int16Array;
}

/** In a pattern: any run of bytes, even none. */
export const ANY_RUN = -1;

/** Quotes and an `L` off, raw newlines dropped (the flex rules of LTTng drop them too). */
export function unquoted(text: string): string {
  return text.slice(text.startsWith("L") ? 2 : 1, -1).replaceAll("\n", "");
}

/** Offset in `body` of a backslash that escapes nothing, or -1. Only `\\` and `\*` are escapes. */
export function badEscapeAt(body: string): number {
  for (let i = body.indexOf("\\"); i !== -1; i = body.indexOf("\\", i + 2)) {
    const next = body[i + 1];
    if (next !== "\\" && next !== "*") return i;
  }
  return -1;
}

export function globClassOf(body: string): GlobClass {
  for (let i = 0; i < body.length; i++) {
    if (body[i] === "\\") i++;
    else if (body[i] === "*") return i === body.length - 1 ? "star-at-end" : "star";
  }
  return "plain";
}

/** Runs of unescaped stars become one star: `sal***ut` → `sal*ut`. */
export function collapseStars(body: string): string {
  let collapsed = "";
  let afterStar = false;
  for (let i = 0; i < body.length; i++) {
    const char = body.charAt(i);
    if (char === "\\") {
      collapsed += char + body.charAt(++i);
      afterStar = false;
    } else {
      if (char !== "*" || !afterStar) collapsed += char;
      afterStar = char === "*";
    }
  }
  return collapsed;
}

/** The constant for a literal's body; its escapes have been checked. */
export function textConstant(body: string): TextConstant {
  const globClass = globClassOf(body);
  const raw = encoder.encode(collapseStars(body));
  const pattern = patternOf(raw);
  const decoded = Uint8Array.from(pattern.filter((code) => code !== ANY_RUN));
  return { globClass, raw, decoded, pattern: globClass === "star" ? pattern : NO_PATTERN };
}

/** A constant whose every byte stands for itself: an event name, a host name. */
export function plainText(value: string): TextConstant {
  const bytes = encoder.encode(value);
  return { globClass: "plain", raw: bytes, decoded: bytes, pattern: NO_PATTERN };
}

const encoder = new TextEncoder();
const NO_PATTERN = new Int16Array(0);
const BACKSLASH = 0x5c;
const STAR = 0x2a;

function patternOf(raw: Uint8Array): Int16Array {
  const codes: number[] = [];
  for (let i = 0; i < raw.length; i++) {
    const byte = raw[i]!;
    if (byte === BACKSLASH && i + 1 < raw.length) codes.push(raw[++i]!);
    else codes.push(byte === STAR ? ANY_RUN : byte);
  }
  return Int16Array.from(codes);
}
