/** Who is in some traces: containers with their lives, and how many events each life has. */

import { lastValueFrom, type Observable, Subject, takeUntil, timer } from "rxjs";
import type { DecodedItem } from "../feed/decoded-item.ts";
import type { Share } from "../feed/feed.ts";
import { canCompile } from "../query/executor.ts";
import { EVERYTHING, type QuerySpec, runQuery } from "../query/query.ts";
import type { Gate } from "../source/gate.ts";
import type { ShareOptions } from "../source/source.ts";
import type { Container, Life } from "./container.ts";
import type { Host } from "./host.ts";
import type { RecordedState } from "./recorded-state.ts";
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

  readonly #hosts: ReadonlySet<Host> | undefined;

  /** @param hosts whose containers are counted, if the registry has others, too */
  constructor(registry: Registry, hosts?: ReadonlySet<Host>) {
    this.registry = registry;
    this.#hosts = hosts;
  }

  get containers(): readonly Container[] {
    const hosts = this.#hosts ?? this.registry.hosts;
    return [...hosts].flatMap(({ containers }) => containers);
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

/**
 * Counts every event of recorded traces to the life that it belongs to.
 * @param share gives a part of the traces' feed
 */
export async function recordedCensus(
  share: (options: ShareOptions) => Share,
  state: RecordedState,
): Promise<Census> {
  // What is told at any time is known before the first event is counted.
  await new Promise<void>((told, failed) => state.follow({ told, failed }));
  const census = new Census(state.registry);
  const { items, gate } = share({ leavesPackets: canCompile("kernel") });
  await count({ ...COUNTING, order: "none" }, items, gate, census);
  return census;
}

/**
 * Counts the events of live sessions for a while.
 *
 * @param maxLag how long a silent stream may hold up the others, in ms
 * @param followed by somebody else; without it, only what is told meanwhile is known
 */
export async function liveCensus(
  { items, gate }: Share,
  listeningMs: number,
  maxLag: number,
  followed?: Registry,
): Promise<Census> {
  const registry = followed ?? new Registry(true);
  const hosts = new Set<Host>();
  const census = new Census(registry, hosts);
  const heard = new Subject<DecodedItem>();
  heard.subscribe((item) => {
    if (item.kind === "trace-class") hosts.add(registry.hostOf(item.traceClass, item.trace.host));
  });
  const state = stateOf({ isLive: true, maxLag }, heard, census.registry);
  const telling =
    followed === undefined ? lastValueFrom(state, { defaultValue: undefined }) : undefined;
  const counting = count({ ...COUNTING, maxLag, isLive: true }, heard, gate, census);
  items.pipe(takeUntil(timer(listeningMs))).subscribe(heard);
  await Promise.all([telling, counting]);
  return census;
}

const COUNTING: QuerySpec = {
  ...EVERYTHING,
  select: [],
  extra: RESOLVING_COLUMNS,
  lendsBatches: true,
};

function count(
  query: QuerySpec,
  items: Observable<DecodedItem>,
  gate: Gate,
  census: Census,
): Promise<void> {
  return runQuery(query, items, gate).forEach((item) => {
    if (item.kind !== "batch") return;
    const reader = new RowReader(item.batch, census.registry, false);
    for (let row = 0; row < item.batch.rows; row++) {
      const life = reader.life(row);
      if (life !== undefined) census.see(life, reader.time(row));
    }
  });
}
