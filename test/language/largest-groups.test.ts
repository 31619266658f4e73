/** `top N by count` over more keys than can be told apart: the largest are found whenever they come, and what they lack is told. */

import { from } from "rxjs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { planQuery } from "../../src/language/plan.ts";
import { through } from "../../src/operators/chain.ts";
import { type Answers, collectAnswers } from "../support/answers.ts";
import { random } from "../support/random.ts";
import { itemsOf, type RowColumn } from "./rows.ts";

const test = suite("language/largest-groups");

const COLUMNS: readonly RowColumn[] = [
  { name: "key", kind: "integer" },
  { name: "x", kind: "integer" },
];
const ROWS = 50_000;

/** @param keys of rows a nanosecond apart, each of which has the key as its value, too */
function asked(text: string, keys: readonly number[], maxGroups: number): Promise<Answers> {
  const rows = keys.map((key, ns) => ({ ns, cells: [key, key] }));
  const items = itemsOf(COLUMNS, rows, 1000);
  const operators = planQuery(`|> select key, x ${text}`).open({ isLive: false, maxGroups });
  return collectAnswers(through(from(items), operators, { isLive: false, borrowBatches: false }));
}

function countsOf(keys: readonly number[]): ReadonlyMap<number, number> {
  const counts = new Map<number, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
}

/** Most keys come once or twice; five, which begin late, come often. */
function fewAmongMany(next: (below: number) => number): number[] {
  return Array.from({ length: ROWS }, (_, i) =>
    i > ROWS / 2 && next(5) === 0 ? next(5) : 5 + next(ROWS),
  );
}

test("keys that begin when the table is full, and come often, are the top", async () => {
  const keys = fewAmongMany(random("few among many"));
  const { rows, notes } = await asked("|> count() by key |> top 6 by count", keys, 500);
  const [overflow, ...shown] = rows;
  assert.is(overflow!["overflow"], 1);
  assert.equal(shown.map((row) => row["key"] as number).sort(), [0, 1, 2, 3, 4]);
  assert.match(
    notes.join("\n"),
    /the smallest share one row, overflow; counts may be up to \d+ too low/,
  );
});

test("no count is too high, or lower than it is told; all together are exact", async () => {
  const next = random("many keys");
  for (const [maxGroups, spread] of [
    [2, 3],
    [10, 1.5],
    [100, 4],
    [1000, 3],
  ] as const) {
    // The larger the spread, the more of the rows are of few keys.
    const keys = Array.from({ length: ROWS }, () =>
      Math.floor((next(ROWS) / ROWS) ** spread * 5000),
    );
    const counts = countsOf(keys);
    const text = "|> count(), sum(x) by key |> top 100000 by count";
    const { rows, notes } = await asked(text, keys, maxGroups);
    const what = `${maxGroups} groups`;
    const missing = Number(/up to (\d+) too low/.exec(notes.join("\n"))?.[1]);
    assert.ok(missing > 0, what);
    assert.ok(rows.length <= maxGroups + 1, what);
    let total = 0;
    for (const row of rows) {
      const [key, count] = [row["key"] as number, row["count"] as number];
      total += count;
      if (row["overflow"] === 1) continue;
      const real = counts.get(key)!;
      assert.ok(count <= real && count >= real - missing, `${what}: ${key}: ${count} of ${real}`);
      assert.is(row["sum_x"], count * key, what);
    }
    assert.is(total, ROWS, what);
    // Who has more than all that may be missing is shown.
    const shown = new Set(rows.map((row) => (row["overflow"] === 1 ? undefined : row["key"])));
    for (const [key, count] of counts) if (count > missing) assert.ok(shown.has(key), what);
  }
});

test("each window has its own largest keys", async () => {
  const keys = fewAmongMany(random("few among many"));
  const text = "|> count() by key every 10us |> top 3 by count per window";
  const { rows } = await asked(text, keys, 200);
  const windows = new Set(rows.map((row) => row["window"]));
  assert.is(windows.size, ROWS / 10_000);
  for (const row of rows.slice(-3)) {
    const isLarge = row["overflow"] === 1 || (row["key"] as number) < 5;
    assert.ok(isLarge, JSON.stringify(row));
  }
});

test("what fits is exact, and nothing is said; other questions keep the groups that came first", async () => {
  const keys = Array.from({ length: 3000 }, (_, i) => i % 300);
  const fits = await asked("|> count() by key |> top 2 by count", keys, 300);
  assert.equal(fits.notes, []);
  assert.equal(
    fits.rows.map((row) => row["count"]),
    [10, 10],
  );
  const first = await asked("|> count() by key |> where overflow == 0", keys, 100);
  assert.equal(
    first.rows.map((row) => row["count"]),
    Array.from({ length: 100 }, () => 10),
  );
});

test.run();
