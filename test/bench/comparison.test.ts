/** What `bench --compare` calls slower: not what a noisy machine does by itself, but what is beyond that. */

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { compare, type Round } from "../../bench/comparison.ts";
import { random } from "../support/random.ts";

const test = suite("bench/comparison");

/** Rounds of a program that takes 400 ms, and of another that takes more by a factor; each run is off by up to some part. */
function rounds(
  count: number,
  factor: number,
  off: number,
  next: (below: number) => number,
): Round[] {
  const run = (ms: number): number => ms * (1 + (off * next(1000)) / 1000);
  return Array.from({ length: count }, () => ({
    before: run(400),
    now: run(400 * factor),
    again: run(400),
  }));
}

test("gives the ratio to the mean of the runs around, and how far equal runs are apart", () => {
  const round: Round = { before: 90, now: 150, again: 110 };
  const { ratio, noise, most, isSlower } = compare([round, round, { ...round, now: 120 }]);
  assert.is(ratio.median, 1.5);
  assert.is(ratio.min, 1.2);
  assert.ok(Math.abs(noise - 2 / 9) < 1e-9);
  assert.ok(Math.abs(most - 1 - 2 / 3) < 1e-9);
  assert.is(isSlower, false, "a machine so noisy may do that by itself");
});

test("finds what takes a quarter more where runs are a few percent apart", () => {
  const next = random("bench slower");
  for (let i = 0; i < 200; i++) {
    assert.ok(compare(rounds(5, 1.3, 0.05, next)).isSlower);
    assert.not(compare(rounds(5, 1.03, 0.05, next)).isSlower);
  }
});

test("seldom calls equal programs slower, however noisy the machine", () => {
  const next = random("bench equal");
  for (const off of [0, 0.02, 0.1, 0.3, 1]) {
    let alarms = 0;
    for (let i = 0; i < 500; i++) {
      // A case fails only if it is slower twice, the second time in twice as many rounds.
      const isSlower = [5, 10].every((count) => compare(rounds(count, 1, off, next)).isSlower);
      if (isSlower) alarms++;
    }
    assert.ok(alarms <= 5, `${alarms} of 500 where runs are off by ${off}`);
  }
});

test("takes no notice of what is faster", () => {
  assert.is(compare(rounds(5, 0.5, 0, () => 0)).isSlower, false);
});

test.run();
