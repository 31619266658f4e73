/** Numbers with their units, short enough for a table. */

const TIMES: readonly (readonly [number, string])[] = [
  [1e9, "s"],
  [1e6, "ms"],
  [1e3, "us"],
];
const SIZES: readonly (readonly [number, string])[] = [
  [2 ** 30, "GiB"],
  [2 ** 20, "MiB"],
  [2 ** 10, "KiB"],
];

/** `12.3 ms`, `4.0 KiB`, `98.7`, `1234567` */
export function quantity(value: number | bigint, unit: string | undefined): string {
  const number = Number(value);
  switch (unit) {
    case "ns":
      return scaled(number, TIMES, "ns");
    case "bytes":
    case "bytes/s":
      return scaled(number, SIZES, "B");
    case "%":
    case "/s":
      return number.toFixed(2);
    default:
      if (typeof value === "bigint" || Number.isInteger(number)) return String(value);
      return Math.abs(number) >= 1e15 || Math.abs(number) < 1e-3
        ? number.toExponential(3)
        : String(Number(number.toPrecision(6)));
  }
}

function scaled(
  value: number,
  scales: readonly (readonly [number, string])[],
  smallest: string,
): string {
  const scale = scales.find(([size]) => Math.abs(value) >= size);
  if (scale === undefined) return `${Number(value.toPrecision(4))} ${smallest}`;
  const [size, name] = scale;
  return `${(value / size).toPrecision(4)} ${name}`;
}
