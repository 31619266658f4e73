/** Queries of a live session that begin after its container records have come. */

import { concat, from, type Observable, Subject, tap } from "rxjs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Registry } from "../../src/containers/registry.ts";
import type { DecodedItem } from "../../src/feed/decoded-item.ts";
import { openFeed } from "../../src/feed/feed.ts";
import { liveCensus } from "../../src/operators/contain/count-events.ts";
import { LiveNames } from "../../src/operators/contain/live-names.ts";
import { declares, RECORD_EVENTS } from "../../src/operators/contain/state-events.ts";
import { stateOf } from "../../src/operators/contain/state-query.ts";
import { namesOf } from "../../src/operators/run-question.ts";
import { Gate } from "../../src/source/gate.ts";
import { askSpec, collect, type Row } from "../support/query.ts";
import { recordedTrace } from "../support/traces.ts";

const test = suite("operators/live-names");
const trace = await recordedTrace("small");
const feed = openFeed([trace.path], { from: "beginning" });
const spec = { select: ["timestamp", "event", "cpu_id", "container"] };

test.after(() => trace.remove());

/** What a query gets that joins in the middle, and what others have had before. */
async function halves(): Promise<{ before: DecodedItem[]; after: DecodedItem[] }> {
  const items: DecodedItem[] = [];
  await feed.share().items.forEach((item) => {
    items.push(item.kind === "packet" ? { ...item, bytes: item.bytes.slice() } : item);
  });
  const isPacket = ({ kind }: DecodedItem): boolean => kind === "packet";
  const count = items.filter(isPacket).length;
  const middle = items.indexOf(items.filter(isPacket)[count >> 1]!);
  const naming = items.flatMap((item) =>
    item.kind === "trace-class" && declares([item.traceClass], RECORD_EVENTS) ? item.trace : [],
  );
  assert.is(naming.length, 1);
  const isState = (item: DecodedItem): boolean =>
    item.kind === "packet" && naming.includes(item.stream.trace);
  return {
    before: items.slice(0, middle),
    after: items.slice(middle).filter((item) => !isState(item)),
  };
}

async function lateRows(
  before: DecodedItem[],
  after: Observable<DecodedItem>,
  followed?: LiveNames,
): Promise<Row[]> {
  const known = from(before.filter(({ kind }) => /^(trace|trace-class|stream)$/.test(kind)));
  const share = { items: concat(known, after), gate: new Gate(), canBlock: () => false };
  const live = { ...spec, isLive: true };
  const { rows } = await collect(askSpec(live, share, () => ({ kind: "live", followed })));
  return rows;
}

test("names that were recorded before a query began are known to it, if they were followed", async () => {
  const all = await collect(askSpec(spec, feed.share(), () => namesOf(feed)));
  const expected = new Map(all.rows.map((row) => [placeOf(row), row["container"]]));
  const { before, after } = await halves();

  const observed = new Subject<DecodedItem>();
  const names = new LiveNames();
  const fail = (error: unknown): void => assert.unreachable(String(error));
  names.follow(observed, 2000, fail);
  for (const item of before) observed.next(item);
  const observedFirst = from(after).pipe(tap((item) => observed.next(item)));
  const rows = await lateRows(before, observedFirst, names);
  observed.complete();
  assert.ok(rows.length > 1000, `only ${rows.length} rows`);
  assert.equal(
    rows.map((row) => row["container"]),
    rows.map((row) => expected.get(placeOf(row))),
  );

  const unaware = await lateRows(before, from(after));
  assert.is(unaware.length, rows.length);
  assert.ok(unaware.some(({ container }) => String(container).startsWith("pid_ns:")));
});

test("the containers of a session are those of its own machine, though others are followed", async () => {
  const { before, after } = await halves();
  const registry = new Registry();
  stateOf({ isLive: true, maxLag: 2000 }, from(before), registry).subscribe();
  registry.host("another boot", "elsewhere").onContainerRecord(1n, {
    ...{ name: "stranger", type: "docker", pidNs: 4_026_532_900, mntNs: 0, initPid: 0, id: "" },
    ...{ image: "", pod: "", podNamespace: "", initVpid: undefined, startNs: undefined, endNs: 0n },
  });
  const known = from(before.filter(({ kind }) => /^(trace|trace-class|stream)$/.test(kind)));
  const share = { items: concat(known, from(after)), gate: new Gate(), canBlock: () => false };
  const census = await liveCensus(share, 1000, 2000, registry);
  const names = census.containers.map(({ name }) => name);
  assert.ok(names.includes("some-redis"));
  assert.not(names.includes("stranger"));
  const [redis] = census.containers.filter(({ name }) => name === "some-redis");
  assert.ok(census.sightingOf(redis!.instances[0]!).events > 100);
});

function placeOf({ timestamp, event, cpu_id }: Row): string {
  return `${timestamp} ${event} ${cpu_id}`;
}

test.run();
