import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ProtocolError } from "../../src/base/errors.ts";
import type { Item } from "../../src/base/item.ts";
import { Backoff } from "../../src/relay/backoff.ts";
import type { Dial } from "../../src/relay/dial.ts";
import { type FollowOptions, follow } from "../../src/relay/follow.ts";
import { isSameStart } from "../../src/relay/resume.ts";
import { MemoryRelayd, virtualClock } from "./memory-relayd.ts";
import { printItem } from "./print-item.ts";
import {
  dataStream,
  gone,
  hangUp,
  metadataStream,
  noNew,
  packetAt,
  packetBetween,
  play,
  retry,
  type Scenario,
  session,
  text,
} from "./scenario.ts";

const test = suite("relay/reconnect");

const START = "the beginning of this trace's metadata";
const attachOne = { 1: { kind: "ok", streams: [metadataStream(9), dataStream(2)] } } as const;
const hangingUp = { newStreams: { 1: [{ kind: "hang-up" }] } } as const;

/** A relayd that closes the connection instead of answering the nth request of a kind. */
function cut(scenario: Scenario, kind: string, nth: number): MemoryRelayd {
  const answer = play(scenario);
  let count = 0;
  return new MemoryRelayd({
    answer: (request) => (request.kind === kind && ++count === nth ? "close" : answer(request)),
  });
}

function whole(scenario: Scenario): MemoryRelayd {
  return new MemoryRelayd({ answer: play(scenario) });
}

/** Connections, one after the other; in place of one, its refusal. */
function dialing(...relayds: (MemoryRelayd | "refused")[]): Dial {
  return async () => {
    const next = relayds.shift();
    if (next === undefined) throw new Error("no further connection was expected");
    if (next === "refused") throw new ProtocolError("CONNECT_REFUSED", "cannot connect to box");
    return next;
  };
}

async function followed(dial: Dial, options: FollowOptions = {}): Promise<string[]> {
  const items: string[] = [];
  const followOptions = { dial, clock: virtualClock(), random: () => 0, ...options };
  for await (const item of follow("net://box/host/h/s", followOptions)) items.push(print(item));
  return items;
}

const FIRST: Scenario = {
  attach: attachOne,
  metadata: { 9: [text(START), noNew] },
  newStreams: { 1: [{ kind: "ok", streams: [] }] },
  indexes: { 2: [packetBetween(10, 20), packetBetween(20, 30), packetBetween(30, 40), retry] },
};

test("goes on behind the last packet, and repeats nothing", async () => {
  // Other ids, as after a restart.
  const as = { path: "ust/1", channel: "channel_2" };
  const streams = [
    { ...metadataStream(19, 7), ...as },
    { ...dataStream(12, 7), ...as },
  ];
  const packets = [10, 20, 30, 40].map((begin) => packetBetween(begin, begin + 10));
  const relayd = whole({
    sessions: [[session(5)]],
    attach: { 5: { kind: "ok", streams } },
    metadata: { 19: [text(START), noNew, gone] },
    newStreams: { 5: [{ kind: "hang-up" }] },
    indexes: { 12: [...packets, hangUp] },
  });
  const items = await followed(dialing(cut(FIRST, "packet", 3), relayd));
  assert.equal(items, [
    "note attached to session s on h (live timer 200 ms)",
    "trace ust/1",
    "stream channel_2",
    `metadata ${START}`,
    "packet channel_2 10",
    "packet channel_2 20",
    "stream-end channel_2",
    "trace-end ust/1",
    "note reading the reply to GET_PACKET from box:5344: the connection was closed; trying again",
    "gap reconnect 0: reconnected to box:5344 after 0.1 s (reading the reply to GET_PACKET from box:5344: the connection was closed)",
    "note attached to session s on h (live timer 200 ms)",
    "trace ust/1",
    "stream channel_2",
    `metadata ${START}`,
    "resume channel_2 from channel_2",
    "packet channel_2 30",
    "packet channel_2 40",
    "stream-end channel_2",
    "trace-end ust/1",
    "note detached from session s on h: the session is over",
    "end",
  ]);
  assert.equal(seeks(relayd), [1]);
});

test("goes on wherever the connection was cut", async () => {
  const last: Scenario = {
    ...FIRST,
    metadata: { 9: [text(START), noNew, gone] },
    ...hangingUp,
    indexes: { 2: [...FIRST.indexes![2]!.slice(0, 3), packetBetween(40, 50), hangUp] },
  };
  const kinds = { "new-streams": 2, metadata: 2, "next-index": 4, packet: 3, "detach-session": 1 };
  for (const [kind, times] of Object.entries(kinds)) {
    for (let nth = 1; nth <= times; nth++) {
      const items = await followed(
        dialing(cut(kind === "detach-session" ? last : FIRST, kind, nth), whole(last)),
      );
      const packets = items.filter((item) => item.startsWith("packet"));
      const expected = [10, 20, 30, 40].map((begin) => `packet channel_2 ${begin}`);
      assert.equal(packets, expected, `${kind} ${nth}`);
    }
  }
});

test("reports a gap when the session was made anew meanwhile", async () => {
  const second = {
    ...FIRST,
    metadata: { 9: [text("another trace's metadata, of the same name"), noNew, gone] },
    ...hangingUp,
    indexes: { 2: [packetBetween(1, 2), hangUp] },
  };
  const items = await followed(dialing(cut(FIRST, "packet", 3), whole(second)));
  const behind = items.slice(items.findIndex((item) => item.startsWith("gap reconnect 0")));
  assert.equal(behind.filter((item) => /^(gap|packet|resume)/.test(item)).slice(1), [
    "gap reconnect undefined: ust/1 of session s was begun anew: the end of the one before is missing",
    "packet channel_2 1",
  ]);
});

test("reports a gap and ends when the relayd no longer has the session", async () => {
  const items = await followed(dialing(cut(FIRST, "packet", 3), whole({ sessions: [[]] })));
  assert.equal(items.slice(-2), [
    "gap reconnect undefined: session s on h ended, in part or whole, while there was no connection: its end is missing",
    "end",
  ]);
});

test("waits for the relayd and for the session when asked to, and for the next of its name", async () => {
  const relayd = whole({
    sessions: [[], [], [session(1)], [session(1)], [], [session(3)]],
    attach: {
      1: { kind: "ok", streams: [metadataStream(9), dataStream(2)] },
      3: { kind: "ok", streams: [metadataStream(39, 3), dataStream(32, 3)] },
    },
    metadata: { 9: [text("a"), noNew, gone], 39: [text("b"), noNew, gone] },
    indexes: { 2: [packetAt(1), hangUp], 32: [packetAt(2), hangUp] },
  });
  const stop = new AbortController();
  const items: string[] = [];
  const options = {
    dial: dialing("refused", "refused", relayd),
    clock: virtualClock(),
    wait: true,
  };
  for await (const item of follow("net://box/host/h/s", { ...options, signal: stop.signal })) {
    items.push(print(item));
    if (items.at(-1) === "trace-end ust/3") stop.abort();
  }
  assert.equal(
    items.filter((item) => /^(note|packet|gap)/.test(item)),
    [
      "note cannot connect to box; trying again",
      "note reconnected to box:5344 after 0.5 s (cannot connect to box)".replace(
        "0.5",
        /after ([\d.]+)/.exec(items[1]!)?.[1] ?? "",
      ),
      'note no session "h/s" on box:5344: it has no session; waiting for it',
      "note attached to session s on h (live timer 200 ms)",
      "packet channel_2 1",
      "note detached from session s on h: the session is over",
      "note attached to session s on h (live timer 200 ms)",
      "packet channel_32 2",
    ],
  );
  assert.equal(seeks(relayd), [1, 1]);
});

test("gives up at once where it is not to wait or not to reconnect", async () => {
  const failure = (dial: Dial, options: FollowOptions = {}): Promise<string> =>
    followed(dial, options).then(
      () => "ended",
      (error: ProtocolError) => error.code,
    );
  assert.is(await failure(dialing("refused")), "CONNECT_REFUSED");
  const reconnect = false;
  assert.is(await failure(dialing(cut(FIRST, "packet", 3)), { reconnect }), "PEER_CLOSED");
});

test("comes back to a session that its own lost connection still holds", async () => {
  const answer = play({
    ...FIRST,
    ...hangingUp,
    metadata: { 9: [text(START), noNew, gone] },
    indexes: { 2: [...FIRST.indexes![2]!.slice(0, 3), hangUp] },
  });
  const already = play({ attach: { 1: { kind: "already" } } });
  let attempts = 0;
  const second = new MemoryRelayd({
    answer: (request) =>
      request.kind === "attach-session" && ++attempts <= 3 ? already(request) : answer(request),
  });
  const items = await followed(dialing(cut(FIRST, "packet", 3), second));
  assert.is(attempts, 4);
  assert.is(
    items.filter((item) => item.startsWith("note attaching to session s on h: another viewer"))
      .length,
    1,
  );
  assert.ok(items.includes("packet channel_2 30"));
  assert.is(items.filter((item) => item.startsWith("gap")).length, 1);
});

test("stops trying at once when it is stopped", async () => {
  const stop = new AbortController();
  const source = follow("net://box/host/h/s", {
    dial: dialing("refused", "refused"),
    wait: true,
    signal: stop.signal,
  });
  assert.is((await source.next()).value?.kind, "note");
  const pull = source.next();
  stop.abort();
  assert.equal(await pull, { done: true, value: undefined });
});

test("waits longer from attempt to attempt, up to ten seconds, and never the same for all", () => {
  const backoff = new Backoff(() => 0.999);
  const pauses = Array.from({ length: 10 }, () => Math.round(backoff.next()));
  assert.equal(pauses.slice(0, 4), [200, 400, 800, 1599]);
  assert.ok(pauses.at(-1)! <= 10_000 && pauses.at(-1)! > 9900);
  backoff.reset();
  assert.ok(backoff.next() < 201);
  assert.is(new Backoff(() => 0).next(), 100);
});

test("knows a trace by the UUID of its first metadata packet, or by how its text begins", () => {
  const packet = (uuid: number, rest: number): Uint8Array =>
    Uint8Array.of(0x57, 0x1d, 0xd1, 0x75, ...Array.from({ length: 16 }, () => uuid), rest, rest);
  assert.ok(isSameStart(packet(1, 7), packet(1, 8)));
  assert.not(isSameStart(packet(1, 7), packet(2, 7)));
  const bytes = (value: string): Uint8Array => Buffer.from(value);
  assert.ok(isSameStart(bytes(START), bytes(`${START} and more`)));
  assert.not(isSameStart(bytes(START), bytes(`${START.slice(0, 25)} and more`)));
  assert.not(isSameStart(bytes(""), bytes("")));
});

test.run();

function seeks(relayd: MemoryRelayd): number[] {
  return relayd.requests.flatMap((request) =>
    request.kind === "attach-session" ? [request.seek] : [],
  );
}

/** Losses by their cause, and of beacons and bounds only that they came. */
function print(item: Item): string {
  switch (item.kind) {
    case "beacon":
      return item.kind;
    case "gap":
      return `gap ${item.cause} ${item.packets}: ${item.reason}`;
    default:
      return printItem(item);
  }
}
