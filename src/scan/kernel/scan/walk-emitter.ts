/**
 * Walk steps → code. Every position is a base, a local variable in bits, plus a constant: a new base appears only where
 * the size of what came before is not known, or its alignment.
 */

import { type IntegerLayout, MAX_LEB128_BYTES } from "../../../ctf/read-field.ts";
import type { FloatClass } from "../../../ctf/trace-class.ts";
import type { Code, Local } from "../../../wasm/code.ts";
import { Memory, Op, ValueType } from "../../../wasm/opcodes.ts";
import { Hook, type SelectorRange, type Step, Op as StepOp, type Walk } from "../../walk.ts";
import { SLACK_BYTES, State } from "../memory/memory.ts";
import { findZeroUnit, leb128Length, readLeb128, reverseBits } from "./field-helpers.ts";
import { NotCompilable } from "./filter-emitter.ts";
import { findZero, readBits, swapBytes, textLength } from "./helpers.ts";
import type { Unit } from "./unit.ts";

const { i32, i64 } = ValueType;

/** What an emitted function answers instead of a position. */
export const Status = { done: 0, full: -1, error: -2, unknown: -3, dictionaryFull: -4 } as const;

/** No field of an acceptable packet lies further than this from a base. */
const MAX_BITS = 2 ** 29;
/** Reads so far behind the content's end still hit the slack. */
const MAX_UNCHECKED_BITS = (SLACK_BYTES - 1024) * 8;

/** A position known as base local plus constant. */
export interface Position {
  readonly base: Local;
  /** Address of the base's byte; only where the base lies on a byte border. */
  readonly byteBase: Local | undefined;
  readonly offset: number;
}

/** Where a wanted field was found. */
export interface Location {
  readonly position: Position;
  /** A variant or an optional may leave it out: then `base` is -1. */
  readonly isOptional: boolean;
  /** Bytes before the first NUL (texts), or elements (arrays). */
  readonly length: Length | undefined;
}

/** A length as far as the walk knows it: found already, or to be found as the bytes before a NUL within a text array. */
export type Length =
  | { readonly kind: "known"; readonly local: Local }
  | { readonly kind: "within"; readonly capacity: Local | undefined; readonly count: number };

/** Where hooks put what they read. */
export interface HookSink {
  clock(): void;
  eventId(): void;
}

/** Emits one function's walk. */
export class WalkEmitter {
  readonly locations: Map<number, Location> = new Map();
  readonly #unit: Unit;
  readonly #code: Code;
  readonly #input: Local;
  readonly #slotAddress: number;
  readonly #hooks: HookSink;
  /** Locations inside options, set before the walk to -1. */
  readonly #optional = new Map<number, { readonly bit: Local; readonly length: Local }>();
  #base: Local;
  #byteBase: Local | undefined;
  #offset = 0;
  /** The base is a multiple of this many bits. */
  #align = 1;
  /** Bits that may lie behind the content's end already, since the last check. */
  #unchecked = 0;

  /**
   * @param input local that holds the packet's address
   * @param start local that holds the first bit
   * @param slotAddress where slot `i` is an i64 at `slotAddress + 8 * i`
   */
  constructor(
    unit: Unit,
    code: Code,
    input: Local,
    start: Local,
    slotAddress: number,
    hooks: HookSink,
  ) {
    this.#unit = unit;
    this.#code = code;
    this.#input = input;
    this.#base = start;
    this.#slotAddress = slotAddress;
    this.#hooks = hooks;
  }

  /** Declares locations that options may leave out; before `walk`. */
  declareOptional(locations: readonly number[]): void {
    const code = this.#code;
    for (const location of locations) {
      const bit = code.local(i32);
      const length = code.local(i32);
      code.i32(-1).set(bit);
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

  /** The position that a local holds, in bits: so many whole strides behind a location. */
  positionAt(bit: Local, { position }: Location, stride: number): Position {
    const isOnByte = position.byteBase !== undefined && position.offset % 8 === 0;
    if (!isOnByte || stride % 8 !== 0) return { base: bit, byteBase: undefined, offset: 0 };
    const code = this.#code;
    const byteBase = code.local(i32);
    code.get(this.#input).get(bit).i32(3).op(Op.i32ShrU, Op.i32Add).set(byteBase);
    return { base: bit, byteBase, offset: 0 };
  }

  /** Puts the position on the stack, in bits. */
  pushPosition(position: Position = this.#position()): void {
    this.#code.get(position.base);
    if (position.offset > 0) this.#code.i32(position.offset).op(Op.i32Add);
  }

  /** Puts the address of a byte-aligned position on the stack, less a constant offset that is returned. */
  pushAddress(position: Position): number {
    const code = this.#code;
    if (position.byteBase !== undefined && position.offset % 8 === 0) {
      code.get(position.byteBase);
      return position.offset / 8;
    }
    code.get(this.#input);
    this.pushPosition(position);
    code.i32(3).op(Op.i32ShrU, Op.i32Add);
    return 0;
  }

  /** Puts an integer of any size at any position on the stack, as i64. */
  pushInteger(position: Position, size: number, signed: boolean, littleEndian: boolean): void {
    const code = this.#code;
    const isWhole = position.byteBase !== undefined && position.offset % 8 === 0;
    if (isWhole && (size === 8 || (littleEndian && (size === 16 || size === 32 || size === 64)))) {
      const offset = this.pushAddress(position);
      code.memory(WHOLE_LOADS[size]![signed ? 1 : 0]!, offset);
      return;
    }
    const shift = position.offset & 7;
    if (position.byteBase !== undefined && littleEndian && shift + size <= 64) {
      code.get(position.byteBase).memory(Memory.i64Load, position.offset >> 3);
      this.#cutBits(shift, size, signed);
    } else if (isWhole && !littleEndian && size % 8 === 0) {
      code.get(position.byteBase!).memory(Memory.i64Load, position.offset / 8);
      code.call(this.#unit.helper(swapBytes));
      this.#cutBits(64 - size, size, signed);
    } else {
      code.get(this.#input);
      this.pushPosition(position);
      code.i32(size).i32(littleEndian ? 1 : 0);
      code.call(this.#unit.helper(readBits));
      this.#cutBits(0, size, signed);
    }
  }

  /** Puts an integer field's value on the stack, as i64; truth values as 0 or 1. */
  pushField(position: Position, layout: IntegerLayout): void {
    const { coding, form, size, signed, byteOrder } = layout;
    const littleEndian = byteOrder === "little-endian";
    const code = this.#code;
    if (coding === "plain") {
      this.pushInteger(position, size, signed, littleEndian);
    } else if (coding === "reversed") {
      this.#pushReversed(position, size, littleEndian);
      if (signed) this.#cutBits(0, size, true);
    } else {
      const offset = this.pushAddress(position);
      if (offset > 0) code.i32(offset).op(Op.i32Add);
      code.i32(signed ? 1 : 0).call(this.#unit.helper(readLeb128));
    }
    if (form === "boolean") code.i64(0n).op(Op.i64Ne, Op.i64ExtendI32U);
  }

  /** Puts a float field's bits on the stack, as i64. */
  pushFloatBits(position: Position, { coding, size, byteOrder }: FloatClass): void {
    const littleEndian = byteOrder === "little-endian";
    if (coding === "plain") this.pushInteger(position, size, false, littleEndian);
    else this.#pushReversed(position, size, littleEndian);
  }

  #pushReversed(position: Position, size: number, littleEndian: boolean): void {
    this.pushInteger(position, size, false, littleEndian);
    this.#code.call(this.#unit.helper(reverseBits));
    if (size < 64) this.#code.i64(BigInt(64 - size)).op(Op.i64ShrU);
  }

  /** Bits `[shift, shift + size)` of the i64 on the stack. */
  #cutBits(shift: number, size: number, signed: boolean): void {
    const code = this.#code;
    const up = 64 - shift - size;
    if (up > 0) code.i64(BigInt(up)).op(Op.i64Shl);
    if (up + shift > 0) code.i64(BigInt(up + shift)).op(signed ? Op.i64ShrS : Op.i64ShrU);
  }

  #position(): Position {
    return { base: this.#base, byteBase: this.#byteBase, offset: this.#offset };
  }

  #step(step: Step): void {
    switch (step.op) {
      case StepOp.fixed:
        this.#begin(step.align, step.location);
        this.#advance(step.bits);
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
    if (align > this.#align) {
      this.pushPosition();
      this.#code
        .i32(align - 1)
        .op(Op.i32Add)
        .i32(-align)
        .op(Op.i32And);
      this.#newBase(align);
    } else if (align > 1) {
      this.#offset = Math.ceil(this.#offset / align) * align;
    }
    if (location !== -1) this.#locate(location, undefined);
  }

  #advance(bits: number): void {
    this.#offset += bits;
    this.#unchecked += bits;
    if (this.#unchecked <= MAX_UNCHECKED_BITS) return;
    if (this.#offset > MAX_BITS) {
      // Nothing that large fits a packet, and positions must not wrap.
      this.#code.i32(Status.error).op(Op.return);
      this.#offset = 0;
    } else {
      this.#checkBounds(0);
    }
    this.#unchecked = 0;
  }

  #integer(step: Step & { op: typeof StepOp.integer }): void {
    const code = this.#code;
    this.#begin(step.align, step.location);
    this.#take(step, () => {
      if (step.bits < 64) code.i64((1n << BigInt(step.bits)) - 1n);
      return step.bits < 64;
    });
    this.#advance(step.bits);
  }

  #leb128(step: Step & { op: typeof StepOp.leb128 }): void {
    const code = this.#code;
    this.#begin(8, -1);
    const start = this.#materialize();
    const length = code.local(i32);
    code.get(start.byteBase!);
    this.#pushEndAddress();
    code
      .i32(step.layout.signed ? 1 : 0)
      .call(this.#unit.helper(leb128Length))
      .tee(length);
    code.op(Op.i32Eqz).if(() => code.i32(Status.error).op(Op.return));
    this.#unchecked = 0;
    if (step.location !== -1) this.#locate(step.location, undefined);
    this.#take(step, () => {
      // (1 << 7 * length) - 1, all ones from ten bytes on
      const bits = code.local(i64);
      code.get(length).i32(7).op(Op.i32Mul, Op.i64ExtendI32U).set(bits);
      code.i64(1n).get(bits).op(Op.i64Shl).i64(1n).op(Op.i64Sub);
      code.i64(-1n).get(length).i32(MAX_LEB128_BYTES).op(Op.i32LtU, Op.select);
      return true;
    });
    this.pushPosition();
    code.get(length).i32(3).op(Op.i32Shl, Op.i32Add);
    this.#newBase(8);
  }

  /**
   * Reads an integer's value for whom it concerns: its slot, the clock, the event id.
   * @param pushMask puts the bits that a clock value has on the stack; false if it has all 64
   */
  #take(
    { slot, hook, layout }: Step & { op: typeof StepOp.integer | typeof StepOp.leb128 },
    pushMask: () => boolean,
  ): void {
    const code = this.#code;
    const position = this.#position();
    const value = slot === -1 ? undefined : code.local(i64);
    if (value !== undefined) {
      code.i32(this.#slotAddress + 8 * slot);
      this.pushField(position, layout);
      code.tee(value).memory(Memory.i64Store);
    }
    if (hook === Hook.none) return;
    if (value === undefined) this.pushField(position, layout);
    else code.get(value);
    if (hook === Hook.eventId) {
      this.#hooks.eventId();
      return;
    }
    this.#updateClock(pushMask);
    this.#hooks.clock();
  }

  /** clock += (value - clock) & mask: the least value not before the clock whose low bits are those read. */
  #updateClock(pushMask: () => boolean): void {
    const code = this.#code;
    const value = code.local(i64);
    code.set(value);
    if (!pushMask()) {
      code.get(value);
      return;
    }
    code
      .get(value)
      .i32(this.#unit.state)
      .memory(Memory.i64Load, State.clock)
      .op(Op.i64Sub, Op.i64And);
    code.i32(this.#unit.state).memory(Memory.i64Load, State.clock).op(Op.i64Add);
  }

  /** Puts the address behind the content's last whole byte on the stack. */
  #pushEndAddress(): void {
    this.#code
      .get(this.#input)
      .i32(this.#unit.state)
      .memory(Memory.i32Load, State.end)
      .i32(3)
      .op(Op.i32ShrU, Op.i32Add);
  }

  #string({ location, unit }: Step & { op: typeof StepOp.string }): void {
    const code = this.#code;
    this.#begin(8, -1);
    const start = this.#materialize();
    const from = code.local(i32);
    const zero = code.local(i32);
    const end = code.local(i32);
    code.get(start.byteBase!).tee(from);
    // Whole bytes of the content; a string that begins behind it must not look further back.
    this.#pushEndAddress();
    code.tee(end);
    if (unit === 1) code.call(this.#unit.helper(findZero));
    else code.i32(unit).call(this.#unit.helper(findZeroUnit));
    code.tee(zero).get(end).op(Op.i32GeU);
    code.if(() => code.i32(Status.error).op(Op.return));
    if (location !== -1) {
      const length = code.local(i32);
      code.get(zero).get(from).op(Op.i32Sub).set(length);
      this.#locate(location, { kind: "known", local: length });
    }
    this.#unchecked = 0;
    code.get(zero).i32(unit).op(Op.i32Add).get(this.#input).op(Op.i32Sub).i32(3).op(Op.i32Shl);
    this.#newBase(8);
  }

  #text(step: Step & { op: typeof StepOp.text }): void {
    this.#begin(8, -1);
    if (step.slot === -1) {
      if (step.unit > 1 && step.count % step.unit !== 0) {
        const count = this.#code.local(i32);
        this.#code.i32(step.count).set(count);
        this.#checkBounds(step.count * 8);
        this.#checkUnits(count, step.unit);
      }
      if (step.location !== -1)
        this.#locate(step.location, { kind: "within", capacity: undefined, count: step.count });
      this.#advance(step.count * 8);
      return;
    }
    const code = this.#code;
    const count = this.#count(step.slot, 8);
    if (step.unit > 1) this.#checkUnits(count, step.unit);
    if (step.location !== -1)
      this.#locate(step.location, { kind: "within", capacity: count, count: 0 });
    this.pushPosition();
    code.get(count).i32(3).op(Op.i32Shl, Op.i32Add);
    this.#newBase(8);
  }

  /** A text that ends inside a code unit of 2 or 4 bytes must have a NUL before. */
  #checkUnits(count: Local, unit: number): void {
    const code = this.#code;
    const from = code.local(i32);
    const end = code.local(i32);
    code
      .get(count)
      .i32(unit - 1)
      .op(Op.i32And);
    code.if(() => {
      const offset = this.pushAddress(this.#position());
      if (offset > 0) code.i32(offset).op(Op.i32Add);
      code.tee(from).get(from).get(count).op(Op.i32Add).tee(end).i32(unit);
      code.call(this.#unit.helper(findZeroUnit)).get(end).op(Op.i32GeU);
      code.if(() => code.i32(Status.error).op(Op.return));
    });
  }

  #array(step: Step & { op: typeof StepOp.array }): void {
    const code = this.#code;
    this.#begin(step.align, -1);
    const { element, strideBits, elementBits } = step;
    if (element === undefined && step.slot === -1) {
      const count = code.local(i32);
      if (step.location !== -1) {
        code.i32(step.count).set(count);
        this.#locate(step.location, { kind: "known", local: count });
      }
      if (step.count > 0) this.#advance(strideBits * (step.count - 1) + elementBits);
      return;
    }
    const count = step.slot === -1 ? code.local(i32) : this.#count(step.slot, elementBits);
    if (step.slot === -1) code.i32(step.count).set(count);
    if (step.location !== -1) this.#locate(step.location, { kind: "known", local: count });
    if (element !== undefined) {
      this.#elements(element, count);
      return;
    }
    const isByteWise = this.#isOnByte() && strideBits % 8 === 0 && elementBits % 8 === 0;
    // Without elements nothing is taken, not even what lies between them.
    this.pushPosition();
    code
      .get(count)
      .i32(strideBits)
      .op(Op.i32Mul)
      .i32(elementBits - strideBits)
      .op(Op.i32Add);
    code.i32(0).get(count).op(Op.select, Op.i32Add);
    this.#newBase(isByteWise ? 8 : 1);
  }

  /** Elements whose size is not fixed, one after the other. */
  #elements(element: Walk, count: Local): void {
    const code = this.#code;
    const cursor = code.local(i32);
    const left = code.local(i32);
    const before = code.local(i32);
    this.pushPosition();
    code.set(cursor).get(count).set(left);
    code.block((done) => {
      code.loop((again) => {
        code.get(left).op(Op.i32Eqz).brIf(done);
        code.get(cursor).set(before);
        this.#enter(cursor);
        this.walk(element);
        this.pushPosition();
        code.tee(cursor).i32(this.#unit.state).memory(Memory.i32Load, State.end).op(Op.i32GtU);
        code.if(() => code.i32(Status.error).op(Op.return));
        // Elements of no size could be counted for ever.
        code.get(cursor).get(before).op(Op.i32Eq).brIf(done);
        code.get(left).i32(1).op(Op.i32Sub).set(left).br(again);
      });
    });
    this.#enter(cursor);
  }

  #variant(step: Step & { op: typeof StepOp.variant }): void {
    const code = this.#code;
    const start = code.local(i32);
    const after = code.local(i32);
    const selector = code.local(i64);
    const align = this.#align;
    const begin = this.#offset % 8 === 0 && align >= 8 ? 8 : 1;
    this.pushPosition();
    code.set(start);
    code
      .i32(this.#slotAddress + 8 * step.slot)
      .memory(Memory.i64Load)
      .set(selector);
    let endAlign = 8;
    const unchecked = this.#unchecked;
    let worst = unchecked;
    code.block((chosen) => {
      for (const { ranges, walk } of step.options) {
        for (const [i, range] of ranges.entries()) {
          this.#pushIsWithin(selector, range, step.signed);
          if (i > 0) code.op(Op.i32Or);
        }
        if (ranges.length === 0) continue;
        code.if(() => {
          this.#enter(start, begin);
          this.walk(walk);
          this.pushPosition();
          code.set(after);
          if (!this.#isOnByte()) endAlign = 1;
          worst = Math.max(worst, this.#unchecked);
          this.#unchecked = unchecked;
          code.br(chosen);
        });
      }
      if (step.isOptional) {
        code.get(start).set(after);
        if (begin === 1) endAlign = 1;
      } else {
        code.i32(Status.error).op(Op.return);
      }
    });
    this.#unchecked = worst;
    code.get(after);
    this.#newBase(endAlign);
  }

  #pushIsWithin(selector: Local, range: SelectorRange, signed: boolean): void {
    const code = this.#code;
    const low = range.exact?.low ?? BigInt(range.low);
    const high = range.exact?.high ?? BigInt(range.high);
    if (low === high) {
      code.get(selector).i64(low).op(Op.i64Eq);
      return;
    }
    // What no value of the selector's type can reach is cut off.
    const [least, most] = signed ? [-(1n << 63n), (1n << 63n) - 1n] : [0n, (1n << 64n) - 1n];
    if (high < least || low > most) {
      code.i32(0);
      return;
    }
    code
      .get(selector)
      .i64(low < least ? least : low)
      .op(signed ? Op.i64GeS : Op.i64GeU);
    code
      .get(selector)
      .i64(high > most ? most : high)
      .op(signed ? Op.i64LeS : Op.i64LeU);
    code.op(Op.i32And);
  }

  /** An element count from a slot, refused where the content left cannot hold it. */
  #count(slot: number, elementBits: number): Local {
    const code = this.#code;
    const count = code.local(i32);
    const wide = code.local(i64);
    code
      .i32(this.#slotAddress + 8 * slot)
      .memory(Memory.i64Load)
      .tee(wide);
    code.i64(0xffff_ffffn).op(Op.i64GtU);
    // count * elementBits > end - position, or the position is behind the end already
    code.get(wide).i64(BigInt(elementBits)).op(Op.i64Mul);
    code.i32(this.#unit.state).memory(Memory.i32Load, State.end);
    this.pushPosition();
    code.op(Op.i32Sub, Op.i64ExtendI32S, Op.i64GtS, Op.i32Or);
    code.if(() => code.i32(Status.error).op(Op.return));
    code.get(wide).op(Op.i32WrapI64).set(count);
    return count;
  }

  #checkBounds(bits: number): void {
    const code = this.#code;
    this.pushPosition();
    code
      .i32(bits)
      .op(Op.i32Add)
      .i32(this.#unit.state)
      .memory(Memory.i32Load, State.end)
      .op(Op.i32GtU);
    code.if(() => code.i32(Status.error).op(Op.return));
  }

  #locate(location: number, length: Length | undefined): void {
    const optional = this.#optional.get(location);
    if (optional === undefined) {
      this.locations.set(location, { position: this.#position(), isOptional: false, length });
      return;
    }
    const code = this.#code;
    this.pushPosition();
    code.set(optional.bit);
    if (length === undefined) return;
    // Outside its option nobody knows which of the two it is, so it is found now.
    if (length.kind === "within" && length.capacity === undefined)
      this.#checkBounds(length.count * 8);
    this.pushLength({ position: this.#position(), isOptional: false, length });
    code.set(optional.length);
  }

  /** Puts the length of a located text or array on the stack. */
  pushLength({ position, length }: Location): void {
    const code = this.#code;
    if (length?.kind === "known") {
      code.get(length.local);
      return;
    }
    const offset = this.pushAddress(position);
    if (offset > 0) code.i32(offset).op(Op.i32Add);
    if (length?.capacity === undefined) code.i32(length?.count ?? 0);
    else code.get(length.capacity);
    code.call(this.#unit.helper(textLength));
  }

  /** Makes the current position a base of its own, on a byte border. */
  #materialize(): Position {
    if (this.#byteBase === undefined || this.#offset > 0) {
      this.pushPosition();
      this.#newBase(8);
    }
    return this.#position();
  }

  #isOnByte(): boolean {
    return this.#align >= 8 && this.#offset % 8 === 0;
  }

  /** Takes the position on the stack as the new base. */
  #newBase(align: number): void {
    const code = this.#code;
    const base = code.local(i32);
    code.set(base);
    this.#enter(base, align);
  }

  /** Goes on at a base that stands in a local already. */
  #enter(base: Local, align = 1): void {
    const code = this.#code;
    this.#base = base;
    this.#offset = 0;
    this.#align = align;
    this.#byteBase = undefined;
    if (align < 8) return;
    this.#byteBase = code.local(i32);
    code.get(this.#input).get(base).i32(3).op(Op.i32ShrU, Op.i32Add).set(this.#byteBase);
  }
}

/** Loads of whole bytes by size: unsigned, signed. */
const WHOLE_LOADS: Readonly<Record<number, readonly [Memory, Memory]>> = {
  8: [Memory.i64Load8U, Memory.i64Load8S],
  16: [Memory.i64Load16U, Memory.i64Load16S],
  32: [Memory.i64Load32U, Memory.i64Load32S],
  64: [Memory.i64Load, Memory.i64Load],
};
