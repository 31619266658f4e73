/**
 * The compiling scanner: the event classes of a stream class become one module of WebAssembly, classes of equal shape share
 * a function. Bad records are read again by the interpreter, for their exact error.
 */

import type { DecodeError } from "../../../base/errors.ts";
import { isSelected } from "../../../base/glob.ts";
import { TextTooLong } from "../../../base/utf8-writer.ts";
import { SharedDictionary } from "../../../column/column-builder.ts";
import { mayChangeInsideBytes } from "../../../ctf/byte-order-changes.ts";
import type { PacketHeader } from "../../../ctf/packet-header.ts";
import type { EventClass, StreamClass, TraceClass } from "../../../ctf/trace-class.ts";
import { LinkCache } from "../../../filter/link-cache.ts";
import type { WasmFunction } from "../../../wasm/runtime.ts";
import { type EventPlan, planEvent } from "../../event-plan.ts";
import { InterpretingScanner, undeclaredClass } from "../../interpreter.ts";
import { constantText } from "../../record-columns.ts";
import {
  hasPacketContextText,
  packetContextText,
  recordHead,
  tracePrefix,
} from "../../record-text.ts";
import {
  NO_BUDGET,
  type ResumePoint,
  type ScanBudget,
  type Scanner,
  type ScanOutcome,
  type ScanSpec,
  type TraceFacts,
} from "../../scanner.ts";
import { Op, planHeaderWalk } from "../../walk.ts";
import type { Kernel } from "../kernel.ts";
import { Arena } from "../memory/arena.ts";
import type { Chunk, Segment } from "../memory/chunk.ts";
import type { KernelColumn } from "../memory/columns.ts";
import { State } from "../memory/memory.ts";
import { emitRender, renderShape, type WordsOf } from "../text/render-emitter.ts";
import { RenderCompiler } from "../text/render-program.ts";
import { ClassLookahead } from "./class-lookahead.ts";
import { ClassShapes } from "./class-shape.ts";
import { NotCompilable } from "./not-compilable.ts";
import { isRenderableBy, recordBody } from "./record-emitter.ts";
import { RECORD_CONSTANTS } from "./row-emitter.ts";
import { Status } from "./status.ts";
import { ClassKind, emitStreamLoop } from "./stream-emitter.ts";
import { RECORD_FUNCTION, Unit } from "./unit.ts";

/** Ids from here on are left to the interpreter: the table of classes is dense. */
const MAX_CLASS_ID = 1 << 16;
const FIRST_CLASSES = 256;
/** Rendering makes much code: of more classes than this, those are compiled that are met. */
const MANY_CLASSES = 64;

const NO_CLASSES: ReadonlySet<EventClass> = new Set();

/** What the records of classes of one shape are to the loop. */
type CompiledShape =
  | { readonly kind: "fixed"; readonly align: number; readonly bits: number }
  /** `index` in the module while it is written, then `entry` in the table. */
  | { readonly kind: "function"; readonly plan: EventPlan; readonly index: number; entry: number }
  /** Only the interpreter can run it. */
  | { readonly kind: "interpreted" };

interface StreamState {
  readonly loop: WasmFunction;
  readonly shapes: Map<string, CompiledShape>;
  /** Event classes that are entered, or that cannot be. */
  readonly known: Set<EventClass>;
  /** Address and number of the class records. */
  classes: number;
  classCount: number;
}

/** A record of the trace is of a class whose filter only the interpreter can run: the whole query must go over to it. */
export class MustInterpret extends Error {}

export class KernelScanner implements Scanner<Segment> {
  readonly #spec: ScanSpec;
  readonly #facts: TraceFacts;
  readonly #kernel: Kernel;
  readonly #arena: Arena;
  readonly #recordBytes: number;
  readonly #classShapes: ClassShapes;
  /** For the trace class at hand: it holds on to its stream classes. */
  #links: LinkCache | undefined;
  readonly #survey = new ClassLookahead();
  #traceClass: TraceClass;
  #slotAddress = 0;
  #slotCount = 0;
  #renderer: RenderCompiler | undefined;
  readonly #streams = new Map<StreamClass, StreamState>();
  /** Reads bad records again. */
  #interpreter: InterpretingScanner | undefined;
  #classPrograms = new WeakMap<EventClass, Map<number, number>>();
  #packetText = 0;
  #packetTextCapacity = 0;

  constructor(spec: ScanSpec, kernel: Kernel, traceClass: TraceClass, facts: TraceFacts) {
    this.#spec = spec;
    this.#facts = facts;
    this.#kernel = kernel;
    this.#arena = new Arena(kernel.memory);
    this.#traceClass = traceClass;
    this.#recordBytes = RECORD_CONSTANTS + 4 * kernel.columns.constants;
    this.#classShapes = new ClassShapes(spec);
    this.update(traceClass);
  }

  get traceClass(): TraceClass {
    return this.#traceClass;
  }

  update(traceClass: TraceClass): void {
    this.#traceClass = traceClass;
    this.#links = this.#spec.filter && new LinkCache(this.#spec.filter);
    declareConstants(this.#kernel, traceClass, this.#facts);
    this.#interpreter?.update(traceClass);
    if (traceClass.slotCount > this.#slotCount) {
      // Code holds the address of its slots, so more of them means new code.
      this.#slotCount = traceClass.slotCount * 2;
      this.#slotAddress = this.#arena.allocate(this.#slotCount * 8);
      this.#renderer = undefined;
      this.#classPrograms = new WeakMap();
      this.#streams.clear();
    }
    this.#renderer ??= new RenderCompiler(this.#arena, this.#kernel.host, this.#slotAddress);
    const current = new Set(traceClass.streamClasses.values());
    for (const [streamClass, state] of this.#streams) {
      if (current.has(streamClass)) continue;
      this.#streams.delete(streamClass);
      const successor = [...current].find(({ id }) => id === streamClass.id);
      // A class that only gained event classes goes on with the code it has.
      if (successor !== undefined && hasSameLayout(successor, streamClass))
        this.#streams.set(successor, state);
    }
  }

  /** @throws MustInterpret before any row of the packet counts */
  scan(
    bytes: Uint8Array,
    header: PacketHeader,
    resume?: ResumePoint,
    budget?: ScanBudget,
  ): ScanOutcome<Segment> {
    this.#kernel.memory.input(bytes.length).set(bytes);
    return this.scanInput(bytes, header, resume, budget);
  }

  /** As `scan`, for a packet whose bytes are in the kernel's memory already. */
  scanInput(
    bytes: Uint8Array,
    header: PacketHeader,
    resume?: ResumePoint,
    budget: ScanBudget = NO_BUDGET,
  ): ScanOutcome<Segment> {
    const { memory } = this.#kernel;
    const { state } = memory;
    memory.set(state + State.end, header.contentBits);
    memory.set(state + State.cpuId, header.cpuId ?? 0);
    memory.set(state + State.hasCpuId, header.cpuId === undefined ? 0 : 1);
    memory.set(state + State.context, header.contextBit);
    const { hi, lo } = header.slots;
    for (let slot = 0; slot < hi.length; slot++)
      memory.set64(this.#slotAddress + 8 * slot, hi[slot]!, lo[slot]!);
    if (this.#kernel.columns.rendersRecords) this.#setPacketText(bytes, header);
    const begin = header.begin ?? 0n;
    memory.set64(
      state + State.clock,
      resume?.clockHi ?? Number(BigInt.asIntN(32, begin >> 32n)),
      resume?.clockLo ?? Number(BigInt.asIntN(32, begin)),
    );
    return this.#run(bytes, header, resume?.bit ?? header.headerBits, budget);
  }

  close(): void {
    this.#streams.clear();
    this.#arena.free();
  }

  #setPacketText(bytes: Uint8Array, header: PacketHeader): void {
    const { memory } = this.#kernel;
    const text = packetText(bytes, header);
    if (text.length > this.#packetTextCapacity) {
      this.#packetTextCapacity = text.length * 2 + 64;
      this.#packetText = this.#arena.allocate(this.#packetTextCapacity + 16);
    }
    memory.u8.set(text, this.#packetText);
    memory.set(memory.state + State.packetText, this.#packetText);
    memory.set(memory.state + State.packetTextLength, text.length);
  }

  #run(
    bytes: Uint8Array,
    header: PacketHeader,
    from: number,
    budget: ScanBudget,
  ): ScanOutcome<Segment> {
    const { memory } = this.#kernel;
    const { state } = memory;
    const { streamClass } = header;
    const stream = this.#stream(streamClass);
    const { countsOnly = false } = this.#spec;
    const rows = new RowAppender(this.#kernel, header.contentBits, countsOnly);
    let events = 0;
    let here: ResumePoint = { bit: from, clockHi: 0, clockLo: 0 };
    const outcome = (error?: DecodeError, resume?: ResumePoint): ScanOutcome<Segment> => ({
      ...rows.finish(),
      events,
      error,
      resume,
      reached: here,
    });
    for (;;) {
      memory.set(state + State.classes, stream.classes);
      memory.set(state + State.classCount, stream.classCount);
      const status = stream.loop(here.bit);
      const bit = memory.get(state + State.start);
      events += memory.get(state + State.events);
      // Behind the last record the clock is what that has left; any other begins again with the clock as it was before it.
      const clock = status === Status.done ? State.clock : State.startClock;
      const clockHi = memory.get(state + clock + 4);
      const clockLo = memory.get(state + clock);
      here = { bit, clockHi, clockLo };
      if (status === Status.done) return outcome();
      memory.set64(state + State.clock, clockHi, clockLo);
      if (status === Status.full) {
        if (!rows.makeRoom()) {
          const error = this.#errorOf(bytes, header, here);
          if (error !== undefined) return outcome(error);
          // It is only just not too long.
          rows.abandon();
          throw new MustInterpret();
        }
        const { found } = rows;
        if (found >= budget.rows || (found > 0 && performance.now() >= budget.until))
          return outcome();
      } else if (status === Status.dictionaryFull) {
        rows.renewDictionaries();
      } else if (status === Status.unknown) {
        const id = memory.get(state + State.eventId);
        const eventClass = id === -1 ? undefined : streamClass.eventClasses.get(id);
        const isTooLarge = id === -1 && hasLargeIds(streamClass);
        if (id === -1 && !isTooLarge) {
          const error = this.#exactError(bytes, header, here);
          return outcome(error, error.code === "DECODE_EVENT_CLASS" ? here : undefined);
        }
        if (eventClass === undefined && !isTooLarge)
          return outcome(undeclaredClass(streamClass, id, bit), here);
        if (eventClass === undefined || id >= MAX_CLASS_ID || stream.known.has(eventClass)) {
          rows.abandon();
          throw new MustInterpret();
        }
        const met = this.#isLazy(streamClass)
          ? this.#survey.ahead(bytes, header, this.#traceClass, bit).add(eventClass)
          : NO_CLASSES;
        this.#addClasses(stream, streamClass, met);
      } else {
        return outcome(this.#exactError(bytes, header, here));
      }
    }
  }

  /** What is wrong with the record at a place, by reading it again. */
  #exactError(bytes: Uint8Array, header: PacketHeader, at: ResumePoint): DecodeError {
    const error = this.#errorOf(bytes, header, at);
    if (error === undefined)
      throw new Error(`kernel and interpreter disagree on the record at bit ${at.bit}`);
    return error;
  }

  /** What is wrong with a packet from a record on, if anything is. */
  #errorOf(bytes: Uint8Array, header: PacketHeader, at: ResumePoint): DecodeError | undefined {
    this.#interpreter ??= new InterpretingScanner(
      this.#spec,
      this.#spec.columns.map(() => new SharedDictionary()),
      this.#traceClass,
      this.#facts,
    );
    return this.#interpreter.scan(bytes, header, at).error;
  }

  /** A stream class with the code of all its event classes. */
  #stream(streamClass: StreamClass): StreamState {
    let stream = this.#streams.get(streamClass);
    if (stream === undefined) {
      if (mayChangeInsideBytes(this.#traceClass.packetHeader, streamClass))
        throw new MustInterpret();
      const unit = new Unit(this.#kernel.memory, this.#arena);
      const headerWalk = planHeaderWalk(streamClass);
      const loop = emitStreamLoop(unit, {
        headerWalk,
        clock: streamClass.clock,
        slotAddress: this.#slotAddress,
        recordBytes: this.#recordBytes,
        countsOnly: this.#spec.countsOnly ?? false,
      });
      unit.module.exportFunction("loop", loop);
      const classes = this.#arena.allocate(FIRST_CLASSES * this.#recordBytes);
      const known = new Set<EventClass>();
      const shapes = new Map<string, CompiledShape>();
      const compiled = this.#compileClasses(unit, streamClass, shapes, known, NO_CLASSES);
      const { loop: run, ...functions } = unit.instantiate();
      stream = { loop: run!, shapes, known, classes, classCount: FIRST_CLASSES };
      this.#enter(stream, streamClass, compiled, functions);
      this.#streams.set(streamClass, stream);
    }
    return stream;
  }

  /** Whether of a stream's event classes only those are compiled that are met. */
  #isLazy({ eventClasses }: StreamClass): boolean {
    return this.#kernel.columns.renders && eventClasses.size > MANY_CLASSES;
  }

  /** Compiles and enters event classes that are met, or all that have been declared since others were compiled. */
  #addClasses(stream: StreamState, streamClass: StreamClass, met: ReadonlySet<EventClass>): void {
    const unit = new Unit(this.#kernel.memory, this.#arena);
    const compiled = this.#compileClasses(unit, streamClass, stream.shapes, stream.known, met);
    const isNew = [...compiled.values()].some(
      (shape) => shape.kind === "function" && shape.entry === -1,
    );
    this.#enter(stream, streamClass, compiled, isNew ? unit.instantiate() : {});
  }

  /** Emits a function for each new shape among the event classes that are not known yet; of many, only for those met. */
  #compileClasses(
    unit: Unit,
    streamClass: StreamClass,
    shapes: Map<string, CompiledShape>,
    known: Set<EventClass>,
    met: ReadonlySet<EventClass>,
  ): Map<EventClass, CompiledShape> {
    const compiled = new Map<EventClass, CompiledShape>();
    const { events } = this.#spec;
    const classes = this.#isLazy(streamClass) ? met : streamClass.eventClasses.values();
    for (const eventClass of classes) {
      if (eventClass.id >= MAX_CLASS_ID || known.has(eventClass)) continue;
      known.add(eventClass);
      const isWanted = isSelected(events, eventClass.name);
      const programs = isWanted ? this.#programs(streamClass, eventClass) : new Map();
      let key = this.#classShapes.of(eventClass, isWanted);
      for (const program of programs.values()) key += `|${this.#renderShape(program)}`;
      let shape = shapes.get(key);
      if (shape === undefined) {
        shape = this.#compile(unit, streamClass, eventClass, programs);
        shapes.set(key, shape);
      }
      compiled.set(eventClass, shape);
    }
    return compiled;
  }

  #compile(
    unit: Unit,
    streamClass: StreamClass,
    eventClass: EventClass,
    programs: ReadonlyMap<number, number>,
  ): CompiledShape {
    const plan = planEvent(this.#spec, this.#traceClass, streamClass, eventClass, this.#links);
    const size = plan.isLive ? undefined : fixedSize(plan);
    if (size !== undefined) return { kind: "fixed", ...size };
    const { begin, end, countsOnly = false } = this.#spec;
    const { columns, chunks } = this.#kernel;
    try {
      const renderers = new Map<number, number>();
      if (plan.isLive) {
        for (const [constant, program] of programs)
          renderers.set(constant, this.#emitRender(unit, program));
      }
      const body = recordBody(unit, plan, {
        columns: columns.columns,
        layout: chunks.layout,
        slotAddress: this.#slotAddress,
        begin,
        end,
        countsOnly,
        renderers,
      });
      const index = unit.module.function(RECORD_FUNCTION, body);
      unit.module.exportFunction(`f${index}`, index);
      return { kind: "function", plan, index, entry: -1 };
    } catch (error) {
      if (error instanceof NotCompilable) return { kind: "interpreted" };
      throw error;
    }
  }

  /** Writes the class records, by which the loop finds an event class. */
  #enter(
    stream: StreamState,
    streamClass: StreamClass,
    compiled: ReadonlyMap<EventClass, CompiledShape>,
    functions: Readonly<Record<string, WasmFunction>>,
  ): void {
    const { memory } = this.#kernel;
    for (const [eventClass, shape] of compiled) {
      if (shape.kind === "interpreted") continue;
      this.#growClasses(stream, eventClass.id);
      const record = stream.classes + eventClass.id * this.#recordBytes;
      if (shape.kind === "fixed") {
        memory.set(record, ClassKind.fixed);
        memory.set(record + 4, shape.align);
        memory.set(record + 8, shape.bits);
        continue;
      }
      if (shape.entry === -1) {
        shape.entry = this.#arena.addFunction(functions[`f${shape.index}`]!);
        this.#kernel.functions++;
      }
      memory.set(record, ClassKind.function);
      memory.set(record + 4, shape.entry);
      if (shape.plan.isLive) this.#setConstants(record, streamClass, eventClass, shape.plan);
    }
  }

  #setConstants(
    record: number,
    streamClass: StreamClass,
    eventClass: EventClass,
    { sources }: EventPlan,
  ): void {
    const { memory, columns } = this.#kernel;
    columns.columns.forEach((column, i) => {
      const set = (value: number, constant: number): void =>
        memory.set(record + RECORD_CONSTANTS + 4 * constant, value);
      if (column.kind === "constant") {
        const text = constantText(column.column, eventClass, this.#traceClass, this.#facts);
        set(text === undefined ? -1 : column.dictionary.codeOfString(text), column.constant);
      } else if (column.kind === "rendered") {
        set(this.#programs(streamClass, eventClass).get(column.constant) ?? 0, column.constant);
      } else if (column.kind === "utf8") {
        const source = sources[i]!;
        const isRendered =
          source.kind === "field" &&
          source.fieldClass.kind !== "string" &&
          source.fieldClass.kind !== "text";
        if (isRendered) set(this.#renderer!.value("json", source.fieldClass), column.constant);
      }
    });
  }

  /** The render programs of a class, by the constants that name them. */
  #programs(streamClass: StreamClass, eventClass: EventClass): Map<number, number> {
    let programs = this.#classPrograms.get(eventClass);
    if (programs !== undefined) return programs;
    programs = new Map();
    for (const column of this.#kernel.columns.columns) {
      if (column.kind === "rendered" && isRenderableBy(column, streamClass, eventClass))
        programs.set(column.constant, this.#program(column, streamClass, eventClass));
    }
    this.#classPrograms.set(eventClass, programs);
    return programs;
  }

  /** The render program of a class for a column. */
  #program(
    { column, style }: KernelColumn & { kind: "rendered" },
    streamClass: StreamClass,
    eventClass: EventClass,
  ): number {
    const renderer = this.#renderer!;
    if (column.request.kind === "record") {
      const head = recordHead(tracePrefix(this.#traceClass), eventClass);
      const scopes = [streamClass.commonContext, eventClass.specificContext, eventClass.payload];
      return renderer.record(
        head,
        hasPacketContextText(streamClass),
        scopes.filter((scope) => scope !== undefined),
      );
    }
    if (eventClass.payload !== undefined) return renderer.scope(style, eventClass.payload);
    return renderer.constant(style === "json" ? "{}" : "");
  }

  #renderShape(program: number): string {
    return renderShape(this.#renderer!.wordsOf(program), (nested) =>
      this.#renderer!.wordsOf(nested),
    );
  }

  #emitRender(unit: Unit, program: number): number {
    const renderer = this.#renderer!;
    const wordsOf: WordsOf = (nested) => renderer.wordsOf(nested);
    return emitRender(unit, renderer.wordsOf(program), wordsOf, this.#slotAddress);
  }

  #growClasses(stream: StreamState, id: number): void {
    if (id < stream.classCount) return;
    const { memory } = this.#kernel;
    const count = Math.max(id + 1, stream.classCount * 2);
    const classes = this.#arena.allocate(count * this.#recordBytes);
    memory.u8.copyWithin(
      classes,
      stream.classes,
      stream.classes + stream.classCount * this.#recordBytes,
    );
    stream.classes = classes;
    stream.classCount = count;
  }
}

/** @throws MustInterpret where it is too long: which record it is too long for shows when they are read one by one */
function packetText(bytes: Uint8Array, header: PacketHeader): Uint8Array {
  try {
    return packetContextText(bytes, header, header.slots);
  } catch (error) {
    throw error instanceof TextTooLong ? new MustInterpret() : error;
  }
}

/**
 * Gives codes to the texts that are the same for all records of a class, in the order of the metadata: kernels of several
 * threads that know the same traces agree on them.
 */
export function declareConstants(
  { columns }: Kernel,
  traceClass: TraceClass,
  facts: TraceFacts,
): void {
  for (const column of columns.columns) {
    if (column.kind !== "constant") continue;
    for (const { eventClasses } of traceClass.streamClasses.values()) {
      for (const eventClass of eventClasses.values()) {
        const text = constantText(column.column, eventClass, traceClass, facts);
        if (text !== undefined) column.dictionary.codeOfString(text);
      }
    }
  }
}

/** Where a scan's rows go: into the open chunk, behind those of other streams, then into chunks that take its place. */
class RowAppender {
  readonly #kernel: Kernel;
  readonly #countsOnly: boolean;
  readonly #segments: Segment[] = [];
  #chunk: Chunk | undefined;
  /** The scan's first row in the chunk. */
  #from = 0;

  constructor(kernel: Kernel, contentBits: number, countsOnly: boolean) {
    this.#kernel = kernel;
    this.#countsOnly = countsOnly;
    if (countsOnly) this.#setRow(0);
    else this.#use(kernel.openChunk(contentBits));
  }

  /**
   * Goes on in an empty chunk. If it is empty already, the text that did not fit gets more room in it; false if it is longer
   * than a text may be.
   */
  makeRoom(): boolean {
    const { memory, chunks } = this.#kernel;
    if (this.#row() === 0)
      return chunks.growText(this.#chunk!, memory.get(memory.state + State.fullSlot));
    this.#close();
    this.#use(this.#kernel.nextChunk(this.#chunk!));
    return true;
  }

  /** Goes on in an empty chunk, whose dictionaries have room. */
  renewDictionaries(): void {
    this.#close();
    this.#use(this.#kernel.nextDictionaries(this.#chunk!));
  }

  /** Rows in the chunks that are full. */
  get found(): number {
    return this.#segments.reduce((sum, { from, to }) => sum + to - from, 0);
  }

  finish(): { rows: readonly Segment[]; matched: number } {
    if (this.#countsOnly) return { rows: [], matched: this.#row() };
    this.#close();
    return { rows: this.#segments, matched: this.found };
  }

  /** Forgets the rows. */
  abandon(): void {
    if (this.#countsOnly) return;
    const { chunks } = this.#kernel;
    chunks.close(this.#chunk!, this.#row());
    chunks.cut(this.#chunk!, this.#from);
    for (const segment of this.#segments) chunks.give(segment);
  }

  #close(): void {
    const { chunks } = this.#kernel;
    const chunk = this.#chunk!;
    const rows = this.#row();
    chunks.close(chunk, rows);
    if (rows > this.#from) this.#segments.push(chunks.segment(chunk, this.#from, rows));
  }

  #use(chunk: Chunk): void {
    const { memory } = this.#kernel;
    this.#chunk = chunk;
    this.#from = chunk.rows;
    memory.set(memory.state + State.chunk, chunk.address);
    this.#setRow(chunk.rows);
  }

  #row(): number {
    const { memory } = this.#kernel;
    return memory.get(memory.state + State.row);
  }

  #setRow(row: number): void {
    const { memory } = this.#kernel;
    memory.set(memory.state + State.row, row);
  }
}

/** Whether records of a class always take the same space, once they are aligned. */
function fixedSize({ walk }: EventPlan): { align: number; bits: number } | undefined {
  const [step, ...others] = walk;
  if (step === undefined) return { align: 1, bits: 0 };
  if (others.length > 0 || step.op !== Op.fixed || step.bits > 2 ** 29) return undefined;
  return { align: step.align, bits: step.bits };
}

/** Whether event ids go beyond those that the loop can name. */
function hasLargeIds({ eventClasses }: StreamClass): boolean {
  for (const id of eventClasses.keys()) if (id > 0x7fff_ffff) return true;
  return false;
}

function hasSameLayout(a: StreamClass, b: StreamClass): boolean {
  return (
    a.clock === b.clock &&
    a.packetContext === b.packetContext &&
    a.eventHeader === b.eventHeader &&
    a.commonContext === b.commonContext
  );
}
