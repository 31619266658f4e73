/**
 * The compiling scanner: each event class that is met becomes a function of WebAssembly, classes of equal shape share one.
 * What the code cannot do is left to the interpreter: rendered columns are made from the records that passed, a bad
 * record is read again for its exact error, and a filter that needs run-time types turns the whole trace over to it.
 */

import type { DecodeError } from "../../base/errors.ts";
import type { PacketHeader } from "../../ctf/packet-header.ts";
import type { EventClass, StreamClass, TraceClass } from "../../ctf/trace-class.ts";
import type { WasmFunction } from "../../wasm/runtime.ts";
import type { Column, ColumnBatch } from "../column.ts";
import { type EventPlan, planEvent } from "../event-plan.ts";
import { InterpretingScanner, undeclaredClass } from "../interpreter.ts";
import type { PlannedColumn } from "../layout.ts";
import { constantText } from "../record-columns.ts";
import { hasPacketContextText, packetContextText, tracePrefix } from "../record-text.ts";
import type { ResumePoint, Scanner, ScanOutcome, ScanSpec, TraceFacts } from "../scanner.ts";
import { Op, planWalk } from "../walk.ts";
import { RECORD_CONSTANTS } from "./column-emitter.ts";
import { type KernelColumn, KernelColumns } from "./columns.ts";
import { DeferredColumns } from "./deferred.ts";
import { NotCompilable } from "./filter-emitter.ts";
import { KernelMemory, State } from "./memory.ts";
import { recordBody } from "./record-emitter.ts";
import { RenderHost } from "./render-host.ts";
import { RenderCompiler } from "./render-program.ts";
import { ClassKind, emitStreamLoop } from "./stream-emitter.ts";
import { RECORD_FUNCTION, Unit } from "./unit.ts";
import { Status } from "./walk-emitter.ts";

/** What the scanners of one query share, one for each trace. */
export interface Kernel {
  readonly memory: KernelMemory;
  readonly host: RenderHost;
  readonly columns: KernelColumns;
  /** Function numbers by body: classes of equal shape share code, over all traces. */
  readonly functions: Map<string, number>;
}

/** An empty kernel for a query's columns. */
export function newKernel(columns: readonly PlannedColumn[]): Kernel {
  const memory = new KernelMemory();
  const host = new RenderHost(memory);
  memory.imports = { float: host.float, labels: host.labels };
  return { memory, host, columns: new KernelColumns(columns, memory), functions: new Map() };
}

/** Ids from here on are left to the interpreter: the table of classes is dense. */
const MAX_CLASS_ID = 1 << 16;
const FIRST_CLASSES = 256;
const NO_TIMESTAMPS = new BigInt64Array(0);

interface StreamState {
  readonly loop: WasmFunction;
  /** Address and number of the class records. */
  classes: number;
  classCount: number;
}

export class KernelScanner implements Scanner {
  readonly #spec: ScanSpec;
  readonly #facts: TraceFacts;
  readonly #kernel: Kernel;
  readonly #deferred: DeferredColumns | undefined;
  readonly #recordBytes: number;
  #traceClass: TraceClass;
  #slotAddress = 0;
  #slotCount = 0;
  #renderer: RenderCompiler | undefined;
  readonly #streams = new Map<StreamClass, StreamState>();
  /** Takes over where this trace cannot be compiled; reads bad records again otherwise. */
  #interpreter: InterpretingScanner | undefined;
  #isInterpreting = false;
  #packetText = 0;
  #packetTextCapacity = 0;

  constructor(spec: ScanSpec, kernel: Kernel, traceClass: TraceClass, facts: TraceFacts) {
    this.#spec = spec;
    this.#facts = facts;
    this.#kernel = kernel;
    this.#traceClass = traceClass;
    this.#recordBytes = RECORD_CONSTANTS + 4 * kernel.columns.constants;
    const isDeferred = kernel.columns.columns.map(({ kind }) => kind === "deferred");
    if (isDeferred.includes(true))
      this.#deferred = new DeferredColumns(spec, isDeferred, traceClass, facts);
    this.update(traceClass);
  }

  update(traceClass: TraceClass): void {
    this.#traceClass = traceClass;
    this.#interpreter?.update(traceClass);
    this.#deferred?.update(traceClass);
    if (traceClass.slotCount > this.#slotCount) {
      // Code holds the address of its slots, so more of them means new code.
      this.#slotCount = traceClass.slotCount * 2;
      this.#slotAddress = this.#kernel.memory.allocate(this.#slotCount * 8);
      this.#renderer = undefined;
      this.#streams.clear();
    }
    const { memory, host } = this.#kernel;
    this.#renderer ??= new RenderCompiler(memory, host, this.#slotAddress);
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

  scan(bytes: Uint8Array, header: PacketHeader, resume?: ResumePoint): ScanOutcome {
    if (this.#isInterpreting) return this.#ownInterpreter().scan(bytes, header, resume);
    const { memory } = this.#kernel;
    memory.setInput(bytes);
    memory.set(State.end, header.contentBits);
    memory.set(State.row, 0);
    memory.set(State.cpuId, header.cpuId ?? 0);
    memory.set(State.hasCpuId, header.cpuId === undefined ? 0 : 1);
    memory.set(State.context, header.contextBit);
    const { hi, lo } = header.slots;
    for (let slot = 0; slot < hi.length; slot++)
      memory.set64(this.#slotAddress + 8 * slot, hi[slot]!, lo[slot]!);
    if (this.#kernel.columns.rendersRecords) this.#setPacketText(bytes, header);
    const begin = header.begin ?? 0n;
    memory.set64(
      State.clock,
      resume?.clockHi ?? Number(BigInt.asIntN(32, begin >> 32n)),
      resume?.clockLo ?? Number(BigInt.asIntN(32, begin)),
    );
    return this.#run(bytes, header, resume?.bit ?? header.headerBits);
  }

  #setPacketText(bytes: Uint8Array, header: PacketHeader): void {
    const { memory } = this.#kernel;
    const text = packetContextText(bytes, header, header.slots);
    if (text.length > this.#packetTextCapacity) {
      this.#packetTextCapacity = text.length * 2 + 64;
      this.#packetText = memory.allocate(this.#packetTextCapacity + 8);
    }
    memory.u8.set(text, this.#packetText);
    memory.set(State.packetText, this.#packetText);
    memory.set(State.packetTextLength, text.length);
  }

  #run(bytes: Uint8Array, header: PacketHeader, from: number): ScanOutcome {
    const { memory } = this.#kernel;
    const { streamClass } = header;
    const batches: ColumnBatch[] = [];
    const take = (): number => {
      const batch = this.#take(bytes, header);
      if (batch !== undefined) batches.push(batch);
      return batch?.rows ?? 0;
    };
    const stream = this.#stream(streamClass);
    let bit = from;
    let events = 0;
    for (;;) {
      memory.set(State.classes, stream.classes);
      memory.set(State.classCount, stream.classCount);
      const status = stream.loop(bit);
      bit = memory.get(State.start);
      events += memory.get(State.events);
      // Whatever it was, the record begins again with the clock as it was before it.
      const clockHi = memory.get(State.startClock + 4);
      const clockLo = memory.get(State.startClock);
      if (status === Status.done) {
        take();
        return { batches, events, error: undefined, resume: undefined };
      }
      memory.set64(State.clock, clockHi, clockLo);
      if (status === Status.full) {
        // A text larger than an empty region is no reason to stop.
        if (take() === 0) this.#kernel.columns.growTexts(bytes.length);
      } else if (status === Status.dictionaryFull) {
        take();
        this.#kernel.columns.renewDictionaries();
      } else if (status === Status.unknown) {
        const id = memory.get(State.eventId);
        const eventClass = id === -1 ? undefined : streamClass.eventClasses.get(id);
        const resumePoint = { bit, clockHi, clockLo };
        const isTooLarge = id === -1 && hasLargeIds(streamClass);
        if (eventClass === undefined && id < MAX_CLASS_ID && !isTooLarge) {
          take();
          const error =
            id === -1
              ? this.#exactError(bytes, header, resumePoint)
              : undeclaredClass(streamClass, id, bit);
          return {
            batches,
            events,
            error,
            resume: error.code === "DECODE_EVENT_CLASS" ? resumePoint : undefined,
          };
        }
        if (eventClass === undefined || !this.#addClass(stream, streamClass, eventClass)) {
          take();
          return this.#interpretRest(bytes, header, resumePoint, batches, events);
        }
      } else {
        take();
        const error = this.#exactError(bytes, header, { bit, clockHi, clockLo });
        return { batches, events, error, resume: undefined };
      }
    }
  }

  /** From here on the whole trace is interpreted. */
  #interpretRest(
    bytes: Uint8Array,
    header: PacketHeader,
    from: ResumePoint,
    batches: readonly ColumnBatch[],
    events: number,
  ): ScanOutcome {
    this.#isInterpreting = true;
    const rest = this.#ownInterpreter().scan(bytes, header, from);
    return { ...rest, batches: [...batches, ...rest.batches], events: events + rest.events };
  }

  /** What is wrong with the record at a place, by reading it again. */
  #exactError(bytes: Uint8Array, header: PacketHeader, at: ResumePoint): DecodeError {
    const { error } = this.#ownInterpreter().scan(bytes, header, at);
    if (error === undefined)
      throw new Error(`kernel and interpreter disagree on the record at bit ${at.bit}`);
    return error;
  }

  #ownInterpreter(): InterpretingScanner {
    this.#interpreter ??= new InterpretingScanner(this.#spec, this.#traceClass, this.#facts);
    return this.#interpreter;
  }

  #take(bytes: Uint8Array, header: PacketHeader): ColumnBatch | undefined {
    const { memory, columns: kernelColumns } = this.#kernel;
    const rows = memory.get(State.row);
    if (rows === 0) return undefined;
    memory.set(State.row, 0);
    if (this.#spec.countsOnly) return { rows, timestamps: NO_TIMESTAMPS, columns: [] };
    const { timestamps, columns } = kernelColumns.take(rows);
    if (this.#deferred === undefined) return { rows, timestamps, columns: columns as Column[] };
    const records = memory.i32.subarray(
      kernelColumns.records! >> 2,
      (kernelColumns.records! >> 2) + rows,
    );
    const classes = memory.i32.subarray(
      kernelColumns.classes >> 2,
      (kernelColumns.classes >> 2) + rows,
    );
    const deferred = this.#deferred.take(bytes, header, records, classes);
    return { rows, timestamps, columns: columns.map((column, i) => column ?? deferred[i]!) };
  }

  #stream(streamClass: StreamClass): StreamState {
    let stream = this.#streams.get(streamClass);
    if (stream === undefined) {
      const unit = new Unit(this.#kernel.memory);
      const headerWalk = planWalk([["event-header", streamClass.eventHeader]], () => -1);
      const loop = emitStreamLoop(
        unit,
        headerWalk,
        streamClass.clock,
        this.#slotAddress,
        this.#recordBytes,
        this.#spec.countsOnly ?? false,
      );
      unit.module.exportFunction("loop", loop);
      const classes = this.#kernel.memory.allocate(FIRST_CLASSES * this.#recordBytes);
      stream = { loop: unit.instantiate()["loop"]!, classes, classCount: FIRST_CLASSES };
      this.#streams.set(streamClass, stream);
    }
    return stream;
  }

  /** Compiles an event class and enters it. False if only the interpreter can run it. */
  #addClass(stream: StreamState, streamClass: StreamClass, eventClass: EventClass): boolean {
    const plan = planEvent(this.#spec, this.#traceClass, streamClass, eventClass);
    const { memory } = this.#kernel;
    this.#growClasses(stream, eventClass.id);
    const record = stream.classes + eventClass.id * this.#recordBytes;
    const size = plan.isLive ? undefined : fixedSize(plan);
    if (size !== undefined) {
      memory.set(record, ClassKind.fixed);
      memory.set(record + 4, size.align);
      memory.set(record + 8, size.bits);
      return true;
    }
    let body: Uint8Array;
    const unit = new Unit(memory);
    try {
      const { columns } = this.#kernel;
      const { begin, end, countsOnly = false } = this.#spec;
      body = recordBody(unit, plan, {
        columns,
        slotAddress: this.#slotAddress,
        begin,
        end,
        countsOnly,
      });
    } catch (error) {
      if (error instanceof NotCompilable) return false;
      throw error;
    }
    memory.set(record, ClassKind.function);
    memory.set(record + 4, this.#functionOf(unit, body));
    memory.set(record + 12, this.#deferred?.classOf(eventClass, streamClass) ?? 0);
    if (plan.isLive) this.#setConstants(record, plan);
    return true;
  }

  #functionOf(unit: Unit, body: Uint8Array): number {
    const { memory, functions } = this.#kernel;
    // Bodies call helpers by their number in the unit, so equal bodies are equal only with equal helpers before them.
    const key = `${unit.helperKey}:${Buffer.from(body).toString("latin1")}`;
    let number = functions.get(key);
    if (number === undefined) {
      const index = unit.module.function(RECORD_FUNCTION, body);
      unit.module.exportFunction("record", index);
      number = memory.addFunction(unit.instantiate()["record"]!);
      functions.set(key, number);
    }
    return number;
  }

  #setConstants(record: number, plan: EventPlan): void {
    const { memory, columns } = this.#kernel;
    for (const column of columns.columns) {
      if (column.kind === "rendered") {
        memory.set(record + RECORD_CONSTANTS + 4 * column.constant, this.#program(column, plan));
      }
      if (column.kind !== "constant") continue;
      const text = constantText(column.column, plan, this.#traceClass, this.#facts);
      const code = text === undefined ? -1 : column.dictionary.codeOfString(text);
      memory.set(record + RECORD_CONSTANTS + 4 * column.constant, code);
    }
  }

  /** The render program of a class for a column. */
  #program({ column, style }: KernelColumn & { kind: "rendered" }, plan: EventPlan): number {
    const { streamClass, eventClass } = plan;
    const renderer = this.#renderer!;
    if (column.request.kind === "record") {
      const head = `${tracePrefix(this.#traceClass)}${eventClass.name}: `;
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

  #growClasses(stream: StreamState, id: number): void {
    if (id < stream.classCount) return;
    const { memory } = this.#kernel;
    const count = Math.max(id + 1, stream.classCount * 2);
    const classes = memory.allocate(count * this.#recordBytes);
    memory.u8.copyWithin(
      classes,
      stream.classes,
      stream.classes + stream.classCount * this.#recordBytes,
    );
    stream.classes = classes;
    stream.classCount = count;
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
