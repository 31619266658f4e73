/** The text frames of a WebSocket: the account of a query, and what is missing. */

import { typeName } from "../../column/column.ts";
import type { Schema } from "../../column/schema.ts";
import { describeLoss, type Loss, type LossAccount, lostPackets } from "../../feed/losses.ts";
import type { Delivery } from "./delivery.ts";

/** What a client has been sent so far. */
type Account = Pick<
  Delivery,
  "rows" | "batches" | "watermarkNs" | "losses" | "late" | "unnamedRows" | "dropped"
>;

/** @param query the name of a query that can be resumed */
export function statusFrame(
  delivery: Account | undefined,
  query: string | undefined,
  columns: Schema | undefined,
): Record<string, unknown> {
  const described = columns?.map(({ name, type }) => ({ name, type: typeName(type) }));
  return {
    type: "status",
    ...(query !== undefined && { query }),
    ...totals(delivery),
    ...(described !== undefined && { columns: described }),
  };
}

export function endFrame(delivery: Account | undefined): Record<string, unknown> {
  return { type: "end", ...totals(delivery) };
}

export function lossFrame(loss: Loss): Record<string, unknown> {
  return { type: "loss", ...lossFacts(loss), message: describeLoss(loss) };
}

function totals(delivery: Account | undefined): Record<string, unknown> {
  if (delivery === undefined) return { rows: 0, batches: 0 };
  const { rows, batches, watermarkNs, losses, late, unnamedRows, dropped } = delivery;
  return {
    rows,
    batches,
    // A number would not hold it.
    watermark_ns: watermarkNs === undefined ? null : String(watermarkNs),
    lost_events: losses.discardedEvents,
    lost_packets: lostPackets(losses),
    gaps: losses.gaps,
    clears: losses.clears,
    reconnects: losses.reconnects,
    late,
    unnamed_rows: unnamedRows,
    dropped,
    ...(losses.streams.size > 0 && { streams: streamFacts(losses) }),
  };
}

/** What each stream lost that lost anything. */
function streamFacts({ streams }: LossAccount): Record<string, unknown>[] {
  return [...streams].map(([stream, counts]) => ({
    stream,
    lost_events: counts.discardedEvents,
    lost_packets: lostPackets(counts),
  }));
}

function timeFact(ns: bigint | undefined): string | null {
  return ns === undefined ? null : String(ns);
}

function lossFacts(loss: Loss): Record<string, unknown> {
  const stream = loss.stream === undefined ? null : loss.stream.name;
  switch (loss.kind) {
    case "discarded-events": {
      const { kind, count, beginNs, endNs } = loss;
      return { kind, stream, count, begin_ns: timeFact(beginNs), end_ns: timeFact(endNs) };
    }
    case "missing-packets":
      return { kind: loss.kind, stream, count: loss.count, end_ns: timeFact(loss.endNs) };
    case "undecodable-packet":
      return { kind: loss.kind, stream, count: 1 };
    case "gap":
      return { kind: loss.kind, cause: loss.cause, stream, count: loss.packets ?? null };
  }
}
