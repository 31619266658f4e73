/**
 * TSDL declarations → trace class. Keeps what earlier sections declared, so that metadata can grow while tracing.
 * Order inside a section does not matter between blocks: byte order, environment and clocks come first, then types,
 * then trace, streams and events (as babeltrace2 reads a section).
 */

import type { MetadataError } from "../base/errors.ts";
import type { Span } from "../base/text.ts";
import { normalizeOffset } from "./clock.ts";
import {
  assignSlots,
  type FieldBuilderContext,
  instantiate,
  type ScopeTemplates,
  type SlotTable,
} from "./field-builder.ts";
import type { StructureTemplate, Template } from "./field-template.ts";
import type {
  ByteOrder,
  ClockClass,
  EventClass,
  Scope,
  StreamClass,
  TraceClass,
} from "./trace-class.ts";
import type { Declaration, Entry, Value } from "./tsdl-ast.ts";
import { byteOrder, type TypeContext } from "./tsdl-attributes.ts";
import { metadataError } from "./tsdl-lexer.ts";
import { buildType, declareAlias, TypeScope } from "./tsdl-types.ts";

type Block = Declaration & { kind: "block" };

interface StreamState {
  readonly id: number;
  readonly templates: ScopeTemplates;
  readonly slots: SlotTable;
  readonly events: Map<number, EventClass>;
  /** Rebuilt when events or slots were added. */
  built: { readonly streamClass: StreamClass; readonly slotCount: number } | undefined;
}

/** Gathers sections of declarations into one growing trace class. */
export class TsdlTrace {
  #source = "";
  #version = 0;
  #nextSlot = 0;
  #uuid: Uint8Array | undefined;
  #byteOrder: ByteOrder | undefined;
  #packetHeader: StructureTemplate | undefined;
  readonly #environment = new Map<string, string | bigint>();
  readonly #clocks = new Map<string, ClockClass>();
  readonly #root = new TypeScope(undefined);
  readonly #streams = new Map<number, StreamState>();
  readonly #headerSlots: SlotTable = new Map();
  readonly #integers: TypeContext["integers"] = new Map();

  /**
   * Adds a section.
   *
   * @param source the whole text so far, which the spans in `declarations` refer to
   * @returns the trace class, or `undefined` while the `trace` block has not come
   * @throws MetadataError with line and column
   */
  add(declarations: readonly Declaration[], source: string): TraceClass | undefined {
    this.#source = source;
    const blocks = declarations.filter((declaration) => declaration.kind === "block");
    const named = (name: string): Block[] => blocks.filter(({ block }) => block === name);

    for (const block of named("trace")) this.#readByteOrder(block);
    for (const block of named("env")) this.#readEnvironment(block);
    for (const block of named("clock")) this.#readClock(block);
    if (this.#byteOrder === undefined) {
      // Types depend on the byte order, so nothing can be read before the `trace` block.
      if (declarations.length > 0 && named("event").length > 0) {
        throw this.#fail(
          "TSDL_NO_TRACE",
          "expected a trace block before the first event",
          named("event")[0]!.span,
        );
      }
      return undefined;
    }
    const context = this.#typeContext();
    for (const declaration of declarations) {
      if (declaration.kind === "alias") declareAlias(declaration, this.#root, context);
      else if (declaration.kind === "type") buildType(declaration.type, this.#root, context);
    }
    for (const block of named("trace")) this.#readPacketHeader(block);
    for (const block of named("stream")) this.#readStream(block);
    for (const block of named("event")) this.#readEvent(block);
    return this.#snapshot();
  }

  #readByteOrder(block: Block): void {
    const entry = entryOf(block, "byte_order");
    const order = entry === undefined ? undefined : byteOrder(entry.value);
    if (order === undefined) {
      throw this.#fail(
        "TSDL_BYTE_ORDER",
        `expected byte_order le or be in the trace block, got ${entry?.value.value ?? "none"}`,
        entry?.span ?? block.span,
      );
    }
    if (this.#byteOrder !== undefined)
      throw this.#fail("TSDL_TWO_TRACES", "expected one trace block, got a second", block.span);
    this.#byteOrder = order;
    const uuid = entryOf(block, "uuid");
    if (uuid !== undefined) {
      this.#uuid = parseUuid(String(uuid.value.value));
      if (this.#uuid === undefined)
        throw this.#fail("TSDL_UUID", `expected a UUID, got ${uuid.value.value}`, uuid.span);
    }
  }

  #readEnvironment(block: Block): void {
    for (const entry of block.entries) {
      if (entry.kind === "value") this.#environment.set(entry.name, entry.value.value);
    }
  }

  #readClock(block: Block): void {
    const name = String(entryOf(block, "name")?.value.value ?? "default");
    const frequency = this.#integer(block, "freq") ?? 1_000_000_000n;
    if (frequency < 1n)
      throw this.#fail(
        "TSDL_CLOCK",
        `expected a clock frequency above 0, got ${frequency}`,
        block.span,
      );
    const seconds = this.#integer(block, "offset_s") ?? 0n;
    const cycles = this.#integer(block, "offset") ?? 0n;
    const uuid = entryOf(block, "uuid")?.value.value;
    this.#clocks.set(name, {
      name,
      uuid: uuid === undefined ? undefined : String(uuid),
      frequency,
      ...normalizeOffset(seconds, cycles, frequency),
    });
  }

  #readPacketHeader(block: Block): void {
    const scope = this.#blockScope(block);
    this.#packetHeader = this.#structure(block, "packet.header", scope);
    const context = this.#fieldContext(
      { "packet-header": this.#packetHeader },
      undefined,
      undefined,
    );
    assignSlots("packet-header", context);
  }

  #readStream(block: Block): void {
    const id = this.#id(block, "id") ?? 0;
    if (this.#streams.has(id))
      throw this.#fail("TSDL_DUPLICATE_STREAM", `stream ${id} is declared twice`, block.span);
    const scope = this.#blockScope(block);
    const templates: ScopeTemplates = {
      "packet-header": this.#packetHeader,
      "packet-context": this.#structure(block, "packet.context", scope),
      "event-header": this.#structure(block, "event.header", scope),
      "common-context": this.#structure(block, "event.context", scope),
    };
    const stream: StreamState = {
      id,
      templates,
      slots: new Map(),
      events: new Map(),
      built: undefined,
    };
    const context = this.#fieldContext(templates, stream, undefined);
    for (const name of STREAM_SCOPES) assignSlots(name, context);
    this.#streams.set(id, stream);
  }

  #readEvent(block: Block): void {
    const stream = this.#streamOf(block);
    const id = this.#id(block, "id") ?? 0;
    if (stream.events.has(id)) {
      throw this.#fail(
        "TSDL_DUPLICATE_EVENT",
        `event ${id} of stream ${stream.id} is declared twice`,
        block.span,
      );
    }
    const scope = this.#blockScope(block);
    const templates: ScopeTemplates = {
      ...stream.templates,
      "specific-context": this.#structure(block, "context", scope),
      payload: this.#structure(block, "fields", scope),
    };
    const context = this.#fieldContext(templates, stream, new Map());
    assignSlots("specific-context", context);
    assignSlots("payload", context);
    const level = this.#integer(block, "loglevel");
    stream.events.set(id, {
      id,
      name: String(entryOf(block, "name")?.value.value ?? `event ${id}`),
      logLevel: level !== undefined && level >= 0n && level <= 14n ? Number(level) : undefined,
      specificContext: instantiate("specific-context", context),
      payload: instantiate("payload", context),
    });
    stream.built = undefined;
  }

  /** The stream an event names, or the only one; a trace without stream blocks has an implicit stream 0. */
  #streamOf(block: Block): StreamState {
    const given = this.#id(block, "stream_id");
    if (given === undefined && this.#streams.size > 1) {
      throw this.#fail(
        "TSDL_NO_STREAM_ID",
        "expected a stream_id, since the trace has several streams",
        block.span,
      );
    }
    const id = given ?? this.#streams.keys().next().value ?? 0;
    let stream = this.#streams.get(id);
    if (stream === undefined && this.#streams.size === 0) {
      const templates: ScopeTemplates = { "packet-header": this.#packetHeader };
      stream = { id, templates, slots: new Map(), events: new Map(), built: undefined };
      this.#streams.set(id, stream);
    }
    if (stream === undefined) {
      throw this.#fail(
        "TSDL_UNKNOWN_STREAM",
        `expected a declared stream, got stream_id ${id}`,
        block.span,
      );
    }
    return stream;
  }

  #snapshot(): TraceClass {
    const headerContext = this.#fieldContext(
      { "packet-header": this.#packetHeader },
      undefined,
      undefined,
    );
    return {
      version: ++this.#version,
      format: "CTF 1.8",
      uuid: this.#uuid,
      byteOrder: this.#byteOrder!,
      environment: new Map(this.#environment),
      clocks: new Map(this.#clocks),
      packetHeader: instantiate("packet-header", headerContext),
      streamClasses: new Map(
        [...this.#streams].map(([id, stream]) => [id, this.#streamClass(stream)]),
      ),
      slotCount: this.#nextSlot,
    };
  }

  #streamClass(stream: StreamState): StreamClass {
    if (stream.built?.slotCount === stream.slots.size) return stream.built.streamClass;
    const context = this.#fieldContext(stream.templates, stream, undefined);
    const streamClass: StreamClass = {
      id: stream.id,
      clock: this.#clockOf(stream.templates),
      packetContext: instantiate("packet-context", context),
      eventHeader: instantiate("event-header", context),
      commonContext: instantiate("common-context", context),
      eventClasses: new Map(stream.events),
    };
    stream.built = { streamClass, slotCount: stream.slots.size };
    return streamClass;
  }

  #clockOf(templates: ScopeTemplates): ClockClass | undefined {
    const name =
      mappedClock(templates["event-header"]) ??
      mappedClock(templates["packet-context"]) ??
      this.#onlyClock();
    return name === undefined ? undefined : this.#clocks.get(name);
  }

  #onlyClock(): string | undefined {
    return this.#clocks.size === 1 ? this.#clocks.keys().next().value : undefined;
  }

  #fieldContext(
    roots: ScopeTemplates,
    stream: StreamState | undefined,
    eventSlots: SlotTable | undefined,
  ): FieldBuilderContext {
    const of = (scope: Scope): SlotTable => {
      if (scope === "packet-header") return this.#headerSlots;
      const isStreamLevel = (STREAM_SCOPES as readonly Scope[]).includes(scope);
      return (isStreamLevel ? stream?.slots : eventSlots) ?? new Map();
    };
    return {
      roots,
      slots: { of, fresh: () => this.#nextSlot++ },
      onlyClock: this.#onlyClock(),
      fail: (code, message, span) => this.#fail(code, message, span),
    };
  }

  #blockScope(block: Block): TypeScope {
    const scope = new TypeScope(this.#root);
    for (const entry of block.entries) {
      if (entry.kind === "alias") declareAlias(entry, scope, this.#typeContext());
      else if (entry.kind === "type") buildType(entry.type, scope, this.#typeContext());
    }
    return scope;
  }

  #structure(block: Block, name: string, scope: TypeScope): StructureTemplate | undefined {
    const entry = block.entries.find(
      (e): e is Entry & { kind: "assigned-type" } => e.kind === "assigned-type" && e.name === name,
    );
    if (entry === undefined) return undefined;
    const template = buildType(entry.type, scope, this.#typeContext());
    if (template.kind === "structure") return template;
    throw this.#fail(
      "TSDL_SCOPE_TYPE",
      `expected a structure for ${name}, got ${template.kind}`,
      entry.span,
    );
  }

  #id(block: Block, name: string): number | undefined {
    const value = this.#integer(block, name);
    if (value === undefined) return undefined;
    if (value >= 0n && value <= BigInt(Number.MAX_SAFE_INTEGER)) return Number(value);
    throw this.#fail("TSDL_ID", `expected ${name} from 0 to 2^53 - 1, got ${value}`, block.span);
  }

  #integer(block: Block, name: string): bigint | undefined {
    const entry = entryOf(block, name);
    if (entry === undefined) return undefined;
    if (entry.value.kind === "integer") return entry.value.value;
    throw this.#fail(
      "TSDL_VALUE",
      `expected an integer for ${name}, got ${entry.value.value}`,
      entry.span,
    );
  }

  #typeContext(): TypeContext {
    return {
      source: this.#source,
      nativeByteOrder: this.#byteOrder!,
      environment: this.#environment,
      integers: this.#integers,
    };
  }

  #fail(code: string, message: string, span: Span): MetadataError {
    return metadataError(this.#source, code, message, span);
  }
}

const STREAM_SCOPES = ["packet-context", "event-header", "common-context"] as const;

function entryOf(block: Block, name: string): { value: Value; span: Span } | undefined {
  return block.entries.find(
    (entry): entry is Entry & { kind: "value" } => entry.kind === "value" && entry.name === name,
  );
}

/** The clock that the first mapped integer of a scope updates. */
function mappedClock(template: Template | undefined): string | undefined {
  switch (template?.kind) {
    case "integer":
      return template.clock;
    case "array":
      return mappedClock(template.element);
    case "structure":
    case "variant":
      for (const child of template.kind === "structure" ? template.members : template.options) {
        const clock = mappedClock(child.template);
        if (clock !== undefined) return clock;
      }
      return undefined;
    default:
      return undefined;
  }
}

function parseUuid(text: string): Uint8Array | undefined {
  const digits = text.replaceAll("-", "");
  if (!/^[0-9a-fA-F]{32}$/.test(digits)) return undefined;
  return Uint8Array.from(digits.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
}
