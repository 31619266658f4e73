import { suite } from "uvu";
import * as assert from "uvu/assert";
import { BufferPool } from "../../src/base/buffer-pool.ts";

const MIB = 1024 * 1024;

const test = suite("base/buffer-pool");

test("gives the memory of one packet to the next of about its size", () => {
  const pool = new BufferPool();
  const first = pool.take(300_000);
  assert.is(first.length, 300_000);
  pool.give(first);
  const second = pool.take(500_000);
  assert.is(second.length, 500_000);
  assert.is(second.buffer, first.buffer);
});

test("gives nothing to two at once", () => {
  const pool = new BufferPool();
  pool.give(pool.take(MIB));
  const [one, two] = [pool.take(MIB), pool.take(MIB)];
  assert.is.not(one.buffer, two.buffer);
});

test("takes no memory back that is small, of another kind, or more than it may keep", () => {
  const pool = new BufferPool();
  const small = pool.take(100);
  pool.give(small);
  assert.is.not(pool.take(100).buffer, small.buffer);
  pool.give(new Uint8Array(MIB + 1));
  const many = Array.from({ length: 20 }, () => pool.take(MIB));
  for (const buffer of many) pool.give(buffer);
  const again = Array.from({ length: 20 }, () => pool.take(MIB));
  const kept = again.filter(({ buffer }) => many.some((other) => other.buffer === buffer));
  assert.is(kept.length, 16);
});

test.run();
