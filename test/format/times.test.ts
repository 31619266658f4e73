import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  clockTimeWriter,
  isoTimeWriter,
  type SplitTime,
  splitNs,
  type TimeWriter,
} from "../../src/base/time.ts";
import { Utf8Writer } from "../../src/base/utf8-writer.ts";
import { random } from "../support/random.ts";

const test = suite("format/times");

const SECOND = 1_000_000_000n;
const GREATEST = 2n ** 63n - 1n;
const LEAST = -(2n ** 63n);

function halves(ns: bigint): [hi: number, lo: number] {
  return [Number(BigInt.asIntN(32, ns >> 32n)), Number(BigInt.asIntN(32, ns))];
}

/** The slow truth: seconds are rounded down, nanoseconds never negative. */
function truth(ns: bigint): SplitTime {
  const nanoseconds = ((ns % SECOND) + SECOND) % SECOND;
  return { seconds: Number((ns - nanoseconds) / SECOND), nanoseconds: Number(nanoseconds) };
}

function split(ns: bigint): SplitTime {
  const out = { seconds: 0, nanoseconds: 0 };
  splitNs(...halves(ns), out);
  return out;
}

function written(writer: TimeWriter, ns: bigint): string {
  const out = new Utf8Writer();
  writer.write(...halves(ns), out);
  return new TextDecoder().decode(out.bytes.subarray(0, out.length));
}

test("splits nanoseconds at the borders of seconds, and at those of 32 and 64 bits", () => {
  const borders = [0n, 1n, -1n, 7n, -7n, 2n ** 32n, -(2n ** 32n), 1_795_337_745n, -9_223_372_036n];
  for (const border of borders.flatMap((n) => [n, n * SECOND])) {
    for (const ns of [border - 1n, border, border + 1n]) {
      if (ns <= GREATEST && ns >= LEAST) assert.equal(split(ns), truth(ns), String(ns));
    }
  }
  for (const ns of [GREATEST, GREATEST - 1n, LEAST, LEAST + 1n])
    assert.equal(split(ns), truth(ns), String(ns));
});

test("splits nanoseconds as exact arithmetic does", () => {
  const next = random("format/times");
  for (let round = 0; round < 50_000; round++) {
    const any = BigInt.asIntN(64, (BigInt(next(2 ** 32)) << 32n) | BigInt(next(2 ** 32)));
    // Shifted down, so that values of every size come; and beside the border of a second, where the estimate is off.
    const ns = any >> BigInt(next(64));
    const border = ns - (ns % SECOND);
    for (const one of [ns, border, border - 1n, border + 1n])
      if (one <= GREATEST && one >= LEAST) assert.equal(split(one), truth(one), String(one));
  }
});

test("writes ISO times with nine digits, before 1970 too", () => {
  const iso = isoTimeWriter();
  assert.is(written(iso, 1_795_337_745_115_442_425n), "2026-11-22T08:55:45.115442425Z");
  assert.is(written(iso, 1_795_337_745_000_000_001n), "2026-11-22T08:55:45.000000001Z");
  assert.is(written(iso, 1_795_337_746_000_000_000n), "2026-11-22T08:55:46.000000000Z");
  assert.is(written(iso, 0n), "1970-01-01T00:00:00.000000000Z");
  assert.is(written(iso, -1n), "1969-12-31T23:59:59.999999999Z");
  assert.is(written(iso, GREATEST), "2262-04-11T23:47:16.854775807Z");
  assert.is(written(iso, LEAST), "1677-09-21T00:12:43.145224192Z");
});

test("writes the local time of day, its zone's shift at that moment", () => {
  const zone = process.env["TZ"];
  try {
    process.env["TZ"] = "Europe/Berlin";
    const clock = clockTimeWriter();
    // One second before and at the end of summer time, 2026-10-25 01:00 UTC.
    assert.is(written(clock, 1_792_889_999_999_999_999n), "02:59:59.999999999");
    assert.is(written(clock, 1_792_890_000_000_000_000n), "02:00:00.000000000");
    process.env["TZ"] = "Asia/Kathmandu";
    assert.is(written(clockTimeWriter(), 0n), "05:30:00.000000000");
  } finally {
    if (zone === undefined) delete process.env["TZ"];
    else process.env["TZ"] = zone;
  }
});

test.run();
