import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { StreamOrigin } from "../../src/base/item.ts";
import type { PacketHeader } from "../../src/ctf/packet-header.ts";
import { LossAccount, StreamCounters } from "../../src/feed/losses.ts";
import { rowsOf } from "../support/query.ts";
import { recordedTrace } from "../support/traces.ts";

const test = suite("feed/losses");
const stream: StreamOrigin = {
  name: "k_0",
  trace: { host: undefined, session: undefined, path: "kernel", source: "." },
};

function totals(packets: readonly (readonly [number, number])[], discardedBits = 64): LossAccount {
  const counters = new StreamCounters();
  const account = new LossAccount();
  for (const [sequenceNumber, discarded] of packets) {
    const header = {
      sequenceNumber: BigInt(sequenceNumber),
      discardedEvents: BigInt(discarded),
      discardedBits,
    };
    for (const loss of counters.next(stream, header as PacketHeader, 1n, 2n)) account.add(loss);
  }
  return account;
}

test("counts what the tracer discarded between packets", () => {
  assert.is(
    totals([
      [5, 10],
      [6, 10],
      [7, 13],
    ]).discardedEvents,
    3,
  );
});

test("counts what was discarded with a stream's first packet, but not what was before the viewer came", () => {
  assert.is(
    totals([
      [0, 4],
      [1, 4],
    ]).discardedEvents,
    4,
  );
  assert.is(
    totals([
      [9, 4],
      [10, 4],
    ]).discardedEvents,
    0,
  );
});

test("is not misled by packets that say 0 between cumulative values", () => {
  assert.is(
    totals([
      [1, 5],
      [2, 9],
      [3, 0],
      [4, 12],
      [5, 0],
      [6, 12],
    ]).discardedEvents,
    7,
  );
});

test("goes on where a 32-bit counter wraps", () => {
  assert.is(
    totals(
      [
        [1, 0xffff_fff0],
        [2, 6],
      ],
      32,
    ).discardedEvents,
    22,
  );
});

test("counts holes in the packet numbers, and nothing for steps back", () => {
  assert.is(
    totals([
      [3, 0],
      [4, 0],
      [8, 0],
      [2, 0],
      [3, 0],
    ]).missingPackets,
    3,
  );
});

test("finds every event that the tracer discarded in a real trace", async () => {
  const trace = await recordedTrace("lossy");
  try {
    const { rows, losses } = await rowsOf(trace.path, { select: [] });
    const account = new LossAccount();
    for (const loss of losses) account.add(loss);
    assert.is(rows.length, 26_744);
    assert.is(account.discardedEvents, 39_853);
    assert.is(String(account), "39853 events discarded by the tracer");
  } finally {
    await trace.remove();
  }
});

test.run();
