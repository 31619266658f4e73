import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  readFloat,
  readInteger,
  type Word,
  wordToBigInt,
  wordToNumber,
} from "../../src/base/bits.ts";
import { random } from "../support/random.ts";

const test = suite("base/bits");
const word: Word = { hi: 0, lo: 0 };

/** As CTF 1.8.3 §4.1 defines it, bit by bit. */
function slowInteger(
  bytes: Uint8Array,
  bitOffset: number,
  size: number,
  signed: boolean,
  littleEndian: boolean,
): bigint {
  let value = 0n;
  for (let i = 0; i < size; i++) {
    const bit = bitOffset + i;
    const byte = bytes[bit >> 3]!;
    if (littleEndian) value |= BigInt((byte >> (bit & 7)) & 1) << BigInt(i);
    else value = (value << 1n) | BigInt((byte >> (7 - (bit & 7))) & 1);
  }
  return signed ? BigInt.asIntN(size, value) : value;
}

test("reads every size at every bit position in both byte orders, signed and not", () => {
  const next = random("base/bits");
  const bytes = Uint8Array.from({ length: 32 }, () => next(256));
  for (let size = 1; size <= 64; size++) {
    for (let bitOffset = 0; bitOffset < 80; bitOffset++) {
      for (const signed of [false, true]) {
        for (const littleEndian of [false, true]) {
          readInteger(bytes, bitOffset, size, signed, littleEndian, word);
          const expected = slowInteger(bytes, bitOffset, size, signed, littleEndian);
          assert.is(
            wordToBigInt(word, signed),
            expected,
            `${size} bits at ${bitOffset}, signed ${signed}, little ${littleEndian}`,
          );
        }
      }
    }
  }
});

test("reads floats of both sizes at odd bit positions", () => {
  const view = new DataView(new ArrayBuffer(16));
  view.setFloat64(0, -1234.5678, true);
  assert.is(readFloat(new Uint8Array(view.buffer), 0, 64, true), -1234.5678);
  view.setFloat32(4, 2.5, false);
  assert.is(readFloat(new Uint8Array(view.buffer), 32, 32, false), 2.5);
  // The same, moved up by three bits.
  const moved = new Uint8Array(16);
  view.setFloat32(0, 0.15625, true);
  const source = new Uint8Array(view.buffer);
  for (let bit = 0; bit < 32; bit++) {
    if ((source[bit >> 3]! >> (bit & 7)) & 1) moved[(bit + 3) >> 3]! |= 1 << ((bit + 3) & 7);
  }
  assert.is(readFloat(moved, 3, 32, true), 0.15625);
});

test("turns halves into numbers and bigints", () => {
  assert.is(wordToNumber({ hi: -1, lo: -1 }, true), -1);
  assert.is(wordToBigInt({ hi: -1, lo: -1 }, false), 18446744073709551615n);
  assert.is(wordToNumber({ hi: 1, lo: 0 }, false), 4294967296);
});

test.run();
