/** Equal queries that begin together are one run, and each client gets what it would get alone, at its own speed. */

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { formatNamed } from "../../src/format/formats.ts";
import { openFormat } from "../../src/server/engine/accepted-format.ts";
import type { Sink } from "../../src/server/engine/delivery.ts";
import type { Asked } from "../../src/server/engine/messages.ts";
import { identityOf } from "../../src/server/engine/query-identity.ts";
import { queryFromUrl } from "../../src/server/engine/query-request.ts";
import { ServedSources } from "../../src/server/engine/served-sources.ts";
import type { SharedDelivery, SharedPlan } from "../../src/server/engine/shared-delivery.ts";
import { sharedPlan } from "../../src/server/engine/shared-plan.ts";
import { SharedRuns } from "../../src/server/engine/shared-runs.ts";
import { limitsOf, queryLimits } from "../../src/server/limits.ts";
import { eventually } from "../support/child.ts";
import { random } from "../support/random.ts";
import { recordedTrace } from "../support/traces.ts";
import { Client, get, withRecorded } from "./lab.ts";

const test = suite("server/shared-runs");

/** About 15 MB of the trace `small`: three times what a run holds for slow clients. */
const LONG = `format=ndjson&select=timestamp,${Array(9).fill("payload")}`;
/** A few batches. */
const MIDDLE = "format=ndjson&select=timestamp,event";
const SHORT = "format=csv&q=%7C%3E+count()+by+event";

/** A client that takes as many batches as it is allowed. */
class Taker implements Sink {
  readonly bytes: Uint8Array[] = [];
  batches = 0;
  credit = 0;
  ending: unknown;
  delivery: SharedDelivery | undefined;
  chargedMs = 0;

  get isReady(): boolean {
    return this.credit > 0;
  }

  get isTaking(): boolean {
    return false;
  }

  get isOver(): boolean {
    return this.ending !== undefined;
  }

  get text(): string {
    return Buffer.concat(this.bytes).toString();
  }

  allow(batches: number): void {
    this.credit += batches;
    this.delivery?.resume();
  }

  columns(): void {}

  send(bytes: Uint8Array, isBatch: boolean): void {
    if (isBatch) this.credit--;
    if (isBatch) this.batches++;
    this.bytes.push(new Uint8Array(bytes));
  }

  loss(): void {}

  note(): void {}

  end(): void {
    this.ending = "end";
  }

  fail(error: unknown): void {
    this.ending = error;
  }
}

interface Lab {
  readonly runs: SharedRuns;
  /** How often the query was run. */
  readonly opened: () => number;
  /** @param later what the query asks when it is run again, as if its sources had changed */
  open(search: string, credit: number, hidden?: readonly string[], later?: string): Promise<Taker>;
}

async function withRuns(work: (lab: Lab) => Promise<void>): Promise<void> {
  const trace = await recordedTrace("small");
  const sources = await ServedSources.open([trace.path], false, { from: "beginning" });
  const runs = new SharedRuns();
  let opened = 0;
  try {
    await work({
      runs,
      opened: () => opened,
      async open(search, credit, hidden = [], later = search) {
        const plan = await planOf(search, sources, trace.path, hidden);
        const changed = await planOf(later, sources, trace.path, hidden);
        const counted: SharedPlan = {
          ...plan,
          open(sink, meter) {
            return (opened++ === 0 ? plan : changed).open(sink, meter);
          },
        };
        const taker = new Taker();
        taker.credit = credit;
        taker.delivery = runs.open(counted, taker, (ms) => {
          taker.chargedMs += ms;
        });
        taker.delivery.start();
        return taker;
      },
    });
  } finally {
    await sources.close();
    await trace.remove();
  }
}

async function planOf(
  search: string,
  sources: ServedSources,
  path: string,
  hidden: readonly string[],
): Promise<SharedPlan> {
  const request = queryFromUrl(new URLSearchParams(search));
  const format = await openFormat(request.format ?? formatNamed("arrow"), request);
  const share = await sources.share([path], request.question);
  const asked = { kind: "url", search, accept: undefined } as const;
  const task = { asked, sources: [path], hidden, limits: queryLimits(limitsOf({})) };
  const plan = sharedPlan(task, request, format, share);
  if (plan === undefined) throw new Error(`${search}: expected a plan to share`);
  return plan;
}

const all = (takers: readonly Taker[]): Promise<unknown> =>
  eventually("all have their answers", () => takers.every((one) => one.isOver) || undefined);

test("runs equal queries once, and gives each the whole answer and its part of the time", async () => {
  await withRuns(async ({ open, opened }) => {
    const takers = await Promise.all(Array.from({ length: 8 }, () => open(SHORT, 100)));
    await all(takers);
    assert.is(opened(), 1);
    const [first, ...others] = takers;
    assert.ok(first!.text.includes("sched_switch"));
    for (const other of others) {
      assert.is(other.text, first!.text);
      assert.is(other.delivery?.rows, first!.delivery?.rows);
      assert.ok(other.chargedMs > 0);
      assert.ok(Math.abs(other.chargedMs - first!.chargedMs) < 5 + first!.chargedMs);
    }
    const again = await open(SHORT, 100);
    await all([again]);
    assert.is(again.text, first!.text);
    assert.is(opened(), 2, "a run that is over is not joined");
  });
});

test("lets a query join as long as the beginning is there", async () => {
  await withRuns(async ({ open, opened }) => {
    const first = await open(MIDDLE, 1);
    await eventually("has its first batch", () => first.batches === 1 || undefined);
    const second = await open(MIDDLE, 1000);
    first.allow(1000);
    await all([first, second]);
    assert.is(second.text, first.text);
    assert.is(opened(), 1);
  });
});

test("lets a client that is too slow go on in a run of its own, without a gap and without holding others", async () => {
  await withRuns(async ({ open, opened, runs }) => {
    const slow = await open(LONG, 2);
    const fast = await open(LONG, 100_000);
    await all([fast]);
    assert.is(slow.isOver, false);
    assert.is(slow.batches, 2);
    slow.allow(100_000);
    await all([slow]);
    assert.is(slow.ending, "end");
    assert.is(slow.text, fast.text);
    assert.is(slow.delivery?.rows, fast.delivery?.rows);
    assert.is(opened(), 2);
    assert.is(runs.heldBytes, 0);
  });
});

test("gives a slow client an error where its rows are not the same any more", async () => {
  await withRuns(async ({ open }) => {
    const slow = await open(LONG, 2, [], `${LONG}&events=sched_*`);
    const fast = await open(LONG, 100_000);
    await all([fast]);
    slow.allow(100_000);
    await all([slow]);
    assert.is((slow.ending as { code?: string }).code, "SOURCE_CHANGED");
  });
});

test("gives any number of clients of any speed the same bytes, and holds little", async () => {
  const pick = random("shared runs");
  await withRuns(async ({ open, runs }) => {
    const whole = await open(LONG, 100_000);
    await all([whole]);
    const takers: Taker[] = [];
    let most = 0;
    for (
      let round = 0;
      round < 400 && (takers.length < 12 || takers.some((one) => !one.isOver));
      round++
    ) {
      if (takers.length < 12 && pick(3) === 0) takers.push(await open(LONG, pick(4)));
      for (const [i, taker] of takers.entries()) if (pick(12) < i) taker.allow(pick(3 * i + 1));
      await new Promise((resolve) => setTimeout(resolve, pick(10)));
      most = Math.max(most, runs.heldBytes);
    }
    for (const taker of takers) taker.allow(100_000);
    await all(takers);
    for (const taker of takers) {
      assert.is(taker.ending, "end");
      assert.ok(taker.text === whole.text, "other bytes");
      assert.is(taker.delivery?.batches, whole.delivery?.batches);
    }
    assert.ok(most < 64 << 20, `${most} bytes were held`);
    assert.is(runs.heldBytes, 0);
  });
});

test("goes on for the others when one leaves, and ends with the last", async () => {
  await withRuns(async ({ open, opened, runs }) => {
    const [first, second, third] = await Promise.all([open(LONG, 1), open(LONG, 1), open(LONG, 1)]);
    await eventually("all have a batch", () => third.batches === 1 || undefined);
    first.delivery?.stop();
    third.allow(100_000);
    second.allow(100_000);
    await all([second, third]);
    assert.is(second.text, third.text);
    assert.is(first.batches, 1);
    assert.is(opened(), 1);
    const last = await open(LONG, 1);
    await eventually("has a batch", () => last.batches === 1 || undefined);
    last.delivery?.stop();
    assert.is(runs.heldBytes, 0);
    last.allow(100);
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.is(last.batches, 1);
  });
});

test("runs queries apart that ask other things or may see other fields", async () => {
  await withRuns(async ({ open, opened }) => {
    const rows = "format=ndjson&events=sched_switch&limit=50";
    const [some, more, less] = await Promise.all([
      open(rows, 100),
      open(`${rows}0`, 100),
      open(rows, 100, ["next_comm"]),
    ]);
    await all([some, more, less]);
    assert.is(opened(), 3);
    assert.ok(some.text.includes("next_comm"));
    assert.not.ok(less.text.includes("next_comm"));
    assert.is(more.text.trim().split("\n").length, 500);
  });
});

test("knows equal queries by their parameters, however they were sent", () => {
  const url = (search: string): Asked => ({ kind: "url", search, accept: undefined });
  const frame = (object: unknown): Asked => ({ kind: "frame", text: JSON.stringify(object) });
  const same = [
    url("limit=5&select=timestamp%2Cevent"),
    url("select=timestamp,event&limit=5&where="),
    frame({ credit: 7, select: "timestamp,event", limit: 5, where: null }),
    { kind: "body", text: '{"limit": "5", "select": "timestamp,event"}', accept: "text/csv" },
  ] as const;
  for (const asked of same) assert.is(identityOf(asked), identityOf(same[0]));
  const others = [
    url("limit=50&select=timestamp,event"),
    url("limit=5"),
    url("limit=5&select=timestamp,event&format=csv"),
    url("limit=5&select=timestamp&select=event,event"),
    frame({ limit: 5, select: "timestamp,event", q: "limit" }),
  ];
  const identities = [same[0], ...others].map(identityOf);
  assert.is(new Set(identities).size, identities.length);
});

test("lists and ends each of equal queries by itself, and counts its rows", async () => {
  await withRecorded(async (server) => {
    const ask = { select: "timestamp,payload,payload", credit: 1 };
    const clients = await Promise.all(
      Array.from({ length: 3 }, () => Client.open(server, ["tracewire.v1"])),
    );
    for (const client of clients) client.say(ask);
    const listed = async (): Promise<Record<string, unknown>[]> =>
      JSON.parse((await get(server, "/v1/queries")).body.toString()).queries;
    const queries = await eventually("three have rows", async () => {
      const some = await listed();
      return some.length === 3 && some.every(({ rows }) => Number(rows) > 0) ? some : undefined;
    });
    assert.is(new Set(queries.map(({ id }) => id)).size, 3);
    const ended = await get(server, `/v1/queries/${queries[0]!["id"]}`, {}, "DELETE");
    assert.is(ended.status, 204);
    await eventually("two are left", async () => (await listed()).length === 2 || undefined);
    for (const client of clients) client.say({ credit: 100_000 });
    const rest = clients.filter(({ closeCode }) => closeCode === undefined);
    assert.is(rest.length, 2);
    for (const client of rest) {
      const end = await client.last();
      assert.equal([end["type"], end["rows"]], ["end", 17_202]);
    }
  });
});

test.run();
