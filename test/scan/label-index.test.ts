/** Labels of values by the index are those of every range that holds them, however ranges overlap. */

import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Mapping } from "../../src/ctf/trace-class.ts";
import { LabelIndex } from "../../src/scan/label-index.ts";
import { random } from "../support/random.ts";

const test = suite("scan/label-index");

const holding = (mappings: readonly Mapping[], value: bigint): string[] =>
  mappings
    .filter(({ ranges }) => ranges.some(({ low, high }) => low <= value && value <= high))
    .map(({ label }) => label);

test("gives the labels that looking at every range gives", () => {
  const next = random("labels of values");
  for (let round = 0; round < 300; round++) {
    const width = 1 + next(40);
    const mappings = Array.from({ length: next(30) }, (_, i) => ({
      label: `L${i}`,
      ranges: Array.from({ length: 1 + next(3) }, () => {
        const low = BigInt(next(100) - 50);
        return { low, high: low + BigInt(next(width)) };
      }),
    }));
    const index = new LabelIndex(mappings);
    for (let value = -60n; value < 100n; value++)
      assert.equal(index.labelsOf(value), holding(mappings, value));
  }
});

test("finds one of very many labels at once, also below one that spans all", () => {
  const count = 200_000;
  const mappings = Array.from({ length: count }, (_, i) => ({
    label: `L${i}`,
    ranges: [{ low: BigInt(i), high: BigInt(i) }],
  }));
  const index = new LabelIndex([
    { label: "all", ranges: [{ low: 0n, high: 1n << 63n }] },
    ...mappings,
  ]);
  const began = performance.now();
  for (let i = 0; i < count; i += 4) assert.equal(index.labelsOf(BigInt(i)), ["all", `L${i}`]);
  // By every range it would be minutes.
  assert.ok(performance.now() - began < 5000);
});

test.run();
