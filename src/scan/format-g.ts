/** A double as C's `printf("%g")` writes it: six significant digits, trailing zeros dropped. */
export function formatG(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value < 0 ? "-inf" : "inf";
  if (value === 0) return Object.is(value, -0) ? "-0" : "0";
  // JavaScript and C agree on fixed notation from 10^-4 to 10^6, where nearly all values lie.
  const text = value.toPrecision(6);
  const size = Math.abs(value);
  if (size >= 1e-4 && !text.includes("e")) return withoutTrailingZeros(text);
  const [mantissa = "0", exponentText = "0"] = value.toExponential(5).split("e");
  const exponent = Number(exponentText);
  if (exponent === -4) return withoutTrailingZeros(value.toFixed(9));
  const digits = String(Math.abs(exponent)).padStart(2, "0");
  return `${withoutTrailingZeros(mantissa)}e${exponent < 0 ? "-" : "+"}${digits}`;
}

function withoutTrailingZeros(digits: string): string {
  if (!digits.includes(".")) return digits;
  let end = digits.length;
  while (digits.charCodeAt(end - 1) === 48) end--;
  return digits.slice(0, digits.charCodeAt(end - 1) === 46 ? end - 1 : end);
}
