import { suite } from "uvu";
import * as assert from "uvu/assert";
import { KeyTable } from "../../src/operators/tables/key-table.ts";
import { random } from "../support/random.ts";

const test = suite("operators/key-table");

test("keeps what a Map keeps, whatever comes and goes", () => {
  const next = random("key-table");
  for (let round = 0; round < 20; round++) {
    const table = new KeyTable();
    const map = new Map<number, number>();
    // Few different keys, or many: small ones, and ones that differ only in their upper halves.
    const keys = 1 + next(next(2) === 0 ? 20 : 5000);
    const keyOf = (i: number): number => (i % 3 === 0 ? i : i * 2 ** 32 + (i % 7) * 2 ** 31);
    for (let step = 0; step < 20_000; step++) {
      const key = keyOf(next(keys));
      if (next(3) === 0) {
        table.delete(key);
        map.delete(key);
      } else {
        table.set(key, step);
        map.set(key, step);
      }
      const other = keyOf(next(keys));
      assert.is(table.get(other), map.get(other) ?? -1);
    }
    assert.is(table.size, map.size);
    for (const [key, number] of map) assert.is(table.get(key), number);
  }
});

test.run();
