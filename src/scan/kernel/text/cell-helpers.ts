/** Functions that look at texts and write them as cells of JSON and CSV. */

import {
  add,
  and,
  eq,
  geU,
  i32Load8U,
  i64Load,
  int,
  ltU,
  ne,
  or,
  sub,
  tee,
} from "../../../wasm/expression.ts";
import { Memory, Op, ValueType } from "../../../wasm/opcodes.ts";
import type { Helper } from "../scan/unit.ts";
import { copyLiteral } from "./text-helpers.ts";

const { i32 } = ValueType;

const QUOTE = 34;
const BACKSLASH = 92;
const COMMA = 44;
const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;
const HIGH_BITS = 0x8080_8080_8080_8080n;

/** (text, length) → whether all bytes are ASCII. */
export const isAscii: Helper = {
  type: { parameters: [i32, i32], results: [i32] },
  body(unit) {
    const code = unit.code(2);
    const [at, length] = [0, 1];
    const end = code.local(i32);
    code.assign(end, add(at, length));
    code.until(ltU(sub(end, at), int(8)), () => {
      code.push(i64Load(at)).i64(HIGH_BITS).op(Op.i64And, Op.i64Eqz, Op.i32Eqz);
      code.if(() => code.answer(int(0)));
      code.increase(at, 8);
    });
    code.until(geU(at, end), () => {
      code.when(geU(i32Load8U(at), int(0x80)), () => code.answer(int(0)));
      code.increase(at, 1);
    });
    return code.i32(1).body();
  },
};

/** (text, length) → whether it stands between quotes in JSON as it is: printable ASCII without quotes and backslashes. */
export const isPlainInJson: Helper = {
  type: { parameters: [i32, i32], results: [i32] },
  body(unit) {
    const code = unit.code(2);
    const [at, length] = [0, 1];
    const end = code.local(i32);
    const byte = code.local(i32);
    code.assign(end, add(at, length));
    code.until(geU(at, end), () => {
      const isPrintable = ltU(sub(tee(byte, i32Load8U(at)), int(32)), int(95));
      const isOwn = and(ne(byte, int(QUOTE)), ne(byte, int(BACKSLASH)));
      code.when(
        and(isPrintable, isOwn),
        () => code.increase(at, 1),
        () => code.answer(int(0)),
      );
    });
    return code.i32(1).body();
  },
};

/**
 * (out, text, length) → address behind the field of CSV: quoted where a comma, quote or line break is inside. One byte more
 * may be written.
 */
export const writeCsvField: Helper = {
  type: { parameters: [i32, i32, i32], results: [i32] },
  body(unit) {
    const code = unit.code(3);
    const [out, text, length] = [0, 1, 2];
    const end = code.local(i32);
    const at = code.local(i32);
    const byte = code.local(i32);
    code.assign(end, add(text, length));
    code.assign(at, (code) => code.get(text));
    code.block((needsQuotes) => {
      code.until(geU(at, end), () => {
        code.when(ltU(tee(byte, i32Load8U(at)), int(COMMA + 1)), () => {
          const isQuoteOrComma = or(eq(byte, int(QUOTE)), eq(byte, int(COMMA)));
          const isBreak = or(eq(byte, int(LINE_FEED)), eq(byte, int(CARRIAGE_RETURN)));
          code.push(or(isQuoteOrComma, isBreak)).brIf(needsQuotes);
        });
        code.increase(at, 1);
      });
      code.answer(unit.call(copyLiteral, out, text, length));
    });
    const quote = (): void => {
      code.store(Memory.i32Store8, out, int(QUOTE));
      code.increase(out, 1);
    };
    quote();
    code.until(geU(text, end), () => {
      // Behind each byte stands a quote, which the next byte writes over unless it doubles one.
      code.store(Memory.i32Store8, out, tee(byte, i32Load8U(text)));
      code.store(Memory.i32Store8, out, int(QUOTE), 1);
      code.assign(out, add(add(out, int(1)), eq(byte, int(QUOTE))));
      code.increase(text, 1);
    });
    quote();
    return code.get(out).body();
  },
};
