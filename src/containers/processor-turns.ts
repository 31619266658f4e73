/** A task's turn on a processor. */
interface Turn {
  readonly from: bigint;
  readonly tid: number;
}

/** More turns are not kept of one processor. */
const MAX_TURNS = 1 << 20;

/** Which task ran on each processor, by time: for traces whose events do not say which task they are of. */
export class ProcessorTurns {
  readonly #turns = new Map<number, Turn[]>();

  /** A processor switches to another task. */
  onSwitch(ns: bigint, cpu: number, next: number): void {
    const turns = this.#turns.get(cpu) ?? [];
    this.#turns.set(cpu, turns);
    turns.push({ from: ns, tid: next });
    if (turns.length > MAX_TURNS) turns.splice(0, MAX_TURNS >> 1);
  }

  /** The task that runs at a time: the event of a switch is still that of the task that leaves. */
  runningOn(cpu: number, ns: bigint): number | undefined {
    const turns = this.#turns.get(cpu);
    if (turns === undefined) return undefined;
    let low = 0;
    let high = turns.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (turns[middle]!.from < ns) low = middle + 1;
      else high = middle;
    }
    return turns[low - 1]?.tid;
  }

  forgetBefore(ns: bigint): void {
    for (const turns of this.#turns.values()) {
      const first = turns.findLastIndex(({ from }) => from < ns);
      if (first > 0) turns.splice(0, first);
    }
  }
}
