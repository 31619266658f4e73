/** Intervals that do not end, ends without begins, losses, and inputs that are made to cost: counted, bounded, reported. */

import { from } from "rxjs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { planQuery } from "../../src/language/plan.ts";
import { through } from "../../src/operators/chain.ts";
import type { ResultItem } from "../../src/query/result.ts";
import { type Answers, collectAnswers } from "../support/answers.ts";
import { type Cell, itemsOf, type RowColumn } from "./rows.ts";

const test = suite("language/edges");

function asked(
  text: string,
  items: readonly ResultItem[],
  isLive: boolean = false,
): Promise<Answers> {
  const operators = planQuery(text).open({ isLive });
  return collectAnswers(through(from(items), operators, { isLive, borrowBatches: false }));
}

/** The columns that `pair "b" then "e" by id` reads. */
const PAIR: readonly RowColumn[] = [
  { name: "event", kind: "text" },
  { name: "boot", kind: "text" },
  { name: "id", kind: "integer" },
  // What rows show of it.
  { name: "id", kind: "integer" },
];
const PAIRED = '|> pair "b" then "e" by id ';

interface Event {
  readonly ns: number;
  readonly cells: readonly Cell[];
}

function event(ns: number, name: "b" | "e", id: number): Event {
  return { ns, cells: [name, "host", id, id] };
}

function lossOf(beginNs: bigint, endNs: bigint): ResultItem {
  return {
    kind: "loss",
    loss: { kind: "discarded-events", stream: undefined as never, count: 3, beginNs, endNs },
  };
}

function pairs(text: string, events: readonly Event[], batchRows?: number): Promise<Answers> {
  return asked(PAIRED + text, itemsOf(PAIR, events, batchRows));
}

test("what is divided by zero has no value, wherever it stands", async () => {
  const events = [event(0, "b", 1), event(10, "e", 1), event(20, "b", 2), event(40, "e", 2)];
  const { rows } = await pairs(
    "|> select (dt - 10) as d, 1 / (dt - 10) as a, 1 / (1 / (dt - 10)) as b, dt % (dt - 10) as c",
    events,
  );
  assert.equal(
    rows.map(({ d, a, b, c }) => [d, a, b, c]),
    [
      [0, null, null, null],
      [10, 0.1, 10, 0],
    ],
  );
});

test("windows behind a limit end with its last row", async () => {
  const events = Array.from({ length: 12 }, (_, i) =>
    event(10 * i, i % 2 === 0 ? "b" : "e", i >> 1),
  );
  const { rows } = await pairs("|> limit 4 |> count(), max(dt) every 40ns |> limit 2", events, 3);
  assert.equal(
    rows.map(({ count }) => count),
    [2, 2],
  );
  const usage = await pairs("|> limit 3 |> n = count() by id |> top 2 by n |> sum(n)", events);
  assert.equal(
    usage.rows.map(({ sum_n }) => sum_n),
    [2],
  );
});

for (const batchRows of [1, 3, 1000]) {
  test(`a begin that is begun again and an end without a begin are unpaired, in batches of ${batchRows}`, async () => {
    const events = [
      event(10, "b", 1),
      event(20, "b", 2),
      event(30, "b", 1),
      event(50, "e", 1),
      event(60, "e", 1),
      event(75, "e", 2),
      event(80, "b", 3),
    ];
    const { rows, account } = await pairs("|> select timestamp, dt, id", events, batchRows);
    assert.equal(rows, [
      { timestamp: 30, dt: 20, id: 1 },
      { timestamp: 20, dt: 55, id: 2 },
    ]);
    // Of two begins of 1 the first, and the second end; what is open at the end is known too late for a batch.
    assert.is(account.unpaired, 2);
  });
}

test("a begin waits no longer than it is said to", async () => {
  const events = [event(0, "b", 1), event(2e9, "b", 2), event(2.5e9, "e", 2), event(3e9, "e", 1)];
  const { rows } = await pairs("within 1s |> select id, dt", events);
  assert.equal(rows, [{ id: 2, dt: 0.5e9 }]);
});

test("no interval spans a loss", async () => {
  const items = itemsOf(
    PAIR,
    [event(0, "b", 1), event(5, "b", 2), event(20, "e", 1), event(30, "b", 3), event(40, "e", 3)],
    2,
  );
  const loss = lossOf(6n, 9n);
  const { rows, account, losses } = await asked(
    `${PAIRED}|> select id, dt`,
    items.toSpliced(3, 0, loss),
  );
  assert.equal(rows, [{ id: 3, dt: 10 }]);
  assert.is(losses.length, 1);
  assert.is(account.interrupted, 2);
});

test("a softirq that was raised before a loss has not waited since", async () => {
  const columns: readonly RowColumn[] = [
    { name: "event", kind: "text" },
    { name: "boot", kind: "text" },
    { name: "cpu_id", kind: "integer" },
    { name: "irq", kind: "integer" },
    { name: "vec", kind: "integer" },
    { name: "name", kind: "text" },
  ];
  const softirq = (ns: number, what: string): Event => ({
    ns,
    cells: [`irq_softirq_${what}`, "host", 0, null, 1, null],
  });
  const run = [softirq(10, "raise"), softirq(30, "entry"), softirq(40, "exit")];
  const again = run.map(({ ns, cells }) => ({ ns: ns + 100, cells }));
  const items = itemsOf(columns, [...run, ...again], 1);
  // Between the second raise and its entry.
  const at = items.findIndex((item) => item.kind === "watermark" && item.ns === 110n) + 1;
  const { rows } = await asked(
    "|> irqs |> select dt, raise_dt, name",
    items.toSpliced(at, 0, lossOf(115n, 120n)),
  );
  assert.equal(rows, [
    { dt: 10, raise_dt: 20, name: "TIMER" },
    { dt: 10, raise_dt: null, name: "TIMER" },
  ]);
});

test("an interval's time is cut where windows end, and counts where it ends", async () => {
  const events = [
    event(900, "b", 1),
    event(3100, "e", 1),
    event(3200, "b", 2),
    event(3300, "e", 2),
  ];
  const { rows } = await pairs("|> n = count(), t = sum(dt), u = usage(dt) every 1us", events);
  assert.equal(
    rows.map((row) => [row["window"], row["n"], row["t"], row["u"]]),
    [
      [0, 0, 100, 10],
      [1000, 0, 1000, 100],
      [2000, 0, 1000, 100],
      [3000, 2, 200, 20],
    ],
  );
});

test("live, an interval that goes on counts in each window that has passed", async () => {
  const items = itemsOf(PAIR, [event(900, "b", 1)]);
  const watermark: ResultItem = { kind: "watermark", ns: 2500n };
  const { rows } = await asked(`${PAIRED}|> t = sum(dt) every 1us`, [...items, watermark], true);
  assert.equal(
    rows.map((row) => [row["window"], row["t"]]),
    [
      [0, 100],
      [1000, 1000],
    ],
  );
});

const VALUES: readonly RowColumn[] = [
  { name: "key", kind: "integer" },
  { name: "x", kind: "integer" },
];
const SELECTED = "|> select key, x ";

test("more than a million keys: one million stand by themselves, the others in one row", async () => {
  const rows = Array.from({ length: 1_100_000 }, (_, i) => ({ ns: i, cells: [i, 1] }));
  const found = await asked(`${SELECTED}|> count() by key`, itemsOf(VALUES, rows, 50_000));
  assert.is(found.rows.length, 1_000_001);
  const overflow = found.rows.filter((row) => row["overflow"] === 1);
  assert.equal(
    overflow.map((row) => row["count"]),
    [100_000],
  );
  assert.match(found.notes.join("\n"), /more than 1000000 groups/);
});

test("windows of a nanosecond over months of silence cost what came, not what did not", async () => {
  const month = 30 * 86_400e9;
  const rows = [0, 1, month, 3 * month, 3 * month + 1].map((ns) => ({ ns, cells: [1, 1] }));
  const from = performance.now();
  const found = await asked(`${SELECTED}|> count() every 1ns`, itemsOf(VALUES, rows, 1));
  assert.ok(performance.now() - from < 5000);
  assert.is(found.rows.filter((row) => row["count"] === 1).length, 5);
  assert.ok(found.rows.length < 100, `${found.rows.length} windows`);
});

test("a key is shown with 0 for ten windows, and then no more", async () => {
  const rows = [0, 50_000].map((ns) => ({ ns, cells: [ns, 1] }));
  const found = await asked(`${SELECTED}|> count() by key every 1us`, itemsOf(VALUES, rows, 1));
  const first = found.rows.filter((row) => row["key"] === 0).map((row) => row["count"]);
  assert.equal(first, [1, ...Array.from({ length: 10 }, () => 0)]);
});

test("rows of a window that was emitted are late, and counted", async () => {
  const rows = [1000, 5000, 1500, 5500].map((ns) => ({ ns, cells: [1, 1] }));
  const found = await asked(`${SELECTED}|> count() every 1us`, itemsOf(VALUES, rows, 1));
  assert.is(found.account.late, 1);
  assert.is(found.rows.filter((row) => row["count"] === 2).length, 1);
});

test("endless begins stay bounded, and the oldest give way", async () => {
  const events = Array.from({ length: 1_200_000 }, (_, i) => event(i, "b", i));
  const before = process.memoryUsage.rss();
  const { account, rows } = await pairs("within 24h |> count()", [
    ...events,
    event(2e6, "e", 1_199_999),
    event(2e6 + 1, "e", 3),
  ]);
  assert.equal(
    rows.map((row) => row["count"]),
    [1],
  );
  assert.ok(account.unpaired >= 200_000, String(account.unpaired));
  assert.ok(process.memoryUsage.rss() - before < 2 ** 30);
});

test.run();
