/** What both metadata formats build: the growing trace class. */

import { assignSlots, instantiate } from "./field-builder.ts";
import type { FieldBuilderContext, ScopeTemplates, SlotTable } from "./field-context.ts";
import type { StructureTemplate } from "./field-template.ts";
import type { ClockClass, EventClass, Scope, StreamClass, TraceClass } from "./trace-class.ts";

/** A stream class while event classes are still added to it. */
export interface StreamDraft {
  readonly id: number;
  /** May come with the first event that has a timestamp. */
  clock: ClockClass | undefined;
  readonly templates: ScopeTemplates;
  readonly slots: SlotTable;
  readonly events: Map<number, EventClass>;
  /** Rebuilt when events or slots were added. */
  built: { readonly streamClass: StreamClass; readonly slotCount: number } | undefined;
}

type Fail = FieldBuilderContext["fail"];

const STREAM_SCOPES = ["packet-context", "event-header", "common-context"] as const;

/**
 * Makes trace classes of what metadata sections declare one after the other. Classes that did not change are the same
 * objects in every one.
 */
export class TraceBuilder {
  readonly format: TraceClass["format"];
  uuid: Uint8Array | undefined;
  readonly environment: Map<string, string | bigint> = new Map();
  readonly clocks: Map<string, ClockClass> = new Map();
  readonly streams: Map<number, StreamDraft> = new Map();
  readonly #fail: Fail;
  readonly #headerSlots: SlotTable = new Map();
  #packetHeader: StructureTemplate | undefined;
  #version = 0;
  #nextSlot = 0;

  /** @param fail makes the error for a place in the metadata */
  constructor(format: TraceClass["format"], fail: Fail) {
    this.format = format;
    this.#fail = fail;
  }

  setPacketHeader(template: StructureTemplate | undefined): void {
    this.#packetHeader = template;
    assignSlots("packet-header", this.#headerContext());
  }

  addStream(
    id: number,
    clock: ClockClass | undefined,
    scopes: Pick<ScopeTemplates, (typeof STREAM_SCOPES)[number]>,
  ): StreamDraft {
    const templates: ScopeTemplates = { "packet-header": this.#packetHeader, ...scopes };
    const stream: StreamDraft = {
      id,
      clock,
      templates,
      slots: new Map(),
      events: new Map(),
      built: undefined,
    };
    const context = this.#context(templates, stream, undefined);
    for (const scope of STREAM_SCOPES) assignSlots(scope, context);
    this.streams.set(id, stream);
    return stream;
  }

  addEvent(
    stream: StreamDraft,
    event: Pick<EventClass, "id" | "logLevel"> & { readonly name: string | undefined },
    scopes: Pick<ScopeTemplates, "specific-context" | "payload">,
  ): void {
    const { templates } = stream;
    // Spelled out, since metadata have thousands of events.
    const roots: ScopeTemplates = {
      "packet-header": templates["packet-header"],
      "packet-context": templates["packet-context"],
      "event-header": templates["event-header"],
      "common-context": templates["common-context"],
      "specific-context": scopes["specific-context"],
      payload: scopes.payload,
    };
    const context = this.#context(roots, stream, new Map());
    assignSlots("specific-context", context);
    assignSlots("payload", context);
    const { id, name, logLevel } = event;
    stream.events.set(id, {
      id,
      name: name ?? `event ${id}`,
      isNameless: name === undefined,
      logLevel,
      specificContext: instantiate("specific-context", context),
      payload: instantiate("payload", context),
    });
    stream.built = undefined;
  }

  /** The trace class of all that was declared so far. */
  snapshot(): TraceClass {
    return {
      version: ++this.#version,
      format: this.format,
      uuid: this.uuid,
      environment: new Map(this.environment),
      clocks: new Map(this.clocks),
      packetHeader: instantiate("packet-header", this.#headerContext()),
      streamClasses: new Map(
        [...this.streams].map(([id, stream]) => [id, this.#streamClass(stream)]),
      ),
      slotCount: this.#nextSlot,
    };
  }

  #streamClass(stream: StreamDraft): StreamClass {
    if (stream.built?.slotCount === stream.slots.size) return stream.built.streamClass;
    const context = this.#context(stream.templates, stream, undefined);
    const streamClass: StreamClass = {
      id: stream.id,
      clock: stream.clock,
      packetContext: instantiate("packet-context", context),
      eventHeader: instantiate("event-header", context),
      commonContext: instantiate("common-context", context),
      eventClasses: new Map(stream.events),
    };
    stream.built = { streamClass, slotCount: stream.slots.size };
    return streamClass;
  }

  #headerContext(): FieldBuilderContext {
    return this.#context({ "packet-header": this.#packetHeader }, undefined, undefined);
  }

  #context(
    roots: ScopeTemplates,
    stream: StreamDraft | undefined,
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
      clock: stream?.clock?.name,
      fail: this.#fail,
    };
  }
}
