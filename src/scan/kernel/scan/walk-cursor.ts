/**
 * Where a walk is: a base, a local variable in bits, plus a constant. A new base appears only where the size of what came
 * before is not known, or its alignment.
 */

import type { Code, Expression, Local } from "../../../wasm/code.ts";
import { add, and, byteOf, gtU, i32Load, int } from "../../../wasm/expression.ts";
import { ValueType } from "../../../wasm/opcodes.ts";
import { SLACK_BYTES, State } from "../memory/memory.ts";
import type { FieldReader } from "./field-reader.ts";
import type { Position } from "./position.ts";
import { Status } from "./status.ts";
import type { Unit } from "./unit.ts";

/** No field of an acceptable packet lies further than this from a base. */
const MAX_BITS = 2 ** 29;
/** Reads so far behind the content's end still hit the slack. */
const MAX_UNCHECKED_BITS = (SLACK_BYTES - 1024) * 8;

export class WalkCursor {
  readonly #unit: Unit;
  readonly #code: Code;
  readonly #input: Local;
  readonly #reader: FieldReader;
  #base: Local;
  #byteBase: Local | undefined;
  #offset = 0;
  /** The base is a multiple of this many bits. */
  #align = 1;
  /** Bits that may lie behind the content's end already, since the last check. */
  unchecked = 0;

  /** @param start local that holds the first bit */
  constructor(unit: Unit, code: Code, input: Local, reader: FieldReader, start: Local) {
    this.#unit = unit;
    this.#code = code;
    this.#input = input;
    this.#reader = reader;
    this.#base = start;
  }

  get position(): Position {
    return { base: this.#base, byteBase: this.#byteBase, offset: this.#offset };
  }

  /** The position, in bits. */
  get bit(): Expression {
    return this.#reader.bit(this.position);
  }

  get isOnByte(): boolean {
    return this.#align >= 8 && this.#offset % 8 === 0;
  }

  alignTo(align: number): void {
    if (align > this.#align) this.newBase(and(add(this.bit, int(align - 1)), int(-align)), align);
    else if (align > 1) this.#offset = Math.ceil(this.#offset / align) * align;
  }

  advance(bits: number): void {
    this.#offset += bits;
    this.unchecked += bits;
    if (this.unchecked <= MAX_UNCHECKED_BITS) return;
    if (this.#offset > MAX_BITS) {
      // Nothing that large fits a packet, and positions must not wrap.
      this.#code.answer(int(Status.error));
      this.#offset = 0;
    } else {
      this.checkBounds(0);
    }
    this.unchecked = 0;
  }

  /** Emits a check that so many bits from here on lie in the packet's content. */
  checkBounds(bits: number): void {
    const code = this.#code;
    const end = i32Load(this.#unit.state, State.end);
    code.when(gtU(add(this.bit, int(bits)), end), () => code.answer(int(Status.error)));
  }

  /** Makes the current position a base of its own, on a byte border, and gives its address. */
  materialize(): Local {
    if (this.#byteBase === undefined || this.#offset > 0) this.newBase(this.bit, 8);
    return this.#byteBase!;
  }

  /** Goes on at a bit, which is a multiple of `align`. */
  newBase(bit: Expression, align: number): void {
    const code = this.#code.push(bit);
    const base = code.local(ValueType.i32);
    code.set(base);
    this.enter(base, align);
  }

  /** Goes on at a bit that stands in a local already. */
  enter(base: Local, align = 1): void {
    const code = this.#code;
    this.#base = base;
    this.#offset = 0;
    this.#align = align;
    this.#byteBase = undefined;
    if (align < 8) return;
    this.#byteBase = code.local(ValueType.i32);
    code.assign(this.#byteBase, add(this.#input, byteOf(base)));
  }

  /** What an option of a variant may rely on where it begins: 8, or 1. */
  get borderOfOptions(): 1 | 8 {
    return this.#offset % 8 === 0 && this.#align >= 8 ? 8 : 1;
  }
}
