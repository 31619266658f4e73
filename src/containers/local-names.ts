/** Names that are known without the traces: of the containers of this machine, in this boot. */

import type { ContainerRecord } from "./container.ts";
import type { Registry } from "./registry.ts";

/** More containers that have ended are not kept. */
const MAX_ENDED = 1000;

export class LocalNames {
  readonly #boot: string;
  readonly #hostName: string;
  readonly #running = new Map<string, ContainerRecord>();
  /** The latest ones: rows of their last events may be on their way. */
  readonly #ended: ContainerRecord[] = [];
  readonly #registries = new Set<Registry>();

  /** @param boot the kernel's boot id, which LTTng gives as its clock's UUID */
  constructor(boot: string, hostName: string) {
    this.#boot = boot;
    this.#hostName = hostName;
  }

  /** Running and ended containers at this moment. */
  report(records: readonly ContainerRecord[]): void {
    for (const record of records) {
      const key = `${record.initPid} ${record.pidNs} ${record.mntNs}`;
      if (record.endNs === 0n) {
        this.#running.set(key, record);
        continue;
      }
      this.#running.delete(key);
      this.#ended.push(record);
      if (this.#ended.length > MAX_ENDED) this.#ended.shift();
    }
    for (const registry of this.#registries) this.#read(registry, records);
  }

  /** Gives a registry what is known, and what will be, until the returned function is called. */
  follow(registry: Registry): () => void {
    this.#read(registry, [...this.#ended, ...this.#running.values()]);
    this.#registries.add(registry);
    return () => this.#registries.delete(registry);
  }

  #read(registry: Registry, records: readonly ContainerRecord[]): void {
    const host = registry.host(this.#boot, this.#hostName);
    const now = BigInt(Date.now()) * 1_000_000n;
    for (const record of records)
      host.onContainerRecord(record.endNs === 0n ? now : record.endNs, record);
  }
}
