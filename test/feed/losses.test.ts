import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { StreamOrigin } from "../../src/base/item.ts";
import type { PacketHeader } from "../../src/ctf/packet-header.ts";
import { describeLoss, isLossEnd, LossAccount, StreamCounters } from "../../src/feed/losses.ts";
import { PendingLosses } from "../../src/query/order/pending-losses.ts";
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

test("missing packets are told with the file that goes on behind them, where a stream has several", () => {
  const counters = new StreamCounters();
  const said = (["1/k_0", "1/k_0", "2/k_0"] as const).flatMap((path, i) => {
    const header = { sequenceNumber: BigInt(3 * i), discardedEvents: undefined } as PacketHeader;
    const own: StreamOrigin = { ...stream, name: "1/k_0" };
    return counters.next(own, header, 1n, 2n, path).map(describeLoss);
  });
  assert.equal(said, [
    "2 packets are missing from kernel/1/k_0",
    "2 packets are missing from kernel/1/k_0, before 2/k_0",
  ]);
});

/** A packet without a number. */
function discarding(discarded: number): PacketHeader {
  const header = { sequenceNumber: undefined, discardedEvents: BigInt(discarded) };
  return { ...header, discardedBits: 64 } as PacketHeader;
}

test("a loss is behind the packet before, and may have been up to the end of its own", () => {
  const counters = new StreamCounters();
  const pending = new PendingLosses(true);
  counters.next(stream, discarding(0), 10n, 20n);
  for (const loss of counters.next(stream, discarding(7), 30n, 40n)) pending.add(loss);
  assert.is(pending.firstUpTo(100n), 20n);
  assert.equal(
    pending.take(20n).map((loss) => "count" in loss && loss.count),
    [7],
  );
  // The next packet may begin at 40, with a record of that time.
  assert.is(pending.firstUpTo(100n), 39n);
  const [end] = pending.take(39n);
  assert.ok(isLossEnd(end!));
});

test("without ends of packets a loss is in front of its packet's first record, and of the next one's", () => {
  const counters = new StreamCounters();
  counters.next(stream, discarding(0), 10n, undefined);
  const [first, second] = [30n, 50n].map((beginNs) =>
    counters.next(stream, discarding(7), beginNs, undefined),
  );
  assert.equal(first, [
    { kind: "discarded-events", stream, count: 7, beginNs: 29n, endNs: undefined },
  ]);
  assert.ok(isLossEnd(second![0]!));
  assert.is(new PendingLosses(true).add(second![0]!), true);
});

test("packets that are missing are in front of the first record behind them", () => {
  const pending = new PendingLosses(true);
  pending.add({ kind: "missing-packets", stream, count: 1, endNs: 30n });
  assert.is(pending.firstUpTo(100n), 29n);
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
