/** What happens to containers while one listens: births, names, ends. */

import type { Container, ContainerInstance } from "./container.ts";
import type { Registry } from "./registry.ts";

export type Change =
  | {
      readonly kind: "born" | "ended";
      readonly instance: ContainerInstance;
      readonly ns: bigint | undefined;
    }
  /** A record has named what had no name, or another. */
  | { readonly kind: "named"; readonly instance: ContainerInstance; readonly before: string };

/** Finds what is new in a registry since it was last asked. */
export class ChangeWatcher {
  readonly #registry: Registry;
  readonly #known = new Map<
    ContainerInstance,
    { readonly container: Container; readonly hasEnded: boolean }
  >();
  #version = -1;

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  /** In the order of their times; what was there before comes first. */
  changes(): readonly Change[] {
    if (this.#registry.version === this.#version) return [];
    this.#version = this.#registry.version;
    const instances = this.#registry.containers.flatMap((container) => container.instances);
    return instances
      .flatMap((instance) => [...this.#changesOf(instance)])
      .sort((a, b) => {
        const [before, after] = [timeOf(a), timeOf(b)];
        return before < after ? -1 : before > after ? 1 : 0;
      });
  }

  *#changesOf(instance: ContainerInstance): Generator<Change> {
    const { container, from, to } = instance;
    const before = this.#known.get(instance);
    const hasEnded = to !== undefined;
    if (before?.container === container && before.hasEnded === hasEnded) return;
    this.#known.set(instance, { container, hasEnded });
    if (before === undefined) yield { kind: "born", instance, ns: from };
    else if (before.container !== container)
      yield { kind: "named", instance, before: before.container.name };
    if (hasEnded && before?.hasEnded !== true) yield { kind: "ended", instance, ns: to };
  }
}

function timeOf(change: Change): bigint {
  return (change.kind === "named" ? change.instance.from : change.ns) ?? 0n;
}
