/** Ways in which a byte stream may be cut on its road; each gives the same bytes back when joined. */

/** Numbers in [0, 1) that a seed repeats (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** In one piece. */
export function whole(bytes: Uint8Array): Uint8Array[] {
  return [bytes];
}

/** One byte at a time. */
export function byteByByte(bytes: Uint8Array): Uint8Array[] {
  return Array.from(bytes, (_, i) => bytes.subarray(i, i + 1));
}

/** Once for each place: two pieces, cut there. */
export function* eachCut(bytes: Uint8Array): Generator<Uint8Array[], void, void> {
  for (let at = 1; at < bytes.length; at++) yield [bytes.subarray(0, at), bytes.subarray(at)];
}

/** Pieces of 1 to `longest` bytes. */
export function randomPieces(
  bytes: Uint8Array,
  random: () => number,
  longest = 4096,
): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let p = 0; p < bytes.length; ) {
    const n = 1 + Math.floor(random() * longest);
    pieces.push(bytes.subarray(p, p + n));
    p += n;
  }
  return pieces;
}

/** A seed for this run, and the way to repeat it: set `SEED`. */
export function freshSeed(): number {
  const given = process.env["SEED"];
  const seed = given === undefined ? Math.floor(Math.random() * 2 ** 32) : Number(given);
  console.log(`SEED=${seed}`);
  return seed;
}
