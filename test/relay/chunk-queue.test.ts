import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ChunkQueue } from "../../src/relay/chunk-queue.ts";
import { freshSeed, randomPieces, seededRandom } from "../support/splits.ts";

const test = suite("relay/chunk-queue");

test("joins bytes over several chunks and skips empty ones", () => {
  const queue = new ChunkQueue();
  for (const chunk of [[1], [], [2, 3], [4, 5, 6]]) queue.push(Uint8Array.from(chunk));
  assert.equal([...take(queue, 5)], [1, 2, 3, 4, 5]);
  assert.is(queue.length, 1);
  assert.equal([...take(queue, 1)], [6]);
  assert.is(queue.length, 0);
});

test("moves what there is, to where it is wanted", () => {
  const queue = new ChunkQueue();
  const target = new Uint8Array(4);
  assert.is(queue.moveTo(target, 0), 0);
  queue.push(Uint8Array.of(1, 2));
  assert.is(queue.moveTo(target, 1), 2);
  queue.push(Uint8Array.of(3, 4));
  assert.is(queue.moveTo(target, 3), 1);
  assert.equal([...target], [0, 1, 2, 3]);
  assert.equal([...take(queue, 1)], [4]);
});

test("keeps nothing of a chunk whose bytes were moved", () => {
  const queue = new ChunkQueue();
  const chunk = Uint8Array.of(1, 2);
  queue.push(chunk);
  const bytes = take(queue, 2);
  chunk.fill(9);
  assert.equal([...bytes], [1, 2]);
});

test("gives the same bytes back however they came and however they are taken", () => {
  const random = seededRandom(freshSeed());
  const bytes = Uint8Array.from({ length: 50_000 }, (_, i) => (i * 31) & 255);
  const queue = new ChunkQueue();
  const taken: Uint8Array[] = [];
  for (const piece of randomPieces(bytes, random, 7)) {
    queue.push(piece);
    if (random() < 0.3) taken.push(take(queue, Math.floor(random() * (queue.length + 1))));
  }
  taken.push(take(queue, queue.length));
  assert.ok(Buffer.concat(taken).equals(bytes));
});

test("takes a large block out of single bytes in linear time", () => {
  const queue = new ChunkQueue();
  for (let i = 0; i < 500_000; i++) queue.push(Uint8Array.of(i & 255));
  for (let i = 0; i < 250_000; i++) take(queue, 1);
  const rest = take(queue, 250_000);
  assert.is(rest[0], 250_000 & 255);
});

test.run();

function take(queue: ChunkQueue, bytes: number): Uint8Array {
  const target = new Uint8Array(bytes);
  assert.is(queue.moveTo(target, 0), bytes);
  return target;
}
