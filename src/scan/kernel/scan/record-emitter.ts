/** One event class's records: walk to the end, check, filter, append. Nothing counts before the last step. */

import type { EventClass, StreamClass } from "../../../ctf/trace-class.ts";
import type { Local } from "../../../wasm/code.ts";
import { Memory, Op, ValueType } from "../../../wasm/opcodes.ts";
import type { EventPlan } from "../../event-plan.ts";
import type { ChunkLayout } from "../memory/chunk.ts";
import type { KernelColumn } from "../memory/columns.ts";
import { State } from "../memory/memory.ts";
import { isRenderable } from "../text/render-program.ts";
import { ColumnEmitter } from "./column-emitter.ts";
import { FilterEmitter } from "./filter-emitter.ts";
import { NotCompilable } from "./not-compilable.ts";
import { Status } from "./status.ts";
import { RECORD_FUNCTION, type Unit } from "./unit.ts";
import { WalkEmitter } from "./walk-emitter.ts";

const { i32 } = ValueType;

export interface RecordContext {
  readonly columns: readonly KernelColumn[];
  readonly layout: ChunkLayout;
  /** Whether rows have a first and a last time. */
  readonly hasBegin: boolean;
  readonly hasEnd: boolean;
  /** Rows are counted and nothing is kept of them. */
  readonly countsOnly: boolean;
  /** Functions of the unit that render this class, by the constant that names their program. */
  readonly renderers: ReadonlyMap<number, number>;
}

/** The body of a record function for an event class. Equal bodies serve several classes. */
export function recordBody(unit: Unit, plan: EventPlan, context: RecordContext): Uint8Array {
  const code = unit.code(RECORD_FUNCTION.parameters.length);
  const [start, record, time, input, chunk] = [0, 1, 2, 3, 4];
  const after = code.local(i32);
  const row = code.local(i32);

  const hooks = {
    clock(): void {
      const value = code.local(ValueType.i64);
      code.set(value).push(unit.state).get(value).memory(Memory.i64Store, State.clock);
    },
    eventId(): void {
      code.op(Op.drop);
    },
  };
  const walk = new WalkEmitter(unit, code, input, start, hooks);
  walk.declareOptional(plan.optionalLocations);
  walk.walk(plan.walk);
  code.push(walk.bit);
  code.tee(after).push(unit.state).memory(Memory.i32Load, State.end).op(Op.i32GtU);
  code.if(() => code.i32(Status.error).op(Op.return));
  // Where there is no header, nothing but the record itself can keep the scan from standing still.
  if (plan.streamClass.eventHeader === undefined) {
    code.get(after).get(start).op(Op.i32Eq);
    code.if(() => code.i32(Status.error).op(Op.return));
  }
  if (!plan.isLive) return code.get(after).body();

  const skip = (): void => {
    code.get(after).op(Op.return);
  };
  if (context.hasBegin) code.get(time).push(unit.begin).op(Op.i64LtS).if(skip);
  if (context.hasEnd) code.get(time).push(unit.end).op(Op.i64GtS).if(skip);
  if (plan.packetWalk !== undefined) walkPacketContext(unit, plan, walk, code, input);
  if (plan.linked !== undefined) {
    new FilterEmitter(unit, code, plan.linked, walk, time, skip).emit();
    code.op(Op.i32Eqz).if(skip);
  }
  code.push(unit.state).memory(Memory.i32Load, State.row).set(row);
  if (!context.countsOnly) {
    const { layout } = context;
    for (const column of context.columns) {
      if (column.kind === "rendered" && !isRenderableBy(column, plan.streamClass, plan.eventClass))
        throw new NotCompilable(`rendering of ${plan.eventClass.name}`);
    }
    const locals = { input, start, after, record, chunk, row, time };
    const columns = new ColumnEmitter(unit, code, walk, locals, context.renderers);
    context.columns.forEach((column, i) => {
      columns.emitTexts(column, layout.places[i]!, plan.sources[i]!);
    });
    context.columns.forEach((column, i) => {
      columns.emitRest(column, layout.places[i]!, plan.sources[i]!);
    });
    code.get(chunk).get(row).i32(3).op(Op.i32Shl, Op.i32Add);
    code.get(time).memory(Memory.i64Store, layout.timestamps);
  }
  code.push(unit.state).get(row).i32(1).op(Op.i32Add).memory(Memory.i32Store, State.row);
  return code.get(after).body();
}

/** Whether the kernel can render a class for a column. */
export function isRenderableBy(
  { column }: KernelColumn & { kind: "rendered" },
  streamClass: StreamClass,
  eventClass: EventClass,
): boolean {
  const scopes = [eventClass.payload];
  if (column.request.kind === "record")
    scopes.push(streamClass.commonContext, eventClass.specificContext);
  return scopes.every((scope) => scope === undefined || isRenderable(scope));
}

/** Locates the packet context's fields that the filter wants; the context was checked when the packet began. */
function walkPacketContext(
  unit: Unit,
  plan: EventPlan,
  walk: WalkEmitter,
  code: ReturnType<Unit["code"]>,
  input: Local,
): void {
  const bit = code.local(i32);
  code.push(unit.state).memory(Memory.i32Load, State.context).set(bit);
  const hooks = { clock: () => code.op(Op.drop), eventId: () => code.op(Op.drop) };
  const packet = new WalkEmitter(unit, code, input, bit, hooks);
  packet.walk(plan.packetWalk ?? []);
  for (const location of plan.packetLocations) {
    const found = packet.locations.get(location);
    if (found !== undefined) walk.locations.set(location, found);
  }
}
