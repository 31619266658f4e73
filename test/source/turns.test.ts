/** Loops of work in one thread: the event loop goes on, short work does not wait for long, long work goes on beside short. */

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { WorkLoop } from "../../src/source/turns.ts";

const test = suite("source/turns");

function busy(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

/** Works so many pieces of a millisecond, and takes turns between them. */
async function run(pieces: number, isStopped: () => boolean = () => false): Promise<void> {
  const loop = new WorkLoop();
  for (let i = 0; i < pieces && !isStopped(); i++) {
    loop.work(() => busy(1));
    const turn = loop.turn();
    if (turn !== undefined) await turn;
  }
}

test("a timer goes off between two turns, however many loops work", async () => {
  let isOver = false;
  const heavy = Array.from({ length: 20 }, () => run(1e6, () => isOver));
  let latest = 0;
  for (let i = 0; i < 20; i++) {
    const due = performance.now() + 1;
    await new Promise((done) => setTimeout(done, 1));
    latest = Math.max(latest, performance.now() - due);
  }
  isOver = true;
  await Promise.all(heavy);
  // Twenty loops of 10 ms each would make 200 in a row.
  assert.ok(latest < 100, `${latest} ms`);
});

test("short work beside twenty long ones takes a few times what it takes alone", async () => {
  const shortMs = async (): Promise<number> => {
    const from = performance.now();
    await run(50);
    return performance.now() - from;
  };
  const aloneMs = await shortMs();
  let isOver = false;
  const heavy = Array.from({ length: 20 }, () => run(1e6, () => isOver));
  await new Promise((done) => setTimeout(done, 2500));
  const ms = await shortMs();
  isOver = true;
  await Promise.all(heavy);
  // In turn with all of them it would be twenty times as long.
  assert.ok(ms < 8 * aloneMs, `${ms} ms beside others, ${aloneMs} ms alone`);
});

test("long work goes on while new short work never ceases", async () => {
  let isOver = false;
  let isDone = false;
  const heavy = run(200).then(() => {
    isDone = true;
  });
  const stream = async (): Promise<void> => {
    while (!isOver) await run(10, () => isOver);
  };
  const light = [stream(), stream(), stream()];
  const until = performance.now() + 20_000;
  while (!isDone && performance.now() < until) await new Promise((done) => setTimeout(done, 10));
  assert.ok(isDone, "one of four turns is its own");
  isOver = true;
  await Promise.all([heavy, ...light]);
});

test.run();
