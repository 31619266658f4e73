import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Ahead } from "../../src/relay/ahead.ts";
import { Clears } from "../../src/relay/clears.ts";
import { SessionState, StreamState, TraceState } from "../../src/relay/live-state.ts";
import type { PacketIndex } from "../../src/relay/messages.ts";

const test = suite("relay/ahead");

const MIB = 1024 * 1024;

function streamsOf(count: number): StreamState[] {
  const entry = { id: 1n, liveTimerUs: 1000, clients: 1, streams: count, host: "h", name: "s" };
  const session = new SessionState({ ...entry, format: "ctf-1.8" }, 13, 0, new Clears());
  const origin = { host: "h", session: "s", path: "ust", source: "net://h" };
  const trace = new TraceState(2n, session, origin);
  return Array.from({ length: count }, (_, i) => {
    const name = `channel_${i}`;
    return new StreamState(BigInt(10 + i), trace, { trace: origin, name }, 0);
  });
}

function packet(begin: number, end: number, bytes: number = MIB): PacketIndex {
  const packetBits = BigInt(8 * bytes);
  return {
    ...{ offset: 0n, packetBits, contentBits: packetBits, discarded: 0n, streamClass: 0n },
    ...{ begin: BigInt(begin), end: BigInt(end) },
  };
}

/** How many packets of a stream, one cycle each from a time on, may be fetched now. */
function allowed(ahead: Ahead, stream: StreamState, all: StreamState[], from: number): number {
  let count = 0;
  while (count < 1000 && ahead.allows(stream, packet(from + count, from + count + 1), all, 0))
    count++;
  return count;
}

test("lets what every stream has reached be fetched without a bound", () => {
  const all = streamsOf(2);
  for (const stream of all) stream.passed(packet(0, 5000));
  assert.is(allowed(new Ahead(), all[0]!, all, 0), 1000);
});

test("gives each stream an equal part of what may be ahead of others", () => {
  const all = streamsOf(4);
  for (const stream of all) stream.passed(packet(0, 1));
  const ahead = new Ahead();
  const counts = all.map((stream) => allowed(ahead, stream, all, 100));
  assert.equal(counts, [8, 8, 8, 8]);
});

test("lets a stream be one packet ahead, however many there are, as long as all are within the bound", () => {
  const all = streamsOf(40);
  for (const stream of all) stream.passed(packet(0, 1));
  const ahead = new Ahead();
  const counts = all.map((stream) => allowed(ahead, stream, all, 100));
  assert.equal(
    [counts.filter((count) => count === 1).length, counts.filter((count) => count === 0).length],
    [32, 8],
  );
});

test("lets a stream go on when the others have come after it", () => {
  const all = streamsOf(2);
  for (const stream of all) stream.passed(packet(0, 1));
  const ahead = new Ahead();
  assert.is(allowed(ahead, all[0]!, all, 100), 16);
  for (const stream of all) stream.passed(packet(1, 108));
  assert.is(allowed(ahead, all[0]!, all, 116), 9);
});

test("chooses the earliest packet whatever else is held", () => {
  const [one, two] = streamsOf(2);
  one!.index = packet(10, 20, 64 * MIB);
  two!.index = packet(5, 30, 64 * MIB);
  assert.equal(new Ahead().choose([one!, two!], [one!, two!], 0), [two, one]);
  const [three, four] = streamsOf(2);
  three!.index = packet(500, 600, 64 * MIB);
  four!.index = packet(5, 30, 64 * MIB);
  assert.equal(new Ahead().choose([three!, four!], [three!, four!], 0), [four]);
});

test.run();
