/** Reports which of the containers that a query names are not there, and when they come and go. */

import { nearestName } from "../../base/text.ts";
import { HOST_NAME } from "../../containers/container.ts";
import type { Registry } from "../../containers/registry.ts";
import {
  type ContainerCondition,
  holds,
  type WantedName,
  wantedNames,
} from "../../filter/container-condition.ts";

/** What is known may still be on its way when the query begins: it is listed once more after this time. */
const SETTLE_MS = 3000;
const MOST_LISTED = 10;

interface Wanted extends WantedName {
  isPresent: boolean | undefined;
}

export class NameWatch {
  readonly #registry: Registry;
  readonly #hostNames: () => Iterable<string>;
  readonly #isLive: boolean;
  readonly #wanted: readonly Wanted[];
  readonly #begunMs: number;
  #version = -1;
  #isSettled = false;

  /** @param hostNames of the traced machines, which a tracer inside a container calls by the container's */
  constructor(
    condition: ContainerCondition,
    registry: Registry,
    hostNames: () => Iterable<string>,
    isLive: boolean,
    nowMs: number = performance.now(),
  ) {
    this.#registry = registry;
    this.#hostNames = hostNames;
    this.#isLive = isLive;
    this.#wanted = wantedNames(condition).map((one) => ({ ...one, isPresent: undefined }));
    this.#begunMs = nowMs;
  }

  /** What is new since it was last asked, a line each. */
  notes(nowMs: number = performance.now()): readonly string[] {
    const mustSettle = !this.#isSettled && this.#isLive && nowMs - this.#begunMs > SETTLE_MS;
    if (this.#registry.version === this.#version && !mustSettle) return [];
    this.#version = this.#registry.version;
    if (mustSettle) this.#isSettled = true;
    return this.#wanted.flatMap((wanted) => this.#notesOn(wanted, mustSettle));
  }

  #notesOn(wanted: Wanted, mustSettle: boolean): string[] {
    const before = wanted.isPresent;
    const found = this.#registry.containers.find(
      (container) =>
        holds(wanted.condition, container) &&
        (!this.#isLive || container.instances.some(({ to }) => to === undefined)),
    );
    const isPresent = found !== undefined;
    wanted.isPresent = isPresent;
    // What is excluded is missed only if it never was there.
    if (wanted.isExcluded && (isPresent || before === true)) return [];
    if (isPresent)
      return before === false
        ? [`container ${found.name} is there (${found.type} on ${found.host || "unknown host"})`]
        : [];
    if (before === true) return [`container ${wanted.text} has ended; waiting for it`];
    const known = this.#known();
    if (before === false && !(mustSettle && known.length > 0)) return [];
    return [this.#absent(wanted, known)];
  }

  #absent({ text, isExcluded }: Wanted, known: readonly string[]): string {
    const soFar = this.#isLive ? " so far" : "";
    const what = isExcluded
      ? `excludes nothing${soFar}: no container is called ${text}`
      : this.#isLive
        ? `waiting for container ${text}`
        : `no container is called ${text}`;
    const near = nearestName(text, known);
    const hint = near === undefined ? "" : `; did you mean ${near}?`;
    const listed = known.slice(0, MOST_LISTED).join(", ");
    const rest = known.length > MOST_LISTED ? ` and ${known.length - MOST_LISTED} more` : "";
    const names = known.length === 0 ? "none yet" : `${listed}${rest}`;
    // A tracer inside a container knows no other name of it.
    const isHost = [...this.#hostNames()].includes(text);
    const host = isHost ? `; there is a host of that name: $trace.hostname == "${text}"` : "";
    return `${what}; known: ${names}${hint}${host}`;
  }

  #known(): readonly string[] {
    return this.#registry.containers
      .filter(({ isNamed, name }) => isNamed && name !== HOST_NAME)
      .map(({ name }) => name);
  }
}
