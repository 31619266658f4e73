/** What files say of losses adds up over the files of one query, and over queries that began anew. */

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { SegmentAccount } from "../../src/segments/account.ts";

const test = suite("segments/account");

const facts = (seq: number, lost: number | string) =>
  new Map([
    ["seq", String(seq)],
    ["lost_events", String(lost)],
  ]);

test("totals that go on count once", () => {
  const account = new SegmentAccount();
  for (const [seq, lost] of [
    [0, 2],
    [1, 2],
    [1, 5],
  ] as const)
    account.take(facts(seq, lost));
  assert.is(account.totals(undefined).lostEvents, 5);
});

test("a query that began anew counts from nothing, also where it lost more than the one before", () => {
  const account = new SegmentAccount();
  account.take(facts(7, 5));
  account.take(facts(0, 6));
  assert.is(account.totals(undefined).lostEvents, 11);
});

test("what is no count is none", () => {
  const account = new SegmentAccount();
  account.take(facts(0, "-3"));
  account.take(facts(1, "many"));
  account.take(new Map());
  assert.is(account.totals(undefined).lostEvents, 0);
});

test.run();
