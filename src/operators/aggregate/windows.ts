/** Windows over the time of rows: which pane a row belongs to, and when a window is whole. */

import { floorTo } from "../../base/time.ts";

/** How long windows are, and how far apart they begin, in ns. Windows stand on the Unix epoch. */
export interface WindowSpec {
  readonly everyNs: bigint;
  /** Less than `everyNs` for windows that overlap. */
  readonly slideNs: bigint;
}

const TWO_32 = 2 ** 32;

/** Cuts time into panes: pieces of which every window is a whole number. */
export class Panes {
  readonly lengthNs: bigint;
  readonly #length: number;
  /** The pane of the row before, as a row's neighbours mostly lie in it. */
  #startNs = 0n;
  #startHi = 0;
  #startLo = 0;
  #isSet = false;

  constructor(window: WindowSpec) {
    this.lengthNs = paneLength(window);
    this.#length = Number(this.lengthNs);
  }

  /** Where the pane of a time begins. */
  startOf(ns: bigint): bigint {
    return floorTo(ns, this.lengthNs);
  }

  /**
   * Where the run of rows from `from` on that lie in one pane ends, and where the pane begins.
   * @param words of the timestamps
   */
  run(
    timestamps: BigInt64Array,
    words: Int32Array,
    from: number,
    rows: number,
  ): { readonly to: number; readonly startNs: bigint } {
    if (!this.#isSet || !this.#holds(words, from)) this.#use(this.startOf(timestamps[from]!));
    let to = from + 1;
    while (to < rows && this.#holds(words, to)) to++;
    return { to, startNs: this.#startNs };
  }

  #holds(words: Int32Array, row: number): boolean {
    const apart =
      (words[row * 2 + 1]! - this.#startHi) * TWO_32 + (words[row * 2]! >>> 0) - this.#startLo;
    return apart >= 0 && apart < this.#length;
  }

  #use(startNs: bigint): void {
    this.#isSet = true;
    this.#startNs = startNs;
    this.#startHi = Number(BigInt.asIntN(32, startNs >> 32n));
    this.#startLo = Number(BigInt.asUintN(32, startNs));
  }
}

/** The longest piece of time of which every window is a whole number, in ns. */
export function paneLength({ everyNs, slideNs }: WindowSpec): bigint {
  let [x, y] = [everyNs, slideNs];
  while (y !== 0n) [x, y] = [y, x % y];
  return x;
}
