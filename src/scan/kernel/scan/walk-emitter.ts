/** Walk steps → code that leads through a record, checks that it lies in the packet, and finds the wanted fields. */

import { MAX_LEB128_BYTES } from "../../../ctf/read-field.ts";
import type { Code, Expression, Local } from "../../../wasm/code.ts";
import {
  add,
  and,
  byteOf,
  eq,
  eqz,
  extendS,
  extendU,
  geU,
  gtS64,
  gtU,
  gtU64,
  i32Load,
  i64Load,
  int,
  long,
  ltU,
  mul,
  mul64,
  or,
  select,
  shl,
  shl64,
  sub,
  sub64,
  tee,
  wrap,
} from "../../../wasm/expression.ts";
import { Memory, Op, ValueType } from "../../../wasm/opcodes.ts";
import { Hook, type Step, Op as StepOp, type Walk } from "../../walk.ts";
import { State } from "../memory/memory.ts";
import { findZeroUnit, leb128Length } from "./field-helpers.ts";
import { FieldReader } from "./field-reader.ts";
import { findZero } from "./helpers.ts";
import { NotCompilable } from "./not-compilable.ts";
import type { Length, Location } from "./position.ts";
import { pushIsWithinAny } from "./selector-range.ts";
import { Status } from "./status.ts";
import { slotOffset, type Unit } from "./unit.ts";
import { WalkCursor } from "./walk-cursor.ts";

const { i32, i64 } = ValueType;

/** Where hooks put what they read, from the stack. */
export interface HookSink {
  clock(): void;
  eventId(): void;
}

/** A step of one kind. */
type Of<Name extends keyof typeof StepOp> = Step & { readonly op: (typeof StepOp)[Name] };

/** Emits one function's walk. */
export class WalkEmitter {
  readonly locations: Map<number, Location> = new Map();
  readonly reader: FieldReader;
  readonly #cursor: WalkCursor;
  readonly #unit: Unit;
  readonly #code: Code;
  readonly #input: Local;
  readonly #hooks: HookSink;
  /** Locations inside options, set before the walk to -1. */
  readonly #optional = new Map<number, { readonly bit: Local; readonly length: Local }>();

  /**
   * @param input local that holds the packet's address
   * @param start local that holds the first bit
   */
  constructor(unit: Unit, code: Code, input: Local, start: Local, hooks: HookSink) {
    this.#unit = unit;
    this.#code = code;
    this.#input = input;
    this.#hooks = hooks;
    this.reader = new FieldReader(unit, input);
    this.#cursor = new WalkCursor(unit, code, input, this.reader, start);
  }

  /** Declares locations that options may leave out; before `walk`. */
  declareOptional(locations: readonly number[]): void {
    const code = this.#code;
    for (const location of locations) {
      const bit = code.local(i32);
      const length = code.local(i32);
      code.assign(bit, int(-1));
      this.#optional.set(location, { bit, length });
      const position = { base: bit, byteBase: undefined, offset: 0 };
      this.locations.set(location, {
        position,
        isOptional: true,
        length: { kind: "known", local: length },
      });
    }
  }

  walk(walk: Walk): void {
    for (const step of walk) this.#step(step);
  }

  /** Where the walk has come to, in bits. */
  get bit(): Expression {
    return this.#cursor.bit;
  }

  #step(step: Step): void {
    switch (step.op) {
      case StepOp.fixed:
        this.#begin(step.align, step.location);
        this.#cursor.advance(step.bits);
        break;
      case StepOp.integer:
        this.#integer(step);
        break;
      case StepOp.leb128:
        this.#leb128(step);
        break;
      case StepOp.string:
        this.#string(step);
        break;
      case StepOp.text:
        this.#text(step);
        break;
      case StepOp.array:
        this.#array(step);
        break;
      case StepOp.variant:
        this.#variant(step);
        break;
      case StepOp.locate:
        this.#begin(step.align, step.location);
        break;
      case StepOp.order:
        throw new NotCompilable("byte orders that meet inside a byte");
    }
  }

  #begin(align: number, location: number): void {
    this.#cursor.alignTo(align);
    if (location !== -1) this.#locate(location, undefined);
  }

  #integer(step: Of<"integer">): void {
    this.#begin(step.align, step.location);
    const mask = step.bits < 64 ? long((1n << BigInt(step.bits)) - 1n) : undefined;
    this.#take(step, mask);
    this.#cursor.advance(step.bits);
  }

  #leb128(step: Of<"leb128">): void {
    const code = this.#code;
    const cursor = this.#cursor;
    this.#begin(8, -1);
    const start = cursor.materialize();
    const length = code.local(i32);
    const signed = int(step.layout.signed ? 1 : 0);
    const found = this.#unit.call(leb128Length, start, this.#endAddress(), signed);
    code.when(eqz(tee(length, found)), () => this.#fail());
    cursor.unchecked = 0;
    if (step.location !== -1) this.#locate(step.location, undefined);
    this.#take(step, (code) => {
      // (1 << 7 * length) - 1, all ones from ten bytes on
      const bits = code.local(i64);
      code.assign(bits, extendU(mul(length, int(7))));
      const mask = sub64(shl64(long(1n), bits), long(1n));
      return code.push(select(mask, long(-1n), ltU(length, int(MAX_LEB128_BYTES))));
    });
    cursor.newBase(add(cursor.bit, shl(length, int(3))), 8);
  }

  /**
   * Reads an integer's value for its slot, the clock or the event id.
   * @param mask the bits that a clock value has; `undefined` if it has all 64
   */
  #take({ slot, hook, layout }: Of<"integer"> | Of<"leb128">, mask: Expression | undefined): void {
    const code = this.#code;
    const field = this.reader.field(this.#cursor.position, layout);
    const value = slot === -1 ? undefined : code.local(i64);
    if (value !== undefined) {
      code.store(Memory.i64Store, this.#unit.slots, tee(value, field), slotOffset(slot));
    }
    if (hook === Hook.none) return;
    code.push(value ?? field);
    if (hook === Hook.eventId) {
      this.#hooks.eventId();
      return;
    }
    this.#updateClock(mask);
    this.#hooks.clock();
  }

  /** clock += (value - clock) & mask: the least value not before the clock whose low bits are those read. */
  #updateClock(mask: Expression | undefined): void {
    const code = this.#code;
    const value = code.local(i64);
    code.set(value);
    const clock = i64Load(this.#unit.state, State.clock);
    if (mask === undefined) code.get(value);
    else code.push(mask).push(sub64(value, clock)).op(Op.i64And).push(clock).op(Op.i64Add);
  }

  /** The address behind the content's last whole byte. */
  #endAddress(): Expression {
    return add(this.#input, byteOf(i32Load(this.#unit.state, State.end)));
  }

  #string({ location, unit }: Of<"string">): void {
    const code = this.#code;
    const cursor = this.#cursor;
    this.#begin(8, -1);
    const start = cursor.materialize();
    const from = code.local(i32);
    const zero = code.local(i32);
    const end = code.local(i32);
    // Whole bytes of the content; a string that begins behind it must not look further back.
    const found =
      unit === 1
        ? this.#unit.call(findZero, tee(from, start), tee(end, this.#endAddress()))
        : this.#unit.call(findZeroUnit, tee(from, start), tee(end, this.#endAddress()), int(unit));
    code.when(geU(tee(zero, found), end), () => this.#fail());
    if (location !== -1) {
      const length = code.local(i32);
      code.assign(length, sub(zero, from));
      this.#locate(location, { kind: "known", local: length });
    }
    cursor.unchecked = 0;
    cursor.newBase(shl(sub(add(zero, int(unit)), this.#input), int(3)), 8);
  }

  #text(step: Of<"text">): void {
    const code = this.#code;
    const cursor = this.#cursor;
    this.#begin(8, -1);
    if (step.slot === -1) {
      if (step.unit > 1 && step.count % step.unit !== 0) {
        const count = code.local(i32);
        code.assign(count, int(step.count));
        cursor.checkBounds(step.count * 8);
        this.#checkUnits(count, step.unit);
      }
      if (step.location !== -1)
        this.#locate(step.location, { kind: "within", capacity: undefined, count: step.count });
      cursor.advance(step.count * 8);
      return;
    }
    const count = this.#count(step.slot, 8);
    if (step.unit > 1) this.#checkUnits(count, step.unit);
    if (step.location !== -1)
      this.#locate(step.location, { kind: "within", capacity: count, count: 0 });
    cursor.newBase(add(cursor.bit, shl(count, int(3))), 8);
  }

  /** A text that ends inside a code unit of 2 or 4 bytes must have a NUL before. */
  #checkUnits(count: Local, unit: number): void {
    const code = this.#code;
    const from = code.local(i32);
    const end = code.local(i32);
    code.when(and(count, int(unit - 1)), () => {
      const start = tee(from, this.reader.address(this.#cursor.position));
      const zero = this.#unit.call(findZeroUnit, start, tee(end, add(from, count)), int(unit));
      code.when(geU(zero, end), () => this.#fail());
    });
  }

  #array(step: Of<"array">): void {
    const code = this.#code;
    const cursor = this.#cursor;
    this.#begin(step.align, -1);
    const { element, strideBits, elementBits } = step;
    if (element === undefined && step.slot === -1) {
      const count = code.local(i32);
      if (step.location !== -1) {
        code.assign(count, int(step.count));
        this.#locate(step.location, { kind: "known", local: count });
      }
      if (step.count > 0) cursor.advance(strideBits * (step.count - 1) + elementBits);
      return;
    }
    const count = step.slot === -1 ? code.local(i32) : this.#count(step.slot, elementBits);
    if (step.slot === -1) code.assign(count, int(step.count));
    if (step.location !== -1) this.#locate(step.location, { kind: "known", local: count });
    if (element !== undefined) {
      this.#elements(element, count);
      return;
    }
    const isByteWise = cursor.isOnByte && strideBits % 8 === 0 && elementBits % 8 === 0;
    // Without elements nothing is taken, not even what lies between them.
    const bits = add(mul(count, int(strideBits)), int(elementBits - strideBits));
    cursor.newBase(add(cursor.bit, select(bits, int(0), count)), isByteWise ? 8 : 1);
  }

  /** Elements whose size is not fixed, one after the other. */
  #elements(element: Walk, count: Local): void {
    const code = this.#code;
    const cursor = code.local(i32);
    const left = code.local(i32);
    const before = code.local(i32);
    code.assign(cursor, this.#cursor.bit).assign(left, count);
    code.until(eqz(left), (done) => {
      code.assign(before, cursor);
      this.#cursor.enter(cursor);
      this.walk(element);
      const end = i32Load(this.#unit.state, State.end);
      code.when(gtU(tee(cursor, this.#cursor.bit), end), () => this.#fail());
      // Elements of no size could be counted for ever.
      code.push(eq(cursor, before)).brIf(done);
      code.assign(left, sub(left, int(1)));
    });
    this.#cursor.enter(cursor);
  }

  #variant(step: Of<"variant">): void {
    const code = this.#code;
    const cursor = this.#cursor;
    const start = code.local(i32);
    const after = code.local(i32);
    const selector = code.local(i64);
    const begin = cursor.borderOfOptions;
    code.assign(start, cursor.bit);
    code.assign(selector, this.#slot(step.slot));
    let endAlign = 8;
    const { unchecked } = cursor;
    let worst = unchecked;
    code.block((chosen) => {
      for (const { ranges, walk } of step.options) {
        if (ranges.length === 0) continue;
        pushIsWithinAny(code, selector, ranges, step.signed);
        code.if(() => {
          cursor.enter(start, begin);
          this.walk(walk);
          code.assign(after, cursor.bit);
          if (!cursor.isOnByte) endAlign = 1;
          worst = Math.max(worst, cursor.unchecked);
          cursor.unchecked = unchecked;
          code.br(chosen);
        });
      }
      if (step.isOptional) {
        code.assign(after, start);
        if (begin === 1) endAlign = 1;
      } else {
        this.#fail();
      }
    });
    cursor.unchecked = worst;
    cursor.newBase((code) => code.get(after), endAlign);
  }

  /** An element count from a slot, refused where the content left cannot hold it. */
  #count(slot: number, elementBits: number): Local {
    const code = this.#code;
    const count = code.local(i32);
    const wide = code.local(i64);
    const isHuge = gtU64(tee(wide, this.#slot(slot)), long(0xffff_ffffn));
    // count * elementBits > end - position, or the position is behind the end already
    const left = extendS(sub(i32Load(this.#unit.state, State.end), this.#cursor.bit));
    const isBeyond = gtS64(mul64(wide, long(BigInt(elementBits))), left);
    code.when(or(isHuge, isBeyond), () => this.#fail());
    code.assign(count, wrap(wide));
    return count;
  }

  #locate(location: number, length: Length | undefined): void {
    const cursor = this.#cursor;
    const optional = this.#optional.get(location);
    const found: Location = { position: cursor.position, isOptional: false, length };
    if (optional === undefined) {
      this.locations.set(location, found);
      return;
    }
    const code = this.#code;
    code.assign(optional.bit, cursor.bit);
    if (length === undefined) return;
    // Outside its option it is not known which of the two it is, so it is found now.
    if (length.kind === "within" && length.capacity === undefined)
      cursor.checkBounds(length.count * 8);
    code.assign(optional.length, this.reader.length(found));
  }

  #slot(slot: number): Expression {
    return i64Load(this.#unit.slots, slotOffset(slot));
  }

  #fail(): void {
    this.#code.answer(int(Status.error));
  }
}
