const UNITS: readonly (readonly [number, string])[] = [
  [1e9, "G"],
  [1e6, "M"],
  [1e3, "k"],
];
const TIMES: readonly (readonly [number, string])[] = [
  [1e9, "s"],
  [1e6, "ms"],
  [1e3, "µs"],
];

/** A short number for an axis or a bar: `1.2 M`; nanoseconds, which intervals are measured in, as times. */
export function short(value: number, column: string): string {
  const isTime = /(^|_)(dt|latency|raise_dt)$/.test(column) && !/^(count|usage|rate)/.test(column);
  if (isTime) return scaled(value, TIMES, "ns");
  return scaled(value, UNITS, "") + (column.startsWith("usage") ? " %" : "");
}

function scaled(
  value: number,
  units: readonly (readonly [number, string])[],
  least: string,
): string {
  const unit = units.find(([factor]) => Math.abs(value) >= factor);
  const [factor, name] = unit ?? [1, least];
  const text = Number((value / factor).toPrecision(3)).toLocaleString("en-US");
  return name === "" ? text : `${text} ${name}`;
}

/** `1.2 MB`, of a count of something. */
export function scaledCount(value: number, unit: string): string {
  const text = scaled(value, UNITS, "");
  return /[kMG]$/.test(text) ? `${text}${unit}` : `${text} ${unit}`;
}

/** A value of a table: exact to three places. */
export function exact(value: number): string {
  return value.toLocaleString("en-US", { maximumFractionDigits: 3 });
}
