/** What a screen shows: lines of spans with a style, independent of what is on the terminal now. */

import { fitted, textWidth } from "./width.ts";

/** How a text looks. */
export interface Style {
  readonly isBold?: boolean;
  readonly isDim?: boolean;
  readonly isReversed?: boolean;
  readonly isUnderlined?: boolean;
  readonly color?: "red" | "green" | "yellow" | "blue" | "magenta" | "cyan";
}

export interface TextSpan {
  readonly text: string;
  readonly style: Style;
}

export type Line = readonly TextSpan[];

export interface ScreenSize {
  readonly columns: number;
  readonly rows: number;
}

export interface Frame {
  readonly size: ScreenSize;
  /** At most as many as the size has rows. */
  readonly lines: readonly Line[];
  /** Where the cursor is shown, from 0; hidden without it. */
  readonly cursor?: { readonly column: number; readonly row: number } | undefined;
}

export const PLAIN: Style = {};

export function span(text: string, style: Style = PLAIN): TextSpan {
  return { text, style };
}

const COLORS = { red: 31, green: 32, yellow: 33, blue: 34, magenta: 35, cyan: 36 } as const;

/** The escape sequence of a style; empty for plain text. Without colours, only weight and reversal remain. */
function sequence(style: Style, hasColors: boolean): string {
  const codes = [
    ...(style.isBold ? [1] : []),
    ...(style.isDim ? [2] : []),
    ...(style.isUnderlined ? [4] : []),
    ...(style.isReversed ? [7] : []),
    ...(style.color !== undefined && hasColors ? [COLORS[style.color]] : []),
  ];
  return codes.length === 0 ? "" : `\x1b[${codes.join(";")}m`;
}

/** A line as text and escape sequences, in at most so many columns, with its style ended behind it. */
export function encodeLine(line: Line, columns: number, hasColors: boolean): string {
  let left = columns;
  let text = "";
  for (const { text: part, style } of line) {
    const cut = fitted(part, Math.min(textWidth(part), left));
    if (cut === "") continue;
    left -= textWidth(cut);
    const on = sequence(style, hasColors);
    text += on === "" ? cut : `${on}${cut}\x1b[0m`;
  }
  return text;
}
