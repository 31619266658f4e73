/** What `tracewire info --json` prints: everything that is known of a trace, as plain objects. */

import { isoText } from "../base/time.ts";
import { describeField } from "../ctf/describe-field.ts";
import type { EventClass, StreamClass, StructureClass } from "../ctf/trace-class.ts";
import { LossAccount } from "../feed/losses.ts";
import { eventKey, type StreamSummary, type TraceSummary } from "../query/trace-summary.ts";

/** Times as ISO texts to the nanosecond, 64-bit values as strings where JSON readers would round them. */
export function traceJson(trace: TraceSummary): object {
  const { origin, traceClass, streams, events, problems } = trace;
  const { uuid, format, environment, clocks, streamClasses } = traceClass ?? {};
  return {
    path: origin.path,
    host: origin.host,
    session: origin.session,
    format,
    uuid: uuid && uuidText(uuid),
    environment: Object.fromEntries(
      Array.from(environment ?? [], ([name, value]) => [name, exact(value)]),
    ),
    clocks: Array.from(clocks?.values() ?? [], (clock) => ({
      name: clock.name,
      uuid: clock.uuid,
      frequency: exact(clock.frequency),
      offset_seconds: exact(clock.offsetSeconds),
      offset_cycles: exact(clock.offsetCycles),
    })),
    ...rangeJson(totalOf(trace)),
    streams: streams.map((stream) => ({
      name: stream.name,
      class: stream.classId,
      instance: stream.instanceId === undefined ? undefined : exact(stream.instanceId),
      ...rangeJson(stream),
    })),
    stream_classes: Array.from(streamClasses?.values() ?? [], (streamClass) =>
      streamClassJson(streamClass, events),
    ),
    problems,
  };
}

type Range = Pick<StreamSummary, "begin" | "end" | "events" | "packets" | "bytes" | "losses">;

function rangeJson({ begin, end, events, packets, bytes, losses }: Range): object {
  return {
    begin: begin === undefined ? null : isoText(begin),
    end: end === undefined ? null : isoText(end),
    events,
    packets,
    bytes,
    discarded_events: losses.discardedEvents,
    missing_packets: losses.missingPackets,
    undecodable_packets: losses.undecodablePackets,
  };
}

function streamClassJson(streamClass: StreamClass, events: ReadonlyMap<string, number>): object {
  return {
    id: streamClass.id,
    clock: streamClass.clock?.name ?? null,
    packet_context: fieldsJson(streamClass.packetContext),
    event_header: fieldsJson(streamClass.eventHeader),
    common_context: fieldsJson(streamClass.commonContext),
    event_classes: Array.from(streamClass.eventClasses.values(), (eventClass) =>
      eventClassJson(eventClass, events.get(eventKey(streamClass.id, eventClass.name)) ?? 0),
    ),
  };
}

function eventClassJson(eventClass: EventClass, events: number): object {
  return {
    id: eventClass.id,
    name: eventClass.name,
    log_level: eventClass.logLevel ?? null,
    events,
    specific_context: fieldsJson(eventClass.specificContext),
    fields: fieldsJson(eventClass.payload),
  };
}

function fieldsJson(structure: StructureClass | undefined): object[] {
  return (structure?.members ?? []).map(({ name, fieldClass }) => ({
    name,
    type: describeField(fieldClass),
  }));
}

/** A trace's streams taken together. */
export function totalOf({ streams }: TraceSummary): Range {
  const sum = (count: (stream: StreamSummary) => number): number =>
    streams.reduce((total, stream) => total + count(stream), 0);
  const begins = streams.flatMap(({ begin }) => begin ?? []);
  const ends = streams.flatMap(({ end }) => end ?? []);
  const losses = new LossAccount();
  for (const stream of streams) losses.addTotals(stream.losses);
  return {
    begin: begins.reduce<bigint | undefined>(
      (a, b) => (a === undefined || b < a ? b : a),
      undefined,
    ),
    end: ends.reduce<bigint | undefined>((a, b) => (a === undefined || b > a ? b : a), undefined),
    events: sum(({ events }) => events),
    packets: sum(({ packets }) => packets),
    bytes: sum(({ bytes }) => bytes),
    losses,
  };
}

export function uuidText(uuid: Uint8Array): string {
  const hex = Buffer.from(uuid).toString("hex");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

function exact(value: string | bigint): string | number {
  if (typeof value === "string") return value;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : String(value);
}
