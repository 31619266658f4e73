import type { Life } from "./container.ts";

/** A task's stay in a container. Times are ns since the Unix epoch. */
interface Stay {
  readonly from: bigint;
  readonly life: Life;
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
    if (!this.#forgets) return;
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

  /** Another task may have its number since. */
  #forget(tid: number, exitNs: bigint): void {
    const later = this.#stays.get(tid)?.filter(({ from }) => from > exitNs) ?? [];
    if (later.length === 0) this.#stays.delete(tid);
    else this.#stays.set(tid, later);
  }
}
