/** Lines that the kernel writes from its memory are, byte for byte, those that the formats write from batches. */

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { DecodeError } from "../../src/base/errors.ts";
import type { StreamOrigin } from "../../src/base/item.ts";
import { planColumns } from "../../src/column/layout.ts";
import type { ColumnRequest } from "../../src/column/request.ts";
import { type PacketHeader, readPacketHeader } from "../../src/ctf/packet-header.ts";
import type { TraceClass } from "../../src/ctf/trace-class.ts";
import { babeltraceWriter } from "../../src/format/babeltrace.ts";
import type { BatchWriter } from "../../src/format/batch-writer.ts";
import { csvWriter } from "../../src/format/csv.ts";
import { ndjsonWriter } from "../../src/format/ndjson.ts";
import { TEXT_REQUESTS, type TextColors, textWriter } from "../../src/format/text.ts";
import {
  compilingExecutor,
  type Executor,
  interpretingExecutor,
} from "../../src/query/executor.ts";
import { END_OF_TIME } from "../../src/query/order/row-store.ts";
import { MustInterpret } from "../../src/scan/kernel/scan/scanner.ts";
import type { ScanSpec } from "../../src/scan/scanner.ts";
import { random } from "../support/random.ts";
import { type RandomTrace, randomPacket, randomTrace } from "../support/random-trace.ts";
import {
  Bytes,
  event,
  joined,
  PREAMBLE,
  packet,
  record,
  STREAM,
  traceClassOf,
} from "../support/tsdl.ts";

const test = suite("scan/lines");

const ESCAPE = "\x1b[1m";
const RESET = "\x1b[0m";
/** What a terminal obeys, as latin1. */
const CONTROLS = ["\x1b", "\x07", "\x7f", "\xc2\x9b"];
const COLORS: TextColors = {
  time: [ESCAPE, RESET],
  container: ["", ""],
  process: [ESCAPE, RESET],
  event: [ESCAPE, RESET],
  name: ["", ""],
  loss: ["", ""],
};

interface Way {
  readonly name: string;
  readonly requests: readonly ColumnRequest[];
  writer(): BatchWriter<Uint8Array>;
  /** Whether its columns are what is asked for. */
  readonly isTable: boolean;
  /** What one of the test's records is: a text without a line break. */
  readonly hasOneLine: boolean;
}

/** All kinds of columns; those of the fields `s` and `n` that some traces have. */
const TABLE_REQUESTS: readonly ColumnRequest[] = [
  { kind: "host" },
  { kind: "timestamp" },
  { kind: "cpu_id" },
  { kind: "field", name: "n", isOptional: true },
  { kind: "field", name: "s", isOptional: true },
  { kind: "payload", style: "json" },
  { kind: "payload", style: "text", as: 'in words, "of course"' },
  { kind: "event" },
];

const WAYS: readonly Way[] = [
  {
    name: "text",
    requests: TEXT_REQUESTS,
    writer: () => textWriter(COLORS),
    isTable: false,
    hasOneLine: true,
  },
  {
    name: "babeltrace",
    requests: [{ kind: "record" }, { kind: "timestamp" }],
    writer: () => babeltraceWriter(true),
    isTable: false,
    hasOneLine: true,
  },
  {
    name: "ndjson",
    requests: TABLE_REQUESTS,
    writer: ndjsonWriter,
    isTable: true,
    hasOneLine: true,
  },
  { name: "csv", requests: TABLE_REQUESTS, writer: csvWriter, isTable: true, hasOneLine: false },
];
const TABLES = WAYS.filter(({ isTable }) => isTable);

/** Random packets go back in time, as a stream never does: each is a stream of its own, and leaves before the next. */
function streamOf(number: number): StreamOrigin {
  const trace = { host: undefined, session: undefined, path: "t", source: "t" };
  return { name: `s${String(number).padStart(3, "0")}`, trace };
}

interface Packet {
  readonly bytes: Uint8Array;
  readonly header: PacketHeader;
}

/** The lines of packets, put together a few rows at a time. */
function linesBy<Rows>(
  executor: Executor<Rows>,
  writer: BatchWriter<Uint8Array>,
  spec: ScanSpec,
  traceClass: TraceClass,
  packets: readonly Packet[],
): string {
  const { store } = executor;
  const scanner = executor.scanner(traceClass, { host: undefined }, undefined);
  writer.begin(spec.columns);
  const lines: Uint8Array[] = [];
  const take = (): void => {
    while (store.merge(END_OF_TIME, 7) > 0 || store.rows > 0)
      lines.push(writer.batch(store.take()).slice());
  };
  packets.forEach(({ bytes, header }, i) => {
    const stream = streamOf(i);
    store.rank(stream, stream.name);
    const outcome = scanner.scan(bytes, header, undefined);
    if (outcome.matched > 0) store.push(stream, outcome.rows);
    take();
  });
  return Buffer.concat(lines).toString("latin1");
}

/** Both executors' lines; the kernel's are undefined where it cannot run the trace or write the columns. */
function bothLines(
  way: Way,
  traceClass: TraceClass,
  packets: readonly Packet[],
  requests: readonly ColumnRequest[] = way.requests,
): [string, string | undefined] {
  const columns = planColumns(requests, [traceClass]);
  const spec: ScanSpec = {
    filter: undefined,
    events: [],
    columns,
    begin: undefined,
    end: undefined,
  };
  const interpreted = linesBy(
    interpretingExecutor(spec, 50),
    way.writer(),
    spec,
    traceClass,
    packets,
  );
  const writer = way.writer();
  const format = writer.lines?.(columns);
  if (format === undefined) {
    assert.ok(
      columns.some(({ type }) => type.kind === "list"),
      "only lists are left out",
    );
    return [interpreted, undefined];
  }
  try {
    const compiling = compilingExecutor(spec, 50, undefined, format);
    return [interpreted, linesBy(compiling, writer, spec, traceClass, packets)];
  } catch (error) {
    if (error instanceof MustInterpret) return [interpreted, undefined];
    throw error;
  }
}

function packetOf(bytes: Uint8Array, traceClass: TraceClass): Packet | undefined {
  try {
    return { bytes, header: readPacketHeader(bytes, traceClass) };
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}

for (const way of WAYS.filter(({ isTable }) => !isTable)) {
  test(`${way.name}: the same lines of random traces`, () => {
    const next = random(`scan/lines ${way.name}`);
    let lines = 0;
    for (let round = 0; round < 300; round++) {
      const { traceClass } = randomTrace(next);
      const packets = Array.from({ length: 12 }, () => randomPacket(next)).flatMap(
        (bytes) => packetOf(bytes, traceClass) ?? [],
      );
      const [expected, got] = bothLines(way, traceClass, packets);
      if (got === undefined) continue;
      assert.is(got, expected, `round ${round}`);
      lines += expected.split("\n").length;
    }
    assert.ok(lines > 2000, `${lines} lines`);
  });
}

/** Some of a random trace's fields, and of what every trace has, in any order. */
function randomRequests(trace: RandomTrace, next: (below: number) => number): ColumnRequest[] {
  const names = [
    trace.numbers,
    trace.texts,
    trace.others,
    next(8) === 0 ? trace.arrays : [],
  ].flat();
  const fields = names
    .filter(() => next(3) === 0)
    .map((name): ColumnRequest => ({ kind: "name", name, isOptional: true }));
  const others = TABLE_REQUESTS.filter(() => next(2) === 0);
  return [...fields, ...others]
    .map((request) => ({ request, at: next(1000) }))
    .sort((a, b) => a.at - b.at)
    .map(({ request }) => request);
}

for (const way of TABLES) {
  test(`${way.name}: the same lines of random columns of random traces`, () => {
    const next = random(`scan/lines columns ${way.name}`);
    let lines = 0;
    for (let round = 0; round < 150; round++) {
      const trace = randomTrace(next);
      const { traceClass } = trace;
      const packets = Array.from({ length: 12 }, () => randomPacket(next)).flatMap(
        (bytes) => packetOf(bytes, traceClass) ?? [],
      );
      const requests = randomRequests(trace, next);
      const [expected, got] = bothLines(way, traceClass, packets, requests);
      if (got === undefined) continue;
      assert.is(got, expected, `round ${round}: ${JSON.stringify(requests)}`);
      lines += expected.split("\n").length;
    }
    assert.ok(lines > 700, `${lines} lines`);
  });

  test(`${way.name}: the same numbers at the ends of their ranges, and beyond what JSON holds`, () => {
    const fields = `u8 _a; integer { size = 8; signed = true; } _b; integer { size = 16; signed = true; } _c;
      integer { size = 32; signed = true; } _d; integer { size = 32; } _e; integer { size = 64; signed = true; } _f;
      integer { size = 64; } _g; floating_point { exp_dig = 8; mant_dig = 24; } _h;
      floating_point { exp_dig = 11; mant_dig = 53; } _i;`;
    const traceClass = traceClassOf(PREAMBLE + STREAM + event(0, "e", fields));
    const integers = [0n, 1n, -1n, 2n ** 53n - 1n, 2n ** 53n, -(2n ** 53n) + 1n, -(2n ** 53n)];
    integers.push(2n ** 63n - 1n, -(2n ** 63n), 999_999_999_999_999_999n, 10n ** 18n);
    const floats = [0, -0, 1, 0.1, -2.5, 1e21, 1e-7, 123456.789, 5e-324, Number.MAX_VALUE];
    floats.push(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY);
    const records = Array.from({ length: 13 }, (_, i) => {
      const integer = integers[i % integers.length]!;
      const bytes = Buffer.alloc(40);
      for (const at of [0, 1]) bytes.writeInt8(Number(BigInt.asIntN(8, integer)), at);
      bytes.writeInt16LE(Number(BigInt.asIntN(16, integer)), 2);
      for (const at of [4, 8]) bytes.writeInt32LE(Number(BigInt.asIntN(32, integer)), at);
      for (const at of [12, 20]) bytes.writeBigInt64LE(BigInt.asIntN(64, integer), at);
      bytes.writeFloatLE(floats[i]!, 28);
      bytes.writeDoubleLE(floats[i]!, 32);
      return record(0, BigInt(i), new Uint8Array(bytes));
    });
    const bytes = packet(joined(...records));
    const one = { bytes, header: readPacketHeader(bytes, traceClass) };
    const requests = [..."abcdefghi"].map((name): ColumnRequest => ({ kind: "field", name }));
    const [expected, got] = bothLines(way, traceClass, [one], requests);
    assert.is(got, expected);
    assert.is(expected.trimEnd().split("\n").length, 13);
    const isString = way.name === "ndjson" ? '"9007199254740992"' : ",9007199254740992,";
    assert.ok(expected.includes(isString), expected);
  });

  test(`${way.name}: an empty line of rows without a value`, () => {
    const traceClass = traceClassOf(PREAMBLE + STREAM + event(0, "e", "u8 _n;"));
    const bytes = packet(
      joined(record(0, 1n, new Uint8Array([7])), record(0, 2n, new Uint8Array([8]))),
    );
    const one = { bytes, header: readPacketHeader(bytes, traceClass) };
    const none: ColumnRequest = { kind: "field", name: "none", isOptional: true };
    const [expected, got] = bothLines(way, traceClass, [one], [none]);
    assert.is(got, expected);
    assert.is(got, way.name === "ndjson" ? "{}\n{}\n" : "\n\n");
  });
}

const NASTY: readonly (readonly [string, readonly number[]])[] = [
  ["nothing", []],
  ["blanks", [0x20, 0x20, 0x20]],
  ["a bell and an escape", [0x07, 0x1b, 0x5b, 0x33, 0x31, 0x6d]],
  ["DEL", [0x61, 0x7f, 0x62]],
  ["C1 control characters", [0xc2, 0x9b, 0x33, 0x31, 0x6d]],
  ["no UTF-8 at all", [0xff, 0xfe, 0x80]],
  ["half a character", [0x61, 0xe2, 0x82]],
  ["an umlaut and a face", [...Buffer.from("ü😀")]],
  ["quotes, backslashes, commas", [...Buffer.from('"a\\b",c=d?')]],
  ["a line break", [0x61, 0x0a, 0x62]],
  ["another line break, alone", [0x0d]],
  ["a mark of the byte order", [0xef, 0xbb, 0xbf, 0x61]],
  ["a mark of the byte order, and no UTF-8", [0xef, 0xbb, 0xbf, 0xff]],
  ["only quotes", [...Buffer.from('"'.repeat(40))]],
  ["beyond ASCII behind a long word", [...Buffer.from(`${"y".repeat(41)}é`)]],
  ["a long word", [...Buffer.from("x".repeat(500))]],
];

for (const way of WAYS) {
  for (const [what, bytes] of NASTY) {
    test(`${way.name}: the same line of a text that is ${what}`, () => {
      const traceClass = traceClassOf(PREAMBLE + STREAM + event(0, "e", "string _s; u8 _n;"));
      const payload = new Bytes().u8(...bytes, 0, 7).take();
      const body = joined(record(0, 5n, payload), record(0, 6n, payload));
      const one = { bytes: packet(body), header: readPacketHeader(packet(body), traceClass) };
      const [expected, got] = bothLines(way, traceClass, [one]);
      assert.is(got, expected);
      if (way.hasOneLine) assert.is(expected.trimEnd().split("\n").length, 2);
      if (way.name === "ndjson")
        for (const line of expected.trimEnd().split("\n")) JSON.parse(line);
      // babeltrace2 passes bytes beyond ASCII as they are; text is safe to show.
      const shown = expected.replaceAll(ESCAPE, "").replaceAll(RESET, "");
      if (way.name === "text") assert.not(CONTROLS.some((control) => shown.includes(control)));
    });
  }
}

/** Streams 0 and 1: one with a clock that may be before the epoch, one without. */
const TIMED_AND_NOT = `/* CTF 1.8 */
trace { major = 1; minor = 8; byte_order = le; packet.header := struct { integer { size = 8; } stream_id; }; };
clock { name = c; offset_s = -1; };
typealias integer { size = 8; } := u8;
typealias integer { size = 64; map = clock.c.value; } := time64;
stream { id = 0; event.header := struct { time64 timestamp; }; };
event { name = "timed"; stream_id = 0; fields := struct { u8 n; }; };
stream { id = 1; };
event { name = "timeless"; stream_id = 1; fields := struct { u8 n; }; };
`;

for (const way of WAYS) {
  test(`${way.name}: the same lines with times, without, and at the epoch`, () => {
    const traceClass = traceClassOf(TIMED_AND_NOT);
    const timed = new Bytes().u8(0);
    for (const time of [999_999_999n, 1_000_000_000n, 1_000_000_001n]) timed.u64(time).u8(7);
    const timeless = new Bytes().u8(1, 8, 9);
    const packets = [timeless, timed, timeless].map((bytes) => packetOf(bytes.take(), traceClass)!);
    const [expected, got] = bothLines(way, traceClass, packets);
    assert.is(got, expected);
    if (way.isTable) return;
    const times = expected
      .trimEnd()
      .split("\n")
      .map((line) => /\d\d:\d\d\.\d{9}/.exec(line)?.[0] ?? "-");
    assert.equal(times, [
      "-",
      "-",
      "59:59.999999999",
      "00:00.000000000",
      "00:00.000000001",
      "-",
      "-",
    ]);
  });
}

test.run();
