/**
 * CTF 2 metadata fragments → trace class (CTF2-SPEC-2.0 §5). Keeps what earlier fragments declared, so that metadata can
 * grow. Event record classes wait for their data stream class, as they do in TSDL.
 */

import { isInRange, normalizeOffset, OFFSET_RANGE } from "./clock.ts";
import { checkExtras } from "./ctf2-attributes.ts";
import { type Aliases, FieldClassReader } from "./ctf2-fields.ts";
import type { Template } from "./field-template.ts";
import type { JsonValue } from "./json.ts";
import { Properties } from "./json-properties.ts";
import { metadataError } from "./metadata-error.ts";
import { CPU_ID } from "./reserved-names.ts";
import { type StreamDraft, TraceBuilder } from "./trace-builder.ts";
import type { ClockClass, TraceClass } from "./trace-class.ts";

const MOST_INTEGER = (1n << 64n) - 1n;
const LEAST_INTEGER = -(1n << 63n);
const MOST_ID = BigInt(Number.MAX_SAFE_INTEGER);
const IDENTITY = ["namespace", "name", "uid"] as const;
/** Attributes that LTTng gives to event record classes. */
const LTTNG = "lttng.org,2009";

/** Gathers fragments into one growing trace class. */
export class Ctf2Trace {
  #source = "";
  #hasPreamble = false;
  #hasTraceClass = false;
  #hasChanged = false;
  /** Event record classes by the data stream class that is not declared yet. */
  readonly #waiting = new Map<number, Properties[]>();
  readonly #aliases: Aliases = new Map();
  readonly #fields = new FieldClassReader(this.#aliases);
  readonly #clocks = new Map<string, ClockClass>();
  readonly #builder = new TraceBuilder("CTF 2", (code, message, span) =>
    metadataError(this.#source, code, message, span),
  );

  /**
   * Adds a fragment.
   * @param source the whole text so far, which spans refer to
   * @throws MetadataError with line and column
   */
  add(fragment: JsonValue, source: string): void {
    this.#source = source;
    if (fragment.kind !== "object") {
      throw metadataError(
        source,
        "CTF2_FRAGMENT",
        `expected an object as fragment, got ${fragment.kind}`,
        fragment.span,
      );
    }
    const properties = new Properties(fragment, "a fragment", source);
    const type = properties.string("type");
    if (!this.#hasPreamble && type !== "preamble")
      throw properties.fail("CTF2_PREAMBLE", `expected the preamble first, got ${type}`);
    checkExtras(properties);
    const read = this.#readers[type];
    if (read === undefined) {
      throw properties.fail(
        "CTF2_FRAGMENT",
        `expected one of ${Object.keys(this.#readers).join(", ")}, got ${type}`,
        properties.value("type").span,
      );
    }
    read(new Properties(fragment, `a fragment of type ${type}`, source));
    this.#hasChanged = true;
  }

  /** The trace class if fragments came since it was last asked for, and a stream class is among them all. */
  take(): TraceClass | undefined {
    if (!this.#hasChanged || this.#builder.streams.size === 0) return undefined;
    this.#hasChanged = false;
    return this.#builder.snapshot();
  }

  /**
   * Ends the metadata.
   * @throws MetadataError `CTF2_UNKNOWN_STREAM` for an event record class of a data stream class that is not declared
   */
  finish(): TraceClass | undefined {
    const [waiting] = this.#waiting;
    if (waiting === undefined)
      return this.#builder.streams.size === 0 ? undefined : this.#builder.snapshot();
    const [streamId, [first]] = waiting;
    throw first!.fail(
      "CTF2_UNKNOWN_STREAM",
      `expected a data stream class, got data-stream-class-id ${streamId}`,
    );
  }

  readonly #readers: Readonly<Record<string, (properties: Properties) => void>> = {
    preamble: (properties) => this.#readPreamble(properties),
    "field-class-alias": (properties) => this.#readAlias(properties),
    "trace-class": (properties) => this.#readTraceClass(properties),
    "clock-class": (properties) => this.#readClock(properties),
    "data-stream-class": (properties) => this.#readStream(properties),
    "event-record-class": (properties) => this.#readEvent(properties),
  };

  #readPreamble(properties: Properties): void {
    only(properties, "version", "uuid");
    if (this.#hasPreamble)
      throw properties.fail("CTF2_PREAMBLE", "expected one preamble, got a second");
    this.#hasPreamble = true;
    const { span } = properties.value("version");
    const version = properties.integer("version", LEAST_INTEGER, MOST_INTEGER);
    if (version !== 2n)
      throw properties.fail("CTF2_VERSION", `expected version 2 of CTF, got ${version}`, span);
    if (!properties.has("uuid")) return;
    const bytes = properties.items("uuid").map((item) => {
      const isByte = item.kind === "integer" && item.value >= 0n && item.value <= 255n;
      return isByte ? Number(item.value) : -1;
    });
    if (bytes.length !== 16 || bytes.includes(-1)) {
      const { span: where } = properties.value("uuid");
      throw properties.fail("CTF2_UUID", "expected a UUID of 16 integers from 0 to 255", where);
    }
    this.#builder.uuid = Uint8Array.from(bytes);
  }

  #readAlias(properties: Properties): void {
    only(properties, "name", "field-class");
    const name = properties.string("name");
    if (this.#aliases.has(name))
      throw properties.fail("CTF2_ALIAS", `field class alias ${name} is declared twice`);
    this.#aliases.set(name, this.#fields.read(properties.value("field-class"), properties));
  }

  #readTraceClass(properties: Properties): void {
    only(properties, ...IDENTITY, "packet-header-field-class", "environment");
    if (this.#hasTraceClass)
      throw properties.fail("CTF2_TRACE_CLASS", "expected one trace class, got a second");
    if (this.#builder.streams.size > 0)
      throw properties.fail(
        "CTF2_TRACE_CLASS",
        "expected the trace class before the first data stream class",
      );
    this.#hasTraceClass = true;
    checkIdentity(properties);
    const environment = properties.optionalObject("environment", "the environment");
    for (const [name, value] of environment?.object.members ?? []) {
      if (value.kind !== "string" && value.kind !== "integer")
        throw properties.unexpected(value, "a string or an integer in the environment");
      this.#builder.environment.set(name, value.value);
    }
    this.#builder.setPacketHeader(this.#fields.scope(properties, "packet-header-field-class"));
  }

  #readClock(properties: Properties): void {
    only(
      properties,
      "id",
      ...IDENTITY,
      "frequency",
      "origin",
      "offset-from-origin",
      "precision",
      "accuracy",
      "description",
    );
    const id = properties.string("id");
    if (this.#clocks.has(id))
      throw properties.fail("CTF2_CLOCK", `clock class ${id} is declared twice`);
    checkIdentity(properties);
    properties.optionalString("description");
    properties.integer("precision", 0n, MOST_INTEGER, 0n);
    properties.integer("accuracy", 0n, MOST_INTEGER, 0n);
    checkOrigin(properties);
    const frequency = properties.integer("frequency", 1n, MOST_INTEGER);
    const offset = properties
      .optionalObject("offset-from-origin", "offset-from-origin")
      ?.only(["seconds", "cycles"]);
    const seconds = offset?.integer("seconds", LEAST_INTEGER, (1n << 63n) - 1n, 0n) ?? 0n;
    const cycles = offset?.integer("cycles", 0n, frequency - 1n, 0n) ?? 0n;
    const clock: ClockClass = {
      name: id,
      uuid: properties.optionalString("uid"),
      frequency,
      ...normalizeOffset(seconds, cycles, frequency),
    };
    if (!isInRange(clock)) throw properties.fail("CTF2_CLOCK", `expected ${OFFSET_RANGE}`);
    this.#clocks.set(id, clock);
    this.#builder.clocks.set(id, clock);
  }

  #readStream(properties: Properties): void {
    only(
      properties,
      "id",
      ...IDENTITY,
      "default-clock-class-id",
      "packet-context-field-class",
      "event-record-header-field-class",
      "event-record-common-context-field-class",
    );
    const id = Number(properties.integer("id", 0n, MOST_ID, 0n));
    if (this.#builder.streams.has(id))
      throw properties.fail("CTF2_DUPLICATE_STREAM", `data stream class ${id} is declared twice`);
    checkIdentity(properties);
    const clockId = properties.optionalString("default-clock-class-id");
    const clock = clockId === undefined ? undefined : this.#clocks.get(clockId);
    if (clockId !== undefined && clock === undefined) {
      throw properties.fail(
        "CTF2_CLOCK",
        `expected an earlier clock class, got ${clockId}`,
        properties.value("default-clock-class-id").span,
      );
    }
    const hasClock = clock !== undefined;
    const packetContext = this.#fields.scope(properties, "packet-context-field-class", hasClock);
    const stream = this.#builder.addStream(id, clock, {
      "packet-context": packetContext && withCpuId(packetContext),
      "event-header": this.#fields.scope(properties, "event-record-header-field-class", hasClock),
      "common-context": this.#fields.scope(properties, "event-record-common-context-field-class"),
    });
    for (const event of this.#waiting.get(id) ?? []) this.#addEvent(stream, event);
    this.#waiting.delete(id);
  }

  #readEvent(properties: Properties): void {
    only(
      properties,
      "id",
      "data-stream-class-id",
      ...IDENTITY,
      "specific-context-field-class",
      "payload-field-class",
    );
    const streamId = Number(properties.integer("data-stream-class-id", 0n, MOST_ID, 0n));
    const stream = this.#builder.streams.get(streamId);
    if (stream !== undefined) {
      this.#addEvent(stream, properties);
      return;
    }
    const waiting = this.#waiting.get(streamId) ?? [];
    waiting.push(properties);
    this.#waiting.set(streamId, waiting);
  }

  #addEvent(stream: StreamDraft, properties: Properties): void {
    const id = Number(properties.integer("id", 0n, MOST_ID, 0n));
    if (stream.events.has(id))
      throw properties.fail(
        "CTF2_DUPLICATE_EVENT",
        `event record class ${id} of data stream class ${stream.id} is declared twice`,
      );
    checkIdentity(properties);
    const name = properties.optionalString("name");
    this.#builder.addEvent(
      stream,
      { id, name, logLevel: logLevel(properties) },
      {
        "specific-context": this.#fields.scope(properties, "specific-context-field-class"),
        payload: this.#fields.scope(properties, "payload-field-class"),
      },
    );
  }
}

function only(properties: Properties, ...names: string[]): void {
  properties.only(["type", "attributes", "extensions", ...names]);
}

function checkIdentity(properties: Properties): void {
  for (const name of IDENTITY) properties.optionalString(name);
}

/** The clock's origin: nothing here depends on it, but a wrong one is refused. */
function checkOrigin(properties: Properties): void {
  const origin = properties.optionalValue("origin");
  if (origin === undefined) return;
  if (origin.kind === "object") {
    const own = properties.asObject(origin, "a clock origin").only(IDENTITY);
    own.string("name");
    own.string("uid");
    own.optionalString("namespace");
  } else if (origin.kind !== "string" || origin.value !== "unix-epoch") {
    throw properties.fail("CTF2_CLOCK", "expected unix-epoch or an object as origin", origin.span);
  }
}

/** LTTng's conventional `cpu_id` means what it means in CTF 1.8. */
function withCpuId(context: Template & { kind: "structure" }): Template & { kind: "structure" } {
  const members = context.members.map((member) => {
    const { rawName, template } = member;
    const isCpuId =
      rawName === "cpu_id" && template.kind === "integer" && template.roles?.length === 0;
    return isCpuId ? { ...member, template: { ...template, roles: CPU_ID } } : member;
  });
  return { ...context, members };
}

/** LTTng's words for levels 0 (EMERG) … 14 (DEBUG). */
const LOG_LEVELS = [
  "emergency",
  "alert",
  "critical",
  "error",
  "warning",
  "notice",
  "info",
  "debug:system",
  "debug:program",
  "debug:process",
  "debug:module",
  "debug:unit",
  "debug:function",
  "debug:line",
  "debug",
];

function logLevel(properties: Properties): number | undefined {
  const attributes = properties.optionalObject("attributes", "attributes");
  const own = attributes?.optionalValue(LTTNG);
  const level = own?.kind === "object" ? own.members.get("log-level") : undefined;
  const number = level?.kind === "string" ? LOG_LEVELS.indexOf(level.value) : -1;
  return number === -1 ? undefined : number;
}
