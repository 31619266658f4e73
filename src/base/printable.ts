/**
 * Makes text from outside safe to print. Names of processes, files and containers may contain control characters, which move
 * the cursor, set colours, change the window title, reorder text, or forge lines of a log.
 *
 * Text without such characters is returned unchanged.
 */

/**
 * Cc: C0, DEL, C1 (terminals obey the 8-bit forms too). Cf: bidirectional controls, zero-width characters, tags.
 * Cs: lone surrogates. Zl, Zp: line and paragraph separators.
 */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;
const ALL_UNPRINTABLE = new RegExp(UNPRINTABLE, "gu");
const ALL_BUT_LINE_ENDS = /(?!\n)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/**
 * One line for a terminal or a log. Unprintable characters become escapes: `\n`, `\x1b`, `\u{202e}`.
 *
 * @param limit UTF-16 code units of the result; a longer one ends in `…`
 */
export function printable(text: string, limit: number = Number.POSITIVE_INFINITY): string {
  // An escape is longer than its character, so that the rest of the text cannot be part of the result.
  const considered = text.length > limit ? text.slice(0, limit + 1) : text;
  return cut(considered.replace(ALL_UNPRINTABLE, escapeOf), limit);
}

/** As `printable`, for text of several lines: keeps `\n`. */
export function printableLines(text: string, limit: number = Number.POSITIVE_INFINITY): string {
  const considered = text.length > limit ? text.slice(0, limit + 1) : text;
  return cut(considered.replace(ALL_BUT_LINE_ENDS, escapeOf), limit);
}

/** JSON on one line with every unprintable character escaped: safe to print, and the same value when parsed. */
export function printableJson(value: unknown): string {
  const text = JSON.stringify(value);
  // JSON has no `undefined` and no functions.
  if (typeof text !== "string") return "null";
  return text.replace(ALL_UNPRINTABLE, (character) =>
    // JSON escapes are UTF-16 code units.
    Array.from(
      { length: character.length },
      (_, i) => `\\u${hex(character.charCodeAt(i), 4)}`,
    ).join(""),
  );
}

/** Replaces each unprintable character by one `?`, so that columns stay the same. */
export function masked(text: string): string {
  return text.replaceAll(/[\p{C}\ufffd]/gu, "?");
}

const SHORT: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

function escapeOf(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return SHORT[character] ?? (code < 0x100 ? `\\x${hex(code, 2)}` : `\\u{${hex(code, 1)}}`);
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, "0");
}

/** Cuts at the limit, but not inside a surrogate pair. */
function cut(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const end = Math.max(0, limit - 1);
  const isBetweenHalves = /[\ud800-\udbff]/.test(text[end - 1] ?? "");
  return `${text.slice(0, isBetweenHalves ? end - 1 : end)}${limit > 0 ? "…" : ""}`;
}
