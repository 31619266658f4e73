/** A range of a batch's rows is what these rows are one by one, in whichever layout. */

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Column, type ColumnBatch, takeRange, takeRows } from "../../src/column/column.ts";
import { validityOf } from "../../src/column/validity.ts";

const test = suite("column/range");

const ROWS = 40;
const offsets = Int32Array.from({ length: ROWS + 1 }, (_, i) => (i * (i + 1)) / 2);
const lengths = offsets[ROWS]!;
const everyThird = validityOf(ROWS, (row) => row % 3 === 0);
const present = { validity: undefined, nullCount: 0 };
const texts = ["a", "b", "c"];
const timestamps = BigInt64Array.from({ length: ROWS }, (_, i) => BigInt(1000 + i));

const columns: readonly Column[] = [
  { kind: "number", values: timestamps, ...present },
  { kind: "number", values: Uint8Array.from({ length: ROWS }, (_, i) => i), ...everyThird },
  { kind: "number", values: Float64Array.from({ length: ROWS }, (_, i) => i / 7), ...present },
  {
    kind: "dictionary",
    codes: Int32Array.from({ length: ROWS }, (_, i) => i % 3),
    dictionary: { size: texts.length, at: (code: number) => texts[code]! } as never,
    ...everyThird,
  },
  {
    kind: "utf8",
    offsets,
    bytes: new Uint8Array(lengths).map((_, i) => 97 + (i % 26)),
    ...present,
  },
  { kind: "list", offsets, values: new Int32Array(lengths).map((_, i) => i), ...everyThird },
  { kind: "null", validity: new Uint8Array(ROWS >> 3), nullCount: ROWS },
];
const batch: ColumnBatch = { rows: ROWS, timestamps, columns };

for (const [from, to] of [
  [0, ROWS],
  [0, 0],
  [5, 6],
  [7, 33],
  [31, ROWS],
] as const) {
  test(`rows ${from} to ${to}`, () => {
    const rows = Int32Array.from({ length: to - from }, (_, i) => from + i);
    assert.equal(takeRange(batch, from, to), takeRows(batch, rows));
  });
}

test.run();
