/**
 * The values of number literals, read as the LTTng 2.13.9 compiler reads them (filter-parser.ypp: sscanf with widths).
 */
import type { Word } from "../base/bits.ts";

/** A 64-bit constant in halves, both int32. */
export type Integer = Readonly<Word>;

const UNITS: ReadonlyMap<string, bigint> = new Map([
  ["ns", 1n],
  ["us", 1_000n],
  ["ms", 1_000_000n],
  ["s", 1_000_000_000n],
  ["min", 60_000_000_000n],
  ["h", 3_600_000_000_000n],
  ["B", 1n],
  ["KiB", 1n << 10n],
  ["MiB", 1n << 20n],
  ["GiB", 1n << 30n],
  ["TiB", 1n << 40n],
]);

/** What may stand behind a decimal number, for durations in ns and sizes in bytes. */
export const UNIT_NAMES: readonly string[] = [...UNITS.keys()];

/** The unit of a duration or size literal (`5ms`, `1.5s`, `64KiB`), if it has one. */
export function unitOf(text: string): string | undefined {
  const unit = /(?:ns|us|ms|s|min|h|B|[KMGT]iB)$/.exec(text)?.[0];
  return unit !== undefined && !/^0[xX]/.test(text) ? unit : undefined;
}

/**
 * The value of an integer literal, or what is wrong with it.
 *
 * Plain literals are read unsigned, saturate at 2^64 − 1 and are then taken as signed, so that
 * `18446744073709551615` is −1. C suffixes are ignored. Literals with a unit must fit as they are, and be whole: `0.5ms`, not `0.5ns`.
 */
export function integerValue(text: string): Integer | string {
  const unit = unitOf(text);
  if (unit !== undefined) return scaledValue(text, unit);
  if (/^0X/.test(text)) return "expected a small x in a hexadecimal integer";
  if (/^0[uUlL]/.test(text)) return "expected a plain 0, got a suffix, which LTTng refuses on 0";
  return halves(saturated(text));
}

/** A signed integer as a number, rounded beyond 2^53. */
export function numberOf({ hi, lo }: Integer): number {
  return hi * 2 ** 32 + (lo >>> 0);
}

/** Cut after the number of digits that LTTng's scanf width allows, then saturated. */
function saturated(text: string): bigint {
  const digits = (/^(?:0x[0-9a-fA-F]+|[0-9]+)/.exec(text)?.[0] ?? "0").replace(/^0x/, "");
  let value: bigint;
  if (text.startsWith("0x")) value = BigInt(`0x${digits.slice(0, 17)}`);
  else if (text.startsWith("0")) value = BigInt(`0o${digits.slice(1, 23) || "0"}`);
  else value = BigInt(digits.slice(0, 20));
  return value > MAX_UNSIGNED ? MAX_UNSIGNED : value;
}

function scaledValue(text: string, unit: string): Integer | string {
  const [digits = "", point = ""] = text.slice(0, -unit.length).split(".");
  if (digits.length > 1 && digits.startsWith("0"))
    return `expected a decimal number before ${unit}`;
  const fraction = point.replace(/0+$/, "");
  // 20 digits exceed 64 bits in any unit, and 40 behind the point are whole in none.
  if (digits.length > 20) return "expected a value below 2^63";
  if (fraction.length > 40) return notWhole(unit);
  const parts = BigInt(digits + fraction) * (UNITS.get(unit) ?? 1n);
  const scale = 10n ** BigInt(fraction.length);
  if (parts / scale > MAX_SIGNED) return "expected a value below 2^63";
  return parts % scale === 0n ? halves(parts / scale) : notWhole(unit);
}

function notWhole(unit: string): string {
  return `expected a whole number of ${unit.endsWith("B") ? "bytes" : "nanoseconds"}`;
}

const MAX_UNSIGNED = (1n << 64n) - 1n;
const MAX_SIGNED = (1n << 63n) - 1n;

function halves(value: bigint): Integer {
  return { hi: Number(BigInt.asIntN(32, value >> 32n)), lo: Number(BigInt.asIntN(32, value)) };
}

/** The value of a float literal, decimal or hexadecimal; infinity when it overflows. */
export function floatValue(text: string): number {
  const hex = /^0[xX]([0-9a-fA-F]*)\.?([0-9a-fA-F]*)(?:[pP]([+-]?[0-9]+))?/.exec(text);
  if (hex === null) return Number.parseFloat(text);
  const [, whole = "", fraction = "", exponent = "0"] = hex;
  // 32 digits hold any double with bits to spare; the rest only moves the point.
  const digits = (whole + fraction).replace(/^0+/, "");
  const kept = digits.slice(0, 32);
  const shift = 4 * (digits.length - kept.length - fraction.length) + Number(exponent);
  return scaleByPowerOfTwo(Number(BigInt(`0x${kept || "0"}`)), shift);
}

/** In steps, so that no intermediate power overflows where the product does not. */
function scaleByPowerOfTwo(mantissa: number, exponent: number): number {
  let value = mantissa;
  let left = Math.max(-5000, Math.min(5000, exponent));
  while (left !== 0 && value !== 0 && Number.isFinite(value)) {
    const part = Math.max(-500, Math.min(500, left));
    value *= 2 ** part;
    left -= part;
  }
  return value;
}
