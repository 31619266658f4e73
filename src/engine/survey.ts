/** What a source holds: traces, streams, and how many events of each class; every packet is read once. */

import type { StreamOrigin, TraceOrigin } from "../base/item.ts";
import type { TraceClass } from "../ctf/trace-class.ts";
import { planColumns } from "../scan/layout.ts";
import type { DecodedItem } from "./decoded-item.ts";
import { describeLoss, type Loss, LossAccount } from "./losses.ts";
import { ScanStage } from "./scan-stage.ts";

/** Sizes are bytes, times ns since the Unix epoch: of packets' begins and ends, and of the events in them. */
export interface StreamSurvey {
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

export interface TraceSurvey {
  readonly origin: TraceOrigin;
  traceClass: TraceClass | undefined;
  readonly streams: StreamSurvey[];
  /** How many events there are of each class, by `eventKey`. */
  readonly events: Map<string, number>;
  /** What could not be read, in words. */
  readonly problems: string[];
}

/** Event classes of one stream class that share a name are counted together. */
export function eventKey(streamClassId: number, name: string): string {
  return `${streamClassId}/${name}`;
}

/** Takes a source's items one after the other. */
export class Survey {
  readonly traces: TraceSurvey[] = [];
  /** What concerns no trace in particular. */
  readonly problems: string[] = [];
  readonly #traces = new Map<TraceOrigin, TraceSurvey>();
  readonly #streams = new Map<StreamOrigin, StreamSurvey>();
  readonly #stage: ScanStage;

  constructor() {
    const spec = {
      filter: undefined,
      events: [],
      columns: planColumns([{ kind: "event" }], []),
      begin: undefined,
      end: undefined,
    };
    this.#stage = new ScanStage(spec, "kernel", {
      rows: (stream, _rank, { rows, timestamps, columns: [names] }) => {
        this.#count(stream, rows, timestamps[0]!, timestamps[rows - 1]!);
        if (names?.kind !== "dictionary") return;
        const { events } = this.#traces.get(stream.trace)!;
        const counts = new Map<number, number>();
        for (let row = 0; row < rows; row++) {
          const code = names.codes[row]!;
          counts.set(code, (counts.get(code) ?? 0) + 1);
        }
        for (const [code, count] of counts) {
          const key = eventKey(this.#stream(stream).classId ?? 0, names.dictionary.text(code));
          events.set(key, (events.get(key) ?? 0) + count);
        }
      },
      loss: (loss) => this.#lose(loss),
    });
  }

  take(item: DecodedItem): void {
    switch (item.kind) {
      case "trace":
        this.#trace(item.trace);
        break;
      case "trace-class":
        this.#trace(item.trace).traceClass = item.traceClass;
        this.#stage.update(item.trace, item.traceClass);
        break;
      case "stream":
        this.#stream(item.stream);
        break;
      case "packet": {
        const stream = this.#stream(item.stream);
        stream.classId = item.header.streamClass.id;
        stream.instanceId = item.header.instanceId;
        stream.packets++;
        stream.bytes += item.bytes.length;
        widen(stream, item.beginNs);
        widen(stream, item.endNs);
        this.#stage.packet(item);
        break;
      }
      case "loss":
        this.#lose(item.loss);
        break;
      case "stream-end":
        this.#stage.endStream(item.stream);
        break;
      default:
        break;
    }
  }

  /** No more items come. */
  end(): void {
    this.#stage.endAll();
  }

  #count(origin: StreamOrigin, rows: number, first: bigint, last: bigint): void {
    const stream = this.#stream(origin);
    stream.events += rows;
    if (this.#traces.get(origin.trace)?.traceClass?.clocks.size === 0) return;
    widen(stream, first);
    widen(stream, last);
  }

  #lose(loss: Loss): void {
    const stream = loss.stream === undefined ? undefined : this.#stream(loss.stream);
    stream?.losses.add(loss);
    if (loss.kind === "discarded-events" || loss.kind === "missing-packets") return;
    const origin = loss.kind === "gap" ? loss.trace : loss.stream.trace;
    const problems = origin === undefined ? this.problems : this.#trace(origin).problems;
    problems.push(describeLoss(loss));
  }

  #trace(origin: TraceOrigin): TraceSurvey {
    let trace = this.#traces.get(origin);
    if (trace === undefined) {
      trace = { origin, traceClass: undefined, streams: [], events: new Map(), problems: [] };
      this.#traces.set(origin, trace);
      this.traces.push(trace);
    }
    return trace;
  }

  #stream(origin: StreamOrigin): StreamSurvey {
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

function widen(stream: StreamSurvey, ns: bigint | undefined): void {
  if (ns === undefined) return;
  if (stream.begin === undefined || ns < stream.begin) stream.begin = ns;
  if (stream.end === undefined || ns > stream.end) stream.end = ns;
}
