import { createHash } from "node:crypto";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ProtocolError, SourceError } from "../../src/base/errors.ts";
import type { Item, ItemSource, StreamOrigin, TraceOrigin } from "../../src/base/item.ts";
import { follow } from "../../src/relay/follow.ts";
import { listSessions } from "../../src/relay/list-sessions.ts";
import { type ReplayServer, replay } from "../../src/replay/server.ts";
import { followInThread } from "../../src/source/follow-in-thread.ts";
import { ItemReceiver, ItemSender } from "../../src/source/item-courier.ts";
import { printItem } from "../relay/print-item.ts";
import { eventually } from "../support/child.ts";
import { recordedTrace } from "../support/traces.ts";

const test = suite("source/follow-in-thread");
const trace = await recordedTrace("small");

test.after(() => trace.remove());

async function withRelayd(
  speed: number | "max",
  work: (url: string, relayd: ReplayServer) => Promise<void>,
): Promise<void> {
  const relayd = await replay([trace.path], { speed, session: "small" });
  try {
    await work(relayd.urls[0]!, relayd);
  } finally {
    await relayd.close();
  }
}

/** What does not depend on when it was asked for, packets with all their bytes, stream by stream. */
async function printed(source: ItemSource): Promise<string[]> {
  const lines: string[] = [];
  for await (const item of source) {
    if (item.kind === "beacon" || item.kind === "note") continue;
    const bytes = item.kind === "packet" ? item.bytes : new Uint8Array(0);
    lines.push(`${printItem(item)} ${createHash("sha1").update(bytes).digest("hex")}`);
  }
  return lines.sort();
}

test("gives what is followed, byte for byte", async () => {
  let expected: string[] = [];
  await withRelayd("max", async (url) => {
    expected = await printed(follow(url, { from: "beginning" }));
  });
  await withRelayd("max", async (url) => {
    assert.equal(await printed(followInThread(url, { from: "beginning" })), expected);
  });
  assert.ok(expected.filter((line) => line.startsWith("packet")).length > 4);
});

test("has one object for each trace and each stream", async () => {
  await withRelayd("max", async (url) => {
    const traces = new Set<TraceOrigin>();
    const streams = new Set<StreamOrigin>();
    for await (const item of followInThread(url, { from: "beginning" })) {
      if (item.kind === "trace") traces.add(item.trace);
      else if (item.kind === "stream") streams.add(item.stream);
      else if ("stream" in item && item.stream !== undefined) {
        assert.ok(streams.has(item.stream), printItem(item));
        assert.ok(traces.has(item.stream.trace), printItem(item));
      } else if ("trace" in item && item.trace !== undefined) {
        assert.ok(traces.has(item.trace), printItem(item));
      }
    }
    assert.ok(streams.size > 1);
  });
});

test("lets go of the session when it is returned, even while a pull waits", async () => {
  await withRelayd(0.001, async (url, { port }) => {
    const viewers = async (): Promise<number> =>
      (await listSessions({ host: "127.0.0.1", port }))[0]!.clients;
    const stop = new AbortController();
    const source = followInThread(url, { from: "beginning", signal: stop.signal });
    assert.is(await viewers(), 0);
    const pulls = (async () => {
      for await (const _ of source);
    })();
    await eventually("attached", async () => ((await viewers()) === 1 ? true : undefined));
    stop.abort();
    await source.return();
    assert.is(await viewers(), 0);
    await pulls;
    assert.equal(await source.next(), { done: true, value: undefined });
  });
});

test("does nothing when it is returned before the first pull", async () => {
  const source = followInThread("net://127.0.0.1:1/host/a/b", {});
  assert.equal(await source.return(), { done: true, value: undefined });
  assert.equal(await source.next(), { done: true, value: undefined });
});

test("fails as following does", async () => {
  const failures = await Promise.all(
    ["net://127.0.0.1:1/host/a/b", "net://"].map((url) =>
      followInThread(url, {})
        .next()
        .catch((error: unknown) => error),
    ),
  );
  const [refused, bad] = failures;
  assert.instance(refused, ProtocolError);
  assert.equal(
    [(refused as ProtocolError).code, (refused as ProtocolError).peer],
    ["CONNECT_REFUSED", "127.0.0.1:1"],
  );
  assert.instance(bad, SourceError);
  assert.is((bad as SourceError).code, "BAD_URL");
});

/** What sends items through a copy, as between threads. */
function courier(maxEnded?: number): { send(item: Item): Item; readonly receiver: ItemReceiver } {
  const sender = new ItemSender();
  const receiver = new ItemReceiver(maxEnded);
  return { send: (item) => receiver.unwrap(structuredClone(sender.wrap(item))), receiver };
}

const ORIGIN: TraceOrigin = { host: "h", session: "s", path: "ust", source: "net://h" };
const newStream = (): StreamOrigin => ({ trace: { ...ORIGIN }, name: "channel_0" });

function streamOf(item: Item): StreamOrigin {
  assert.ok("stream" in item && item.stream !== undefined, item.kind);
  return item.stream;
}

test("names the stream of a lost connection that another goes on with", () => {
  const { send } = courier();
  const [old, next] = [newStream(), newStream()];
  const first = streamOf(send({ kind: "stream", stream: old }));
  assert.is(streamOf(send({ kind: "stream-end", stream: old, mayResume: true })), first);
  send({ kind: "trace-end", trace: old.trace });
  const second = streamOf(send({ kind: "stream", stream: next }));
  const resumed = send({ kind: "resume", stream: next, from: old });
  assert.ok(resumed.kind === "resume");
  assert.is(resumed.from, first);
  assert.is(resumed.stream, second);
  assert.is.not(first.trace, second.trace);
});

test("keeps nothing of streams and traces that ended, but those that may be resumed", () => {
  const { send, receiver } = courier();
  for (let i = 0; i < 1000; i++) {
    const stream = newStream();
    const { trace } = stream;
    send({ kind: "trace", trace });
    send({ kind: "stream", stream });
    assert.is(receiver.size, 2);
    send({ kind: "stream-end", stream });
    send({ kind: "trace-end", trace });
  }
  assert.is(receiver.size, 0);
});

test("keeps a bounded number of streams of lost connections, the last ones, each until it is resumed", () => {
  const { send, receiver } = courier(3);
  const lost = [0, 1, 2, 3, 4].map(newStream);
  const received = lost.map((stream) => streamOf(send({ kind: "stream", stream })));
  for (const stream of lost) send({ kind: "stream-end", stream, mayResume: true });
  for (const { trace } of lost) send({ kind: "trace-end", trace });
  assert.is(receiver.size, 3);
  const isKnown = lost.map((from, i) => {
    const stream = newStream();
    const item = send({ kind: "resume", stream, from });
    send({ kind: "stream-end", stream });
    send({ kind: "trace-end", trace: stream.trace });
    return item.kind === "resume" && item.from === received[i];
  });
  assert.equal(isKnown, [false, false, true, true, true]);
  assert.is(receiver.size, 0);
});

test.run();
