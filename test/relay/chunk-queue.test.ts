import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ChunkQueue } from "../../src/relay/chunk-queue.ts";
import { freshSeed, randomPieces, seededRandom } from "../support/splits.ts";

const test = suite("relay/chunk-queue");

test("gives a view when the bytes lie in one chunk", () => {
  const queue = new ChunkQueue();
  const chunk = Uint8Array.of(1, 2, 3, 4);
  queue.push(chunk);
  assert.equal([...queue.take(1)], [1]);
  const view = queue.take(2);
  assert.equal([...view], [2, 3]);
  assert.is(view.buffer, chunk.buffer);
  assert.is(queue.length, 1);
});

test("joins bytes over several chunks and skips empty ones", () => {
  const queue = new ChunkQueue();
  for (const chunk of [[1], [], [2, 3], [4, 5, 6]]) queue.push(Uint8Array.from(chunk));
  assert.equal([...queue.take(5)], [1, 2, 3, 4, 5]);
  assert.equal([...queue.take(1)], [6]);
  assert.is(queue.length, 0);
});

test("takes nothing from nothing, and refuses to take more than there is", () => {
  const queue = new ChunkQueue();
  assert.is(queue.take(0).length, 0);
  queue.push(Uint8Array.of(1));
  assert.throws(
    () => queue.take(2),
    (e: unknown) => e instanceof RangeError,
  );
  assert.equal([...queue.take(1)], [1]);
});

test("gives the same bytes back however they came and however they are taken", () => {
  const random = seededRandom(freshSeed());
  const bytes = Uint8Array.from({ length: 50_000 }, (_, i) => (i * 31) & 255);
  const queue = new ChunkQueue();
  const taken: Uint8Array[] = [];
  for (const piece of randomPieces(bytes, random, 7)) {
    queue.push(piece);
    if (random() < 0.3) taken.push(queue.take(Math.floor(random() * (queue.length + 1))));
  }
  taken.push(queue.take(queue.length));
  assert.ok(Buffer.concat(taken).equals(bytes));
});

test("takes a large block out of single bytes in linear time", () => {
  const queue = new ChunkQueue();
  for (let i = 0; i < 500_000; i++) queue.push(Uint8Array.of(i & 255));
  for (let i = 0; i < 250_000; i++) queue.take(1);
  const rest = queue.take(250_000);
  assert.is(rest[0], 250_000 & 255);
});

test.run();
