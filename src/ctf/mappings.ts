/**
 * The labels of an enumeration and what they stand for. A few are objects; many are packed, since a million objects of ranges and
 * their integers take hundreds of megabytes. Either is plain data, which threads and files can be given.
 */

import { grownCopy } from "../base/grow.ts";
import type { Mapping, Mappings, PackedMappings, Range } from "./trace-class.ts";

/** Labels from which on they are packed: what kernels declare are few, and objects of few are quicker to make. */
const WORTH_PACKING = 1024;
const FIRST_CAPACITY = 1024;
/** Characters that are joined at once. */
const JOIN_AT = 4096;

const MOST_SIGNED = (1n << 63n) - 1n;
const MOST_UNSIGNED = (1n << 64n) - 1n;
const NONE: Mappings = [];

export function isPacked(mappings: Mappings): mappings is PackedMappings {
  return "labels" in mappings;
}

/** The labels of an enumeration, in the order in which they are declared. */
export function eachMapping(mappings: Mappings = NONE): Iterable<Mapping> {
  return isPacked(mappings) ? unpacked(mappings) : mappings;
}

function* unpacked(mappings: PackedMappings): Generator<Mapping, void> {
  const order = rangesByLabel(mappings);
  for (let i = 0, at = 0; i < mappings.ends.length; i++) {
    const ranges: Range[] = [];
    for (; at < order.length && mappings.owners[order[at]!] === i; at++)
      ranges.push(rangeAt(mappings, order[at]!));
    yield { label: labelAt(mappings, i), ranges };
  }
}

export function labelAt(mappings: Mappings, i: number): string {
  if (!isPacked(mappings)) return mappings[i]!.label;
  return mappings.labels.slice(i === 0 ? 0 : mappings.ends[i - 1], mappings.ends[i]);
}

/** All ranges in columns, and the mapping of each. */
export interface RangeColumns {
  readonly lows: ArrayLike<bigint>;
  readonly highs: ArrayLike<bigint>;
  readonly owners: Uint32Array;
}

export function rangeColumns(mappings: Mappings): RangeColumns {
  if (isPacked(mappings)) return mappings;
  const ranges = mappings.flatMap((mapping) => mapping.ranges);
  return {
    lows: ranges.map(({ low }) => low),
    highs: ranges.map(({ high }) => high),
    owners: Uint32Array.from(
      mappings.flatMap(({ ranges: { length } }, i) => Array(length).fill(i)),
    ),
  };
}

function rangeAt({ lows, highs }: PackedMappings, i: number): Range {
  return { low: lows[i]!, high: highs[i]! };
}

/** Ranges in the order of their labels; those of a label as they were declared. */
function rangesByLabel({ owners }: PackedMappings): Uint32Array {
  const order = Uint32Array.from(owners.keys());
  if (owners.every((owner, i) => i === 0 || owner >= owners[i - 1]!)) return order;
  return order.sort((a, b) => owners[a]! - owners[b]! || a - b);
}

/** Gathers mappings one range after the other; a label that comes again takes the range to those it has. */
export class MappingsBuilder {
  readonly #most: bigint;
  readonly #integers: new (
    length: number,
  ) => BigInt64Array | BigUint64Array;
  readonly #byLabel = new Map<string, number>();
  /** Those of before `WORTH_PACKING`; then they are packed. */
  #few: { label: string; ranges: Range[] }[] | undefined = [];
  #labels = "";
  #pending: string[] = [];
  #length = 0;
  #ends = new Uint32Array(0);
  #labelCount = 0;
  #count = 0;
  #lows: BigInt64Array | BigUint64Array;
  #highs: BigInt64Array | BigUint64Array;
  #owners = new Uint32Array(0);

  constructor(signed: boolean) {
    this.#most = signed ? MOST_SIGNED : MOST_UNSIGNED;
    this.#integers = signed ? BigInt64Array : BigUint64Array;
    this.#lows = new this.#integers(0);
    this.#highs = new this.#integers(0);
  }

  /** A range of a label that may be there. */
  add(label: string, low: bigint, high: bigint): void {
    const known = this.#byLabel.get(label);
    if (known === undefined) {
      this.#byLabel.set(label, this.#byLabel.size);
      this.addNew(label, [{ low, high }]);
    } else if (this.#few === undefined) this.#putRange(known, low, high);
    else this.#few[known]!.ranges.push({ low, high });
  }

  /** A label that is none of those before, which all came this way. */
  addNew(label: string, ranges: readonly Range[]): void {
    if (this.#few === undefined) this.#put(label, ranges);
    else {
      this.#few.push({ label, ranges: [...ranges] });
      if (this.#few.length === WORTH_PACKING) this.#pack(this.#few);
    }
  }

  finish(): Mappings {
    if (this.#few !== undefined) return this.#few;
    this.#join();
    const count = this.#count;
    return {
      labels: this.#labels,
      ends: this.#ends.slice(0, this.#labelCount),
      lows: this.#lows.slice(0, count),
      highs: this.#highs.slice(0, count),
      owners: this.#owners.slice(0, count),
    };
  }

  #pack(few: readonly Mapping[]): void {
    this.#few = undefined;
    for (const { label, ranges } of few) this.#put(label, ranges);
  }

  #put(label: string, ranges: readonly Range[]): void {
    const i = this.#labelCount++;
    if (i === this.#ends.length) this.#ends = grownCopy(this.#ends, Uint32Array, FIRST_CAPACITY);
    this.#length += label.length;
    this.#ends[i] = this.#length;
    if (this.#pending.push(label) === JOIN_AT) this.#join();
    for (const { low, high } of ranges) this.#putRange(i, low, high);
  }

  #putRange(owner: number, low: bigint, high: bigint): void {
    const most = this.#most;
    // No field has such a value.
    if (low > most) return;
    const i = this.#count++;
    if (i === this.#owners.length) {
      this.#owners = grownCopy(this.#owners, Uint32Array, FIRST_CAPACITY);
      this.#lows = grownCopy(this.#lows, this.#integers, FIRST_CAPACITY);
      this.#highs = grownCopy(this.#highs, this.#integers, FIRST_CAPACITY);
    }
    this.#owners[i] = owner;
    this.#lows[i] = low;
    this.#highs[i] = high > most ? most : high;
  }

  #join(): void {
    this.#labels += this.#pending.join("");
    this.#pending = [];
  }
}
