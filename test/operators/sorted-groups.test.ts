/** Groups come in the order of their keys, whether they are sorted by one number each or by their values. */

import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Column } from "../../src/column/column.ts";
import { Dictionary } from "../../src/column/dictionary.ts";
import { isPresent, valueAt } from "../../src/column/row-reader.ts";
import type { ColumnLayout } from "../../src/column/schema.ts";
import { validityOf } from "../../src/column/validity.ts";
import { GroupTable } from "../../src/operators/aggregate/group-table.ts";
import { KeyColumns } from "../../src/operators/aggregate/key-columns.ts";
import { sortedGroups } from "../../src/operators/aggregate/sorted-groups.ts";
import { random } from "../support/random.ts";

const test = suite("operators/sorted-groups");
const next = random("sorted groups");

/** Numbers that are near each other, apart, and at the ends of their type. */
const LONG = [
  0n,
  1n,
  -1n,
  5n,
  1n << 33n,
  (1n << 63n) - 1n,
  -(1n << 63n),
  1_700_000_000_000_000_000n,
];
const TEXTS = ["", "a", "B", "aa", "ä", "z\u{10000}", "z\uffff", "10", "9"];

type Made = Pick<ColumnLayout, "type"> & { readonly column: Column };

function values<T>(rows: number, of: readonly T[]): T[] {
  return Array.from({ length: rows }, () => of[next(of.length)]!);
}

/** A random column of some rows, with or without values that are absent. */
function randomColumn(rows: number): Made {
  const validity =
    next(2) === 0 ? { validity: undefined, nullCount: 0 } : validityOf(rows, () => next(3) === 0);
  const near = (): bigint[] =>
    values(rows, [1_700_000_000_000_000_000n, 1_700_000_001_000_000_000n]);
  switch (next(6)) {
    case 0:
      return number("int64", BigInt64Array.from(values(rows, LONG)));
    case 1:
      return number(
        "uint64",
        BigUint64Array.from(values(rows, LONG), (one) => BigInt.asUintN(64, one)),
      );
    case 2:
      return number("int64", BigInt64Array.from(near()));
    case 3:
      return number(
        "int32",
        Int32Array.from({ length: rows }, () => next(2 ** 31) * 2 - 2 ** 31),
      );
    case 4:
      return number(
        "float64",
        Float64Array.from(values(rows, [0.5, -1, 1e300, Number.POSITIVE_INFINITY])),
      );
    default: {
      const dictionary = new Dictionary();
      // Texts that no row has; and of many, only few are used.
      for (let i = next(2) * 3000; i > 0; i--) dictionary.codeOfString(`unused ${i}`);
      const codes = Int32Array.from(values(rows, TEXTS), (text) => dictionary.codeOfString(text));
      return {
        type: { kind: "dictionary" },
        column: { kind: "dictionary", codes, dictionary, ...validity },
      };
    }
  }

  function number(
    type: "int64" | "uint64" | "int32" | "float64",
    own: BigInt64Array | BigUint64Array | Int32Array | Float64Array,
  ): Made {
    return {
      type: { kind: "number", number: type },
      column: { kind: "number", values: own, ...validity },
    };
  }
}

/** Keys as people compare them: absent ones last. */
function compare(columns: readonly Column[], a: number, b: number): number {
  for (const column of columns) {
    const [hasA, hasB] = [isPresent(column, a), isPresent(column, b)];
    if (hasA !== hasB) return hasA ? -1 : 1;
    if (!hasA) continue;
    const [x, y] = [valueAt(column, a)!, valueAt(column, b)!];
    if (x < y) return -1;
    if (x > y) return 1;
  }
  return 0;
}

test("random keys are in the order of their values, the group of the keys beyond the bound last", () => {
  for (let round = 0; round < 300; round++) {
    const rows = 1 + next(200);
    const made = Array.from({ length: 1 + next(3) }, () => randomColumn(rows));
    const layouts = made.map(
      ({ type }, i): ColumnLayout => ({ name: `k${i}`, type, nullable: true }),
    );
    const keys = new KeyColumns(layouts);
    const bound = next(3) === 0 ? 1 + next(20) : rows;
    const table = new GroupTable(keys.stride, bound, keys.nothing);
    const batch = {
      rows,
      timestamps: new BigInt64Array(rows),
      columns: made.map(({ column }) => column),
    };
    table.groupsOf(
      keys.encode(
        batch,
        made.map((_, i) => i),
        0,
        rows,
      ),
      rows,
    );

    const groups = sortedGroups(keys, table);

    assert.equal(
      [...groups].sort((a, b) => a - b),
      Array.from({ length: table.size }, (_, i) => i),
      "each once",
    );
    const columns = keys.decode(table.words, groups);
    const shown = groups.length - (table.overflow === -1 ? 0 : 1);
    if (table.overflow !== -1) assert.is(groups.at(-1), table.overflow);
    for (let at = 1; at < shown; at++)
      assert.ok(compare(columns, at - 1, at) < 0, `round ${round}: ${at - 1} before ${at}`);
  }
});

test("texts that only differ in bytes that are no UTF-8 are equal: what stands behind them decides", () => {
  const keys = new KeyColumns([
    { name: "text", type: { kind: "utf8", content: "text" }, nullable: false },
    { name: "number", type: { kind: "number", number: "int32" }, nullable: false },
  ]);
  const present = { validity: undefined, nullCount: 0 };
  const bytes = Uint8Array.of(0x62, 0xff, 0xfe, 0x61);
  const columns: Column[] = [
    { kind: "utf8", bytes, offsets: Int32Array.of(0, 1, 2, 3, 4), ...present },
    { kind: "number", values: Int32Array.of(0, 2, 1, 0), ...present },
  ];
  const batch = { rows: 4, timestamps: new BigInt64Array(4), columns };
  const table = new GroupTable(keys.stride, 10);
  table.groupsOf(keys.encode(batch, [0, 1], 0, 4), 4);
  assert.equal([...sortedGroups(keys, table)], [3, 0, 2, 1]);
});

test.run();
