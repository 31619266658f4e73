import type { ContainerInstance } from "./container.ts";

/** A task's stay in a namespace. Times are ns since the Unix epoch. */
export interface Stay {
  readonly from: bigint;
  readonly instance: ContainerInstance;
  /** Inode of its mount namespace, where it is known: containers that share a pid namespace differ in it. */
  readonly mntNs: number;
}

/** A time that a task has spent in some containers; open where it was there from the first on, or to the last. */
export interface Span {
  readonly tid: number;
  readonly from: bigint | undefined;
  readonly to: bigint | undefined;
}

/** More stays are not kept of one task id; the oldest go first. */
const MAX_STAYS = 64;

/** Which container instance each task of a host has been in, by time: task ids are reused. */
export class Tasks {
  readonly #stays = new Map<number, Stay[]>();
  readonly #forgets: boolean;
  /** Those that are still to be forgotten, oldest first. */
  #exits: { readonly tid: number; readonly ns: bigint }[] = [];
  /** Where nothing is forgotten: all that have ended. */
  readonly #exited = new Set<number>();

  /** @param forgets whether ended tasks are forgotten: a live session has no end */
  constructor(forgets: boolean) {
    this.#forgets = forgets;
  }

  enters(tid: number, stay: Stay): void {
    const stays = this.#stays.get(tid);
    if (stays === undefined) {
      this.#stays.set(tid, [stay]);
      return;
    }
    const last = stays.at(-1);
    if (last?.instance === stay.instance && last.mntNs === stay.mntNs) return;
    if (stays.length >= MAX_STAYS) stays.shift();
    stays.push(stay);
  }

  exits(tid: number, ns: bigint): void {
    if (this.#forgets) this.#exits.push({ tid, ns });
    else this.#exited.add(tid);
  }

  latest(tid: number): Stay | undefined {
    return this.#stays.get(tid)?.at(-1);
  }

  /** Where it was at a time; before the first known stay, that one. */
  at(tid: number, ns: bigint): Stay | undefined {
    const stays = this.#stays.get(tid);
    return stays?.findLast(({ from }) => from <= ns) ?? stays?.[0];
  }

  /** When tasks that have ended were in wanted instances, where nothing is forgotten. */
  *exitedSpans(isWanted: (stay: Stay) => boolean): Generator<Span> {
    for (const tid of this.#exited) {
      const stays = this.#stays.get(tid) ?? [];
      for (let i = 0; i < stays.length; i++) {
        if (!isWanted(stays[i]!)) continue;
        const from = i === 0 ? undefined : stays[i]!.from;
        while (i + 1 < stays.length && isWanted(stays[i + 1]!)) i++;
        yield { tid, from, to: stays[i + 1]?.from };
      }
    }
  }

  /**
   * Forgets the tasks that ended before a time, and no task that has one's id since.
   * @param onForget called with each task and the time of its exit
   */
  forgetBefore(ns: bigint, onForget: (tid: number, exitNs: bigint) => void): void {
    const kept = this.#exits.findIndex((exit) => exit.ns >= ns);
    const gone = kept === -1 ? this.#exits : this.#exits.slice(0, kept);
    this.#exits = kept === -1 ? [] : this.#exits.slice(kept);
    for (const exit of gone) {
      onForget(exit.tid, exit.ns);
      const later = this.#stays.get(exit.tid)?.filter(({ from }) => from > exit.ns) ?? [];
      if (later.length === 0) this.#stays.delete(exit.tid);
      else this.#stays.set(exit.tid, later);
    }
  }
}
