import { duration } from "./time.ts";

const UNITS: readonly (readonly [number, string])[] = [
  [1e9, "G"],
  [1e6, "M"],
  [1e3, "k"],
];

/** A short number for an axis or a bar, with the unit of its column: `1.2 M`, `9.46 s`, `61 %`. */
export function short(value: number, unit?: string): string {
  if (unit === "ns") return duration(value);
  return unit === undefined ? scaled(value) : `${scaled(value)} ${unit}`;
}

function scaled(value: number): string {
  const [factor, name] = UNITS.find(([least]) => Math.abs(value) >= least) ?? [1, ""];
  const text = Number((value / factor).toPrecision(3)).toLocaleString("en-US");
  return name === "" ? text : `${text} ${name}`;
}

/** `1.2 MB`, of a count of something. */
export function scaledCount(value: number, unit: string): string {
  const text = scaled(value);
  return /[kMG]$/.test(text) ? `${text}${unit}` : `${text} ${unit}`;
}

/** A value of a table: exact to three places. */
export function exact(value: number): string {
  return value.toLocaleString("en-US", { maximumFractionDigits: 3 });
}
