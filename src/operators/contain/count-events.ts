/** Counts events by the container instance that they belong to. */

import { lastValueFrom, Subject, takeUntil, timer } from "rxjs";
import { Census } from "../../containers/census.ts";
import type { Host } from "../../containers/host.ts";
import { Registry } from "../../containers/registry.ts";
import type { DecodedItem } from "../../feed/decoded-item.ts";
import type { FeedSubscription } from "../../feed/feed.ts";
import { LossAccount } from "../../feed/losses.ts";
import { type Execution, RECORDED } from "../../query/execution.ts";
import { canCompile } from "../../query/executor.ts";
import { EVERYTHING, type Question } from "../../query/question.ts";
import { runQuery } from "../../query/run.ts";
import { bootOf, hostNameOf } from "../../scan/record-columns.ts";
import type { ReadOptions } from "../../source/source.ts";
import type { RecordedNames } from "./recorded-names.ts";
import { IDENTITY_COLUMNS, RowIdentity } from "./row-identity.ts";
import { stateOf } from "./state-query.ts";

/**
 * Counts every event of recorded traces.
 * @param share gives a part of the traces' feed
 * @param losses takes what could not be counted
 */
export async function recordedCensus(
  share: (options: ReadOptions) => FeedSubscription,
  names: RecordedNames,
  losses: LossAccount = new LossAccount(),
): Promise<Census> {
  // Container records anywhere in the traces hold from the first event on.
  await new Promise<void>((ready, failed) => names.follow({ ready, failed }));
  const census = new Census(names.registry);
  const { items, gate } = share({ deferPacketReads: canCompile("kernel") });
  await count({ ...COUNTING, order: "none" }, RECORDED, { items, gate }, census, losses);
  return census;
}

/**
 * Counts the events of live sessions for a while.
 *
 * @param maxLag how long a silent stream may hold up the others, in ms
 * @param followed a registry that follows the sessions already; without it, only state that comes meanwhile is known
 */
export async function liveCensus(
  { items, gate }: FeedSubscription,
  listeningMs: number,
  maxLag: number,
  followed?: Registry,
  losses: LossAccount = new LossAccount(),
): Promise<Census> {
  const registry = followed ?? new Registry(true);
  const hosts = new Set<Host>();
  const census = new Census(registry, hosts);
  const heard = new Subject<DecodedItem>();
  heard.subscribe((item) => {
    if (item.kind !== "trace-class") return;
    const { traceClass, trace } = item;
    const name = hostNameOf(traceClass, trace.host) ?? "";
    hosts.add(registry.host(bootOf(traceClass, trace.host) ?? "", name));
  });
  const state = stateOf({ isLive: true, maxLag }, heard, census.registry);
  const following =
    followed === undefined ? lastValueFrom(state, { defaultValue: undefined }) : undefined;
  const how: Execution = { isLive: true, maxLagMs: maxLag };
  const counting = count(COUNTING, how, { items: heard, gate }, census, losses);
  items.pipe(takeUntil(timer(listeningMs))).subscribe(heard);
  await Promise.all([following, counting]);
  return census;
}

const COUNTING: Question = { ...EVERYTHING, select: [] };

function count(
  question: Question,
  execution: Execution,
  { items, gate }: Pick<FeedSubscription, "items" | "gate">,
  census: Census,
  losses: LossAccount,
): Promise<void> {
  const how = { ...execution, hiddenColumns: IDENTITY_COLUMNS, borrowBatches: true };
  return runQuery(question, how, items, gate).forEach((item) => {
    if (item.kind === "loss") losses.add(item.loss);
    if (item.kind !== "batch") return;
    const identity = new RowIdentity(item.batch, census.registry);
    for (let row = 0; row < item.batch.rows; row++) {
      const ns = identity.time(row);
      const pidNs = identity.pidNs(row);
      let instance = identity.instance(row);
      if (instance === undefined && pidNs !== 0)
        instance = identity.host(row).onUnknownNamespace(ns, pidNs);
      if (instance !== undefined) census.see(instance, ns);
    }
  });
}
