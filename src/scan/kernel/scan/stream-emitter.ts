/**
 * The loop over a packet's records: header, class by id, then the class's record function, or only its size.
 *
 * Class record, by event id: 0 i32 kind (0 unknown, 1 fixed size, 2 function) · 4 i32 alignment in bits, or function
 * number · 8 i32 size in bits · 12 i32 constants …
 *
 *     for (;;) {
 *       if (position >= end) return done
 *       id, cycles := header; record := classes[id] or return unknown
 *       after := fixed ? align(after) + size : functions[record.number](after, record, time, input, chunk)
 *       events++; position := after
 *     }
 */

import type { ClockClass } from "../../../ctf/trace-class.ts";
import type { Code, Expression, Local } from "../../../wasm/code.ts";
import {
  add,
  add64,
  and,
  eq,
  eqz,
  extendU,
  geU,
  geU64,
  gtU,
  i32Load,
  i64Load,
  int,
  leU64,
  long,
  mul,
  select,
  sub,
  tee,
  wrap,
} from "../../../wasm/expression.ts";
import { Memory, Op, ValueType } from "../../../wasm/opcodes.ts";
import type { Walk } from "../../walk.ts";
import { CHUNK_ROWS } from "../memory/chunk.ts";
import { State } from "../memory/memory.ts";
import { Status } from "./status.ts";
import { RECORD_FUNCTION, type Unit } from "./unit.ts";
import { WalkEmitter } from "./walk-emitter.ts";

const { i32, i64, f64 } = ValueType;

export const ClassKind = { unknown: 0, fixed: 1, function: 2 } as const;
const NANOSECONDS = 1_000_000_000n;
/** Offsets in a class record. */
const ClassRecord = { kind: 0, align: 4, function: 4, bits: 8 } as const;

export interface StreamLoop {
  readonly headerWalk: Walk;
  /** Of the stream's clock: its frequency is part of the code, its origin comes with each instance. */
  readonly clock: ClockClass | undefined;
  readonly recordBytes: number;
  readonly countsOnly: boolean;
}

/** (first bit) → status; `State` holds the rest. */
export function emitStreamLoop(unit: Unit, loop: StreamLoop): number {
  const body = new StreamLoopEmitter(unit, loop).emit();
  return unit.module.function({ parameters: [i32], results: [i32] }, body);
}

class StreamLoopEmitter {
  readonly #unit: Unit;
  readonly #loop: StreamLoop;
  readonly #code: Code;
  readonly #position: Local = 0;
  readonly #input: Local;
  readonly #id: Local;
  readonly #record: Local;
  readonly #after: Local;
  readonly #kind: Local;
  readonly #cycles: Local;
  readonly #events: Local;
  readonly #end: Local;
  readonly #chunk: Local;

  constructor(unit: Unit, loop: StreamLoop) {
    this.#unit = unit;
    this.#loop = loop;
    const code = unit.code(1);
    this.#code = code;
    this.#input = code.local(i32);
    this.#id = code.local(i64);
    this.#record = code.local(i32);
    this.#after = code.local(i32);
    this.#kind = code.local(i32);
    this.#cycles = code.local(i64);
    this.#events = code.local(i32);
    this.#end = code.local(i32);
    this.#chunk = code.local(i32);
  }

  emit(): Uint8Array {
    const code = this.#code;
    code.assign(this.#input, this.#state(State.input));
    code.assign(this.#end, this.#state(State.end));
    code.assign(this.#chunk, this.#state(State.chunk));
    code.loop((next) => {
      this.#begin();
      this.#header();
      this.#findClass();
      code.when(
        eq(this.#kind, int(ClassKind.fixed)),
        () => this.#fixed(),
        () => this.#function(),
      );
      // A record without a single bit would be read for ever.
      this.#answerIf(eq(this.#after, this.#position), Status.error);
      code.increase(this.#events, 1);
      code.assign(this.#position, this.#after).br(next);
    });
    return code.op(Op.unreachable).body();
  }

  /** Leaves behind the last record; else notes where this one begins, and the clock before it. */
  #begin(): void {
    const code = this.#code;
    const { state } = this.#unit;
    code.store(Memory.i32Store, state, this.#position, State.start);
    code.store(Memory.i32Store, state, this.#events, State.events);
    this.#answerIf(geU(this.#position, this.#end), Status.done);
    const clock = tee(this.#cycles, i64Load(state, State.clock));
    code.store(Memory.i64Store, state, clock, State.startClock);
  }

  #header(): void {
    const code = this.#code;
    code.assign(this.#id, long(0n));
    const hooks = {
      clock: (): void => {
        code.set(this.#cycles);
        code.store(Memory.i64Store, this.#unit.state, this.#cycles, State.clock);
      },
      eventId: (): void => {
        code.set(this.#id);
      },
    };
    const { headerWalk } = this.#loop;
    const walk = new WalkEmitter(this.#unit, code, this.#input, this.#position, hooks);
    walk.walk(headerWalk);
    this.#answerIf(gtU(tee(this.#after, walk.bit), this.#end), Status.error);
  }

  #findClass(): void {
    const code = this.#code;
    const classCount = extendU(this.#state(State.classCount));
    code.when(geU64(this.#id, classCount), () => this.#unknown());
    const place = mul(wrap(this.#id), int(this.#loop.recordBytes));
    const record = tee(this.#record, add(this.#state(State.classes), place));
    code.when(eqz(tee(this.#kind, i32Load(record, ClassRecord.kind))), () => this.#unknown());
  }

  #unknown(): void {
    const isShort = leU64(this.#id, long(0x7fff_ffffn));
    const id = select(wrap(this.#id), int(-1), isShort);
    this.#code.store(Memory.i32Store, this.#unit.state, id, State.eventId);
    this.#code.answer(int(Status.unknown));
  }

  /** after := align(after) + size */
  #fixed(): void {
    const align = i32Load(this.#record, ClassRecord.align);
    // (position + align - 1) & -align, plus the size
    const aligned = and(sub(add(this.#after, align), int(1)), sub(int(0), align));
    const after = add(aligned, i32Load(this.#record, ClassRecord.bits));
    this.#answerIf(gtU(tee(this.#after, after), this.#end), Status.error);
  }

  #function(): void {
    const code = this.#code;
    if (!this.#loop.countsOnly)
      this.#answerIf(geU(this.#state(State.row), int(CHUNK_ROWS)), Status.full);
    code.get(this.#after).get(this.#record);
    code.push(this.#time());
    code.get(this.#input).get(this.#chunk);
    code.push(i32Load(this.#record, ClassRecord.function));
    code.callIndirect(this.#unit.module.type(RECORD_FUNCTION)).tee(this.#after);
    code
      .i32(0)
      .op(Op.i32LtS)
      .if(() => code.answer(this.#after));
  }

  /** Cycles → nanoseconds since the epoch, 0 without a clock; clocks of other frequencies are rounded as babeltrace2 does. */
  #time(): Expression {
    const { clock } = this.#loop;
    if (clock === undefined) return long(0n);
    const { clockOrigin } = this.#unit;
    if (clock.frequency === NANOSECONDS) return add64(this.#cycles, clockOrigin);
    return (code) => {
      code.get(this.#cycles);
      const value = code.local(f64);
      code.op(Op.f64ConvertI64U).f64(1e9).op(Op.f64Mul);
      code.f64(Number(clock.frequency)).op(Op.f64Div).set(value);
      return code.get(value).truncateToI64().push(clockOrigin).op(Op.i64Add);
    };
  }

  #state(offset: number): Expression {
    return i32Load(this.#unit.state, offset);
  }

  #answerIf(condition: Expression, status: number): void {
    this.#code.when(condition, () => this.#code.answer(int(status)));
  }
}
