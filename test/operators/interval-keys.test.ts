/** Keys of intervals: equal where all values are equal, and no more of them than are open. */

import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Column, ColumnBatch, DictionaryTexts, NumberArray } from "../../src/column/column.ts";
import { IntervalKeys } from "../../src/operators/tables/interval-keys.ts";
import { random } from "../support/random.ts";

const test = suite("operators/interval-keys");

const batchOf = (rows: number, ...columns: Column[]): ColumnBatch => ({
  rows,
  timestamps: new BigInt64Array(rows),
  columns,
});

const ALL = { validity: undefined, nullCount: 0 };

const numbers = (values: NumberArray): Column => ({ kind: "number", values, ...ALL });

function texts(...all: string[]): Column {
  const dictionary: DictionaryTexts = { size: all.length, text: (code) => all[code]! };
  return { kind: "dictionary", codes: Int32Array.from(all, (_, i) => i), dictionary, ...ALL };
}

test("are equal exactly where names and values are, whatever the type of the column", () => {
  const keys = new IntervalKeys(1);
  const of = (column: Column, row: number, name = ""): number =>
    keys.of(batchOf(1, column), [0], row, name);
  const one = of(numbers(Int32Array.of(1, -1)), 0);
  assert.is(of(numbers(BigInt64Array.of(1n)), 0), one);
  assert.is(of(numbers(Uint8Array.of(1)), 0), one);
  assert.is.not(of(numbers(Int32Array.of(1)), 0, "other"), one);
  const minus = of(numbers(Int32Array.of(-1)), 0);
  assert.is(of(numbers(BigInt64Array.of(-1n)), 0), minus);
  assert.is.not(of(numbers(Uint32Array.of(2 ** 32 - 1)), 0), minus);
  assert.is.not(of(numbers(BigInt64Array.of(1n << 32n)), 0), of(numbers(Int32Array.of(0)), 0));
  assert.is.not(of(numbers(Float64Array.of(1)), 0), of(numbers(Float64Array.of(2)), 0));
  assert.is(of(numbers(Float64Array.of(0)), 0), of(numbers(Float64Array.of(-0)), 0));
  assert.is(of(texts("a", "b"), 1), of(texts("b"), 0));
  assert.is.not(of(texts("1"), 0), one);
});

test("have none where a value is absent, unless absence is a value", () => {
  const absent: Column = {
    ...{ kind: "number", values: Int32Array.of(7) },
    ...{ validity: Uint8Array.of(0), nullCount: 1 },
  };
  const batch = batchOf(1, absent, numbers(Int32Array.of(0)));
  assert.is(new IntervalKeys(2).of(batch, [0, 1], 0, ""), -1);
  const lenient = new IntervalKeys(2, true);
  const key = lenient.of(batch, [0, 1], 0, "");
  assert.ok(key >= 0);
  assert.is.not(lenient.of(batchOf(1, numbers(Int32Array.of(0)), absent), [0, 1], 0, ""), key);
});

test("forget what is not open, and still know what is", () => {
  const next = random("interval-keys");
  const keys = new IntervalKeys(2);
  let open = new Map<number, number>();
  let most = 0;
  const pid = numbers(Int32Array.of(42));
  const id = (i: number): Column =>
    i % 3 === 0 ? texts(`request ${i}`) : numbers(BigInt64Array.of(BigInt(i) << 20n));
  for (let i = 0; i < 400_000; i++) {
    open.set(i, keys.of(batchOf(1, id(i), pid), [0, 1], 0, "request"));
    if (open.size > 100) open.delete([...open.keys()][next(100)]!);
    most = Math.max(most, keys.size);
    if (!keys.isFull) continue;
    const renamed = keys.retain([...open.values()]);
    open = new Map([...open.keys()].map((one, at) => [one, renamed[at]!]));
    for (const [one, key] of open)
      assert.is(keys.of(batchOf(1, id(one), pid), [0, 1], 0, "request"), key);
    assert.is(new Set(open.values()).size, open.size);
  }
  assert.ok(most < 70_000, `${most} keys`);
});

test.run();
