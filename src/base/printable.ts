/**
 * Text from outside, made safe to show. Whoever names a process, a file or a container can put control characters into the
 * name: they move the cursor, set colours, retitle the window, reorder what follows, or forge a line of a log.
 *
 * Every function here leaves text without such characters as it is.
 */

/**
 * Cc: C0, DEL, C1 (terminals obey the 8-bit forms too). Cf: bidirectional controls, zero-width characters, tags.
 * Cs: surrogates without their other half. Zl, Zp: line and paragraph separators.
 */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;
const ALL_UNPRINTABLE = new RegExp(UNPRINTABLE, "gu");
const ALL_BUT_LINE_ENDS = /(?!\n)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/**
 * One line for a terminal or a log: unprintable characters become visible escapes, `\n`, `\x1b` or `\u{202e}`.
 *
 * @param limit most UTF-16 code units of the result; what is longer ends in `…`
 */
export function printable(text: string, limit: number = Number.POSITIVE_INFINITY): string {
  // No escape is shorter than its character, so that what lies beyond the limit need not be looked at.
  const considered = text.length > limit ? text.slice(0, limit + 1) : text;
  return cut(considered.replace(ALL_UNPRINTABLE, escapeOf), limit);
}

/** As `printable`, for text of several lines: keeps `\n`. */
export function printableLines(text: string, limit: number = Number.POSITIVE_INFINITY): string {
  const considered = text.length > limit ? text.slice(0, limit + 1) : text;
  return cut(considered.replace(ALL_BUT_LINE_ENDS, escapeOf), limit);
}

/** JSON on one line, with escapes for every unprintable character: safe to show, and parsed to the same value. */
export function printableJson(value: unknown): string {
  const text = JSON.stringify(value);
  // `undefined` and functions have no JSON.
  if (typeof text !== "string") return "null";
  return text.replace(ALL_UNPRINTABLE, (character) =>
    // Beyond the first plane JSON needs both halves.
    Array.from(
      { length: character.length },
      (_, i) => `\\u${hex(character.charCodeAt(i), 4)}`,
    ).join(""),
  );
}

/** One `?` for each unprintable character, so that what stands below keeps its column. */
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

/** Ends before the limit, and not between the halves of a surrogate pair. */
function cut(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const end = Math.max(0, limit - 1);
  const isBetweenHalves = /[\ud800-\udbff]/.test(text[end - 1] ?? "");
  return `${text.slice(0, isBetweenHalves ? end - 1 : end)}${limit > 0 ? "…" : ""}`;
}
