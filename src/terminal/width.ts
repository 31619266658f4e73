/** How many columns of a terminal a text takes. */

import { masked } from "../base/printable.ts";

/** Ranges of code points that take two columns: East Asian wide and fullwidth ones, and pictures. */
const WIDE: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x231a, 0x231b],
  [0x2e80, 0x303e],
  [0x3041, 0xa4cf],
  [0xa960, 0xa97c],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe30, 0xfe6f],
  [0xff00, 0xff60],
  [0xffe0, 0xffe6],
  [0x1f300, 0x1f64f],
  [0x1f680, 0x1f6ff],
  [0x1f900, 0x1faff],
  [0x20000, 0x3fffd],
];
const COMBINING = /^\p{M}$/u;
const ASCII = /^[ -~]*$/;

/** Columns of one character: 0, 1 or 2. */
export function characterWidth(character: string): number {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x300) return 1;
  if (COMBINING.test(character)) return 0;
  return WIDE.some(([from, to]) => code >= from && code <= to) ? 2 : 1;
}

/** Columns of a text without control characters. */
export function textWidth(text: string): number {
  if (ASCII.test(text)) return text.length;
  let width = 0;
  for (const character of text) width += characterWidth(character);
  return width;
}

/**
 * The text in exactly so many columns: filled with blanks, or cut, with `…` as the last character. Control characters
 * are replaced.
 */
export function fitted(text: string, width: number, align: "left" | "right" = "left"): string {
  const safe = ASCII.test(text) ? text : masked(text);
  const taken = textWidth(safe);
  if (taken <= width) {
    const blanks = " ".repeat(width - taken);
    return align === "right" ? blanks + safe : safe + blanks;
  }
  if (width <= 0) return "";
  const head = beginning(safe, width - 1);
  return `${head}…${" ".repeat(width - 1 - textWidth(head))}`;
}

/** As much of the text as has room in so many columns. */
function beginning(text: string, width: number): string {
  if (ASCII.test(text)) return text.slice(0, width);
  let end = 0;
  let taken = 0;
  for (const character of text) {
    taken += characterWidth(character);
    if (taken > width) break;
    end += character.length;
  }
  return text.slice(0, end);
}
