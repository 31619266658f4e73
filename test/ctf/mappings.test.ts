/** Labels of enumerations: however many there are, and whichever way they are kept, they say the same. */

import { deserialize, serialize } from "node:v8";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { eachMapping, isPacked, labelAt, MappingsBuilder } from "../../src/ctf/mappings.ts";
import type { Mapping, Mappings } from "../../src/ctf/trace-class.ts";
import { LabelIndex } from "../../src/scan/label-index.ts";
import { sequence } from "../support/random.ts";

const test = suite("ctf/mappings");

interface Given {
  readonly label: string;
  readonly low: bigint;
  readonly high: bigint;
}

function built(given: readonly Given[], signed: boolean): Mappings {
  const builder = new MappingsBuilder(signed);
  for (const { label, low, high } of given) builder.add(label, low, high);
  return builder.finish();
}

/** By what declares them: labels in the order of their first ranges. */
function expected(given: readonly Given[]): Mapping[] {
  const byLabel = new Map<string, { low: bigint; high: bigint }[]>();
  for (const { label, low, high } of given)
    byLabel.set(label, [...(byLabel.get(label) ?? []), { low, high }]);
  return Array.from(byLabel, ([label, ranges]) => ({ label, ranges }));
}

const LABELS = ["", "a", "grüße", "日本", "\u{1f600}", "x y", "\n"];

for (const signed of [true, false])
  for (const count of [0, 1, 1023, 1024, 1025, 5000])
    test(`${count} ${signed ? "signed" : "unsigned"} ranges of labels that come again`, () => {
      const below = sequence(count + 1);
      const given = Array.from({ length: count }, (_, i) => {
        const low = signed ? BigInt(below(1 << 20) - (1 << 19)) : BigInt(i) << 50n;
        const at = BigInt.asUintN(63, low);
        const label = `${LABELS[i % LABELS.length]}${i % 7 === 0 ? i - (i % 2) * 7 : i}`;
        return signed
          ? { label, low, high: low + BigInt(below(9)) }
          : { label, low: at, high: at + BigInt(below(9)) };
      });
      const mappings = built(given, signed);
      const wanted = expected(given);
      assert.is(isPacked(mappings), wanted.length >= 1024);
      // Threads and files are given copies.
      for (const one of [mappings, deserialize(serialize(mappings)) as Mappings]) {
        assert.equal([...eachMapping(one)], wanted);
        assert.equal(
          wanted.map((_, i) => labelAt(one, i)),
          wanted.map(({ label }) => label),
        );
      }
      const index = new LabelIndex(mappings);
      for (const { low, high } of given.slice(0, 50))
        for (const value of [low - 1n, low, high, high + 1n])
          assert.equal(
            index.labelsOf(value),
            wanted
              .filter(({ ranges }) => ranges.some((one) => one.low <= value && value <= one.high))
              .map(({ label }) => label),
          );
    });

test("keeps the ends of 64 bits, and what no field can hold apart", () => {
  const many = Array.from({ length: 1100 }, (_, i) => {
    return { label: `l${i}`, low: BigInt(i), high: BigInt(i) };
  });
  const most = 1n << 63n;
  const ends = [
    { label: "least", low: -most, high: -most },
    { label: "beyond", low: most, high: most + 5n },
    { label: "across", low: most - 1n, high: most + 5n },
  ];
  const index = new LabelIndex(built([...many, ...ends], true));
  assert.equal(index.labelsOf(-most), ["least"]);
  assert.equal(index.labelsOf(most - 1n), ["across"]);
  assert.equal(index.labelsOf(-1n), []);
  const all = { label: "all", low: 0n, high: (1n << 64n) - 1n };
  assert.equal(new LabelIndex(built([...many, all], false)).labelsOf(all.high), ["all"]);
});

test.run();
