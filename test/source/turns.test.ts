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

test("short work that began with long preparation does not wait until longer work has had as much", async () => {
  let isOver = false;
  const heavy = Array.from({ length: 40 }, () => run(1e6, () => isOver));
  await new Promise((done) => setTimeout(done, 20));
  const loop = new WorkLoop();
  loop.work(() => busy(400));
  const from = performance.now();
  for (let i = 0; i < 20; i++) {
    loop.work(() => busy(0.1));
    await new Promise((done) => setImmediate(done));
    await loop.turn();
  }
  const ms = performance.now() - from;
  isOver = true;
  await Promise.all(heavy);
  // Forty loops with 400 ms each would be sixteen seconds, half of it at best.
  assert.ok(ms < 3000, `${ms} ms`);
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

/** Works so many pieces of some milliseconds, and says after each how far it is. */
async function share(
  shared: object,
  pieces: number,
  ms: number,
  onPiece: (done: number) => void,
): Promise<void> {
  const loop = new WorkLoop(shared);
  for (let i = 1; i <= pieces; i++) {
    loop.work(() => busy(ms));
    onPiece(i);
    const turn = loop.turn();
    if (turn !== undefined) await turn;
  }
}

test("loops that share their pieces go side by side, though one began with much work", async () => {
  const shared = {};
  const far = [0, 0, 0, 0];
  let near = 0;
  let all = 0;
  const runs = far.map((_, number) => {
    let isFirst = true;
    return share(shared, 300, 0.2, (done) => {
      if (isFirst && number === 0) busy(30);
      isFirst = false;
      far[number] = done;
      // Those that have begun, while none is over.
      const begun = far.filter((one) => one > 1);
      if (begun.length < 4 || far.includes(300)) return;
      all++;
      if (Math.max(...begun) - Math.min(...begun) <= 20) near++;
    });
  });
  await Promise.all(runs);
  assert.ok(all > 100 && near > 0.7 * all, `${near} of ${all} pieces were done side by side`);
});

test("a loop whose pieces take long does not keep those that share them for long", async () => {
  const shared = {};
  let isOver = false;
  const heavy = share(shared, 200, 50, () => {
    if (isOver) throw new Error("over");
  }).catch(() => undefined);
  const from = performance.now();
  await share(shared, 100, 0.2, () => undefined);
  const ms = performance.now() - from;
  isOver = true;
  await heavy;
  // Side by side with so many of the other's pieces it would be five seconds.
  assert.ok(ms < 2500, `${ms} ms`);
});

test.run();
