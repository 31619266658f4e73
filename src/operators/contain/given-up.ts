import type { Host } from "../../containers/host.ts";

/** A namespace that has been silent this long may be another container's when it is heard of again. */
const SILENCE_NS = 10_000_000_000n;
/** More namespaces are not remembered of one machine. */
const MAX_NAMESPACES = 65_536;

/** Pid namespaces whose rows have waited in vain for a name, and do not wait again. */
export class GivenUp {
  /** By host and inode: the time of the last row. */
  readonly #last = new WeakMap<Host, Map<number, bigint>>();

  add(host: Host, pidNs: number, ns: bigint): void {
    const last = this.#last.get(host) ?? new Map<number, bigint>();
    this.#last.set(host, last);
    if (last.size >= MAX_NAMESPACES) last.clear();
    last.set(pidNs, ns);
  }

  /** Whether a row at `ns` need not wait. */
  has(host: Host, pidNs: number, ns: bigint): boolean {
    const last = this.#last.get(host);
    const lastNs = last?.get(pidNs);
    if (last === undefined || lastNs === undefined) return false;
    if (ns - lastNs > SILENCE_NS) {
      last.delete(pidNs);
      return false;
    }
    if (ns > lastNs) last.set(pidNs, ns);
    return true;
  }
}
