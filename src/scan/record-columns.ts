/** The columns of a query, filled record by record from where a walker has located its fields. */

import type { Column } from "../column/column.ts";
import {
  type AnyBuilder,
  columnBuilder,
  DictionaryBuilder,
  NumberBuilder,
  type SharedDictionary,
  Utf8Builder,
} from "../column/column-builder.ts";
import type { PlacePart, RenderStyle } from "../column/request.ts";
import type { PlannedColumn } from "../column/schema.ts";
import { FieldCursor } from "../ctf/field-cursor.ts";
import type { PacketHeader } from "../ctf/packet-header.ts";
import type { EventClass, TraceClass } from "../ctf/trace-class.ts";
import type { LinkedProgram } from "../filter/bytecode.ts";
import { FilterInterpreter } from "../filter/interpret.ts";
import { type Append, appendField } from "./append.ts";
import type { EventPlan } from "./event-plan.ts";
import { packetContextText, recordRenderer, tracePrefix } from "./record-text.ts";
import { scopeRenderer } from "./render.ts";
import type { TraceFacts } from "./scanner.ts";
import type { Walker } from "./walker.ts";

const ONE = { hi: 0, lo: 1 };

export class RecordColumns {
  readonly #columns: readonly PlannedColumn[];
  readonly #builders: readonly AnyBuilder[];
  readonly #texts: readonly Utf8Builder[];
  readonly #walker: Walker;
  readonly #facts: TraceFacts;
  #traceClass: TraceClass;
  #header: PacketHeader | undefined;
  #packetContext: Uint8Array | undefined;
  /** First bit of the current record. */
  firstBit = 0;
  /** First bit of its contexts and payload. */
  recordBit = 0;

  constructor(
    columns: readonly PlannedColumn[],
    dictionaries: readonly SharedDictionary[],
    walker: Walker,
    traceClass: TraceClass,
    facts: TraceFacts,
  ) {
    this.#columns = columns;
    this.#builders = columns.map((column, i) => columnBuilder(column.type, dictionaries[i]!));
    this.#texts = this.#builders.filter((builder) => builder instanceof Utf8Builder);
    this.#walker = walker;
    this.#traceClass = traceClass;
    this.#facts = facts;
  }

  update(traceClass: TraceClass): void {
    this.#traceClass = traceClass;
  }

  /** Records from now on are of this packet, which the walker holds. */
  beginPacket(header: PacketHeader): void {
    this.#header = header;
    this.#packetContext = undefined;
  }

  /** What appends one row, column by column, for records of an event class. Timestamp columns have no part in it. */
  appends(plan: EventPlan): Append[] {
    return this.#columns.flatMap((column, i) => this.#append(column, i, plan) ?? []);
  }

  /** The name of the column that the append of a number is for. */
  appendedName(append: number): string {
    return this.#columns.filter(({ type }) => type.kind !== "timestamp")[append]!.name;
  }

  /** Takes the last row back, if there are more than so many; also one that was begun and not ended. */
  cut(rows: number): void {
    for (const builder of this.#builders) builder.cut(rows);
  }

  /** Bytes of texts since the last `take`. */
  get textBytes(): number {
    let bytes = 0;
    for (const builder of this.#texts) bytes += builder.writer.length;
    return bytes;
  }

  /** The rows since the last `take`; where a column is the timestamps, these. */
  take(times: Column): Column[] {
    return this.#columns.map((column, i) =>
      column.type.kind === "timestamp" ? times : this.#builders[i]!.take(),
    );
  }

  #append(column: PlannedColumn, i: number, plan: EventPlan): Append | undefined {
    if (column.type.kind === "timestamp") return undefined;
    const builder = this.#builders[i]!;
    const source = plan.sources[i]!;
    switch (source.kind) {
      case "absent":
        return () => builder.appendNull();
      case "match":
        return this.#match(builder as NumberBuilder, source.linked);
      case "field":
        if (column.request.kind === "payload" && builder instanceof Utf8Builder) {
          return this.#payload(builder, plan, source.location, column.request.style);
        }
        return appendField(builder, source.fieldClass, source.location, this.#walker);
      case "built-in":
        return this.#builtIn(column, builder, plan);
    }
  }

  #builtIn(column: PlannedColumn, builder: AnyBuilder, plan: EventPlan): Append | undefined {
    const { request } = column;
    if (builder instanceof DictionaryBuilder) {
      const text = constantText(column, plan.eventClass, this.#traceClass, this.#facts);
      return text === undefined ? () => builder.appendNull() : () => builder.appendString(text);
    }
    if (builder instanceof NumberBuilder) {
      if (request.kind === "cpu_id") return this.#cpuId(builder);
      if (request.kind === "place") return this.#place(builder, request.part, plan);
      return () => builder.appendInteger(ONE, false);
    }
    if (!(builder instanceof Utf8Builder)) return undefined;
    if (request.kind === "record") return this.#record(builder, plan);
    return () => {
      if (request.kind === "payload" && request.style === "json") builder.writer.ascii("{}");
      builder.endRow();
    };
  }

  #match(builder: NumberBuilder, linked: LinkedProgram): Append {
    const filter = new FilterInterpreter(linked);
    const word = { hi: 0, lo: 0 };
    return () => {
      word.lo = filter.matches(this.#walker) ? 1 : 0;
      builder.appendInteger(word, false);
    };
  }

  #cpuId(builder: NumberBuilder): Append {
    const word = { hi: 0, lo: 0 };
    return () => {
      const cpuId = this.#header?.cpuId;
      if (cpuId === undefined) {
        builder.appendNull();
      } else {
        word.lo = cpuId;
        builder.appendInteger(word, false);
      }
    };
  }

  #place(builder: NumberBuilder, part: PlacePart, { eventClass }: EventPlan): Append {
    const walker = this.#walker;
    const word = { hi: 0, lo: 0 };
    switch (part) {
      case "class":
        return () => builder.appendFloat(eventClass.id);
      case "clock":
        return () => builder.appendInteger(walker.clock, false);
      case "begin":
      case "end":
        return () => {
          word.lo = part === "begin" ? this.firstBit : walker.bit;
          builder.appendInteger(word, false);
        };
    }
  }

  #record(builder: Utf8Builder, plan: EventPlan): Append {
    const render = recordRenderer(tracePrefix(this.#traceClass), plan.streamClass, plan.eventClass);
    return () => {
      const { bytes, slots } = this.#walker;
      this.#packetContext ??= packetContextText(bytes, this.#header!, slots);
      render(this.#packetContext, this.#cursor(this.recordBit), builder.writer);
      builder.endRow();
    };
  }

  #payload(builder: Utf8Builder, plan: EventPlan, location: number, style: RenderStyle): Append {
    const render = scopeRenderer(style, plan.eventClass.payload!);
    return () => {
      render(this.#cursor(this.#walker.bitOffsets[location]!), builder.writer);
      builder.endRow();
    };
  }

  #cursor(bit: number): FieldCursor {
    const { bytes, slots, end } = this.#walker;
    return new FieldCursor(bytes, slots, bit, end);
  }
}

/** Texts that are the same for all records of an event class in a trace. */
export function constantText(
  column: PlannedColumn,
  eventClass: EventClass,
  traceClass: TraceClass,
  facts: TraceFacts,
): string | undefined {
  const { environment } = traceClass;
  switch (column.request.kind) {
    case "event":
      return eventClass.name;
    case "host":
      return hostNameOf(traceClass, facts.host);
    case "domain":
      return environment.get("domain")?.toString();
    case "boot":
      return bootOf(traceClass, facts.host);
    case "container":
      return column.request.text;
    default:
      return undefined;
  }
}

/** @param host by the relayd */
export function hostNameOf(
  { environment }: TraceClass,
  host: string | undefined,
): string | undefined {
  return environment.get("hostname")?.toString() ?? host;
}

/** What distinguishes traced machines, from boot to boot. */
export function bootOf(traceClass: TraceClass, host: string | undefined): string | undefined {
  const [clock] = traceClass.clocks.values();
  return clock?.uuid ?? hostNameOf(traceClass, host);
}
