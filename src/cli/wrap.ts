/** Lines that fit a terminal: longer ones go on, indented, in the next line. */

import { stripVTControlCharacters } from "node:util";

/** How much deeper a line goes on than it begins. */
const INDENT = 4;
/** Too narrow a terminal wraps by itself. */
const LEAST_WIDTH = 20;

/** The width that output to stdout has to fit; none where it goes to no terminal. */
export function terminalWidth(): number | undefined {
  if (process.stdout.isTTY !== true) return undefined;
  return process.stdout.columns || 80;
}

/** Breaks lines at blanks, so that each fits a width in characters. Escape sequences take no room. */
export function wrapped(text: string, width: number | undefined): string {
  if (width === undefined || width < LEAST_WIDTH) return text;
  return text
    .split("\n")
    .map((line) => (line.length > width ? wrappedLine(line, width) : line))
    .join("\n");
}

function wrappedLine(line: string, width: number): string {
  if (widthOf(line) <= width) return line;
  const start = /^ */.exec(line)![0];
  const indent = " ".repeat(Math.min(start.length + INDENT, width / 2));
  const lines: string[] = [];
  let current = start;
  let used = start.length;
  let isEmpty = true;
  for (const [, blanks = "", word = ""] of line.slice(start.length).matchAll(/( *)([^ ]+)/g)) {
    const length = widthOf(word);
    if (!isEmpty && used + blanks.length + length > width) {
      lines.push(current);
      current = indent + word;
      used = indent.length + length;
    } else {
      current += blanks + word;
      used += blanks.length + length;
    }
    isEmpty = false;
  }
  return [...lines, current].join("\n");
}

function widthOf(text: string): number {
  return stripVTControlCharacters(text).length;
}
