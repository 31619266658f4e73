import { createHash } from "node:crypto";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { follow } from "../../src/relay/follow.ts";
import type { AttachReply, NewStreamsReply, StreamDescriptor } from "../../src/relay/messages.ts";
import { byteByByte, freshSeed, randomPieces, seededRandom, whole } from "../support/splits.ts";
import { MemoryRelayd, virtualClock } from "./memory-relayd.ts";
import { playback } from "./playback.ts";
import { packetKey, type Recording, readRecording } from "./recording.ts";

const test = suite("relay/playback");

/** What came of one CTF trace: metadata and packets by digest, so that a failure prints in a few lines. */
interface Seen {
  readonly metadata: string;
  readonly packets: Record<string, string[]>;
  readonly lost: number;
}

const seed = freshSeed();
const random = seededRandom(seed);
const deliveries: [string, (bytes: Uint8Array) => Uint8Array[]][] = [
  ["whole", whole],
  ["byte by byte", byteByByte],
  ["in random pieces", (bytes) => randomPieces(bytes, random)],
];

for (const [name, target] of [
  ["small", "host/fosdem-host/*-live"],
  ["churn", "host/fosdem-host/*-live"],
  ["ctf2", "host/sid216/cap-ctf2"],
] as const) {
  const recording = readRecording(name);
  const expected = whatWasRecorded(recording);

  test(`knows what the recording ${name} holds`, () => {
    const packets = Object.values(expected).flatMap((t) => Object.values(t.packets).flat());
    assert.is(packets.length, recording.packets.size);
    assert.ok(packets.length > 10);
  });

  for (const [how, cut] of deliveries) {
    test(`reads the conversation ${name} to its end when it comes ${how}`, async () => {
      assert.equal(await whatIsFollowed(recording, target, cut), expected);
    });
  }
}

test.run();

async function whatIsFollowed(
  recording: Recording,
  target: string,
  cut: (bytes: Uint8Array) => Uint8Array[],
): Promise<Record<string, Seen>> {
  const relayd = new MemoryRelayd({ answer: playback(recording), cut });
  const metadata = new Map<object, Uint8Array[]>();
  const packets = new Map<object, Record<string, string[]>>();
  const lost = new Map<object, number>();
  const open = new Set<object>();
  const paths = new Map<object, string>();
  let last = "";
  const source = follow(`net://relayd/${target}`, {
    dial: relayd.dial,
    clock: virtualClock(),
  });
  for await (const item of source) {
    last = item.kind;
    switch (item.kind) {
      case "trace":
        paths.set(item.trace, item.trace.path);
        metadata.set(item.trace, []);
        packets.set(item.trace, {});
        open.add(item.trace);
        break;
      case "metadata":
        // Copied: lent until the next pull.
        metadata.get(item.trace)!.push(Uint8Array.from(item.bytes));
        break;
      case "stream":
        packets.get(item.stream.trace)![item.stream.name] = [];
        open.add(item.stream);
        break;
      case "packet":
        assert.ok(open.has(item.stream), "a packet comes after its stream and before its end");
        assert.ok(metadata.get(item.stream.trace)!.length > 0, "metadata comes first");
        packets.get(item.stream.trace)![item.stream.name]!.push(digest(item.bytes));
        break;
      case "gap":
        lost.set(item.trace!, (lost.get(item.trace!) ?? 0) + 1);
        break;
      case "stream-end":
        assert.ok(open.delete(item.stream));
        break;
      case "trace-end":
        assert.ok(open.delete(item.trace));
        break;
    }
  }
  assert.is(open.size, 0, "everything that began has ended");
  assert.is(last, "end");
  return byPath(
    [...paths].map(([trace, path]) => [
      path,
      seen(metadata.get(trace)!, packets.get(trace)!, lost.get(trace) ?? 0),
    ]),
  );
}

/** The same from the recording itself: for each index, in order, the packet that it points to. */
function whatWasRecorded(recording: Recording): Record<string, Seen> {
  const attached = [...recording.attach.values()].flatMap(({ reply }) => attachedStreams(reply));
  const later = [...recording.newStreams.values()].flat().flatMap(({ reply }) => streams(reply));
  const announced = [...attached, ...later];
  const traces = new Set(announced.map((stream) => stream.traceId));
  return byPath(
    [...traces].map((id) => {
      const metadata: Uint8Array[] = [];
      const packets: Record<string, string[]> = {};
      let lost = 0;
      const members = announced.filter((stream) => stream.traceId === id);
      for (const stream of members) {
        if (stream.isMetadata) {
          for (const { reply } of recording.metadata.get(stream.id) ?? []) {
            if (reply.kind === "ok") metadata.push(reply.bytes);
          }
          continue;
        }
        const list: string[] = [];
        packets[stream.channel] = list;
        for (const { reply } of recording.indexes.get(stream.id) ?? []) {
          if (reply.kind !== "ok") continue;
          const length = Number(reply.index.packetBits / 8n);
          const key = packetKey({
            kind: "packet",
            stream: stream.id,
            offset: reply.index.offset,
            length,
          });
          const packet = recording.packets.get(key)?.reply;
          if (packet?.kind === "ok") list.push(digest(packet.bytes));
          else lost++;
        }
      }
      return [members[0]!.path, seen(metadata, packets, lost)];
    }),
  );
}

function attachedStreams(reply: AttachReply): readonly StreamDescriptor[] {
  return reply.kind === "ok" ? reply.streams : [];
}

function streams(reply: NewStreamsReply): readonly StreamDescriptor[] {
  return reply.kind === "ok" ? reply.streams : [];
}

function seen(
  metadata: readonly Uint8Array[],
  packets: Record<string, string[]>,
  lost: number,
): Seen {
  const names = Object.keys(packets).sort();
  return {
    metadata: digest(Buffer.concat(metadata)),
    packets: Object.fromEntries(names.map((name) => [name, packets[name]!])),
    lost,
  };
}

function byPath(entries: [string, Seen][]): Record<string, Seen> {
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function digest(bytes: Uint8Array): string {
  return `${bytes.length}:${createHash("sha1").update(bytes).digest("hex").slice(0, 12)}`;
}
