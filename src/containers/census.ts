/** The containers of some traces with their instances, and how many events each instance has. */

import type { Container, ContainerInstance } from "./container.ts";
import type { Host } from "./host.ts";
import type { Registry } from "./registry.ts";

/** The events that were seen of an instance. Times are ns since the Unix epoch. */
export interface Sighting {
  events: number;
  first: bigint | undefined;
  last: bigint | undefined;
}

export class Census {
  readonly registry: Registry;
  readonly #sightings = new Map<ContainerInstance, Sighting>();
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

  sightingOf(instance: ContainerInstance): Sighting {
    return this.#sightings.get(instance) ?? { events: 0, first: undefined, last: undefined };
  }

  see(instance: ContainerInstance, ns: bigint): void {
    const sighting = this.#sightings.get(instance);
    if (sighting === undefined) {
      this.#sightings.set(instance, { events: 1, first: ns, last: ns });
      return;
    }
    sighting.events++;
    if (ns < sighting.first!) sighting.first = ns;
    if (ns > sighting.last!) sighting.last = ns;
  }
}
