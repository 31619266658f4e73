import { connect } from "node:net";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { TraceError } from "../../src/base/errors.ts";
import type { Item } from "../../src/base/item.ts";
import { Seek } from "../../src/relay/abi.ts";
import { follow } from "../../src/relay/follow.ts";
import { listSessions } from "../../src/relay/list-sessions.ts";
import { Viewer } from "../../src/relay/viewer.ts";
import { type ReplayOptions, type ReplayServer, replay } from "../../src/replay/server.ts";
import { OFFSET_NS, type TinySession, withTinySession } from "./tiny-trace.ts";

const test = suite("replay");

const MS = 1_000_000n;

/** Two domains; the kernel's first packet was opened long before its first event. */
const session: TinySession = {
  kernel: {
    k_0: [
      { begin: 0n, end: 1100n * MS, events: [1000n * MS, 1050n * MS] },
      { begin: 1100n * MS, end: 1300n * MS, events: [1200n * MS] },
    ],
    k_1: [{ begin: 1000n * MS, end: 1250n * MS, events: [] }],
  },
  "ust/uid/0/64-bit": {
    u_0: [{ begin: 1150n * MS, end: 1400n * MS, events: [1180n * MS] }],
  },
};

test("lists one entry for each domain", async () => {
  await replayed({ speed: "max" }, async (server) => {
    assert.equal(server.urls, [`net://127.0.0.1:${server.port}/host/tiny-host/tiny`]);
    const entries = await listSessions({ host: "127.0.0.1", port: server.port });
    assert.equal(
      entries.map((e) => [e.host, e.name, e.liveTimerUs, e.clients, e.streams]),
      [
        ["tiny-host", "tiny", 500_000, 0, 3],
        ["tiny-host", "tiny", 500_000, 0, 2],
      ],
    );
  });
});

test("serves every packet and all metadata, unchanged, to the end", async () => {
  await replayed({ speed: "max" }, async (server, directory) => {
    for (let round = 0; round < 2; round++) {
      const items: string[] = [];
      for await (const item of follow(server.urls[0]!)) items.push(print(item));
      assert.equal(
        items.filter((item) => item !== "note").sort(),
        [
          "end",
          "metadata kernel unshifted",
          "metadata ust/uid/0/64-bit unshifted",
          "packet k_0 0..1100",
          "packet k_0 1100..1300",
          "packet k_1 1000..1250",
          "packet u_0 1150..1400",
          "stream k_0",
          "stream k_1",
          "stream u_0",
          "stream-end k_0",
          "stream-end k_1",
          "stream-end u_0",
          "trace kernel",
          "trace ust/uid/0/64-bit",
          "trace-end kernel",
          "trace-end ust/uid/0/64-bit",
        ],
        directory,
      );
    }
  });
});

test("hands a packet out when its end has come, and reports until then how far time is", async () => {
  let now = 5000;
  const clock = { speed: 2, now: () => now };
  await replayed(clock, async (server) => {
    const { viewer, streams } = await attached(server);
    const k0 = streams.get("k_0")!;
    const k1 = streams.get("k_1")!;
    // The first event, at 1000 ms, is the beginning: at double speed 1100 ms is 50 ms away.
    now += 49;
    assert.is((await viewer.nextIndex(k0)).kind, "retry");
    now += 1;
    const first = await viewer.nextIndex(k0);
    assert.ok(first.kind === "ok" && first.newMetadata);
    assert.equal(first.index, {
      offset: 0n,
      packetBits: 1024n,
      contentBits: (56n + 32n) * 8n,
      begin: 0n,
      end: 1100n * MS,
      discarded: 7n,
      streamClass: 0n,
    });
    assert.is((await viewer.nextIndex(k0)).kind, "retry");
    const silent = await viewer.nextIndex(k1);
    assert.ok(silent.kind === "inactive" && silent.timestamp === 1000n * MS - 1n);
    now += 1000;
    assert.is((await viewer.nextIndex(k0)).kind, "ok");
    assert.is((await viewer.nextIndex(k0)).kind, "hang-up");
    viewer.close();
  });
});

test("gives pieces of packets, and refuses what lies outside the file", async () => {
  await replayed({ speed: "max" }, async (server) => {
    const { viewer, streams } = await attached(server);
    const k0 = streams.get("k_0")!;
    assert.is((await viewer.packet(k0, 0n, 16)).kind, "error", "no index was asked for yet");
    await viewer.nextIndex(k0);
    const whole = await viewer.packet(k0, 0n, 128);
    const piece = await viewer.packet(k0, 16n, 8);
    assert.ok(whole.kind === "ok" && piece.kind === "ok");
    assert.equal([...piece.bytes], [...whole.bytes.subarray(16, 24)]);
    assert.is((await viewer.packet(k0, 200n, 128)).kind, "error");
    assert.is((await viewer.packet(k0, 2n ** 64n - 1n, 1)).kind, "error");
    assert.is((await viewer.packet(999n, 0n, 1)).kind, "error");
    viewer.close();
  });
});

test("admits one viewer to an entry, and the next when that one leaves", async () => {
  await replayed({ speed: "max" }, async (server) => {
    const { viewer, sessions } = await attached(server);
    const second = await Viewer.open("127.0.0.1", server.port);
    assert.equal(await second.attach(sessions[0]!, Seek.last), { kind: "no-viewer-session" });
    await second.createSession();
    assert.equal(await second.attach(sessions[0]!, Seek.last), { kind: "already" });
    assert.equal(await second.attach(999n, Seek.last), { kind: "unknown" });
    assert.equal(await second.detach(sessions[0]!), { kind: "error" });
    assert.equal(await second.detach(999n), { kind: "unknown" });
    assert.equal(await second.newStreams(sessions[0]!), { kind: "error" });
    assert.equal(await viewer.detach(sessions[0]!), { kind: "ok" });
    assert.is((await second.attach(sessions[0]!, Seek.last)).kind, "ok");
    viewer.close();
    second.close();
  });
});

test("answers of streams as a relayd does", async () => {
  await replayed({ speed: "max" }, async (server) => {
    const { viewer, streams } = await attached(server);
    const [metadata, k1] = [streams.get("metadata")!, streams.get("k_1")!];
    assert.is((await viewer.nextIndex(metadata)).kind, "hang-up");
    assert.is((await viewer.nextIndex(999n)).kind, "error");
    assert.is((await viewer.metadata(k1)).kind, "error");
    assert.is((await viewer.nextIndex(k1)).newMetadata, true);
    assert.is((await viewer.metadata(metadata)).kind, "ok");
    assert.is((await viewer.metadata(metadata)).kind, "no-new");
    assert.is((await viewer.nextIndex(k1)).newMetadata, false);
    viewer.close();
  });
});

test("closes on what a relayd closes on", async () => {
  const hello = "0000000000000014 00000001 00000000 ffffffffffffffff 00000002 00000004 00000001";
  const conversations: [string, string][] = [
    // Before CONNECT; another major; another type; an unknown command.
    ["0000000000000000 00000002 00000000", ""],
    [hello.replace("00000002 00000004", "00000003 00000000"), ""],
    [hello.replace(/1$/, "3"), ""],
    [`${hello} 0000000000000000 00000063 00000000`, "000000020000000d000000000000000b"],
  ];
  await replayed({ speed: "max" }, async (server) => {
    for (const [sent, received] of conversations) {
      const reply = await converse(server.port, Buffer.from(sent.replaceAll(" ", ""), "hex"));
      // The first eight bytes are the viewer session's id.
      assert.is(reply.subarray(8).toString("hex"), received);
    }
  });
});

test("begins at the moment of attaching when asked to", async () => {
  const epochNs = OFFSET_NS + 77_000n * MS;
  await replayed({ speed: "max", shiftToNow: true, epochNs: () => epochNs }, async (server) => {
    const offsets: bigint[] = [];
    for await (const item of follow(server.urls[0]!)) {
      if (item.kind === "metadata") offsets.push(offsetIn(item.bytes));
    }
    // The first event has clock value 1000 ms.
    assert.equal(offsets, [epochNs - 1000n * MS, epochNs - 1000n * MS]);
  });
});

test("goes round and round with traces whose time goes on", async () => {
  await replayed({ speed: "max", loop: true }, async (server) => {
    const kernel: bigint[] = [];
    const traces = new Set<object>();
    const packets = new Map<string, number>();
    for await (const item of follow(server.urls[0]!)) {
      if (item.kind === "trace") traces.add(item.trace);
      if (item.kind === "packet") {
        packets.set(item.stream.name, (packets.get(item.stream.name) ?? 0) + 1);
      }
      if (item.kind === "metadata" && item.trace.path === "kernel") {
        kernel.push(offsetIn(item.bytes));
        if (kernel.length === 4) break;
      }
    }
    assert.ok(traces.size >= 7);
    assert.is(packets.get("k_0"), 6);
    assert.is(packets.get("u_0"), 3);
    assert.is(kernel[0], OFFSET_NS);
    for (let i = 1; i < kernel.length; i++) {
      // From the begin of the first packet, at 0 ms, to the end of the last, at 1400 ms.
      assert.ok(kernel[i]! - kernel[i - 1]! > 1400n * MS);
    }
  });
});

test("says that there is nothing to replay", async () => {
  try {
    await replay(["/nonexistent-directory"]);
    assert.unreachable();
  } catch (error) {
    assert.ok(error instanceof TraceError && error.code.startsWith("SOURCE_"));
  }
});

test.run();

async function replayed(
  options: ReplayOptions,
  use: (server: ReplayServer, directory: string) => Promise<void>,
): Promise<void> {
  await withTinySession(session, async (directory) => {
    const server = await replay([directory], options);
    try {
      await use(server, directory);
    } finally {
      await server.close();
    }
  });
}

/** A viewer that is attached to the kernel's entry. */
async function attached(
  server: ReplayServer,
): Promise<{ viewer: Viewer; streams: Map<string, bigint>; sessions: bigint[] }> {
  const viewer = await Viewer.open("127.0.0.1", server.port);
  await viewer.createSession();
  const sessions = (await viewer.listSessions()).map((entry) => entry.id);
  const reply = await viewer.attach(sessions[0]!, Seek.last);
  if (reply.kind !== "ok") throw new Error(`attach says ${reply.kind}`);
  return {
    viewer,
    sessions,
    streams: new Map(reply.streams.map((stream) => [stream.channel, stream.id])),
  };
}

/** Everything that comes back until the peer closes. */
function converse(port: number, sent: Uint8Array): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect({ host: "127.0.0.1", port });
    socket.on("data", (chunk: Buffer) => chunks.push(chunk));
    socket.on("end", () => resolve(Buffer.concat(chunks)));
    socket.on("error", reject);
    socket.write(sent);
  });
}

function offsetIn(metadata: Uint8Array): bigint {
  const text = Buffer.from(metadata).toString();
  return BigInt(/\boffset = (\d+)/.exec(text)?.[1] ?? "-1");
}

function print(item: Item): string {
  switch (item.kind) {
    case "trace":
    case "trace-end":
      return `${item.kind} ${item.trace.path}`;
    case "metadata":
      return `metadata ${item.trace.path} ${offsetIn(item.bytes) === OFFSET_NS ? "unshifted" : "shifted"}`;
    case "stream":
    case "stream-end":
      return `${item.kind} ${item.stream.name}`;
    case "packet": {
      const bytes = Buffer.from(item.bytes);
      const [begin, end] = [bytes.readBigUInt64LE(16) / MS, bytes.readBigUInt64LE(24) / MS];
      return `packet ${item.stream.name} ${begin}..${end}`;
    }
    default:
      return item.kind;
  }
}
