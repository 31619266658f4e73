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
import { randomPacket, randomTrace } from "../support/random-trace.ts";
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
}

const WAYS: readonly Way[] = [
  { name: "text", requests: TEXT_REQUESTS, writer: () => textWriter(COLORS) },
  {
    name: "babeltrace",
    requests: [{ kind: "record" }, { kind: "timestamp" }],
    writer: () => babeltraceWriter(true),
  },
];

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

/** Both executors' lines; the kernel's are undefined where it cannot run the trace. */
function bothLines(
  way: Way,
  traceClass: TraceClass,
  packets: readonly Packet[],
): [string, string | undefined] {
  const columns = planColumns(way.requests, [traceClass]);
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
  assert.ok(format !== undefined);
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

for (const way of WAYS) {
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
      assert.is(expected.trimEnd().split("\n").length, 2);
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
