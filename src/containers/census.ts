/** Who is in some traces: containers with their lives, and how many events each life has. */

import { type Observable, Subject, takeUntil, timer } from "rxjs";
import type { DecodedItem } from "../engine/decoded-item.ts";
import { canCompile } from "../engine/executor.ts";
import type { Share } from "../engine/feed.ts";
import type { Gate } from "../engine/gate.ts";
import { EVERYTHING, runQuery } from "../engine/query.ts";
import type { ShareOptions } from "../engine/source.ts";
import type { Container, Life } from "./container.ts";
import { Registry } from "./registry.ts";
import { RESOLVING_COLUMNS, RowReader } from "./row-reader.ts";
import { stateOf } from "./state-query.ts";

/** What was seen of a life. Times are ns since the Unix epoch. */
export interface Sighting {
  events: number;
  first: bigint | undefined;
  last: bigint | undefined;
}

export class Census {
  readonly registry: Registry;
  readonly #sightings = new Map<Life, Sighting>();

  constructor(registry: Registry) {
    this.registry = registry;
  }

  get containers(): readonly Container[] {
    return this.registry.containers;
  }

  sightingOf(life: Life): Sighting {
    return this.#sightings.get(life) ?? { events: 0, first: undefined, last: undefined };
  }

  see(life: Life, ns: bigint): void {
    const sighting = this.#sightings.get(life);
    if (sighting === undefined) {
      this.#sightings.set(life, { events: 1, first: ns, last: ns });
      return;
    }
    sighting.events++;
    if (ns < sighting.first!) sighting.first = ns;
    if (ns > sighting.last!) sighting.last = ns;
  }
}

export interface CensusOptions {
  readonly isLive: boolean;
  /** How long live sessions are listened to, in ms; recorded traces are read to their end. */
  readonly liveMs: number;
  readonly maxLag: number;
  /** What somebody else follows of live sessions already. */
  readonly followed?: Registry | undefined;
}

/**
 * Counts every event of a feed to the life that it belongs to.
 * @param share gives a part of the feed; of recorded traces it is asked twice
 */
export async function takeCensus(
  share: (options: ShareOptions) => Share,
  { isLive, liveMs, maxLag, followed }: CensusOptions,
): Promise<Census> {
  const census = new Census(followed ?? new Registry());
  const state = { isLive, maxLag };
  const query = {
    ...EVERYTHING,
    select: [],
    extra: RESOLVING_COLUMNS,
    order: isLive ? ("time" as const) : ("none" as const),
    maxLag,
    lendsBatches: true,
    isLive,
  };
  const counting = (items: Observable<DecodedItem>, gate: Gate): Promise<void> =>
    new Promise((resolve, reject) => {
      runQuery(query, items, gate).subscribe({
        next: (item) => {
          if (item.kind !== "batch") return;
          const reader = new RowReader(item.batch, census.registry, false);
          for (let row = 0; row < item.batch.rows; row++) {
            const life = reader.life(row);
            if (life !== undefined) census.see(life, reader.time(row));
          }
        },
        error: reject,
        complete: resolve,
      });
    });
  const following = (items: Observable<DecodedItem>, gate: Gate): Promise<void> =>
    new Promise((resolve, reject) => {
      stateOf(state, items, census.registry, undefined, gate).subscribe({
        error: reject,
        complete: resolve,
      });
    });
  if (isLive) {
    const { items, gate } = share({});
    const shared = new Subject<DecodedItem>();
    const known = followed === undefined ? following(shared, gate) : undefined;
    const done = Promise.all([known, counting(shared, gate)]);
    items.pipe(takeUntil(timer(liveMs))).subscribe(shared);
    await done;
    return census;
  }
  // What is told at any time is known before the first event is counted.
  for (const pass of [following, counting]) {
    const { items, gate } = share({ leavesPackets: canCompile("kernel") });
    await pass(items, gate);
  }
  return census;
}
