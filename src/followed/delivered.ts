/** Stretches that are remembered of one stream; the oldest go first. */
const MOST = 1024;

interface Stretch {
  file: string;
  readonly from: bigint;
  to: bigint;
  end: bigint | undefined;
}

/**
 * Which packets of a stream were handed on, so that copies of them are not: each snapshot of a session holds again what
 * was in the one before.
 */
export class Delivered {
  readonly #stretches: Stretch[] = [];

  /**
   * Takes note of a packet.
   * @param number its sequence number, or its begin where packets have none
   * @param end where packets have no numbers
   */
  add(file: string, number: bigint, end: bigint | undefined): void {
    const last = this.#stretches.at(-1);
    const goesOn =
      last !== undefined && (end === undefined ? number === last.to + 1n : last.file === file);
    if (goesOn) {
      last.file = file;
      last.to = number;
      last.end = end;
      return;
    }
    this.#stretches.push({ file, from: number, to: number, end });
    if (this.#stretches.length > MOST) this.#stretches.shift();
  }

  /** Whether a packet came before, from another file. */
  has(file: string, number: bigint, end: bigint | undefined): boolean {
    return this.#stretches.some(
      (one) =>
        one.file !== file &&
        one.from <= number &&
        number <= one.to &&
        (end === undefined || one.end === undefined || end <= one.end),
    );
  }
}
