import type { Life } from "./container.ts";

/** A task's stay in a container. Times are ns since the Unix epoch. */
interface Stay {
  readonly from: bigint;
  readonly life: Life;
}

/** A time that a task has spent in some containers; open where it was there from the first on, or to the last. */
export interface Span {
  readonly tid: number;
  readonly from: bigint | undefined;
  readonly to: bigint | undefined;
}

/** More stays than this are not kept of one task id; the oldest go first. */
const MAX_STAYS = 64;
/** Rows of a live session are looked at within this time of trace after their state is told. */
const MAX_LAG_NS = 60_000_000_000n;

const FORGOTTEN_TOGETHER = 1000;

/** Which container each task of a host has been in, by time: task ids are reused. */
export class Tasks {
  readonly #stays = new Map<number, Stay[]>();
  readonly #forgets: boolean;
  /** Those that are still to be forgotten, oldest first. */
  readonly #exits: { readonly tid: number; readonly ns: bigint }[] = [];

  /** Where nothing is forgotten: all that have ended. */
  readonly #exited = new Set<number>();
  #nextLook = FORGOTTEN_TOGETHER;

  /** @param forgets whether a task is forgotten some time after its exit: a live session has no end */
  constructor(forgets: boolean) {
    this.#forgets = forgets;
  }

  enters(tid: number, from: bigint, life: Life): void {
    const stays = this.#stays.get(tid);
    if (stays === undefined) {
      this.#stays.set(tid, [{ from, life }]);
      return;
    }
    if (stays.at(-1)?.life === life) return;
    if (stays.length >= MAX_STAYS) stays.shift();
    stays.push({ from, life });
  }

  exits(tid: number, ns: bigint): void {
    if (!this.#forgets) {
      this.#exited.add(tid);
      return;
    }
    this.#exits.push({ tid, ns });
    // Looked at by the thousand: the oldest of many would be dear to take out one by one.
    if (this.#exits.length < this.#nextLook) return;
    const gone = this.#exits.findIndex((exit) => exit.ns + MAX_LAG_NS > ns);
    for (const exit of this.#exits.splice(0, gone)) this.#forget(exit.tid, exit.ns);
    this.#nextLook = this.#exits.length + FORGOTTEN_TOGETHER;
  }

  /** The container that it was told of last. */
  latest(tid: number): Life | undefined {
    return this.#stays.get(tid)?.at(-1)?.life;
  }

  /** The container that it was in at a time; where it was there before anything was said of it, the first one told. */
  at(tid: number, ns: bigint): Life | undefined {
    const stays = this.#stays.get(tid) ?? [];
    return (stays.findLast(({ from }) => from <= ns) ?? stays[0])?.life;
  }

  /** When tasks that have ended were in wanted containers, where nothing is forgotten. */
  *exitedSpans(isWanted: (life: Life) => boolean): Generator<Span> {
    for (const tid of this.#exited) {
      const stays = this.#stays.get(tid) ?? [];
      for (let i = 0; i < stays.length; i++) {
        if (!isWanted(stays[i]!.life)) continue;
        const from = i === 0 ? undefined : stays[i]!.from;
        while (i + 1 < stays.length && isWanted(stays[i + 1]!.life)) i++;
        yield { tid, from, to: stays[i + 1]?.from };
      }
    }
  }

  /** Another task may have its number since. */
  #forget(tid: number, exitNs: bigint): void {
    const later = this.#stays.get(tid)?.filter(({ from }) => from > exitNs) ?? [];
    if (later.length === 0) this.#stays.delete(tid);
    else this.#stays.set(tid, later);
  }
}
