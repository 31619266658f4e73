/**
 * TSDL declarations → trace class. Keeps what earlier sections declared, so that metadata can grow while tracing.
 * Order inside a section does not matter between blocks: byte order, environment and clocks come first, then types,
 * then trace, streams and events (as babeltrace2 reads a section). Event classes wait for their stream block: LTTng-UST
 * 2.13 writes those of per-user buffers before it.
 */

import type { MetadataError } from "../base/errors.ts";
import type { Span } from "../base/text.ts";
import { IMPLICIT_CLOCK, isInRange, normalizeOffset, OFFSET_RANGE } from "./clock.ts";
import type { ScopeTemplates } from "./field-context.ts";
import { isAlwaysEmpty, type StructureTemplate, type Template } from "./field-template.ts";
import { metadataError } from "./metadata-error.ts";
import { hasEventId, hasUnmappedTimestamps, reservedProblem } from "./reserved-names.ts";
import { type StreamDraft, TraceBuilder } from "./trace-builder.ts";
import type { ByteOrder, ClockClass, Scope, TraceClass } from "./trace-class.ts";
import type { Declaration, Entry, Value } from "./tsdl-ast.ts";
import { byteOrder, type TypeContext } from "./tsdl-attributes.ts";
import { type Block, blockProblem, uuidBytes } from "./tsdl-blocks.ts";
import { buildType, declareAlias, TypeScope } from "./tsdl-types.ts";

/** Gathers sections of declarations into one growing trace class. */
export class TsdlTrace {
  #source = "";
  #byteOrder: ByteOrder | undefined;
  /** Event blocks whose stream is not declared yet, in the order of the text. */
  #waiting: Block[] = [];
  /** Whether packets name their stream class: the trace then declares stream blocks. */
  #namesStreams = false;
  /** Whether events without a stream block have made one. */
  #hasImplicitStream = false;
  /** Whether an event names no stream: it belongs to the only one. */
  #hasBareEvents = false;
  readonly #root = new TypeScope(undefined);
  readonly #builder = new TraceBuilder("CTF 1.8", (code, message, span) =>
    this.#fail(code, message, span),
  );
  readonly #integers: TypeContext["integers"] = new Map();

  /** Whether no event waits for its stream. */
  get isSettled(): boolean {
    return this.#waiting.length === 0;
  }

  /**
   * Whether a later section has the effect here that it has in one section with all before it.
   * Everything but events and most stream blocks may change what earlier declarations mean.
   */
  canGrowBy(declarations: readonly Declaration[]): boolean {
    if (this.#byteOrder === undefined) return false;
    return declarations.every((declaration) => {
      if (declaration.kind !== "block") return false;
      if (declaration.block === "stream") return !this.#hasImplicitStream && !this.#hasBareEvents;
      return declaration.block === "event" || declaration.block === "callsite";
    });
  }

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

    for (const block of blocks) this.#checkEntries(block);
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
    this.#readEvents([...this.#waiting, ...named("event")]);
    const last = named("stream").at(-1);
    if (last !== undefined && this.#builder.streams.size > 1 && !this.#namesStreams) {
      const message = "expected one stream, since the packet header has no stream_id, got several";
      throw this.#fail("TSDL_STREAM_ID", message, last.span);
    }
    return this.#builder.snapshot();
  }

  /**
   * Ends the text: events that no stream block came for belong to an implicit stream.
   * @throws MetadataError `TSDL_UNKNOWN_STREAM` for an event of a stream that is not declared
   */
  finish(): TraceClass | undefined {
    if (this.#byteOrder === undefined) return undefined;
    this.#namesStreams = false;
    this.#readEvents(this.#waiting);
    const [block] = this.#waiting;
    if (block === undefined) return this.#builder.snapshot();
    throw this.#fail(
      "TSDL_UNKNOWN_STREAM",
      `expected a declared stream, got stream_id ${this.#id(block, "stream_id") ?? 0}`,
      block.span,
    );
  }

  #checkEntries(block: Block): void {
    const problem = blockProblem(block);
    if (problem !== undefined) throw this.#fail(problem.code, problem.message, problem.span);
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
    const [major, minor] = [this.#integer(block, "major"), this.#integer(block, "minor")];
    if (major !== 1n || minor !== 8n)
      throw this.#fail(
        "TSDL_VERSION",
        `expected version 1.8 of CTF, got ${major ?? "no major"}.${minor ?? "no minor"}`,
        block.span,
      );
    this.#builder.uuid = uuidBytes(entryOf(block, "uuid")?.value.value);
  }

  #readEnvironment(block: Block): void {
    for (const entry of block.entries) {
      if (entry.kind === "value") this.#builder.environment.set(entry.name, entry.value.value);
    }
  }

  #readClock(block: Block): void {
    const given = entryOf(block, "name");
    if (given === undefined)
      throw this.#fail("TSDL_CLOCK", "expected the name of a clock, got none", block.span);
    const name = String(given.value.value);
    if (this.#builder.clocks.has(name))
      throw this.#fail("TSDL_CLOCK", `clock ${name} is declared twice`, block.span);
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
    const clock: ClockClass = {
      name,
      uuid: uuid === undefined ? undefined : String(uuid),
      frequency,
      ...normalizeOffset(seconds, cycles, frequency),
    };
    if (!isInRange(clock)) throw this.#fail("TSDL_CLOCK", `expected ${OFFSET_RANGE}`, block.span);
    this.#builder.clocks.set(name, clock);
  }

  #readPacketHeader(block: Block): void {
    const header = this.#structure(block, "packet.header", this.#blockScope(block));
    this.#builder.setPacketHeader(header);
    this.#namesStreams = header?.members.some(({ rawName }) => rawName === "stream_id") ?? false;
  }

  #readStream(block: Block): void {
    const id = this.#id(block, "id") ?? 0;
    if (this.#builder.streams.has(id))
      throw this.#fail("TSDL_DUPLICATE_STREAM", `stream ${id} is declared twice`, block.span);
    const scope = this.#blockScope(block);
    const scopes = {
      "packet-context": this.#structure(block, "packet.context", scope),
      "event-header": this.#structure(block, "event.header", scope),
      "common-context": this.#structure(block, "event.context", scope),
    };
    this.#builder.addStream(id, this.#streamClock(block, scopes), scopes);
  }

  /** The clock of a stream: the one that its timestamps map, or the trace's only one; none where nothing is a timestamp. */
  #streamClock(
    block: Block,
    scopes: Partial<Record<Scope, StructureTemplate | undefined>>,
    known?: ClockClass,
  ): ClockClass | undefined {
    const { clocks } = this.#builder;
    const found = new Set<string>();
    for (const scope of Object.values(scopes))
      if (scope !== undefined) addMappedClocks(scope, found);
    if (hasUnmappedTimestamps(scopes)) {
      if (clocks.size > 1) {
        throw this.#fail(
          "TSDL_CLOCK",
          "expected timestamps to map a clock, since the trace has several",
          block.span,
        );
      }
      found.add(clocks.keys().next().value ?? IMPLICIT_CLOCK.name);
    }
    if (known !== undefined) found.add(known.name);
    if (found.size > 1) {
      throw this.#fail(
        "TSDL_CLOCK",
        `expected one clock in a stream, got ${[...found].join(" and ")}`,
        block.span,
      );
    }
    const [name] = found;
    return name === undefined ? undefined : (clocks.get(name) ?? IMPLICIT_CLOCK);
  }

  /** Reads the events of declared streams; the others wait. */
  #readEvents(blocks: readonly Block[]): void {
    this.#waiting = blocks.filter((block) => {
      const stream = this.#streamOf(block);
      if (stream !== undefined) this.#readEvent(block, stream);
      return stream === undefined;
    });
  }

  #readEvent(block: Block, stream: StreamDraft): void {
    const id = this.#id(block, "id") ?? 0;
    if (stream.events.has(id)) {
      throw this.#fail(
        "TSDL_DUPLICATE_EVENT",
        `event ${id} of stream ${stream.id} is declared twice`,
        block.span,
      );
    }
    const scope = this.#blockScope(block);
    const level = this.#integer(block, "loglevel");
    const event = {
      id,
      name: entryOf(block, "name")?.value.value.toString(),
      logLevel: level !== undefined && level >= 0n && level <= 14n ? Number(level) : undefined,
    };
    const scopes = {
      "specific-context": this.#structure(block, "context", scope),
      payload: this.#structure(block, "fields", scope),
    };
    this.#checkEvent(block, stream, scopes);
    stream.clock = this.#streamClock(block, scopes, stream.clock);
    this.#builder.addEvent(stream, event, scopes);
  }

  #checkEvent(block: Block, stream: StreamDraft, scopes: ScopeTemplates): void {
    // What holds for the second holds for all others.
    if (stream.events.size === 1 && !hasEventId(stream.templates["event-header"])) {
      const message = `expected one event in stream ${stream.id}, since its event header has no id, got several`;
      throw this.#fail("TSDL_EVENT_ID", message, block.span);
    }
    if (
      entryOf(block, "name") === undefined &&
      Object.values({ ...stream.templates, ...scopes }).every(
        (root) => root === undefined || isAlwaysEmpty(root),
      )
    ) {
      const message = "expected an event with a name or a field, got one without either";
      throw this.#fail("TSDL_EMPTY", message, block.span);
    }
  }

  /**
   * The stream that an event names, or the only one; `undefined` while it is not declared. A trace without stream blocks
   * has one implicit stream.
   */
  #streamOf(block: Block): StreamDraft | undefined {
    const { streams } = this.#builder;
    const given = this.#id(block, "stream_id");
    if (given === undefined) this.#hasBareEvents = true;
    if (given === undefined && streams.size > 1) {
      throw this.#fail(
        "TSDL_NO_STREAM_ID",
        "expected a stream_id, since the trace has several streams",
        block.span,
      );
    }
    const id =
      given ?? (entryOf(block, "name") === undefined ? 0 : streams.keys().next().value) ?? 0;
    if (streams.size > 0 || this.#namesStreams) return streams.get(id);
    this.#hasImplicitStream = true;
    return this.#builder.addStream(id, undefined, {});
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
    if (template.kind === "structure") {
      const reserved = RESERVING.get(name);
      const problem = reserved && reservedProblem(reserved, template);
      if (problem !== undefined) throw this.#fail("TSDL_RESERVED", problem, entry.span);
      return template;
    }
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
      environment: this.#builder.environment,
      clocks: this.#builder.clocks,
      integers: this.#integers,
    };
  }

  #fail(code: string, message: string, span: Span): MetadataError {
    return metadataError(this.#source, code, message, span);
  }
}

/** Scopes whose fields mean something by their names. */
const RESERVING: ReadonlyMap<string, Scope> = new Map([
  ["packet.header", "packet-header"],
  ["packet.context", "packet-context"],
  ["event.header", "event-header"],
]);

function entryOf(block: Block, name: string): { value: Value; span: Span } | undefined {
  return block.entries.find(
    (entry): entry is Entry & { kind: "value" } => entry.kind === "value" && entry.name === name,
  );
}

/** Adds the clocks that integers of a scope update. */
function addMappedClocks(template: Template, found: Set<string>): void {
  switch (template.kind) {
    case "integer":
      if (template.clock !== undefined) found.add(template.clock);
      break;
    case "array":
      if (template.shape.updatesClock) addMappedClocks(template.element, found);
      break;
    case "structure":
      if (!template.shape.updatesClock) break;
      for (const member of template.members) addMappedClocks(member.template, found);
      break;
    case "variant":
      if (!template.shape.updatesClock) break;
      for (const option of template.options) addMappedClocks(option.template, found);
      break;
    default:
      break;
  }
}
