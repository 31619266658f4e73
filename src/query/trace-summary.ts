/** What a source holds: traces, streams, and how many events of each class; every packet is read once. */

import { type DecodeError, SourceError } from "../base/errors.ts";
import type { StreamOrigin, TraceOrigin } from "../base/item.ts";
import type { ColumnBatch } from "../column/column.ts";
import { SharedDictionary } from "../column/column-builder.ts";
import { planColumns } from "../column/layout.ts";
import { instant } from "../ctf/clock.ts";
import type { PacketHeader } from "../ctf/packet-header.ts";
import { unread } from "../ctf/recorded.ts";
import type { StoredPacket } from "../ctf/stored-packet.ts";
import type { TraceClass } from "../ctf/trace-class.ts";
import type { DecodedItem } from "../feed/decoded-item.ts";
import { describeLoss, type Loss, LossAccount, StreamCounters } from "../feed/losses.ts";
import { InterpretingScanner } from "../scan/interpreter.ts";
import type { ResumePoint, ScanSpec } from "../scan/scanner.ts";
import { interpretingScanner, type OpenScanner } from "./open-scanner.ts";
import { decodeError, headerOf } from "./part-scanner.ts";

/** Sizes are bytes, times ns since the Unix epoch: of packets' begins and ends, and of the events in them. */
export interface StreamSummary {
  readonly name: string;
  classId: number | undefined;
  instanceId: bigint | undefined;
  packets: number;
  bytes: number;
  events: number;
  begin: bigint | undefined;
  end: bigint | undefined;
  readonly losses: LossAccount;
}

export interface TraceSummary {
  readonly origin: TraceOrigin;
  traceClass: TraceClass | undefined;
  readonly streams: StreamSummary[];
  /** How many events there are of each class, by `eventKey`. */
  readonly events: Map<string, number>;
  /** What could not be read, in words. */
  readonly problems: string[];
}

/** Event classes of one stream class that share a name are counted together. */
export function eventKey(streamClassId: number, name: string): string {
  return `${streamClassId}/${name}`;
}

type Packet = Omit<DecodedItem & { kind: "packet" }, "kind"> & {
  readonly resume: ResumePoint | undefined;
};

const SPEC: ScanSpec = {
  filter: undefined,
  events: [],
  columns: planColumns([{ kind: "event" }], []),
  begin: undefined,
  end: undefined,
};

/** Packets that wait for metadata; further ones count as undecodable. */
const MAX_WAITING = 256;

/** Takes a source's items one after the other. */
export class TraceSummaries {
  readonly traces: TraceSummary[] = [];
  /** What concerns no trace in particular. */
  readonly problems: string[] = [];
  /** Events so far. */
  events = 0;
  readonly #traces = new Map<TraceOrigin, TraceSummary>();
  readonly #streams = new Map<StreamOrigin, StreamSummary>();
  readonly #scanners = new Map<TraceOrigin, InterpretingScanner>();
  readonly #counters = new Map<StreamOrigin, StreamCounters>();
  /** Reads stored packets; traces are named by their place in `traces`. */
  readonly #parts: OpenScanner<ColumnBatch> = interpretingScanner(
    SPEC,
    (trace) => this.traces[trace]!.traceClass!,
    (trace) => this.#scanner(this.traces[trace]!.origin, this.traces[trace]!.traceClass!),
  );
  /** Rests of packets that name an event class not declared yet. */
  #waiting: (Packet & { readonly error: DecodeError })[] = [];

  take(item: DecodedItem): void {
    switch (item.kind) {
      case "trace":
        this.#trace(item.trace);
        break;
      case "trace-class":
        this.#trace(item.trace).traceClass = item.traceClass;
        this.#scanners.get(item.trace)?.update(item.traceClass);
        this.#retry(item.trace);
        break;
      case "stream":
        this.#stream(item.stream);
        break;
      case "packet":
        this.#packet(item.stream, item.header, item.bytes.length);
        this.#scan({ ...item, resume: undefined });
        break;
      case "stored-packet":
        this.#stored(item.stream, item.packet);
        break;
      case "loss":
        this.#lose(item.loss);
        break;
      case "note":
        this.problems.push(item.text);
        break;
      default:
        break;
    }
  }

  /** No more items come. */
  end(): void {
    this.#parts.close();
    for (const { stream, error } of this.#waiting)
      this.#lose({ kind: "undecodable-packet", stream, error });
    this.#waiting = [];
  }

  #packet(
    origin: StreamOrigin,
    { streamClass, instanceId, begin, end }: PacketHeader,
    bytes: number,
  ): void {
    const stream = this.#stream(origin);
    stream.classId = streamClass.id;
    stream.instanceId = instanceId;
    stream.packets++;
    stream.bytes += bytes;
    widen(stream, instant(streamClass.clock, begin));
    widen(stream, instant(streamClass.clock, end));
  }

  /** Reads a packet where it lies, part by part. */
  #stored(stream: StreamOrigin, packet: StoredPacket): void {
    const trace = this.traces.indexOf(this.#trace(stream.trace));
    let resume: ResumePoint | undefined;
    do {
      const outcome = this.#parts.scan({ trace, packet, resume }, Number.POSITIVE_INFINITY);
      if (outcome.kind === "unread") {
        this.#lose(unread(stream, new SourceError(outcome.code, outcome.message)));
      } else if (outcome.kind === "unreadable") {
        this.#lose({ kind: "undecodable-packet", stream, error: decodeError(outcome.error) });
      } else if (outcome.kind === "scanned") {
        const header = headerOf(outcome.header, this.traces[trace]!.traceClass!);
        if (resume === undefined) {
          this.#packet(stream, header, packet.bytes);
          this.#countLosses(stream, header);
        }
        for (const batch of outcome.rows) this.#count(stream, header, batch);
        if (outcome.error !== undefined)
          this.#lose({ kind: "undecodable-packet", stream, error: decodeError(outcome.error) });
      }
      resume = outcome.kind === "scanned" ? outcome.rest : undefined;
    } while (resume !== undefined);
  }

  /** What the packet's counters say of it; the feed has not seen it. */
  #countLosses(stream: StreamOrigin, header: PacketHeader): void {
    let counters = this.#counters.get(stream);
    if (counters === undefined) {
      counters = new StreamCounters();
      this.#counters.set(stream, counters);
    }
    const { clock } = header.streamClass;
    const [beginNs, endNs] = [instant(clock, header.begin), instant(clock, header.end)];
    for (const loss of counters.next(stream, header, beginNs, endNs)) this.#lose(loss);
  }

  #scanner(trace: TraceOrigin, traceClass: TraceClass): InterpretingScanner {
    let scanner = this.#scanners.get(trace);
    if (scanner === undefined) {
      const facts = { host: trace.host };
      scanner = new InterpretingScanner(SPEC, [new SharedDictionary()], traceClass, facts);
      this.#scanners.set(trace, scanner);
    }
    return scanner;
  }

  #scan(packet: Packet): void {
    const { stream, bytes, header, traceClass, resume } = packet;
    const outcome = this.#scanner(stream.trace, traceClass).scan(bytes, header, resume);
    for (const batch of outcome.rows) this.#count(stream, header, batch);
    const { error } = outcome;
    if (error === undefined) return;
    const mayComeLater = outcome.resume !== undefined && stream.trace.session !== undefined;
    const rest = { ...packet, bytes: bytes.slice(), resume: outcome.resume, error };
    if (mayComeLater && this.#waiting.length < MAX_WAITING) this.#waiting.push(rest);
    else this.#lose({ kind: "undecodable-packet", stream, error });
  }

  #retry(trace: TraceOrigin): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const packet of waiting) {
      if (packet.stream.trace === trace) this.#scan(packet);
      else this.#waiting.push(packet);
    }
  }

  #count(
    origin: StreamOrigin,
    header: PacketHeader,
    { rows, timestamps, columns }: ColumnBatch,
  ): void {
    const stream = this.#stream(origin);
    stream.events += rows;
    this.events += rows;
    if (header.streamClass.clock !== undefined) {
      widen(stream, timestamps[0]);
      widen(stream, timestamps[rows - 1]);
    }
    const [names] = columns;
    if (names?.kind !== "dictionary") return;
    const byCode = new Map<number, number>();
    for (let row = 0; row < rows; row++) {
      const code = names.codes[row]!;
      byCode.set(code, (byCode.get(code) ?? 0) + 1);
    }
    const { events } = this.#trace(origin.trace);
    for (const [code, count] of byCode) {
      const key = eventKey(header.streamClass.id, names.dictionary.text(code));
      events.set(key, (events.get(key) ?? 0) + count);
    }
  }

  #lose(loss: Loss): void {
    const stream = loss.stream === undefined ? undefined : this.#stream(loss.stream);
    stream?.losses.add(loss);
    if (loss.kind === "discarded-events" || loss.kind === "missing-packets") return;
    const origin = loss.kind === "gap" ? loss.trace : loss.stream.trace;
    const problems = origin === undefined ? this.problems : this.#trace(origin).problems;
    // A file that has gone may have thousands of packets: they are counted.
    const isUnread = loss.kind === "gap" && loss.packets === 1;
    if (!isUnread || stream?.losses.missingPackets === 1) problems.push(describeLoss(loss));
  }

  #trace(origin: TraceOrigin): TraceSummary {
    let trace = this.#traces.get(origin);
    if (trace === undefined) {
      trace = { origin, traceClass: undefined, streams: [], events: new Map(), problems: [] };
      this.#traces.set(origin, trace);
      this.traces.push(trace);
    }
    return trace;
  }

  #stream(origin: StreamOrigin): StreamSummary {
    let stream = this.#streams.get(origin);
    if (stream === undefined) {
      stream = {
        name: origin.name,
        classId: undefined,
        instanceId: undefined,
        packets: 0,
        bytes: 0,
        events: 0,
        begin: undefined,
        end: undefined,
        losses: new LossAccount(),
      };
      this.#streams.set(origin, stream);
      this.#trace(origin.trace).streams.push(stream);
    }
    return stream;
  }
}

function widen(stream: StreamSummary, ns: bigint | undefined): void {
  if (ns === undefined) return;
  if (stream.begin === undefined || ns < stream.begin) stream.begin = ns;
  if (stream.end === undefined || ns > stream.end) stream.end = ns;
}
