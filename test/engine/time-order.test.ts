import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { StreamOrigin } from "../../src/base/item.ts";
import { TimeOrder } from "../../src/engine/time-order.ts";
import type { ColumnBatch } from "../../src/scan/column.ts";
import { random } from "../support/random.ts";

const test = suite("engine/time-order");

function stream(name: string): StreamOrigin {
  return { name, trace: { host: "h", session: "s", path: "ust", source: "net://h" } };
}

function batch(...times: number[]): ColumnBatch {
  return { rows: times.length, timestamps: BigInt64Array.from(times, BigInt), columns: [] };
}

/** Collects emitted times. */
function collector(): {
  readonly times: number[];
  emit(batch: ColumnBatch, from: number, to: number): void;
} {
  const times: number[] = [];
  return {
    times,
    emit({ timestamps }, from, to) {
      for (let row = from; row < to; row++) times.push(Number(timestamps[row]));
    },
  };
}

test("holds rows until no stream can bring earlier ones", () => {
  const [a, b] = [stream("a"), stream("b")];
  const order = new TimeOrder(Number.POSITIVE_INFINITY, () => 0);
  const { times, emit } = collector();
  order.addStream(a);
  order.addStream(b);
  order.push(a, batch(1, 5, 9));
  order.advance(a, 10n);
  order.drain(emit);
  assert.equal(times, [], "b is unknown");
  order.advance(b, 6n);
  order.drain(emit);
  assert.equal(times, [1, 5]);
  order.push(b, batch(7, 8));
  order.advance(b, 20n);
  order.drain(emit);
  assert.equal(times, [1, 5, 7, 8, 9]);
});

test("ranks rows of equal time", () => {
  const [a, b] = [stream("a"), stream("b")];
  const order = new TimeOrder(Number.POSITIVE_INFINITY, () => 0);
  order.rankStream(a, "2");
  order.rankStream(b, "1");
  const first = { ...batch(1, 3, 3, 4) };
  const second = { ...batch(2, 3, 4) };
  order.push(a, first);
  order.push(b, second);
  const emitted: string[] = [];
  order.finish((from, start, end) => {
    for (let row = start; row < end; row++)
      emitted.push(`${from === first ? "a" : "b"}${from.timestamps[row]}`);
  });
  assert.equal(emitted, ["a1", "b2", "b3", "a3", "a3", "b4", "a4"]);
});

test("a source's bound stands for all of its streams", () => {
  const [a, b] = [stream("a"), stream("b")];
  const order = new TimeOrder(Number.POSITIVE_INFINITY, () => 0);
  const { times, emit } = collector();
  order.addStream(b);
  order.push(a, batch(1, 2));
  order.advanceSource("net://h", 2n);
  order.drain(emit);
  assert.equal(times, [1]);
});

test("passes over a stream that stands still too long, and counts what it brings later as late", () => {
  const [a, b] = [stream("a"), stream("b")];
  let now = 0;
  const order = new TimeOrder(1000, () => now);
  const { times, emit } = collector();
  order.addStream(b);
  order.push(a, batch(100, 200));
  order.advance(a, 300n);
  now = 999;
  order.drain(emit);
  assert.equal(times, []);
  now = 1500;
  order.advance(a, 301n);
  order.drain(emit);
  assert.equal(times, [100, 200]);
  order.push(b, batch(50, 250, 400));
  order.advance(b, 500n);
  order.advance(a, 500n);
  order.drain(emit);
  assert.equal(times, [100, 200, 50, 250, 400]);
  assert.is(order.lateRows, 2);
});

test("goes on in order after all streams have ended and new ones come", () => {
  const [a, b] = [stream("a"), stream("b")];
  const order = new TimeOrder(Number.POSITIVE_INFINITY, () => 0);
  const { times, emit } = collector();
  order.push(a, batch(1, 2));
  order.endStream(a);
  order.drain(emit);
  order.push(b, batch(3, 4));
  order.advance(b, 5n);
  order.drain(emit);
  assert.equal(times, [1, 2, 3, 4]);
  assert.is(order.lateRows, 0);
});

test("sorts any interleaving of many streams", () => {
  const next = random("engine/time-order");
  for (let round = 0; round < 300; round++) {
    const streams = Array.from({ length: 1 + next(9) }, (_, i) => stream(`s${i}`));
    const order = new TimeOrder(Number.POSITIVE_INFINITY, () => 0);
    const { times, emit } = collector();
    const clocks = streams.map(() => 0);
    for (const one of streams) order.addStream(one);
    let rows = 0;
    for (let packets = 0; packets < 60; packets++) {
      const i = next(streams.length);
      const ofPacket: number[] = [];
      for (let n = next(6); n > 0; n--) {
        clocks[i]! += next(5);
        ofPacket.push(clocks[i]!);
      }
      rows += ofPacket.length;
      if (ofPacket.length > 0) order.push(streams[i]!, batch(...ofPacket));
      order.advance(streams[i]!, BigInt(clocks[i]!));
      order.drain(emit);
    }
    order.finish(emit);
    assert.is(times.length, rows);
    assert.equal(
      times,
      times.toSorted((x, y) => x - y),
    );
    assert.is(order.lateRows, 0);
    assert.is(order.heldRows, 0);
  }
});

test.run();
