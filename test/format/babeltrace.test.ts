import { suite } from "uvu";
import * as assert from "uvu/assert";
import { babeltraceWriter } from "../../src/format/babeltrace.ts";
import { random } from "../support/random.ts";
import { batchOf, type MadeColumn, timestamp, utf8 } from "./columns.ts";

process.env["TZ"] = "UTC";

const test = suite("format/babeltrace");

const T = 1_795_337_745_999_999_999n;
const SECOND = 1_000_000_000n;

/** Lines of records at given times, each batch with its own; `null` where a record has none. */
function lines(showsDelta: boolean, ...batches: readonly (readonly (bigint | null)[])[]): string[] {
  const writer = babeltraceWriter(showsDelta);
  const parts = batches.map((times) => {
    const records = times.map((_, i) => `host e: { }, { i = ${i} }`);
    const [time, record]: [MadeColumn, MadeColumn] = [
      timestamp("t", times),
      utf8("record", records),
    ];
    const { timestamps } = batchOf([time]);
    return writer.batch({ rows: times.length, timestamps, columns: [record.column, time.column] });
  });
  return Buffer.concat(parts).toString().split("\n").slice(0, -1);
}

function deltas(...times: readonly bigint[]): string[] {
  return lines(true, times).map((line) => /\(\+(.*?)\)/.exec(line)?.[1] ?? "");
}

test("writes time and record", () => {
  assert.equal(lines(false, [T, T + 1n]), [
    "[08:55:45.999999999] host e: { }, { i = 0 }",
    "[08:55:46.000000000] host e: { }, { i = 1 }",
  ]);
});

test("writes the time since the event before, over batches too", () => {
  assert.equal(lines(true, [T], [], [T + 1n, T + 1n]), [
    "[08:55:45.999999999] (+?.?????????) host e: { }, { i = 0 }",
    "[08:55:46.000000000] (+0.000000001) host e: { }, { i = 0 }",
    "[08:55:46.000000000] (+0.000000000) host e: { }, { i = 1 }",
  ]);
});

test("writes no time where there is no clock", () => {
  assert.equal(lines(true, [null, null]), ["host e: { }, { i = 0 }", "host e: { }, { i = 1 }"]);
  assert.equal(lines(true, [null, T], [null, T + 1n]), [
    "host e: { }, { i = 0 }",
    "[08:55:45.999999999] (+?.?????????) host e: { }, { i = 1 }",
    "host e: { }, { i = 0 }",
    "[08:55:46.000000000] (+0.000000001) host e: { }, { i = 1 }",
  ]);
});

test("writes the epoch itself, and times before it, as any other", () => {
  assert.equal(lines(true, [-1n, 0n, 0n, 1n]), [
    "[23:59:59.999999999] (+?.?????????) host e: { }, { i = 0 }",
    "[00:00:00.000000000] (+0.000000001) host e: { }, { i = 1 }",
    "[00:00:00.000000000] (+0.000000000) host e: { }, { i = 2 }",
    "[00:00:00.000000001] (+0.000000001) host e: { }, { i = 3 }",
  ]);
});

test("counts long pauses in seconds", () => {
  assert.equal(
    deltas(1n, SECOND, 2n * SECOND + 1n, 2n * SECOND + 1n + 2n ** 40n, 2n ** 62n + 1n).slice(1),
    ["0.999999999", "1.000000001", "1099.511627776", "4611684916.915760128"],
  );
});

test("writes no time for a late event, which is older than the one before", () => {
  assert.equal(deltas(T, T - 1n, T - 5n * SECOND, T).slice(1), [
    "0.000000000",
    "0.000000000",
    "5.000000000",
  ]);
});

test("subtracts as exact arithmetic does", () => {
  const next = random("format/babeltrace");
  const times = Array.from({ length: 3000 }, () => 1n);
  for (let i = 1; i < times.length; i++) {
    const step = ((BigInt(next(2 ** 32)) << 16n) | BigInt(next(2 ** 16))) >> BigInt(next(48));
    times[i] = times[i - 1]! + step;
  }
  const wanted = times.slice(1).map((time, i) => {
    const delta = time - times[i]!;
    return `${delta / SECOND}.${String(delta % SECOND).padStart(9, "0")}`;
  });
  assert.equal(deltas(...times).slice(1), wanted);
});

test("has no use for other columns", () => {
  const batch = batchOf([timestamp("t", [T])]);
  assert.throws(() => babeltraceWriter(false).batch(batch), /expected the column record/);
});

test.run();
