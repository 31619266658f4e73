import { colorsFor } from "./colors.ts";

/** Rows below a head, in columns; `right` names those that are numbers, `below` what follows each row. */
export function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  right: readonly number[],
  below?: readonly string[],
): string {
  const colors = colorsFor(process.stdout);
  const widths = head.map((title, i) =>
    Math.max(title.length, ...rows.map((row) => (i === head.length - 1 ? 0 : row[i]!.length))),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => (right.includes(i) ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
      .join("  ")
      .trimEnd();
  const body = rows.map((row, i) => `  ${line(row)}\n${below?.[i] ?? ""}`);
  return `\n  ${colors.dim(line(head))}\n${body.join("")}`;
}
