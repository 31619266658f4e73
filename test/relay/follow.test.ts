import { suite } from "uvu";
import * as assert from "uvu/assert";
import { TraceError } from "../../src/base/errors.ts";
import type { ItemSource } from "../../src/base/item.ts";
import { MAX_PACKET_BYTES } from "../../src/relay/abi.ts";
import { type FollowOptions, follow } from "../../src/relay/follow.ts";
import { MemoryRelayd, virtualClock } from "./memory-relayd.ts";
import { printItem } from "./print-item.ts";
import {
  dataStream,
  gone,
  hangUp,
  inactive,
  metadataStream,
  noNew,
  packetAt,
  play,
  retry,
  type Scenario,
  session,
  text,
} from "./scenario.ts";

const test = suite("relay/follow");

const attachOne = { 1: { kind: "ok", streams: [metadataStream(9), dataStream(2)] } } as const;
const ok = { kind: "ok", streams: [] } as const;
const isAttached = "note attached to session s on h (live timer 200 ms)";
const isDetached = "note detached from session s on h: the session is over";

test("yields what a session has, from attach to end", async () => {
  const { items } = await followAll({
    attach: attachOne,
    metadata: { 9: [text("abc"), text("de"), noNew, gone] },
    indexes: { 2: [packetAt(1), inactive(50), inactive(50), inactive(60), packetAt(2), hangUp] },
    newStreams: { 1: [{ kind: "hang-up" }] },
  });
  assert.equal(items, [
    isAttached,
    "trace ust/1",
    "stream channel_2",
    "metadata abc",
    "metadata de",
    "packet channel_2 1",
    "beacon channel_2 50",
    "beacon channel_2 60",
    "packet channel_2 2",
    "stream-end channel_2",
    "trace-end ust/1",
    isDetached,
    "end",
  ]);
});

test("hands on new metadata before the packet whose index announces it", async () => {
  const { items } = await followAll({
    attach: attachOne,
    metadata: { 9: [text("first"), noNew, text("second"), noNew, text("third"), noNew, gone] },
    indexes: {
      2: [
        packetAt(1),
        packetAt(2, 16, { newMetadata: true }),
        { ...retry, newMetadata: true },
        hangUp,
      ],
    },
  });
  assert.equal(of(items, "metadata", "packet"), [
    "metadata first",
    "packet channel_2 1",
    "metadata second",
    "packet channel_2 2",
    "metadata third",
  ]);
});

test("joins metadata that come in many pieces, so that none costs as much as all before it", async () => {
  const pieces = Array.from({ length: 4000 }, (_, i) => `class ${i};`);
  const { items } = await followAll({
    attach: attachOne,
    metadata: { 9: [...pieces.map((piece) => text(piece)), noNew, gone] },
    indexes: { 2: [packetAt(1), hangUp] },
  });
  const metadata = of(items, "metadata");
  assert.is(metadata.map((item) => item.replace(/^metadata /, "")).join(""), pieces.join(""));
  assert.ok(metadata.length > 10 && metadata.length < 100, `${metadata.length} items`);
  assert.is(items.indexOf("packet channel_2 1"), items.lastIndexOf(metadata.at(-1)!) + 1);
});

test("keeps a packet until its trace has any metadata", async () => {
  const { items, requests } = await followAll({
    attach: attachOne,
    metadata: { 9: [noNew, noNew, noNew, text("late"), noNew, gone] },
    newStreams: { 1: [...Array.from({ length: 9 }, () => ok), { kind: "hang-up" }] },
    indexes: { 2: [packetAt(1), hangUp] },
  });
  assert.equal(of(items, "metadata", "packet"), ["metadata late", "packet channel_2 1"]);
  assert.is(requests.filter((r) => r === "next-index").length, 2);
});

test("asks for metadata once more when the session hangs up over a packet that is kept", async () => {
  const { items } = await followAll({
    attach: attachOne,
    metadata: { 9: [noNew, text("last"), noNew, gone] },
    newStreams: { 1: [{ kind: "hang-up" }] },
    indexes: { 2: [packetAt(1), hangUp] },
  });
  assert.equal(of(items, "metadata", "packet"), ["metadata last", "packet channel_2 1"]);
});

test("keeps a packet while the metadata is being sent anew after a clear", async () => {
  const { items } = await followAll({
    attach: attachOne,
    metadata: { 9: [text("a"), noNew, text(""), text(""), text("b"), noNew, gone] },
    indexes: { 2: [packetAt(1, 16), packetAt(2, 16, { newMetadata: true }), hangUp] },
  });
  assert.equal(of(items, "metadata", "packet"), [
    "metadata a",
    "packet channel_2 1",
    "metadata b",
    "packet channel_2 2",
  ]);
});

test("hands on packets of a trace whose metadata is gone", async () => {
  const { items } = await followAll({
    attach: attachOne,
    metadata: { 9: [gone] },
    indexes: { 2: [packetAt(1), hangUp] },
  });
  assert.equal(of(items, "packet"), ["packet channel_2 1"]);
});

test("finds streams that come later, by the flag or by asking on", async () => {
  for (const first of [{ ...retry, newStream: true }, retry]) {
    const { items } = await followAll({
      attach: attachOne,
      metadata: { 9: [text("a"), noNew, gone], 19: [text("b"), noNew, gone] },
      newStreams: {
        1: [
          { kind: "no-new" },
          // The descriptor of the metadata stream may come last.
          { kind: "ok", streams: [dataStream(12, 2), metadataStream(19, 2)] },
          { kind: "ok", streams: [] },
          { kind: "hang-up" },
        ],
      },
      indexes: {
        2: [first, ...Array.from({ length: 30 }, () => retry), hangUp],
        12: [packetAt(3), hangUp],
      },
    });
    assert.equal(
      items.filter((item) => item.includes("_12") || item.includes("ust/2")),
      [
        "trace ust/2",
        "stream channel_12",
        "packet channel_12 3",
        "stream-end channel_12",
        "trace-end ust/2",
      ],
    );
  }
});

test("puts a gap where the relayd lost a packet, and goes on", async () => {
  const { items } = await followAll({
    attach: attachOne,
    metadata: { 9: [text("a"), noNew, gone] },
    indexes: { 2: [packetAt(1), packetAt(2), packetAt(3), hangUp] },
    packet: ({ offset, length }) =>
      offset === 2n
        ? { kind: "error" }
        : { kind: "ok", bytes: new Uint8Array(length).fill(Number(offset)) },
  });
  assert.equal(of(items, "packet", "gap"), [
    "packet channel_2 1",
    "gap channel_2 1: the relayd no longer has the packet at byte 2",
    "packet channel_2 3",
  ]);
});

test("does not ask for packets of impossible size", async () => {
  const { items, requests } = await followAll({
    attach: attachOne,
    metadata: { 9: [text("a"), noNew, gone] },
    indexes: {
      2: [packetAt(1, 2 ** 40), packetAt(2, 0), packetAt(3, MAX_PACKET_BYTES + 1), hangUp],
    },
  });
  assert.is(of(items, "gap").length, 3);
  assert.not(requests.includes("packet"));
});

test("ends a stream that the relayd cannot read any more", async () => {
  const { items } = await followAll({
    attach: attachOne,
    metadata: { 9: [text("a"), noNew, gone] },
    indexes: { 2: [{ ...retry, kind: "error" }] },
  });
  assert.equal(of(items, "gap", "stream-end"), [
    "gap channel_2 undefined: the relayd can no longer read the stream",
    "stream-end channel_2",
  ]);
});

test("ends when the session hung up and a stream says nothing more", async () => {
  const { items } = await followAll({
    attach: attachOne,
    metadata: { 9: [text("a"), noNew] },
    indexes: { 2: [retry] },
  });
  assert.equal(items.slice(-4), ["stream-end channel_2", "trace-end ust/1", isDetached, "end"]);
});

test("ends when the session is no longer listed and no stream is left", async () => {
  const { items } = await followAll({
    sessions: [[session(1)], []],
    attach: attachOne,
    metadata: { 9: [text("a"), noNew] },
    newStreams: { 1: [{ kind: "no-new" }] },
    indexes: { 2: [packetAt(1), hangUp] },
  });
  assert.equal(items.slice(-4), ["stream-end channel_2", "trace-end ust/1", isDetached, "end"]);
});

test("attaches every entry that matches, and those that come late from their beginning", async () => {
  const relayd = new MemoryRelayd({
    answer: play({
      sessions: [
        [session(1), session(2, { name: "other" }), session(3)],
        [session(1), session(2, { name: "other" }), session(3), session(4)],
      ],
      attach: attachOne,
      metadata: { 9: [text("a"), noNew, gone] },
      newStreams: Object.fromEntries(
        [1, 3, 4].map((id) => [id, [...Array.from({ length: 99 }, () => ok), { kind: "hang-up" }]]),
      ),
      indexes: { 2: [...Array.from({ length: 200 }, () => retry), hangUp] },
    }),
  });
  await all(follow("net://box/host/h/s", { dial: relayd.dial, clock: virtualClock() }));
  const attached = relayd.requests.filter((r) => r.kind === "attach-session");
  assert.equal(
    attached.map((r) => [r.session, r.seek]),
    [
      [1n, 2],
      [3n, 2],
      [4n, 1],
    ],
  );
  const detached = relayd.requests.filter((r) => r.kind === "detach-session");
  assert.equal(
    detached.map((r) => r.session),
    [1n, 3n, 4n],
  );
});

test("asks from the beginning when that is wanted", async () => {
  const { relayd } = await followAll({ attach: attachOne }, { from: "beginning" });
  const attach = relayd.requests.find((r) => r.kind === "attach-session");
  assert.equal(attach, { kind: "attach-session", session: 1n, seek: 1 });
});

test("asks for a packet before the next index of its stream", async () => {
  const { relayd } = await followAll({
    attach: attachOne,
    metadata: { 9: [text("a"), noNew, gone] },
    indexes: { 2: [packetAt(1), packetAt(2), packetAt(3), hangUp] },
  });
  const asked = relayd.requests.filter((r) => "stream" in r && r.stream === 2n);
  assert.equal(
    asked.map((r) => r.kind),
    ["next-index", "packet", "next-index", "packet", "next-index", "packet", "next-index"],
  );
});

test("asks for no more than a window of packets beyond what is pulled", async () => {
  const many = Array.from({ length: 50 }, (_, i) => dataStream(100 + i));
  const relayd = new MemoryRelayd({
    answer: play({
      attach: { 1: { kind: "ok", streams: [metadataStream(9), ...many] } },
      metadata: { 9: [text("a"), noNew, gone] },
      indexes: Object.fromEntries(many.map(({ id }) => [Number(id), [packetAt(1), hangUp]])),
    }),
  });
  const packetsAsked = (): number => relayd.requests.filter((r) => r.kind === "packet").length;
  const source = follow("net://box/host/h/s", { dial: relayd.dial, clock: virtualClock() });
  let pulled = 0;
  for await (const item of source) {
    if (item.kind !== "packet") continue;
    pulled++;
    assert.ok(packetsAsked() <= pulled - 1 + 32, `${packetsAsked()} asked, ${pulled} pulled`);
  }
  assert.is(pulled, 50);
});

const refusals: [string, Scenario, RegExp][] = [
  [
    "says which sessions there are, and which is meant",
    { sessions: [[session(1, { name: "t" }), session(2, { host: "h2", name: "web" })]] },
    /UNKNOWN_SESSION no session "h\/s" on box:5344: it has "h\/t", "h2\/web"; did you mean "h\/t"\?/,
  ],
  [
    "says that there is no session at all",
    { sessions: [[]] },
    /UNKNOWN_SESSION.*it has no session/,
  ],
  [
    "says that another viewer is attached",
    { attach: { 1: { kind: "already" } } },
    /ALREADY_ATTACHED attaching to session s on h: another viewer .* one viewer per session/,
  ],
  ["says that the session is not live", { attach: { 1: { kind: "not-live" } } }, /NOT_LIVE/],
  ["says that the session went", { attach: { 1: { kind: "unknown" } } }, /UNKNOWN_SESSION.*gone/],
];
for (const [what, scenario, message] of refusals) {
  test(what, async () => {
    assert.match(await failure(scenario), message);
  });
}

test("follows the domain that it gets and notes the one that it does not", async () => {
  const { items } = await followAll({
    sessions: [[session(1), session(2)]],
    attach: { 1: { kind: "already" } },
  });
  assert.match(items[0]!, /^note attaching to session s on h: another viewer/);
  assert.is(items[1], isAttached);
});

test("refuses a URL without a session before anything happens", () => {
  assert.throws(
    () => follow("net://box"),
    (e: unknown) => e instanceof TraceError && e.code === "NO_SESSION",
  );
});

test("ends with an error when the metadata body never comes", async () => {
  const relayd = new MemoryRelayd({
    answer: (request) => {
      const answer = play({ attach: attachOne, metadata: { 9: [text("abc")] } })(request);
      return request.kind === "metadata" && typeof answer !== "string"
        ? answer.subarray(0, 13)
        : answer;
    },
  });
  const source = follow("net://box/host/h/s", {
    dial: relayd.dial,
    clock: virtualClock(),
    timeoutMs: 20,
    reconnect: false,
  });
  assert.match(await failureOf(source), /REPLY_TIMEOUT reading the reply to GET_METADATA/);
  assert.ok(relayd.destroyed);
});

test("ends with an error at an impossible reply", async () => {
  const base = play({ attach: attachOne });
  const relayd = new MemoryRelayd({
    answer: (request) => (request.kind === "next-index" ? new Uint8Array(64) : base(request)),
  });
  const source = follow("net://box/host/h/s", {
    dial: relayd.dial,
    clock: virtualClock(),
    reconnect: false,
  });
  assert.match(await failureOf(source), /BAD_REPLY reading the reply to GET_NEXT_INDEX/);
});

const idle: Scenario = {
  attach: attachOne,
  metadata: { 9: [text("a"), noNew] },
  newStreams: { 1: [ok] },
  indexes: { 2: [retry] },
};

test("detaches when it is returned while a pull waits", async () => {
  const { relayd, source } = await waiting(idle);
  const pull = source.next();
  const returned = source.return();
  assert.equal(await pull, { done: true, value: undefined });
  assert.equal(await returned, { done: true, value: undefined });
  assert.is(relayd.requests.at(-1)?.kind, "detach-session");
  assert.ok(relayd.destroyed);
});

test("detaches when it is returned between two pulls", async () => {
  const { relayd, source } = await waiting(idle);
  await source.return();
  assert.is(relayd.requests.at(-1)?.kind, "detach-session");
  assert.ok(relayd.destroyed);
  assert.equal(await source.next(), { done: true, value: undefined });
});

test("detaches at the signal, pulled or not, and ends without an end item", async () => {
  for (const isPulled of [true, false]) {
    const stop = new AbortController();
    const { relayd, source } = await waiting(idle, { signal: stop.signal });
    const pull = isPulled ? source.next() : undefined;
    stop.abort();
    await new Promise((resolve) => setImmediate(resolve));
    assert.ok(relayd.destroyed);
    assert.is(relayd.requests.at(-1)?.kind, "detach-session");
    assert.equal(await (pull ?? source.next()), { done: true, value: undefined });
  }
});

test("closes even if the detaching is not answered", async () => {
  const base = play(idle);
  const relayd = new MemoryRelayd({
    answer: (request) => (request.kind === "detach-session" ? "silence" : base(request)),
  });
  const source = follow("net://box/host/h/s", { dial: relayd.dial, clock: virtualClock() });
  await source.next();
  await source.return();
  assert.ok(relayd.destroyed);
});

test("does nothing when it is returned before the first pull, or aborted before", async () => {
  const relayd = new MemoryRelayd({ answer: play(idle) });
  await follow("net://box/host/h/s", { dial: relayd.dial }).return();
  const signal = AbortSignal.abort();
  assert.equal(await all(follow("net://box/host/h/s", { dial: relayd.dial, signal })), []);
  assert.is(relayd.requests.length, 0);
  relayd.destroy();
});

test.run();

async function followAll(
  scenario: Scenario,
  options: FollowOptions = {},
): Promise<{ items: string[]; requests: string[]; relayd: MemoryRelayd }> {
  const relayd = new MemoryRelayd({ answer: play(scenario) });
  const clock = virtualClock();
  const items = await all(follow("net://box/host/h/s", { dial: relayd.dial, clock, ...options }));
  assert.ok(relayd.destroyed, "the connection is closed");
  return { items, requests: relayd.requests.map((request) => request.kind), relayd };
}

/** A source that has yielded everything it can for now. */
async function waiting(
  scenario: Scenario,
  options: FollowOptions = {},
): Promise<{ source: ItemSource; relayd: MemoryRelayd }> {
  const relayd = new MemoryRelayd({ answer: play(scenario) });
  const clock = virtualClock();
  const source = follow("net://box/host/h/s", { dial: relayd.dial, clock, ...options });
  for (;;) {
    const { value } = await source.next();
    if (value?.kind === "metadata") return { source, relayd };
  }
}

async function failure(scenario: Scenario): Promise<string> {
  const relayd = new MemoryRelayd({ answer: play(scenario) });
  const source = follow("net://box/host/h/s", { dial: relayd.dial, clock: virtualClock() });
  const message = await failureOf(source);
  assert.ok(relayd.destroyed, "the connection is closed");
  return message;
}

async function failureOf(source: ItemSource): Promise<string> {
  try {
    await all(source);
  } catch (error) {
    if (error instanceof TraceError) return `${error.code} ${error.message}`;
    throw error;
  }
  throw new Error("expected a failure");
}

async function all(source: ItemSource): Promise<string[]> {
  const items: string[] = [];
  for await (const item of source) items.push(printItem(item));
  return items;
}

/** The items of some kinds. */
function of(items: readonly string[], ...kinds: string[]): string[] {
  return items.filter((item) => kinds.includes(item.split(" ", 1)[0]!));
}
