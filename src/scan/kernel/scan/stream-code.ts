/**
 * The code of one stream class in one trace: the loop, a function for each shape of event class, and the class records by which
 * the loop finds them. A class is entered when the first of its records is met.
 *
 * A kernel declares a thousand classes and more, of which a trace has records of some. Of many, those are compiled first that were
 * met in other scans (`met-classes.ts`); then all, but where records are rendered, which makes much code: there, those that come
 * next in the packet at hand.
 *
 * What is emitted is kept (`kept-units.ts`), so that queries that are equal, and traces whose metadata differ only in UUID, clock
 * origin and environment, are planned, emitted and compiled once.
 */

import { isSelected } from "../../../base/glob.ts";
import { nsFromOrigin } from "../../../ctf/clock.ts";
import type { EventClass, FieldClass, StreamClass, TraceClass } from "../../../ctf/trace-class.ts";
import { LinkCache } from "../../../filter/link-cache.ts";
import { described } from "../../../filter/link-key.ts";
import { ConstantNeeded } from "../../../filter/linked-parameter.ts";
import type { WasmFunction } from "../../../wasm/runtime.ts";
import { type ColumnSource, type EventPlan, planEvent } from "../../event-plan.ts";
import { constantText } from "../../record-columns.ts";
import type { TraceFacts } from "../../scanner.ts";
import { Op } from "../../walk.ts";
import { planHeaderWalk } from "../../walk-planner.ts";
import type { Kernel } from "../kernel.ts";
import type { Arena } from "../memory/arena.ts";
import type { KernelColumn } from "../memory/columns.ts";
import type { RenderCompiler } from "../text/render-program.ts";
import type { ClassPrograms } from "./class-programs.ts";
import type { ClassShapes } from "./class-shape.ts";
import type { EmittedUnit, RenderedFields, ShapeCode, UnitKey } from "./emitted-unit.ts";
import { keptUnit } from "./kept-units.ts";
import { hasManyClasses, isMet } from "./met-classes.ts";
import { NotCompilable } from "./not-compilable.ts";
import { numberOf } from "./numbered-texts.ts";
import type { QueryCode } from "./query-code.ts";
import { recordBody } from "./record-emitter.ts";
import { RECORD_CONSTANTS } from "./row-emitter.ts";
import { ClassKind, emitStreamLoop } from "./stream-emitter.ts";
import { instantiateUnit, RECORD_FUNCTION, Unit } from "./unit.ts";

/** Ids from here on are left to the interpreter: the table of classes is dense. */
export const MAX_CLASS_ID: number = 1 << 16;
const FIRST_CLASSES = 256;

/** What the code of a trace's streams stands on. */
export interface TraceCode {
  readonly query: QueryCode;
  readonly facts: TraceFacts;
  readonly kernel: Kernel;
  readonly arena: Arena;
  readonly traceClass: TraceClass;
  readonly shapes: ClassShapes;
  readonly renderer: RenderCompiler;
  readonly programs: ClassPrograms;
  /** Region of its slots. */
  readonly slots: number;
}

/** The event classes of the records that come next. */
export type Ahead = () => ReadonlySet<EventClass>;

/** A shape's code in this stream; `entry` in the table once a class has it. */
interface StreamShape {
  readonly code: ShapeCode;
  readonly functions: Readonly<Record<string, WasmFunction>>;
  entry: number;
}

export class StreamCode {
  readonly #streamClass: StreamClass;
  readonly #recordBytes: number;
  readonly #key: Pick<UnitKey, "frequency" | "stream">;
  readonly #shapes = new Map<string, StreamShape>();
  /** The shapes of the event classes that are compiled. */
  readonly #compiled = new Map<EventClass, string>();
  readonly #entered = new Set<EventClass>();
  readonly loop: WasmFunction;
  /** Address and number of the class records. */
  classes: number;
  classCount: number = FIRST_CLASSES;

  constructor(trace: TraceCode, streamClass: StreamClass) {
    this.#streamClass = streamClass;
    this.#recordBytes = RECORD_CONSTANTS + 4 * trace.kernel.columns.constants;
    this.#key = streamKey(trace, streamClass);
    this.classes = trace.arena.allocate(FIRST_CLASSES * this.#recordBytes);
    this.loop = this.#compile(trace, this.#chosen(trace, streamClass), true)!;
  }

  /**
   * Enters an event class of which a record was met.
   * @param streamClass as it is now
   * @returns false if it was entered before, and only the interpreter can run it
   */
  enter(trace: TraceCode, streamClass: StreamClass, eventClass: EventClass, ahead: Ahead): boolean {
    if (this.#entered.has(eventClass)) return false;
    if (!this.#compiled.has(eventClass)) {
      this.#compile(trace, this.#chosen(trace, streamClass, ahead), false);
      // What comes next was read wrongly.
      if (!this.#compiled.has(eventClass)) this.#compile(trace, [eventClass], false);
    }
    this.#entered.add(eventClass);
    this.#enter(trace, eventClass, this.#shapes.get(this.#compiled.get(eventClass)!)!);
    return true;
  }

  /** What the next module is made of: of the first, nothing is `ahead`. */
  #chosen(trace: TraceCode, streamClass: StreamClass, ahead?: Ahead): Iterable<EventClass> {
    const all = [...streamClass.eventClasses.values()];
    const isMany = hasManyClasses(streamClass);
    const isLazy = isMany && trace.kernel.columns.renders;
    if (ahead === undefined) {
      const likely = isMany ? all.filter(isMet) : all;
      return likely.length > 0 || isLazy ? likely : all;
    }
    return isLazy ? ahead() : all;
  }

  /** @returns the loop, if it is emitted too */
  #compile(
    trace: TraceCode,
    classes: Iterable<EventClass>,
    withLoop: boolean,
  ): WasmFunction | undefined {
    /** The first class of each shape that has no code yet. */
    const fresh = new Map<string, EventClass>();
    for (const eventClass of classes) {
      if (eventClass.id >= MAX_CLASS_ID || this.#compiled.has(eventClass)) continue;
      const key = shapeKey(trace, this.#streamClass, eventClass);
      this.#compiled.set(eventClass, key);
      if (!this.#shapes.has(key)) fresh.set(key, fresh.get(key) ?? eventClass);
    }
    if (fresh.size === 0 && !withLoop) return undefined;
    const { compiled, shapes } = this.#unit(trace, fresh, withLoop);
    const functions = compiled === undefined ? {} : this.#instantiate(trace, compiled);
    for (const [key, code] of shapes) this.#shapes.set(key, { code, functions, entry: -1 });
    return functions["loop"];
  }

  /** The emitted code of some shapes: another query's or trace's, if it depends on the same. */
  #unit(trace: TraceCode, fresh: ReadonlyMap<string, EventClass>, withLoop: boolean): EmittedUnit {
    const { query } = trace;
    const shapes = [...fresh.keys()];
    const emitted = (): EmittedUnit =>
      keptUnit({ ...this.#key, query: query.key, withLoop, shapes }, () =>
        emitUnit(trace, this.#streamClass, this.#recordBytes, fresh, withLoop),
      );
    try {
      return emitted();
    } catch (error) {
      if (!(error instanceof ConstantNeeded)) throw error;
      query.fixTexts();
      return emitted();
    }
  }

  #instantiate(
    { kernel, arena, slots, query }: TraceCode,
    compiled: NonNullable<EmittedUnit["compiled"]>,
  ): Readonly<Record<string, WasmFunction>> {
    const { clock } = this.#streamClass;
    const clockOrigin = clock === undefined ? 0n : BigInt.asIntN(64, nsFromOrigin(clock, 0n));
    const { memory } = kernel;
    const { begin, end, filter } = query.spec;
    return instantiateUnit(compiled, { memory, arena, slots, clockOrigin, begin, end, filter });
  }

  /** Writes the class record, by which the loop finds an event class. */
  #enter(trace: TraceCode, eventClass: EventClass, shape: StreamShape): void {
    const { code, functions } = shape;
    if (code.kind === "interpreted") return;
    const { memory } = trace.kernel;
    this.#growClasses(trace, eventClass.id);
    const record = this.classes + eventClass.id * this.#recordBytes;
    if (code.kind === "fixed") {
      memory.set(record, ClassKind.fixed);
      memory.set(record + 4, code.align);
      memory.set(record + 8, code.bits);
      return;
    }
    if (shape.entry === -1) {
      shape.entry = trace.arena.addFunction(functions[code.name]!);
      trace.kernel.functions++;
    }
    memory.set(record, ClassKind.function);
    memory.set(record + 4, shape.entry);
    if (code.rendered !== undefined) this.#setConstants(trace, record, eventClass, code.rendered);
  }

  #setConstants(
    { kernel, traceClass, facts, programs, renderer }: TraceCode,
    record: number,
    eventClass: EventClass,
    rendered: RenderedFields,
  ): void {
    const { memory, columns } = kernel;
    columns.columns.forEach((column, i) => {
      const set = (value: number, constant: number): void =>
        memory.set(record + RECORD_CONSTANTS + 4 * constant, value);
      if (column.kind === "constant") {
        const text = constantText(column.column, eventClass, traceClass, facts);
        set(text === undefined ? -1 : column.dictionary.codeOfString(text), column.constant);
      } else if (column.kind === "class-id") {
        set(eventClass.id, column.constant);
      } else if (column.kind === "rendered") {
        const program = programs.of(this.#streamClass, eventClass).get(column.constant);
        set(program ?? 0, column.constant);
      } else if (column.kind === "utf8") {
        const fieldClass = rendered.get(i);
        if (fieldClass !== undefined) set(renderer.value("json", fieldClass), column.constant);
      }
    });
  }

  #growClasses({ kernel, arena }: TraceCode, id: number): void {
    if (id < this.classCount) return;
    const { memory } = kernel;
    const count = Math.max(id + 1, this.classCount * 2);
    const classes = arena.allocate(count * this.#recordBytes);
    const end = this.classes + this.classCount * this.#recordBytes;
    memory.u8.copyWithin(classes, this.classes, end);
    this.classes = classes;
    this.classCount = count;
  }
}

function emitUnit(
  trace: TraceCode,
  streamClass: StreamClass,
  recordBytes: number,
  fresh: ReadonlyMap<string, EventClass>,
  withLoop: boolean,
): EmittedUnit {
  const unit = new Unit(trace.kernel.memory.isShared);
  if (withLoop) {
    const headerWalk = planHeaderWalk(streamClass);
    const { countsOnly = false } = trace.query.spec;
    const { clock } = streamClass;
    const loop = emitStreamLoop(unit, { headerWalk, clock, recordBytes, countsOnly });
    unit.module.exportFunction("loop", loop);
  }
  const shapes = new Map<string, ShapeCode>();
  const { filter } = trace.query.spec;
  const links = filter && new LinkCache(filter);
  for (const [key, eventClass] of fresh)
    shapes.set(key, emitShape(trace, unit, streamClass, eventClass, links));
  const hasCode = withLoop || [...shapes.values()].some(({ kind }) => kind === "function");
  return { compiled: hasCode ? unit.compile() : undefined, shapes };
}

function emitShape(
  { query: { spec }, kernel, traceClass, programs }: TraceCode,
  unit: Unit,
  streamClass: StreamClass,
  eventClass: EventClass,
  links: LinkCache | undefined,
): ShapeCode {
  const plan = planEvent(spec, traceClass, streamClass, eventClass, links);
  const size = plan.isLive ? undefined : fixedSize(plan);
  if (size !== undefined) return { kind: "fixed", ...size };
  const { begin, end, countsOnly = false } = spec;
  const { columns, chunks } = kernel;
  try {
    const renderers = new Map<number, number>();
    if (plan.isLive) {
      for (const [constant, program] of programs.of(streamClass, eventClass))
        renderers.set(constant, programs.emit(unit, program));
    }
    const { layout } = chunks;
    const hasBegin = begin !== undefined;
    const hasEnd = end !== undefined;
    const context = { columns: columns.columns, layout, hasBegin, hasEnd, countsOnly, renderers };
    const index = unit.module.function(RECORD_FUNCTION, recordBody(unit, plan, context));
    const name = `f${index}`;
    unit.module.exportFunction(name, index);
    const rendered = plan.isLive ? renderedFields(plan.sources, columns.columns) : undefined;
    return { kind: "function", rendered, name };
  } catch (error) {
    if (error instanceof NotCompilable) return { kind: "interpreted" };
    throw error;
  }
}

function renderedFields(
  sources: readonly ColumnSource[],
  columns: readonly KernelColumn[],
): RenderedFields {
  const rendered = new Map<number, FieldClass>();
  sources.forEach((source, i) => {
    if (columns[i]?.kind !== "utf8" || source.kind !== "field") return;
    const { kind } = source.fieldClass;
    if (kind !== "string" && kind !== "text") rendered.set(i, source.fieldClass);
  });
  return rendered;
}

/** All of a stream class and its trace that code depends on, besides the event classes' shapes. */
function streamKey(
  { query: { spec }, facts, traceClass, shapes }: TraceCode,
  { clock, packetContext, eventHeader, commonContext }: StreamClass,
): Pick<UnitKey, "frequency" | "stream"> {
  const parts = [packetContext, eventHeader, commonContext].map((structure) =>
    structure === undefined ? "-" : described(structure),
  );
  // A filter's questions about the trace are answered when it is linked.
  if (shapes.usesFacts || spec.columns.some(({ request }) => request.kind === "match")) {
    const environment = [...traceClass.environment].map(([name, value]) => [name, String(value)]);
    parts.push(JSON.stringify([environment, facts.host]));
  }
  return { frequency: clock?.frequency, stream: numberOf(parts.join(" ")) };
}

/** All of an event class that code depends on. */
function shapeKey(
  { query: { spec }, shapes, programs }: TraceCode,
  streamClass: StreamClass,
  eventClass: EventClass,
): string {
  const isWanted = isSelected(spec.events, eventClass.name);
  let key = shapes.of(eventClass, isWanted);
  if (!isWanted) return key;
  for (const program of programs.of(streamClass, eventClass).values())
    key += `|${programs.shapeOf(program)}`;
  return key;
}

/** Whether records of a class always take the same space, once they are aligned. */
function fixedSize({ walk }: EventPlan): { align: number; bits: number } | undefined {
  const [step, ...others] = walk;
  if (step === undefined) return { align: 1, bits: 0 };
  if (others.length > 0 || step.op !== Op.fixed || step.bits > 2 ** 29) return undefined;
  return { align: step.align, bits: step.bits };
}
