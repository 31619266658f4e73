/** What happens to containers while one listens: births, names, ends. */

import type { Container, Life } from "./container.ts";
import type { Registry } from "./registry.ts";

export type Change =
  | { readonly kind: "born" | "ended"; readonly life: Life; readonly ns: bigint | undefined }
  /** A record has named what had no name, or another. */
  | { readonly kind: "named"; readonly life: Life; readonly before: string };

/** Tells what is new in a registry each time it is asked. */
export class ChangeWatcher {
  readonly #registry: Registry;
  readonly #known = new Map<Life, { readonly container: Container; readonly hasEnded: boolean }>();
  #version = -1;

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  /** In the order of their times; what was there before comes first. */
  changes(): readonly Change[] {
    if (this.#registry.version === this.#version) return [];
    this.#version = this.#registry.version;
    const lives = this.#registry.containers.flatMap((container) => container.lives);
    return lives
      .flatMap((life) => [...this.#changesOf(life)])
      .sort((a, b) => {
        const [before, after] = [timeOf(a), timeOf(b)];
        return before < after ? -1 : before > after ? 1 : 0;
      });
  }

  *#changesOf(life: Life): Generator<Change> {
    const { container, from, to } = life;
    const before = this.#known.get(life);
    const hasEnded = to !== undefined;
    if (before?.container === container && before.hasEnded === hasEnded) return;
    this.#known.set(life, { container, hasEnded });
    if (before === undefined) yield { kind: "born", life, ns: from };
    else if (before.container !== container)
      yield { kind: "named", life, before: before.container.name };
    if (hasEnded && before?.hasEnded !== true) yield { kind: "ended", life, ns: to };
  }
}

function timeOf(change: Change): bigint {
  return (change.kind === "named" ? change.life.from : change.ns) ?? 0n;
}
