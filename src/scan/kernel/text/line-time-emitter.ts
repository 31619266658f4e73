/** The times of a line: of the day, and since the line before. */

import type { Code, Local } from "../../../wasm/code.ts";
import {
  add,
  divS64,
  divU64,
  eqz,
  geS64,
  i32Load,
  i64Load,
  int,
  long,
  ltS,
  mul64,
  ne64,
  select,
  sub64,
  tee,
  wrap,
} from "../../../wasm/expression.ts";
import { Memory, Op, ValueType } from "../../../wasm/opcodes.ts";
import { State } from "../memory/memory.ts";
import type { Unit } from "../scan/unit.ts";
import { copyLiteral, writeDecimal, writeNine } from "./text-helpers.ts";

const { i32, i64 } = ValueType;

const SECOND = 1_000_000_000n;
const POINT = ".".charCodeAt(0);
/** The host writes hours, minutes and seconds, with the colons between them. */
const CLOCK_CHARACTERS = 8;
/** Date, time and a point. */
const ISO_CHARACTERS = 20;
const UTC = "Z".charCodeAt(0);
const UNKNOWN_DELTA = new TextEncoder().encode("?.?????????");

export class LineTimeEmitter {
  readonly #unit: Unit;
  readonly #code: Code;
  readonly #out: Local;
  readonly #time: Local;
  readonly #second: Local;
  readonly #nanoseconds: Local;
  readonly #value: Local;

  /**
   * @param out local that holds the address of the next character
   * @param time local that holds the row's time, i64
   */
  constructor(unit: Unit, code: Code, out: Local, time: Local) {
    this.#unit = unit;
    this.#code = code;
    this.#out = out;
    this.#time = time;
    this.#second = code.local(i64);
    this.#nanoseconds = code.local(i32);
    this.#value = code.local(i64);
  }

  /** Seconds are rounded down. The part down to the second is made by the host once a second. */
  timeOfDay(): void {
    const code = this.#code;
    const { state } = this.#unit;
    const [out, nanoseconds] = [this.#out, this.#nanoseconds];
    this.#toSecond(State.clockSecond, State.clockText, 0);
    code.store(Memory.i64Store, out, i64Load(state, State.clockText));
    code.store(Memory.i32Store8, out, int(POINT), CLOCK_CHARACTERS);
    code.assign(out, this.#unit.call(writeNine, add(out, int(CLOCK_CHARACTERS + 1)), nanoseconds));
  }

  /** `2026-11-22T08:55:45.115442425Z` */
  iso(): void {
    const code = this.#code;
    const { state } = this.#unit;
    const [out, nanoseconds] = [this.#out, this.#nanoseconds];
    this.#toSecond(State.isoSecond, State.isoText, 1);
    for (const at of [0, 8])
      code.store(Memory.i64Store, out, i64Load(state, State.isoText + at), at);
    code.store(Memory.i32Store, out, i32Load(state, State.isoText + 16), 16);
    code.assign(out, this.#unit.call(writeNine, add(out, int(ISO_CHARACTERS)), nanoseconds));
    code.store(Memory.i32Store8, out, int(UTC));
    code.increase(out, 1);
  }

  /** Splits the time; what is known at `known` of its second is at `text` then. */
  #toSecond(known: number, text: number, isIso: number): void {
    const code = this.#code;
    const { state } = this.#unit;
    const [second, nanoseconds] = [this.#second, this.#nanoseconds];
    code.assign(second, divS64(this.#time, long(SECOND)));
    const rest = wrap(sub64(this.#time, mul64(second, long(SECOND))));
    code.when(ltS(tee(nanoseconds, rest), int(0)), () => {
      code.increase(nanoseconds, Number(SECOND));
      code.assign(second, sub64(second, long(1n)));
    });
    code.when(ne64(second, i64Load(state, known)), () => {
      code.store(Memory.i64Store, state, second, known);
      code
        .get(second)
        .op(Op.f64ConvertI64S)
        .push(add(state, int(text)))
        .i32(isIso);
      code.call(this.#unit.clockFunction);
    });
  }

  delta(): void {
    const code = this.#code;
    const { state } = this.#unit;
    const [out, time, second, value] = [this.#out, this.#time, this.#second, this.#value];
    const unknown = this.#unit.literal(UNKNOWN_DELTA);
    code.when(
      eqz(i32Load(state, State.hasLineTime)),
      () => {
        const length = int(UNKNOWN_DELTA.length);
        code.assign(out, this.#unit.call(copyLiteral, out, unknown, length));
      },
      () => {
        code.assign(value, i64Load(state, State.lineTime));
        // A late row is older than the one before it: no time has passed.
        code.assign(value, select(sub64(time, value), long(0n), geS64(time, value)));
        const seconds = tee(second, divU64(value, long(SECOND)));
        const behind = tee(out, this.#unit.call(writeDecimal, out, seconds, int(0)));
        code.store(Memory.i32Store8, behind, int(POINT));
        const nanoseconds = wrap(sub64(value, mul64(second, long(SECOND))));
        code.assign(out, this.#unit.call(writeNine, add(out, int(1)), nanoseconds));
      },
    );
  }
}
