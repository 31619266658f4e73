/** Relay daemons that mean ill, one at a time beside one that is well: typed errors, bounded memory, no harm to the other. */

import { setTimeout as pause } from "node:timers/promises";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Item } from "../../src/base/item.ts";
import { openFeed } from "../../src/feed/feed.ts";
import { ChunkQueue } from "../../src/relay/chunk-queue.ts";
import { requestDecoding, type UnknownRequest } from "../../src/relay/decode-request.ts";
import { Decoder } from "../../src/relay/decoding.ts";
import {
  encodeMetadataReply,
  encodeNewStreamsReply,
  encodeNextIndexReply,
} from "../../src/relay/encode-reply.ts";
import { follow } from "../../src/relay/follow.ts";
import type { Request } from "../../src/relay/messages.ts";
import { replay } from "../../src/replay/server.ts";
import { runSpec } from "../support/query.ts";
import { TestServer } from "../support/tcp.ts";
import { recordedTrace } from "../support/traces.ts";
import type { Answer } from "./memory-relayd.ts";
import {
  dataStream,
  metadataStream,
  noNew,
  packetAt,
  play,
  retry,
  type Scenario,
  text,
} from "./scenario.ts";

const test = suite("relay/hostile");
const trace = await recordedTrace("small");
const SMALL_ROWS = 17_202;
test.after(() => trace.remove());

type Reply = (request: Request | UnknownRequest) => Answer;

/** What it sends, byte for byte, and in which pieces. */
interface Malice {
  readonly reply: () => Reply;
  readonly isDripping?: boolean;
  /** What the follower says of it; all attempts are alike. */
  readonly says: RegExp;
}

const well: Scenario = {
  attach: { 1: { kind: "ok", streams: [metadataStream(9), dataStream(2)] } },
  metadata: { 9: [text("trace {"), noNew] },
  newStreams: { 1: [{ kind: "ok", streams: [] }] },
  indexes: { 2: [packetAt(1), packetAt(2)] },
};

/** A well-behaved relayd but for one kind of request. */
function but(kind: string, answer: (request: Request | UnknownRequest) => Answer): () => Reply {
  return () => {
    const usual = play(well);
    return (request) => (request.kind === kind ? answer(request) : usual(request));
  };
}

function words(...values: number[]): Uint8Array {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [i, value] of values.entries()) bytes.writeUInt32BE(value >>> 0, 4 * i);
  return bytes;
}

const HUGE = 0xffff_fff0;
let streamId = 1000;

const malices: Readonly<Record<string, Malice>> = {
  "lists four billion sessions": {
    reply: but("list-sessions", () => words(HUGE)),
    says: /reading the reply to LIST_SESSIONS.*expected at most 16384 sessions, got 4294967280/,
  },
  "attaches with four billion streams": {
    reply: but("attach-session", () => words(1, HUGE)),
    says: /expected at most 32768 streams, got 4294967280/,
  },
  "announces four billion streams": {
    reply: but("new-streams", () => words(1, HUGE)),
    says: /reading the reply to GET_NEW_STREAMS.*expected at most 32768 streams/,
  },
  "announces metadata of four gigabytes": {
    reply: but("metadata", () => words(0, HUGE, 1)),
    says: /reading the reply to GET_METADATA.*expected at most 67108864 bytes, got 4294967280/,
  },
  "announces a packet of four gigabytes": {
    reply: but("packet", () => words(1, HUGE, 0)),
    says: /reading the reply to GET_PACKET/,
  },
  "gives statuses that do not exist": {
    reply: but("next-index", () => new Uint8Array(64).fill(0x55)),
    says: /reading the reply to GET_NEXT_INDEX.*expected status 1…6, got 1431655765/,
  },
  "announces new streams without end": {
    reply: () => {
      const usual = play(well);
      return (request) => {
        if (request.kind === "next-index") return encodeNextIndexReply(retry);
        if (request.kind !== "new-streams") return usual(request);
        const streams = Array.from({ length: 20_000 }, () => dataStream(++streamId, streamId));
        return encodeNewStreamsReply({ kind: "ok", streams });
      };
    },
    says: /announces more streams than 32768/,
  },
  "sends metadata without end": {
    reply: but("metadata", () =>
      encodeMetadataReply({ kind: "ok", bytes: new Uint8Array(16 << 20).fill(0x20) }),
    ),
    says: /metadata of ust\/1 from .*: expected at most 67108864 bytes, got more/,
  },
  "sends garbage for metadata": {
    reply: but("metadata", () => encodeMetadataReply({ kind: "ok", bytes: Buffer.from("}{;:") })),
    says: /metadata|expected/,
  },
  "sends a byte now and then": {
    reply: () => play(well),
    isDripping: true,
    says: /does not answer as an lttng-relayd|expected at least 16384 bytes a second/,
  },
  "says nothing at all": {
    reply: () => () => "silence",
    says: /nothing came for 0.3 s/,
  },
  "hangs up at once": {
    reply: () => () => "close",
    says: /the connection was closed/,
  },
};

async function listening({ reply, isDripping = false }: Malice): Promise<TestServer> {
  return await TestServer.listen((socket) => {
    const answer = reply();
    const received = new ChunkQueue();
    let decoder = new Decoder(requestDecoding());
    socket.on("data", async (chunk) => {
      received.push(chunk);
      for (;;) {
        const request = decoder.take(received);
        if (request === undefined) break;
        decoder = new Decoder(requestDecoding());
        const bytes = answer(request);
        if (bytes === "silence") continue;
        if (bytes === "close") {
          socket.end();
          return;
        }
        if (!isDripping) socket.write(bytes);
        else
          for (const byte of bytes) {
            if (socket.destroyed) return;
            socket.write(Uint8Array.of(byte));
            await pause(50);
          }
      }
    });
  });
}

for (const [what, malice] of Object.entries(malices)) {
  test(`outlives a relayd that ${what}`, async () => {
    const server = await listening(malice);
    const url = `net://127.0.0.1:${server.port}/host/h/s`;
    const stop = new AbortController();
    const said: string[] = [];
    const before = process.memoryUsage.rss();
    const source = follow(url, { wait: true, timeoutMs: 300, signal: stop.signal });
    for await (const item of source) {
      said.push(sentence(item));
      if (malice.says.test(said.at(-1)!)) break;
    }
    stop.abort();
    assert.match(said.at(-1) ?? "", malice.says);
    const grownMiB = (process.memoryUsage.rss() - before) / 2 ** 20;
    assert.ok(grownMiB < 400, `${grownMiB} MiB more`);
    await server.close();
  });

  test(`follows another relayd beside one that ${what}`, async () => {
    const server = await listening(malice);
    const relayd = await replay([trace.path], { speed: "max", session: "small" });
    const bad = `net://127.0.0.1:${server.port}/host/h/s`;
    const feed = openFeed([bad, relayd.urls[0]!], { from: "beginning", wait: true });
    let rows = 0;
    await new Promise<void>((resolve, reject) => {
      const spec = { select: ["timestamp"], maxLagMs: 500, isLive: true };
      const subscription = runSpec(spec, feed.share().items).subscribe({
        next: (item) => {
          if (item.kind === "batch") rows += item.batch.rows;
          if (rows < SMALL_ROWS) return;
          subscription.unsubscribe();
          resolve();
        },
        error: reject,
      });
    });
    assert.is(rows, SMALL_ROWS);
    await feed.close();
    await server.close();
    await relayd.close();
  });
}

function sentence(item: Item): string {
  if (item.kind === "note") return item.text;
  if (item.kind === "gap") return item.reason;
  return item.kind;
}

test.run();
