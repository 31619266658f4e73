/** What the query that wrote a file has lost, as losses again: files have their totals only. */

import type { StreamOrigin } from "../base/item.ts";
import type { Account, ResultItem } from "../query/result.ts";

type Loss = Extract<ResultItem, { readonly kind: "loss" }>["loss"];

/** Between which times something is missing, ns; undefined where rows have none. */
export interface LossTimes {
  readonly beginNs: bigint | undefined;
  readonly endNs: bigint | undefined;
}

/** What the totals `now` count more than those before. */
export function lossesBetween(
  before: Account,
  now: Account,
  path: string,
  { beginNs, endNs }: LossTimes,
): readonly Loss[] {
  const stream: StreamOrigin = {
    trace: { host: undefined, session: undefined, path, source: path },
    name: path,
  };
  const losses: Loss[] = [];
  const events = now.lostEvents - before.lostEvents;
  if (events > 0) losses.push({ kind: "discarded-events", stream, count: events, beginNs, endNs });
  const packets = now.lostPackets - before.lostPackets;
  if (packets > 0) losses.push({ kind: "missing-packets", stream, count: packets, endNs });
  const gaps = now.gaps - before.gaps;
  if (gaps > 0) {
    const reason = `${path}: ${gaps === 1 ? "a gap" : `${gaps} gaps`} of unknown size`;
    losses.push({
      kind: "gap",
      cause: "source",
      trace: undefined,
      stream,
      reason,
      packets: undefined,
    });
  }
  return losses;
}
