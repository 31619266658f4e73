/**
 * The loop over a packet's records: header, class by id, then the class's record function, or only its size.
 *
 * Class record, by event id: 0 i32 kind (0 unknown, 1 fixed size, 2 function) · 4 i32 alignment in bits, or function
 * number · 8 i32 size in bits · 12 i32 constants …
 */

import { nsFromOrigin, nsOffset } from "../../../ctf/clock.ts";
import type { ClockClass } from "../../../ctf/trace-class.ts";
import { Memory, Op, ValueType } from "../../../wasm/opcodes.ts";
import type { Walk } from "../../walk.ts";
import { CHUNK_ROWS } from "../memory/chunk.ts";
import { State } from "../memory/memory.ts";
import { RECORD_FUNCTION, type Unit } from "./unit.ts";
import { Status, WalkEmitter } from "./walk-emitter.ts";

const { i32, i64, f64 } = ValueType;

export const ClassKind = { unknown: 0, fixed: 1, function: 2 } as const;

/** (first bit) → status; `State` holds the rest. */
export function emitStreamLoop(
  unit: Unit,
  headerWalk: Walk,
  clock: ClockClass | undefined,
  slotAddress: number,
  recordBytes: number,
  countsOnly: boolean,
): number {
  const code = unit.code(1);
  const position = 0;
  const input = code.local(i32);
  const id = code.local(i64);
  const record = code.local(i32);
  const after = code.local(i32);
  const kind = code.local(i32);
  const cycles = code.local(i64);
  const events = code.local(i32);
  const end = code.local(i32);
  const chunk = code.local(i32);
  const load = (address: number): void => {
    code.i32(unit.state).memory(Memory.i32Load, address);
  };
  load(State.input);
  code.set(input);
  load(State.end);
  code.set(end);
  load(State.chunk);
  code.set(chunk);
  code.loop((next) => {
    code.i32(unit.state).get(position).memory(Memory.i32Store, State.start);
    code.i32(unit.state).get(events).memory(Memory.i32Store, State.events);
    code
      .get(position)
      .get(end)
      .op(Op.i32GeU)
      .if(() => code.i32(Status.done).op(Op.return));
    code
      .i32(unit.state)
      .i32(unit.state)
      .memory(Memory.i64Load, State.clock)
      .tee(cycles)
      .memory(Memory.i64Store, State.startClock);
    code.i64(0n).set(id);
    const hooks = {
      clock(): void {
        code.set(cycles).i32(unit.state).get(cycles).memory(Memory.i64Store, State.clock);
      },
      eventId(): void {
        code.set(id);
      },
    };
    const walk = new WalkEmitter(unit, code, input, position, slotAddress, hooks);
    walk.walk(headerWalk);
    walk.pushPosition();
    code
      .tee(after)
      .get(end)
      .op(Op.i32GtU)
      .if(() => code.i32(Status.error).op(Op.return));

    code
      .get(id)
      .i32(unit.state)
      .memory(Memory.i32Load, State.classCount)
      .op(Op.i64ExtendI32U, Op.i64GeU);
    const unknown = (): void => {
      code
        .i32(unit.state)
        .get(id)
        .op(Op.i32WrapI64)
        .i32(-1)
        .get(id)
        .i64(0x7fff_ffffn)
        .op(Op.i64LeU, Op.select);
      code.memory(Memory.i32Store, State.eventId).i32(Status.unknown).op(Op.return);
    };
    code.if(unknown);
    load(State.classes);
    code.get(id).op(Op.i32WrapI64).i32(recordBytes).op(Op.i32Mul, Op.i32Add).tee(record);
    code.memory(Memory.i32Load).tee(kind).op(Op.i32Eqz).if(unknown);
    code
      .get(kind)
      .i32(ClassKind.fixed)
      .op(Op.i32Eq)
      .if(
        () => {
          // (position + align - 1) & -align, plus the size
          code.get(after).get(record).memory(Memory.i32Load, 4).op(Op.i32Add).i32(1).op(Op.i32Sub);
          code.i32(0).get(record).memory(Memory.i32Load, 4).op(Op.i32Sub, Op.i32And);
          code.get(record).memory(Memory.i32Load, 8).op(Op.i32Add).tee(after);
          code
            .get(end)
            .op(Op.i32GtU)
            .if(() => code.i32(Status.error).op(Op.return));
        },
        () => {
          if (!countsOnly) {
            load(State.row);
            code.i32(CHUNK_ROWS).op(Op.i32GeU);
            code.if(() => code.i32(Status.full).op(Op.return));
          }
          code.get(after).get(record);
          pushTime(code, clock, cycles);
          code
            .get(input)
            .get(chunk)
            .get(record)
            .memory(Memory.i32Load, 4)
            .callIndirect(unit.module.type(RECORD_FUNCTION));
          code
            .tee(after)
            .i32(0)
            .op(Op.i32LtS)
            .if(() => code.get(after).op(Op.return));
        },
      );
    // A record without a single bit would be read for ever.
    code
      .get(after)
      .get(position)
      .op(Op.i32Eq)
      .if(() => code.i32(Status.error).op(Op.return));
    code.get(events).i32(1).op(Op.i32Add).set(events);
    code.get(after).set(position).br(next);
  });
  code.op(Op.unreachable);
  return unit.module.function({ parameters: [i32], results: [i32] }, code.body());
}

/** Cycles → nanoseconds since the epoch, 0 without a clock; clocks of other frequencies are rounded as babeltrace2 does. */
function pushTime(
  code: ReturnType<Unit["code"]>,
  clock: ClockClass | undefined,
  cycles: number,
): void {
  if (clock === undefined) {
    code.i64(0n);
    return;
  }
  code.get(cycles);
  const offset = nsOffset(clock);
  if (offset !== undefined) {
    code.i64(BigInt.asIntN(64, offset)).op(Op.i64Add);
    return;
  }
  const value = code.local(f64);
  code
    .op(Op.f64ConvertI64U)
    .f64(1e9)
    .op(Op.f64Mul)
    .f64(Number(clock.frequency))
    .op(Op.f64Div)
    .set(value);
  code
    .get(value)
    .truncateToI64()
    .i64(BigInt.asIntN(64, nsFromOrigin(clock, 0n)))
    .op(Op.i64Add);
}
