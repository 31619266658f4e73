/** Live rows that wait for their names: which, how long, and in which order they go on. */

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { NamingDelay } from "../../src/containers/naming-delay.ts";
import type { ResultItem } from "../../src/query/query.ts";
import { eventually } from "../support/child.ts";

const test = suite("containers/naming-delay");

const SECOND = 1_000_000_000n;

function batch(rows: number, lastNs: bigint): ResultItem {
  const timestamps = new BigInt64Array(rows).fill(lastNs);
  const account = { lostEvents: 0, lostPackets: 0, gaps: 0, clears: 0, reconnects: 0 };
  const facts = { seq: 0, watermarkNs: lastNs, late: 0, lostByStream: undefined, ...account };
  return { kind: "batch", batch: { rows, timestamps, columns: [], ...facts } };
}

/** What has gone on, as times of batches and texts of notes. */
function delayed(awaitsNames: () => boolean) {
  const gone: (bigint | string)[] = [];
  const delay = new NamingDelay(awaitsNames, (item) => {
    if (item.kind === "batch") gone.push(item.batch.timestamps[0]!);
    else gone.push(item.kind === "note" ? item.text : item.kind);
  });
  return { delay, gone };
}

test("nothing waits where nobody names containers", () => {
  const { delay, gone } = delayed(() => false);
  delay.push({ kind: "columns", columns: [] });
  delay.push(batch(1, 5n));
  assert.equal(gone, ["columns", 5n]);
  delay.close();
});

test("rows go on when a second of the trace has passed, notes between them", async () => {
  const { delay, gone } = delayed(() => true);
  delay.push({ kind: "columns", columns: [] });
  delay.push(batch(1, SECOND));
  delay.push({ kind: "note", text: "between" });
  delay.push(batch(1, 2n * SECOND));
  assert.equal(gone, ["columns"]);
  await eventually("the first have gone", async () => gone[2]);
  assert.equal(gone, ["columns", SECOND, "between"]);
  delay.flush();
  assert.equal(gone.at(-1), 2n * SECOND);
  delay.close();
});

test("rows go on after a while, too, where nothing later comes", async () => {
  const { delay, gone } = delayed(() => true);
  delay.push(batch(1, SECOND));
  await eventually("it has gone", async () => gone[0]);
  delay.close();
});

test("what waits is bounded: the oldest rows go first", () => {
  const { delay, gone } = delayed(() => true);
  for (let i = 1n; i <= 5n; i++) delay.push(batch(1 << 18, i));
  assert.equal(gone, [1n]);
  delay.close();
});

test("batches are lent: what waits is a copy", () => {
  const { delay, gone } = delayed(() => true);
  const lent = batch(1, 7n);
  delay.push(lent);
  if (lent.kind === "batch") lent.batch.timestamps[0] = 0n;
  delay.flush();
  assert.equal(gone, [7n]);
  delay.close();
});

test.run();
