/** Cells as text, as wide as a terminal has room for, and how hot they are. */

import type { Cell } from "../analyses/board.ts";
import type { CellUnit, ViewColumn } from "../analyses/view.ts";

const THOUSANDS: readonly (readonly [number, string])[] = [
  [1e9, "G"],
  [1e6, "M"],
  [1e3, "k"],
];
const BYTES: readonly (readonly [number, string])[] = [
  [2 ** 30, "G"],
  [2 ** 20, "M"],
  [2 ** 10, "K"],
];
const TIMES: readonly (readonly [number, string])[] = [
  [1e9, "s"],
  [1e6, "ms"],
  [1e3, "us"],
];

/** `12.5`, `3.2M`, `870us`; `-` where there is no value. */
export function cellText(cell: Cell, unit: CellUnit): string {
  if (cell === null) return "-";
  if (typeof cell === "string") return cell;
  switch (unit) {
    case "%":
      return cell.toFixed(cell >= 1000 ? 0 : 1);
    case "bytes":
    case "bytes/s":
      return scaled(cell, BYTES, "");
    case "ns":
      return scaled(cell, TIMES, "ns", 3);
    case "count":
    case "rate":
      // Four digits are read more easily than a `k`.
      if (Math.abs(cell) < MOST_PLAIN)
        return cell < 10 && cell > 0 ? cell.toFixed(1) : String(Math.round(cell));
      return scaled(cell, THOUSANDS, "");
    default:
      return String(cell);
  }
}

const MOST_PLAIN = 9999.5;

function scaled(
  value: number,
  scales: readonly (readonly [number, string])[],
  smallest: string,
  digits: number = 2,
): string {
  const scale = scales.find(([size]) => Math.abs(value) >= size);
  if (scale === undefined) return `${Math.round(value)}${smallest}`;
  const [size, name] = scale;
  const amount = value / size;
  const decimals =
    Math.abs(amount) >= 10 ** (digits - 1) ? (Math.abs(amount) >= 100 ? 0 : 1) : digits - 1;
  return `${amount.toFixed(decimals)}${name}`;
}

/** From 0, cold, to 1, hot; `undefined` where a column has no heat. */
export function heatOf(cell: Cell, { hot }: ViewColumn): number | undefined {
  if (hot === undefined || typeof cell !== "number") return undefined;
  return Math.max(0, Math.min(1, cell / hot));
}
