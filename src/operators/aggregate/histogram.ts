/**
 * Log-linear histograms: 64 buckets an octave, so that a quantile is off by less than 0.8 %; whole numbers up to 128 are
 * exact. A bucket is the upper part of a value's bits as a double: sign, exponent, six bits of the mantissa. Histograms
 * are merged by adding their buckets.
 */

const MANTISSA_BITS = 6;
const SHIFT = 20 - MANTISSA_BITS;
/** Of the values that are not negative, how many buckets there are. */
const HALF = 1 << (31 - SHIFT);

const double = new Float64Array(1);
const halves = new Int32Array(double.buffer);

/** Number of a value's bucket, in the order of values. NaN has none: -1. */
export function bucketOf(value: number): number {
  if (Number.isNaN(value)) return -1;
  // Minus zero is zero.
  double[0] = value + 0;
  const hi = halves[1]!;
  return hi >= 0 ? HALF + (hi >>> SHIFT) : HALF - 1 - ((hi & 0x7fff_ffff) >>> SHIFT);
}

/** The value nearest to zero in a bucket. */
export function bucketBegin(bucket: number): number {
  const isNegative = bucket < HALF;
  const magnitude = isNegative ? HALF - 1 - bucket : bucket - HALF;
  halves[0] = 0;
  halves[1] = magnitude << SHIFT;
  return isNegative ? -double[0]! : double[0]!;
}

/**
 * The value that stands for a bucket: its middle; of whole numbers, themselves as long as each has a bucket of its own.
 */
export function bucketMiddle(bucket: number, isWhole: boolean): number {
  const begin = bucketBegin(bucket);
  if (isWhole && Number.isInteger(begin) && Math.abs(begin) < 2 ** (MANTISSA_BITS + 1))
    return begin;
  const magnitude = bucket < HALF ? HALF - 1 - bucket : bucket - HALF;
  halves[0] = 0;
  halves[1] = (magnitude << SHIFT) | (1 << (SHIFT - 1));
  return bucket < HALF ? -double[0]! : double[0]!;
}

/** Counts by bucket, between the least and the greatest that are not 0. */
export class Histogram {
  #first = 0;
  #counts: Float64Array = new Float64Array(0);
  count = 0;
  /** Whether all values are whole numbers. */
  isWhole = true;
  min: number = Number.POSITIVE_INFINITY;
  max: number = Number.NEGATIVE_INFINITY;

  /** Bytes that it holds. */
  get bytes(): number {
    return this.#counts.byteLength + 96;
  }

  add(value: number, count: number = 1): void {
    const bucket = bucketOf(value);
    if (bucket === -1) return;
    this.#reserve(bucket, bucket + 1);
    this.#counts[bucket - this.#first]! += count;
    this.count += count;
    if (this.isWhole && !Number.isInteger(value)) this.isWhole = false;
    if (value < this.min) this.min = value;
    if (value > this.max) this.max = value;
  }

  merge(from: Histogram): void {
    if (from.count === 0) return;
    this.#reserve(from.#first, from.#first + from.#counts.length);
    const shift = from.#first - this.#first;
    for (let i = 0; i < from.#counts.length; i++) this.#counts[i + shift]! += from.#counts[i]!;
    this.count += from.count;
    this.isWhole &&= from.isWhole;
    this.min = Math.min(this.min, from.min);
    this.max = Math.max(this.max, from.max);
  }

  /** The value that `q` of all are at most; `undefined` of none. */
  quantile(q: number): number | undefined {
    if (this.count === 0) return undefined;
    // The rank of the discrete quantile: the least value that has at least q of all at or below it.
    const rank = Math.max(1, Math.ceil(q * this.count));
    let seen = 0;
    for (let i = 0; i < this.#counts.length; i++) {
      seen += this.#counts[i]!;
      if (seen >= rank)
        return Math.min(this.max, Math.max(this.min, bucketMiddle(this.#first + i, this.isWhole)));
    }
    return this.max;
  }

  /** Pairs of a bucket's begin and its count, of the buckets that are not empty. */
  *pairs(): Generator<readonly [number, number]> {
    for (let i = 0; i < this.#counts.length; i++) {
      const count = this.#counts[i]!;
      if (count > 0) yield [bucketBegin(this.#first + i), count];
    }
  }

  #reserve(from: number, to: number): void {
    const counts = this.#counts;
    const end = this.#first + counts.length;
    if (counts.length > 0 && from >= this.#first && to <= end) return;
    const first = counts.length === 0 ? from : Math.min(from, this.#first);
    const last = counts.length === 0 ? to : Math.max(to, end);
    // Room to grow on the side where it grew.
    const room = Math.min(256, Math.max(8, counts.length >> 1));
    const begin = counts.length > 0 && first < this.#first ? Math.max(0, first - room) : first;
    const finish = counts.length > 0 && last === end ? last : last + room;
    const larger = new Float64Array(finish - begin);
    larger.set(counts, counts.length === 0 ? 0 : this.#first - begin);
    this.#first = begin;
    this.#counts = larger;
  }
}
