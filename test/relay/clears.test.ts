import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Clears } from "../../src/relay/clears.ts";

const test = suite("relay/clears");

const TIMER_US = 200_000;

test("one clear counts once, however late its streams show it", () => {
  const clears = new Clears();
  const [busy, idle] = [clears.count, clears.count];
  assert.ok(clears.notice(busy, 10_000, TIMER_US));
  assert.not(clears.notice(idle, 10_100, TIMER_US));
  assert.not(clears.notice(idle, 90_000, TIMER_US), "its first packet since");
});

test("the next clear counts again", () => {
  const clears = new Clears();
  assert.ok(clears.notice(clears.count, 10_000, TIMER_US));
  assert.ok(clears.notice(clears.count, 60_000, TIMER_US));
  assert.is(clears.count, 2);
});

test("a stream that is new since a clear has nothing of it to show", () => {
  const clears = new Clears();
  clears.notice(clears.count, 10_000, TIMER_US);
  const fresh = clears.count;
  assert.ok(clears.notice(fresh, 20_000, TIMER_US), "what it shows is another clear");
});

test.run();
