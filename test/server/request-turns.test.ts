/** Many requests at once leave the network its turns, and those of one address keep another waiting for one of theirs at most. */

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { RequestTurns } from "../../src/server/request-turns.ts";

const test = suite("server/request-turns");

/** Works as long as an answer may. */
function work(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

const rounds = async (count: number): Promise<void> => {
  for (let i = 0; i < count; i++) await new Promise((done) => setImmediate(done));
};

test("answers each request once, in the order of its address", async () => {
  const turns = new RequestTurns();
  const answered: number[] = [];
  for (let i = 0; i < 50; i++) turns.add("a", () => answered.push(i));
  assert.equal(answered, [], "none at once");
  await rounds(60);
  assert.equal(
    answered,
    Array.from({ length: 50 }, (_, i) => i),
  );
});

test("answers another address's request behind one of those that came before", async () => {
  const turns = new RequestTurns();
  const answered: string[] = [];
  for (let i = 0; i < 20; i++) turns.add("many", () => answered.push("many"));
  for (const name of ["one", "other"]) turns.add(name, () => answered.push(name));
  await rounds(30);
  assert.equal(answered.slice(0, 4), ["many", "one", "other", "many"]);
  assert.is(answered.length, 22);
});

for (const [where, waits] of [
  ["at once", false],
  ["behind an await", true],
] as const) {
  test(`lets the network have its turn between requests that take long ${where}`, async () => {
    const turns = new RequestTurns();
    let answered = 0;
    const answer = async (): Promise<void> => {
      if (waits) await Promise.resolve();
      work(3);
      answered++;
    };
    for (let i = 0; i < 20; i++) turns.add("a", () => void answer());
    const seen: number[] = [];
    while (answered < 20) {
      await rounds(1);
      seen.push(answered);
    }
    assert.ok(seen.length >= 10, `${seen}`);
  });
}

test("goes on with requests that come while others are answered", async () => {
  const turns = new RequestTurns();
  const answered: string[] = [];
  turns.add("a", () => {
    answered.push("first");
    turns.add("a", () => answered.push("second"));
  });
  await rounds(4);
  assert.equal(answered, ["first", "second"]);
});

test("waits while every round brings a connection, though not for long", async () => {
  const turns = new RequestTurns();
  let answeredMs = 0;
  turns.add("a", () => (answeredMs = performance.now()));
  turns.onConnection();
  await rounds(2);
  const began = performance.now();
  turns.add("a", () => (answeredMs = performance.now()));
  for (let i = 0; i < 50; i++) {
    turns.onConnection();
    await rounds(1);
    if (i === 0) assert.ok(answeredMs < began, "not while connections come");
    work(1);
  }
  const waitedMs = answeredMs - began;
  assert.ok(waitedMs > 15, `${waitedMs} ms: answered while they come`);
});

test("waits no longer when no connection comes", async () => {
  const turns = new RequestTurns();
  turns.add("a", () => undefined);
  await rounds(2);
  let isAnswered = false;
  turns.add("a", () => (isAnswered = true));
  turns.onConnection();
  await rounds(3);
  assert.ok(isAnswered);
});

test.run();
