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

test("queries of a single batch each are distinguished by their watermarks; a batch that was divided counts once", () => {
  const account = new SegmentAccount();
  const at = (watermark: number, lost: number) =>
    facts(0, lost).set("watermark_ns", String(watermark));
  for (const one of [at(10, 5), at(10, 5), at(20, 5), at(30, 5)]) account.take(one);
  assert.is(account.totals(undefined).lostEvents, 15);
});

test("what each stream lost adds up over queries, too", () => {
  const account = new SegmentAccount();
  const lost = (seq: number, streams: string) =>
    account.take(facts(seq, 1).set("lost_by_stream", streams));
  lost(0, '{"a":[1,0]}');
  lost(7, '{"a":[3,0],"b":[0,2]}');
  lost(0, '{"a":[4,1]}');
  assert.is(account.totals(undefined).lostByStream, '{"a":[7,1],"b":[0,2]}');
  lost(1, "{broken");
  lost(2, '{"c":[-1,"x"]}');
  lost(3, "null");
  assert.is(account.totals(undefined).lostByStream?.includes('"b":[0,2]'), true);
});

test("what is no count is none", () => {
  const account = new SegmentAccount();
  account.take(facts(0, "-3"));
  account.take(facts(1, "many"));
  account.take(new Map());
  assert.is(account.totals(undefined).lostEvents, 0);
});

test.run();
