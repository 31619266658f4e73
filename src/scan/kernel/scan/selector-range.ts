import type { Code, Local } from "../../../wasm/code.ts";
import { eq64, geS64, geU64, int, leS64, leU64, long } from "../../../wasm/expression.ts";
import { Op } from "../../../wasm/opcodes.ts";
import type { SelectorRange } from "../../walk.ts";

/** Leaves 1 on the stack if a variant's selector, an i64, lies within one of some ranges. */
export function pushIsWithinAny(
  code: Code,
  selector: Local,
  ranges: readonly SelectorRange[],
  signed: boolean,
): void {
  for (const [i, range] of ranges.entries()) {
    pushIsWithin(code, selector, range, signed);
    if (i > 0) code.op(Op.i32Or);
  }
}

function pushIsWithin(code: Code, selector: Local, range: SelectorRange, signed: boolean): void {
  const low = range.exact?.low ?? BigInt(range.low);
  const high = range.exact?.high ?? BigInt(range.high);
  if (low === high) {
    code.push(eq64(selector, long(low)));
    return;
  }
  // What no value of the selector's type can reach is cut off.
  const [least, most] = signed ? [-(1n << 63n), (1n << 63n) - 1n] : [0n, (1n << 64n) - 1n];
  if (high < least || low > most) {
    code.push(int(0));
    return;
  }
  const [notLess, notMore] = signed ? [geS64, leS64] : [geU64, leU64];
  code.push(notLess(selector, long(low < least ? least : low)));
  code.push(notMore(selector, long(high > most ? most : high)));
  code.op(Op.i32And);
}
