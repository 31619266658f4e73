/** Time order: what the watermark lets go, merged by either store. Both must give the same rows in the same order. */

import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { StreamOrigin } from "../../src/base/item.ts";
import type { ColumnBatch } from "../../src/column/column.ts";
import type { PlannedColumn } from "../../src/column/schema.ts";
import { HeapStore } from "../../src/query/order/heap-store.ts";
import { KernelStore } from "../../src/query/order/kernel-store.ts";
import { END_OF_TIME, type RowStore } from "../../src/query/order/row-store.ts";
import { Watermark } from "../../src/query/order/watermark.ts";
import { Kernel } from "../../src/scan/kernel/kernel.ts";
import type { Segment } from "../../src/scan/kernel/memory/chunk.ts";
import { random } from "../support/random.ts";

const test = suite("query/time-order");

/** A number that identifies a row's origin. */
const COLUMNS: readonly PlannedColumn[] = [
  {
    name: "cpu_id",
    request: { kind: "cpu_id" },
    type: { kind: "number", number: "uint32" },
    nullable: true,
  },
];

function stream(name: string): StreamOrigin {
  return { name, trace: { host: "h", session: "s", path: "ust", source: "net://h" } };
}

interface Held {
  readonly store: RowStore<unknown>;
  rows(times: readonly number[], mark: number): unknown;
}

function heap(capacity: number): Held {
  return {
    store: new HeapStore(COLUMNS, capacity) as RowStore<unknown>,
    rows: (times, mark): ColumnBatch => ({
      rows: times.length,
      timestamps: BigInt64Array.from(times, BigInt),
      columns: [
        {
          kind: "number",
          values: new Uint32Array(times.length).fill(mark),
          validity: undefined,
          nullCount: 0,
        },
      ],
    }),
  };
}

function kernel(capacity: number): Held {
  const own = new Kernel(COLUMNS);
  return {
    store: new KernelStore(own, capacity) as RowStore<unknown>,
    rows: (times, mark): Segment => {
      const chunk = own.openChunk(0);
      const from = chunk.rows;
      const to = from + times.length;
      const { buffer } = own.memory.memory;
      const { timestamps, places } = own.chunks.layout;
      new BigInt64Array(buffer, chunk.address + timestamps).set(times.map(BigInt), from);
      new Uint32Array(buffer, chunk.address + places[0]!.values).fill(mark, from, to);
      own.chunks.close(chunk, to);
      return own.chunks.segment(chunk, from, to);
    },
  };
}

/** A watermark over a store, as a query has them. */
class Order {
  readonly times: number[] = [];
  readonly marks: number[] = [];
  lateRows = 0;
  readonly watermark: Watermark;
  readonly #held: Held;

  constructor(held: Held, maxLag = Number.POSITIVE_INFINITY, now: () => number = () => 0) {
    this.#held = held;
    this.watermark = new Watermark(maxLag, now);
  }

  push(origin: StreamOrigin, times: readonly number[], mark = 0): void {
    const { store } = this.#held;
    const rows = [this.#held.rows(times, mark)];
    const { ns } = this.watermark;
    if (ns !== undefined) this.lateRows += store.countBefore(rows, ns);
    store.push(origin, rows);
  }

  rank(origin: StreamOrigin, rank: string): void {
    this.#held.store.rank(origin, rank);
  }

  end(origin: StreamOrigin): void {
    this.watermark.endStream(origin);
    this.#held.store.endStream(origin);
  }

  drain(upTo = this.watermark.safeUpTo()): void {
    const { store } = this.#held;
    while (upTo !== undefined && (store.merge(upTo, 1000) > 0 || store.rows > 0)) {
      if (upTo === END_OF_TIME) this.watermark.passed(store.lastNs!);
      const { rows, timestamps, columns } = store.take();
      const [column] = columns;
      if (column?.kind !== "number") throw new Error("expected numbers");
      for (let row = 0; row < rows; row++) {
        this.times.push(Number(timestamps[row]));
        this.marks.push(Number(column.values[row]));
      }
    }
  }
}

for (const [name, held] of [
  ["heap", heap],
  ["kernel", kernel],
] as const) {
  test(`${name}: holds rows until no stream can bring earlier ones`, () => {
    const [a, b] = [stream("a"), stream("b")];
    const order = new Order(held(100));
    order.watermark.addStream(a);
    order.watermark.addStream(b);
    order.push(a, [1, 5, 9]);
    order.watermark.advance(a, 10n);
    order.drain();
    assert.equal(order.times, [], "b is unknown");
    order.watermark.advance(b, 6n);
    order.drain();
    assert.equal(order.times, [1, 5]);
    order.push(b, [7, 8]);
    order.watermark.advance(b, 20n);
    order.drain();
    assert.equal(order.times, [1, 5, 7, 8, 9]);
  });

  test(`${name}: ranks rows of equal time`, () => {
    const [a, b, c] = [stream("a"), stream("b"), stream("c")];
    const order = new Order(held(100));
    order.rank(a, "2");
    order.rank(b, "1");
    order.push(a, [1, 3, 3, 4], 10);
    order.push(b, [2, 3, 4], 20);
    order.rank(c, "0");
    order.push(c, [3, 4, 4], 30);
    order.drain(END_OF_TIME);
    assert.equal(
      order.times.map((time, i) => `${order.marks[i]}:${time}`),
      "10:1 20:2 30:3 20:3 10:3 10:3 30:4 30:4 20:4 10:4".split(" "),
    );
  });

  test(`${name}: one bound of a source stands for all of its streams`, () => {
    const [a, b] = [stream("a"), stream("b")];
    const order = new Order(held(100));
    order.watermark.addStream(a);
    order.watermark.addStream(b);
    order.push(a, [1, 2]);
    order.watermark.advanceSource("net://h", 2n);
    order.drain();
    assert.equal(order.times, [1]);
  });

  test(`${name}: passes over a stream that stands still too long, and counts what it brings later as late`, () => {
    const [a, b] = [stream("a"), stream("b")];
    let now = 0;
    const order = new Order(held(100), 1000, () => now);
    order.watermark.addStream(b);
    order.push(a, [100, 200]);
    order.watermark.advance(a, 300n);
    now = 999;
    order.drain();
    assert.equal(order.times, []);
    now = 1500;
    order.watermark.advance(a, 301n);
    order.drain();
    assert.equal(order.times, [100, 200]);
    order.push(b, [50, 250, 400]);
    order.watermark.advance(b, 500n);
    order.watermark.advance(a, 500n);
    order.drain();
    assert.equal(order.times, [100, 200, 50, 250, 400]);
    assert.is(order.lateRows, 2);
  });

  test(`${name}: goes on in order after all streams have ended and new ones come`, () => {
    const [a, b] = [stream("a"), stream("b")];
    const order = new Order(held(100));
    order.push(a, [1, 2]);
    order.end(a);
    order.drain();
    order.push(b, [3, 4]);
    order.watermark.advance(b, 5n);
    order.drain();
    assert.equal(order.times, [1, 2, 3, 4]);
    assert.is(order.lateRows, 0);
  });

  test(`${name}: stops at a full batch and goes on in the next`, () => {
    const [a, b] = [stream("a"), stream("b")];
    const { store, rows } = held(3);
    store.push(a, [rows([1, 3, 5, 7], 0)]);
    store.push(b, [rows([2, 4, 6, 8], 0)]);
    const batches: number[][] = [];
    while (store.merge(END_OF_TIME, 1000) > 0) {
      assert.is(store.isFull, store.rows === 3);
      batches.push(Array.from(store.take().timestamps, Number));
    }
    assert.equal(batches, [
      [1, 2, 3],
      [4, 5, 6],
      [7, 8],
    ]);
    store.push(a, [rows([9, 10], 0)]);
    assert.is(store.merge(END_OF_TIME, 1), 1);
    assert.is(store.lastNs, 9n);
    assert.is(store.merge(END_OF_TIME, 1), 1);
    assert.equal(Array.from(store.take().timestamps, Number), [9, 10]);
  });
}

test("both sort any interleaving of many streams alike", () => {
  const next = random("query/time-order");
  for (let round = 0; round < 300; round++) {
    const streams = Array.from({ length: 1 + next(9) }, (_, i) => stream(`s${i}`));
    const orders = [new Order(heap(7 + next(50))), new Order(kernel(7 + next(50)))];
    const clocks = streams.map(() => 0);
    streams.forEach((one, i) => {
      for (const order of orders) {
        order.watermark.addStream(one);
        order.rank(one, `${(i * 7) % 10}`);
      }
    });
    let rows = 0;
    for (let packets = 0; packets < 60; packets++) {
      const i = next(streams.length);
      const ofPacket: number[] = [];
      for (let n = next(6); n > 0; n--) {
        clocks[i]! += next(5);
        ofPacket.push(clocks[i]!);
      }
      rows += ofPacket.length;
      for (const order of orders) {
        if (ofPacket.length > 0) order.push(streams[i]!, ofPacket, i);
        order.watermark.advance(streams[i]!, BigInt(clocks[i]!));
        order.drain();
      }
    }
    for (const order of orders) {
      order.drain(END_OF_TIME);
      assert.is(order.times.length, rows);
      assert.equal(
        order.times,
        order.times.toSorted((x, y) => x - y),
      );
      assert.is(order.lateRows, 0);
    }
    assert.equal(orders[1]!.marks, orders[0]!.marks, `round ${round}`);
  }
});

test.run();
