/** Follows the state that containers are known by, in live or recorded items, into a registry. */

import { filter, Observable, Subject, tap } from "rxjs";
import type { TraceOrigin } from "../../base/item.ts";
import type { Registry } from "../../containers/registry.ts";
import type { TraceClass } from "../../ctf/trace-class.ts";
import type { DecodedItem } from "../../feed/decoded-item.ts";
import { describeLoss, type Loss } from "../../feed/losses.ts";
import type { Execution } from "../../query/execution.ts";
import { EVERYTHING } from "../../query/question.ts";
import type { ResultBatch, ResultItem } from "../../query/result.ts";
import { runQuery } from "../../query/run.ts";
import { Gate } from "../../source/gate.ts";
import type { StateLog } from "./kept-state.ts";
import { declares, lacksIdentity, STATE_EVENTS, SWITCH_EVENT } from "./state-events.ts";
import { STATE_COLUMNS, StateReader } from "./state-reader.ts";

/** How the state query runs. */
export interface StateSpec {
  readonly isLive: boolean;
  /** How long a silent stream may hold the others up, in ms. */
  readonly maxLag: number;
  /** Threads for stored packets, which others need afterwards. */
  readonly threads?: Execution["threads"];
  /** Takes the rows that are read, for another run. */
  readonly log?: StateLog | undefined;
}

/**
 * Follows container state into a registry; completes with the items. What is lost on the way is reported to the registry.
 *
 * @param onChange called whenever something was read
 * @param gate of the items' share
 */
export function stateOf(
  spec: StateSpec,
  items: Observable<DecodedItem>,
  registry: Registry,
  onChange: () => void = () => {},
  gate: Gate = new Gate(),
): Observable<never> {
  return new Observable((subscriber) => {
    const reader = new StateReader(registry);
    const stateful = new Set<TraceOrigin>();
    let watermarkNs: bigint | undefined;
    let late = 0;
    const onLoss = (loss: Loss): void => {
      // What could not be read this time may be there the next time.
      if (loss.kind === "gap") spec.log?.giveUp();
      const trace = loss.stream?.trace ?? (loss.kind === "gap" ? loss.trace : undefined);
      if (trace === undefined || stateful.has(trace))
        registry.reportGap({ sinceNs: watermarkNs, reason: describeLoss(loss) });
    };
    const onBatch = (batch: ResultBatch): void => {
      const reason = `${batch.late - late} events of container state came late`;
      if (batch.late > late) registry.reportGap({ sinceNs: watermarkNs, reason });
      ({ late, watermarkNs } = batch);
      reader.read(batch);
      spec.log?.add(batch);
      onChange();
    };
    const noted = items.pipe(
      tap((item) => {
        if (item.kind === "trace-class" && declares([item.traceClass], STATE_EVENTS))
          stateful.add(item.trace);
        if (item.kind === "trace-end") stateful.delete(item.trace);
      }),
    );
    const results = onceDeclared(noted, (classes, rest) => {
      const events = classes.some(lacksIdentity) ? [...STATE_EVENTS, SWITCH_EVENT] : STATE_EVENTS;
      const table = { name: "containers", rowsNeed: [events] };
      // Live packets may have events that are declared later.
      const wanted = spec.isLive ? rest : rest.pipe(filter(packetsWith(events)));
      return runQuery(
        { ...EVERYTHING, events, select: STATE_COLUMNS, table },
        executionOf(spec),
        wanted,
        gate,
      );
    });
    return results.subscribe({
      next: (item) => {
        if (item.kind === "columns") {
          reader.layout(item.columns);
          spec.log?.layout(item.columns);
        } else if (item.kind === "loss") onLoss(item.loss);
        else if (item.kind === "batch") onBatch(item.batch);
      },
      error: (error) => subscriber.error(error),
      complete: () => subscriber.complete(),
    });
  });
}

/** Makes a query when the first packet comes: what the traces declare until then decides what it reads. */
function onceDeclared(
  items: Observable<DecodedItem>,
  make: (
    traceClasses: readonly TraceClass[],
    items: Observable<DecodedItem>,
  ) => Observable<ResultItem>,
): Observable<ResultItem> {
  return new Observable((subscriber) => {
    const classes = new Map<TraceOrigin, TraceClass>();
    const rest = new Subject<DecodedItem>();
    let head: DecodedItem[] | undefined = [];
    const begin = (): void => {
      const first = head ?? [];
      head = undefined;
      subscriber.add(make([...classes.values()], rest).subscribe(subscriber));
      for (const item of first) rest.next(item);
    };
    return items.subscribe({
      next: (item) => {
        if (head === undefined) {
          rest.next(item);
          return;
        }
        if (item.kind === "trace-class") classes.set(item.trace, item.traceClass);
        head.push(item);
        // A packet's bytes are borrowed: it is handed on before this returns.
        if (item.kind === "packet" || item.kind === "stored-packet") begin();
      },
      error: (error) => subscriber.error(error),
      complete: () => {
        if (head !== undefined) begin();
        rest.complete();
      },
    });
  });
}

/** Leaves out the packets of traces without such events: they are not even read. */
function packetsWith(events: readonly string[]): (item: DecodedItem) => boolean {
  const wanted = new Set<TraceOrigin>();
  return (item) => {
    if (item.kind === "trace-class" && declares([item.traceClass], events)) wanted.add(item.trace);
    const isPacket = item.kind === "packet" || item.kind === "stored-packet";
    return !isPacket || wanted.has(item.stream.trace);
  };
}

function executionOf({ isLive, maxLag, threads }: StateSpec): Execution {
  return {
    isLive,
    maxLagMs: maxLag,
    threads,
    keepThreads: true,
    // Known before any row of the same time is resolved.
    flushOnWatermark: true,
    borrowBatches: true,
    widenColumns: true,
  };
}
