import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseDuration } from "../../src/base/duration.ts";

const test = suite("base/duration");

test("reads numbers with a unit, seconds without", () => {
  const texts = ["500ms", "10s", "10", "1.5s", "2m", "2min", "1h", "0s"];
  assert.equal(
    texts.map(parseDuration),
    [500, 10_000, 10_000, 1500, 120_000, 120_000, 3_600_000, 0],
  );
});

test("refuses everything else", () => {
  for (const text of ["", "s", "10x", "-1s", "1 s", ".5s", "1e3", "10s "])
    assert.is(parseDuration(text), undefined, text);
});

test("refuses what a timer cannot wait for", () => {
  assert.is(parseDuration("2147483647ms"), 2 ** 31 - 1);
  assert.is(parseDuration("2147483648ms"), undefined);
  assert.is(parseDuration("600h"), undefined);
});

test.run();
