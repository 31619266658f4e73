import type { ContainerInstance } from "../../containers/container.ts";
import type { Host } from "../../containers/host.ts";

/** A namespace that has been silent this long may be another container's when it is heard of again. */
const SILENCE_NS = 10_000_000_000n;
/** More namespaces are not remembered of one machine. */
const MAX_NAMESPACES = 65_536;

interface Entry {
  /** `undefined` while nothing but the namespace's number is known. */
  readonly instance: ContainerInstance | undefined;
  /** The time of the last row. */
  lastNs: bigint;
}

/** Container instances whose rows have waited in vain for a name, and do not wait again. */
export class GivenUp {
  /** By host and inode of the pid namespace. */
  readonly #entries = new WeakMap<Host, Map<number, Entry>>();

  add(host: Host, pidNs: number, instance: ContainerInstance | undefined, ns: bigint): void {
    const entries = this.#entries.get(host) ?? new Map<number, Entry>();
    this.#entries.set(host, entries);
    if (entries.size >= MAX_NAMESPACES) entries.clear();
    entries.set(pidNs, { instance, lastNs: ns });
  }

  /** Whether a row at `ns` need not wait. */
  has(host: Host, pidNs: number, instance: ContainerInstance | undefined, ns: bigint): boolean {
    const entries = this.#entries.get(host);
    const entry = entries?.get(pidNs);
    if (entries === undefined || entry === undefined) return false;
    // The namespace's number may be another instance's by now.
    if (entry.instance !== instance || ns - entry.lastNs > SILENCE_NS) {
      entries.delete(pidNs);
      return false;
    }
    if (ns > entry.lastNs) entry.lastNs = ns;
    return true;
  }
}
