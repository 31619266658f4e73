import { suite } from "uvu";
import * as assert from "uvu/assert";
import { FeedError } from "../../src/base/errors.ts";
import {
  creditFromFrame,
  type QueryRequest,
  queryFromFrame,
  queryFromUrl,
} from "../../src/server/engine/query-request.ts";

const test = suite("server/query-request");

test("reads the same query from a URL and from a frame", () => {
  const frame = {
    source: "a",
    select: ["timestamp", "ret"],
    events: "sched_*,irq_*",
    limit: 10,
    duration: "500ms",
    begin: "10:00:00",
    end: "1700000000.5",
    order: "none",
    maxLag: "2s",
    dict: "plain",
    framing: "self",
    overflow: "drop",
    format: "csv",
  };
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(frame)) {
    for (const one of Array.isArray(value) ? value : [value]) search.append(name, String(one));
  }
  const fromUrl = queryFromUrl(search);
  assert.equal(requestIn(frame), fromUrl);
  assert.equal(fromUrl.question, {
    filter: undefined,
    events: ["sched_*", "irq_*"],
    container: undefined,
    select: ["timestamp", "ret"],
    begin: { kind: "time-of-day", ns: 36_000_000_000_000n },
    end: { kind: "absolute", ns: 1_700_000_000_500_000_000n },
    order: "none",
    limit: 10,
  });
  assert.is(fromUrl.maxLagMs, 2000);
  assert.is(fromUrl.durationMs, 500);
});

test("takes what is empty as not given, and knows what is usual", () => {
  const { question, ...rest } = queryFromUrl(new URLSearchParams("where=&select=&limit="));
  assert.equal(question, {
    filter: undefined,
    events: [],
    container: undefined,
    select: undefined,
    begin: undefined,
    end: undefined,
    order: "time",
    limit: undefined,
  });
  assert.equal(rest, {
    source: undefined,
    packets: undefined,
    rows: undefined,
    maxLagMs: 5000,
    nameWaitMs: undefined,
    durationMs: undefined,
    settleMs: 5000,
    dictionaries: "plain",
    framing: "stream",
    types: "exact",
    overflow: "block",
    format: undefined,
    planned: undefined,
  });
  assert.is(queryFromFrame("{}").credit, 8);
});

test("counts plain durations in seconds", () => {
  const ms = (duration: unknown): number | undefined => requestIn({ duration }).durationMs;
  assert.equal(
    [ms("10"), ms(10), ms("1.5s"), ms("2m"), ms("1h")],
    [10_000, 10_000, 1500, 120_000, 3_600_000],
  );
});

test("rejects values that mean nothing, by name", () => {
  const bad = [
    "limit=-1",
    "limit=1e3",
    "limit=99999999999999999",
    "duration=soon",
    "duration=1000h",
    "maxLag=-1s",
    "order=size",
    "dict=none",
    "overflow=wait",
    "begin=yesterday",
    "begin_ns=1.5",
    "end_ns=99999999999999999999",
    "end_ns=5&end=08:55",
    "select=a,,b",
    "where=1&where=2",
    `select=${"a,".repeat(1000)}a`,
  ];
  for (const query of bad) {
    const name = query.split("=")[0]!;
    assert.throws(
      () => queryFromUrl(new URLSearchParams(query)),
      (error: unknown) =>
        error instanceof FeedError && error.status === 400 && error.message.startsWith(`${name}: `),
      query,
    );
  }
});

test("rejects names it does not know, however they are spelled", () => {
  for (const name of ["wher", "__proto__", "constructor", "credit", "x".repeat(10_000)]) {
    assert.throws(
      () => queryFromUrl(new URLSearchParams([[name, "1"]])),
      (error: unknown) =>
        error instanceof FeedError &&
        error.code === "UNKNOWN_PARAMETER" &&
        error.message.length < 400,
    );
  }
});

test("reads credit, and nothing else, behind the query", () => {
  assert.equal(creditFromFrame('{"credit":3,"seq":9}'), { credit: 3, seq: 9 });
  const bad = [
    '{"credit":-1}',
    '{"credit":1e9}',
    '{"credit":0.5}',
    "{}",
    "3",
    '{"credit":1,"a":2}',
  ];
  for (const text of bad)
    assert.throws(
      () => creditFromFrame(text),
      (e: unknown) => e instanceof FeedError,
      text,
    );
});

test("reads which query goes on, and behind which batch", () => {
  assert.equal(queryFromFrame('{"resume": "ab", "seq": 7, "credit": 3}'), {
    resume: "ab",
    seq: 7,
    credit: 3,
  });
  assert.equal(queryFromFrame('{"resume": "ab"}'), { resume: "ab", seq: -1, credit: 8 });
  assert.throws(() => queryFromFrame('{"resume": "ab", "where": "x"}'), /got where/);
});

test.run();

function requestIn(frame: Record<string, unknown>): QueryRequest {
  const read = queryFromFrame(JSON.stringify(frame));
  if ("request" in read) return read.request;
  throw new Error("expected a query");
}
