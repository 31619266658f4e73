import type { Word } from "../base/bits.ts";
import { nsFromOrigin, nsOffset } from "../ctf/clock.ts";
import type { ClockClass } from "../ctf/trace-class.ts";
import type { Column } from "./column.ts";
import { ValidityBuilder } from "./validity.ts";

/** A column of timestamps. */
export type Times = Column & { readonly kind: "number"; readonly values: BigInt64Array };

/** Clock cycles → int64 nanoseconds since the Unix epoch, one per row, in 32-bit halves; 0 and null without a clock. */
export class TimestampBuilder {
  readonly #begin: Word | undefined;
  readonly #end: Word | undefined;
  #values = new BigInt64Array(256);
  #halves = new Int32Array(this.#values.buffer);
  #clock: ClockClass | undefined;
  #offset: Word | undefined = { hi: 0, lo: 0 };
  readonly #now: Word = { hi: 0, lo: 0 };
  readonly #validity = new ValidityBuilder();
  rows = 0;

  constructor(begin: bigint | undefined, end: bigint | undefined) {
    this.#begin = begin === undefined ? undefined : wordOf(begin);
    this.#end = end === undefined ? undefined : wordOf(end);
  }

  /** The clock of the packets to come. */
  useClock(clock: ClockClass | undefined): void {
    if (clock === this.#clock) return;
    this.#clock = clock;
    const offset = clock === undefined ? 0n : nsOffset(clock);
    this.#offset = offset === undefined ? undefined : wordOf(offset);
  }

  /** Sets the time of the current record. */
  setNow(cycles: Word): void {
    const now = this.#now;
    if (this.#clock === undefined) {
      now.hi = 0;
      now.lo = 0;
      return;
    }
    if (this.#offset !== undefined) {
      const sum = (cycles.lo >>> 0) + (this.#offset.lo >>> 0);
      now.lo = sum | 0;
      now.hi = (cycles.hi + this.#offset.hi + (sum > 0xffff_ffff ? 1 : 0)) | 0;
      return;
    }
    // Clocks that do not tick in nanoseconds are rare enough for exact arithmetic.
    const value = (BigInt(cycles.hi >>> 0) << 32n) | BigInt(cycles.lo >>> 0);
    const { hi, lo } = wordOf(nsFromOrigin(this.#clock, value));
    now.hi = hi;
    now.lo = lo;
  }

  /** The time of the current record. */
  get now(): Readonly<Word> {
    return this.#now;
  }

  /** Whether the current record lies in the query's time range. */
  isWithinRange(): boolean {
    const now = this.#now;
    if (this.#begin !== undefined && isLess(now, this.#begin)) return false;
    return this.#end === undefined || !isLess(this.#end, now);
  }

  append(): void {
    if (this.rows === this.#values.length) {
      const larger = new BigInt64Array(this.rows * 2);
      larger.set(this.#values);
      this.#values = larger;
      this.#halves = new Int32Array(larger.buffer);
    }
    this.#halves[this.rows * 2] = this.#now.lo;
    this.#halves[this.rows * 2 + 1] = this.#now.hi;
    if (this.#clock === undefined) this.#validity.null(this.rows);
    this.rows++;
  }

  /** Takes the last row back, if there are more than so many. */
  cut(rows: number): void {
    if (this.rows <= rows) return;
    this.rows = rows;
    this.#validity.cut(rows);
  }

  take(): Times {
    const { rows } = this;
    this.rows = 0;
    return { kind: "number", values: this.#takeValues(rows), ...this.#validity.take(rows) };
  }

  #takeValues(rows: number): BigInt64Array {
    const values = this.#values;
    if (rows * 4 <= values.length) return values.slice(0, rows);
    this.#values = new BigInt64Array(Math.max(256, rows));
    this.#halves = new Int32Array(this.#values.buffer);
    return values;
  }
}

function wordOf(value: bigint): Word {
  return { hi: Number(BigInt.asIntN(32, value >> 32n)), lo: Number(BigInt.asIntN(32, value)) };
}

function isLess(a: Word, b: Word): boolean {
  return a.hi < b.hi || (a.hi === b.hi && a.lo >>> 0 < b.lo >>> 0);
}
