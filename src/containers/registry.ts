/** All traced machines of a query or feed, and their containers. */

import type { Container } from "./container.ts";
import { Host } from "./host.ts";

/** What is missing of the state that names come from. */
export interface NameGap {
  /** Container names may be wrong or missing from this time on, ns since the Unix epoch. */
  readonly sinceNs: bigint | undefined;
  readonly reason: string;
}

/** Ended instances are forgotten when live data is this far behind their end. */
const RETENTION_NS = 60_000_000_000n;
/** How often, in time of the trace, ended instances are looked for. */
const FORGET_EVERY_NS = 10_000_000_000n;
/** A machine that has been silent this long, while others have not, has gone. */
const HOST_RETENTION_NS = 3_600_000_000_000n;

interface KnownHost {
  readonly host: Host;
  /** Time of its latest data; `undefined` while there is none. */
  lastNs: bigint | undefined;
}

export class Registry {
  readonly #isLive: boolean;
  readonly #hosts = new Map<string, KnownHost>();
  readonly #gapListeners = new Set<(gap: NameGap) => void>();
  #nextForgetNs = 0n;
  #forgotten = 0;

  /** @param isLive whether what has ended is forgotten after a while */
  constructor(isLive: boolean = false) {
    this.#isLive = isLive;
  }

  /**
   * The machine that a trace was recorded on.
   *
   * @param boot what distinguishes machines and boots
   * @param name its host name; a tracer inside a container gives the container's, so the first one is kept
   */
  host(boot: string, name: string): Host {
    let known = this.#hosts.get(boot);
    if (known === undefined) {
      known = { host: new Host(name, this.#isLive), lastNs: undefined };
      this.#hosts.set(boot, known);
    }
    return known.host;
  }

  /** The machine of that boot, if anything is known of it. */
  knownHost(boot: string): Host | undefined {
    return this.#hosts.get(boot)?.host;
  }

  get hosts(): readonly Host[] {
    return [...this.#hosts.values()].map(({ host }) => host);
  }

  get containers(): readonly Container[] {
    return this.hosts.flatMap(({ containers }) => containers);
  }

  /** Whether container records distinguish some containers by their mount namespaces. */
  get hasMounts(): boolean {
    return this.hosts.some(({ hasMounts }) => hasMounts);
  }

  /** Whether tasks were seen to be moved into control groups. */
  get hasGroups(): boolean {
    return this.hosts.some(({ groups }) => !groups.isEmpty);
  }

  /** The times at which a pid namespace may begin or end to be a container's: before and from them. Ascending. */
  changes(): BigInt64Array {
    const times = new Set<bigint>();
    for (const host of this.hosts) {
      for (const [, instances] of host.pidNamespaces()) {
        for (const { from, to } of instances) {
          // Whichever side of it a time itself belongs to.
          for (const ns of [from, to]) if (ns !== undefined) times.add(ns).add(ns + 1n);
        }
      }
    }
    return BigInt64Array.from(times).sort();
  }

  /** Grows whenever a name or namespace may mean something else than before. */
  get version(): number {
    let version = this.#hosts.size + this.#forgotten;
    for (const { host } of this.#hosts.values()) version += host.version;
    return version;
  }

  /** Everything before a time has come: what can no longer be asked for is forgotten. */
  onWatermark(boot: string, ns: bigint): void {
    const known = this.#hosts.get(boot);
    if (known !== undefined && ns > (known.lastNs ?? 0n)) known.lastNs = ns;
    if (!this.#isLive || ns < this.#nextForgetNs) return;
    this.#nextForgetNs = ns + FORGET_EVERY_NS;
    for (const [name, { host, lastNs }] of this.#hosts) {
      host.forgetBefore(ns - RETENTION_NS);
      if (lastNs === undefined || lastNs >= ns - HOST_RETENTION_NS) continue;
      this.#hosts.delete(name);
      this.#forgotten += host.version + 2;
    }
  }

  /** Reports that some of what names come from is missing. */
  reportGap(gap: NameGap): void {
    for (const listener of this.#gapListeners) listener(gap);
  }

  /** Calls `listener` for each gap until the returned function is called. */
  listenToGaps(listener: (gap: NameGap) => void): () => void {
    this.#gapListeners.add(listener);
    return () => this.#gapListeners.delete(listener);
  }
}
