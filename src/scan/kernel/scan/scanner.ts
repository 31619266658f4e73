/**
 * The compiling scanner: the event classes of a stream class become modules of WebAssembly, classes of equal shape share
 * a function. Bad records are read again by the interpreter, for their exact error.
 */

import type { DecodeError } from "../../../base/errors.ts";
import { TextTooLong } from "../../../base/utf8-writer.ts";
import { SharedDictionary } from "../../../column/column-builder.ts";
import { mayChangeInsideBytes } from "../../../ctf/byte-order-changes.ts";
import type { PacketHeader } from "../../../ctf/packet-header.ts";
import type { StreamClass, TraceClass } from "../../../ctf/trace-class.ts";
import { InterpretingScanner, undeclaredClass } from "../../interpreter.ts";
import { constantText } from "../../record-columns.ts";
import { packetContextText } from "../../record-text.ts";
import {
  NO_BUDGET,
  type ResumePoint,
  type ScanBudget,
  type Scanner,
  type ScanOutcome,
  type ScanSpec,
  type TraceFacts,
} from "../../scanner.ts";
import type { Folder } from "../fold/folder.ts";
import type { Kernel } from "../kernel.ts";
import { Arena } from "../memory/arena.ts";
import type { Segment } from "../memory/chunk.ts";
import { State } from "../memory/memory.ts";
import { RenderCompiler } from "../text/render-program.ts";
import { ClassLookahead } from "./class-lookahead.ts";
import { ClassPrograms } from "./class-programs.ts";
import { ClassShapes } from "./class-shape.ts";
import { hasManyClasses, meet } from "./met-classes.ts";
import { QueryCode } from "./query-code.ts";
import { RowAppender } from "./row-appender.ts";
import { Status } from "./status.ts";
import { MAX_CLASS_ID, StreamCode, type TraceCode } from "./stream-code.ts";
import { slotOffset } from "./unit.ts";

/** A record of the trace is of a class whose filter only the interpreter can run: the whole query must go over to it. */
export class MustInterpret extends Error {}

export class KernelScanner implements Scanner<Segment> {
  readonly #spec: ScanSpec;
  readonly #facts: TraceFacts;
  readonly #kernel: Kernel;
  readonly #arena: Arena;
  readonly #shapes: ClassShapes;
  readonly #query: QueryCode;
  readonly #folder: Folder | undefined;
  readonly #lookahead = new ClassLookahead();
  /** What code stands on, of the trace class at hand. */
  #code: TraceCode;
  #slotCount = 0;
  readonly #streams = new Map<StreamClass, StreamCode>();
  /** Reads bad records again. */
  #interpreter: InterpretingScanner | undefined;
  #packetText = 0;
  #packetTextCapacity = 0;

  constructor(spec: ScanSpec, kernel: Kernel, traceClass: TraceClass, facts: TraceFacts) {
    this.#spec = spec;
    this.#facts = facts;
    this.#kernel = kernel;
    this.#arena = new Arena(kernel.memory);
    this.#shapes = new ClassShapes(spec);
    this.#query = new QueryCode(spec, kernel.memory.isShared);
    this.#folder = spec.fold && kernel.folder(spec.fold);
    this.#code = this.#codeOf(traceClass);
  }

  get traceClass(): TraceClass {
    return this.#code.traceClass;
  }

  update(traceClass: TraceClass): void {
    this.#code = this.#codeOf(traceClass, this.#code);
    this.#interpreter?.update(traceClass);
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

  /** @param before of the trace class that this one has grown from */
  #codeOf(traceClass: TraceClass, before?: TraceCode): TraceCode {
    declareConstants(this.#kernel, traceClass, this.#facts);
    let kept = before;
    if (kept === undefined || traceClass.slotCount > this.#slotCount) {
      // Instances hold the address of their slots, so more of them means new instances.
      this.#slotCount = traceClass.slotCount * 2;
      kept = undefined;
      this.#streams.clear();
    }
    const slots = kept?.slots ?? this.#arena.allocate(slotOffset(this.#slotCount));
    const renderer = kept?.renderer ?? new RenderCompiler(this.#arena, this.#kernel.host);
    const { columns } = this.#kernel.columns;
    return {
      facts: this.#facts,
      kernel: this.#kernel,
      arena: this.#arena,
      traceClass,
      shapes: this.#shapes,
      query: this.#query,
      renderer,
      programs: new ClassPrograms(columns, renderer, traceClass),
      slots,
    };
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
    const { slots } = this.#code;
    const { hi, lo } = header.slots;
    for (let slot = 0; slot < hi.length; slot++)
      memory.set64(slots + slotOffset(slot), hi[slot]!, lo[slot]!);
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
    const rows = new RowAppender(this.#kernel, header.contentBits, countsOnly, this.#folder);
    let events = 0;
    const met: number[] = [];
    let here: ResumePoint = { bit: from, clockHi: 0, clockLo: 0 };
    const outcome = (error?: DecodeError, resume?: ResumePoint): ScanOutcome<Segment> => ({
      ...rows.finish(),
      events,
      error,
      resume,
      reached: here,
      met,
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
        const isEntered =
          eventClass !== undefined &&
          id < MAX_CLASS_ID &&
          stream.enter(this.#code, streamClass, eventClass, () =>
            this.#lookahead.ahead(bytes, header, this.traceClass, bit).add(eventClass),
          );
        if (!isEntered) {
          rows.abandon();
          throw new MustInterpret();
        }
        if (hasManyClasses(streamClass) && meet(eventClass)) met.push(id);
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
      this.traceClass,
      this.#facts,
    );
    return this.#interpreter.scan(bytes, header, at).error;
  }

  #stream(streamClass: StreamClass): StreamCode {
    let stream = this.#streams.get(streamClass);
    if (stream === undefined) {
      if (mayChangeInsideBytes(this.traceClass.packetHeader, streamClass))
        throw new MustInterpret();
      stream = new StreamCode(this.#code, streamClass);
      this.#streams.set(streamClass, stream);
    }
    return stream;
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
