/** A double as C's `printf("%g")` writes it: six significant digits, trailing zeros dropped. */
export function formatG(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value < 0 ? "-inf" : "inf";
  if (value === 0) return Object.is(value, -0) ? "-0" : "0";
  const sign = value < 0 ? "-" : "";
  const size = Math.abs(value);
  const [mantissa = "", exponentText = ""] = size.toExponential(5).split("e");
  const exponent = Number(exponentText);
  let digits = mantissa.replace(".", "");
  // C rounds exact halves to the even digit, JavaScript away from zero.
  if (isTie(size) && Number(digits) % 2 === 1) digits = String(Number(digits) - 1);
  if (exponent >= 6 || exponent < -4) {
    const e = `e${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`;
    return `${sign}${withPoint(digits, 1)}${e}`;
  }
  if (exponent < 0) return `${sign}${withPoint("0".repeat(-exponent) + digits, 1)}`;
  return `${sign}${withPoint(digits, exponent + 1)}`;
}

/** Whether a value stands exactly between two of six digits: it has seven then, and the last is a five. */
function isTie(size: number): boolean {
  const match = /^(\d+)(?:\.(\d+))?$/.exec(size.toString());
  if (match === null) return false;
  const [, whole = "", decimals = ""] = match;
  // Decimals give the value exactly only where so many binary digits do.
  const isExact = Number.isInteger(size * 2 ** decimals.length);
  return isExact && /^0*[1-9]\d{5}50*$/.test(whole + decimals);
}

/** Digits with a point behind the first `whole` ones, without zeros at the end of the decimals. */
function withPoint(digits: string, whole: number): string {
  const decimals = digits.slice(whole).replace(/0+$/, "");
  return decimals === "" ? digits.slice(0, whole) : `${digits.slice(0, whole)}.${decimals}`;
}
