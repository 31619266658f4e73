import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { ColumnBatch } from "../../src/column/column.ts";
import { SharedDictionary } from "../../src/column/column-builder.ts";
import { planColumns } from "../../src/column/layout.ts";
import { columnRequest } from "../../src/column/request.ts";
import { readPacketHeader } from "../../src/ctf/packet-header.ts";
import type { TraceClass } from "../../src/ctf/trace-class.ts";
import { compileFilter } from "../../src/filter/compile.ts";
import { InterpretingScanner } from "../../src/scan/interpreter.ts";
import type { ScanOutcome } from "../../src/scan/scanner.ts";
import { cell } from "../support/query.ts";
import { random } from "../support/random.ts";
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

const test = suite("scan/interpreter");

function scannerOf(
  traceClass: TraceClass,
  select: readonly string[],
  where?: string,
): InterpretingScanner {
  const columns = planColumns(select.map(columnRequest), [traceClass]);
  return new InterpretingScanner(
    {
      filter: where === undefined ? undefined : compileFilter(where),
      events: [],
      columns,
      begin: undefined,
      end: undefined,
    },
    columns.map(() => new SharedDictionary()),
    traceClass,
    { host: undefined },
  );
}

function scan(
  traceClass: TraceClass,
  bytes: Uint8Array,
  select: readonly string[],
  where?: string,
): ScanOutcome<ColumnBatch> {
  return scannerOf(traceClass, select, where).scan(bytes, readPacketHeader(bytes, traceClass));
}

function rows({ rows: [batch] }: ScanOutcome<ColumnBatch>): unknown[][] {
  if (batch === undefined) return [];
  return Array.from({ length: batch.rows }, (_, row) =>
    batch.columns.map((column) => cell(column, row)),
  );
}

/** A field declaration, its bytes, and the value and column type expected. */
const FIELDS: readonly (readonly [string, Uint8Array, unknown, string])[] = [
  ["u8 _f;", new Bytes().u8(200).take(), 200, "uint8"],
  ["integer { size = 16; signed = true; } _f;", new Bytes().u16(0xfffe).take(), -2, "int16"],
  ["integer { size = 32; byte_order = be; } _f;", Uint8Array.of(0, 0, 1, 2), 258, "uint32"],
  ["i32 _f;", new Bytes().u32(-5).take(), -5, "int32"],
  ["u64 _f;", new Bytes().u64(2n ** 64n - 1n).take(), 2n ** 64n - 1n, "uint64"],
  [
    "integer { size = 64; signed = true; } _f;",
    new Bytes().u64(2n ** 64n - 7n).take(),
    -7n,
    "int64",
  ],
  [
    "integer { size = 3; align = 1; } _a; integer { size = 13; align = 1; } _f;",
    new Bytes().u16(0b1010101010101_011).take(),
    0b1010101010101,
    "uint16",
  ],
  [
    "floating_point { exp_dig = 8; mant_dig = 24; align = 8; } _f;",
    new Uint8Array(Float32Array.of(2.5).buffer),
    2.5,
    "float32",
  ],
  [
    "floating_point { exp_dig = 11; mant_dig = 53; align = 8; } _f;",
    new Uint8Array(Float64Array.of(-0.1).buffer),
    -0.1,
    "float64",
  ],
  ["enum : u8 { A, B = 5 ... 9 } _f;", Uint8Array.of(7), 7, "uint8"],
  ["string _f;", new Bytes().text("grüß").u8(0).take(), "grüß", "utf8"],
  ["char8 _f[6];", new Bytes().text("ab").u8(0, 99, 0, 0).take(), "ab", "dictionary"],
  ["u8 __n; char8 _f[__n];", new Bytes().u8(3).text("xyz").take(), "xyz", "utf8"],
  ["u16 _f[3];", new Bytes().u16(1).u16(2).u16(65535).take(), [1, 2, 65535], "list"],
  ["u8 __n; i32 _f[__n];", new Bytes().u8(2).u32(-1).u32(7).take(), [-1, 7], "list"],
  ["u8 __n; u8 _f[__n];", Uint8Array.of(0), [], "list"],
  [
    "struct { u8 _x; string _y; } _f;",
    new Bytes().u8(1).text("q").u8(0).take(),
    '{"x":1,"y":"q"}',
    "utf8",
  ],
  [
    "enum : u8 { _one, _two } _t; variant <_t> { u8 _one; string _two; } _f;",
    new Bytes().u8(1).text("hi").u8(0).take(),
    '{"two":"hi"}',
    "utf8",
  ],
  [
    "u8 __n; struct { u8 _k; string _s; } _f[__n];",
    new Bytes().u8(2, 1).text("a").u8(0, 2).text("b").u8(0).take(),
    '[{"k":1,"s":"a"},{"k":2,"s":"b"}]',
    "utf8",
  ],
  [
    "u8 _a; u32 _pad; struct { } align(32) _g; u8 _f;",
    new Bytes().zeros(2).u8(1).u32(9).zeros(3).u8(42).take(),
    42,
    "uint8",
  ],
];

for (const [declaration, bytes, expected, type] of FIELDS) {
  test(`reads ${declaration}`, () => {
    const traceClass = traceClassOf(`${PREAMBLE}${STREAM}${event(3, "e", declaration)}`);
    const [column] = planColumns([columnRequest("f")], [traceClass]);
    assert.is(column?.type.kind === "number" ? column.type.number : column?.type.kind, type);
    const outcome = scan(traceClass, packet(record(3, 5n, bytes)), ["timestamp", "event", "f"]);
    assert.is(outcome.error, undefined);
    assert.equal(rows(outcome), [[1_000_000_000_000_000_005n, "e", expected]]);
  });
}

const TWO = traceClassOf(
  `${PREAMBLE}${STREAM}${event(0, "number", "i32 _k;")}${event(1, "word", "string _s;")}`,
);
const RECORDS = joined(
  record(0, 10n, new Bytes().u32(1).take()),
  record(1, 20n, new Bytes().text("one").u8(0).take()),
  record(0, 30n, new Bytes().u32(2).take()),
);

test("gives a null where an event class lacks the field", () => {
  assert.equal(rows(scan(TWO, packet(RECORDS), ["event", "k", "s"])), [
    ["number", 1, null],
    ["word", null, "one"],
    ["number", 2, null],
  ]);
});

test("filters rows, and walks over event classes that cannot match", () => {
  const outcome = scan(TWO, packet(RECORDS), ["k"], "k > 1");
  assert.equal(rows(outcome), [[2]]);
  assert.is(outcome.events, 3);
});

test("filters on the packet's cpu_id", () => {
  const bytes = packet(RECORDS, { cpuId: 3 });
  assert.is(rows(scan(TWO, bytes, ["cpu_id"], "$ctx.cpu_id == 3")).length, 3);
  assert.is(rows(scan(TWO, bytes, ["cpu_id"], "$ctx.cpu_id == 2")).length, 0);
});

test("stops at the content's end, whatever stands behind it", () => {
  assert.is(rows(scan(TWO, packet(RECORDS, { padding: 100 }), ["event"])).length, 3);
});

test("says where a truncated record ends, and keeps the rows before it", () => {
  for (let cut = 1; cut < 14; cut++) {
    const outcome = scan(TWO, packet(RECORDS.subarray(0, RECORDS.length - cut)), ["event"]);
    assert.is(rows(outcome).length, 2, `cut ${cut} bytes`);
    assert.is(outcome.error?.code, "DECODE_PAST_CONTENT");
  }
});

test("names an event class that is not declared, and where to go on", () => {
  const bytes = packet(joined(RECORDS, record(9, 40n, new Uint8Array(4))));
  const outcome = scan(TWO, bytes, ["event"]);
  assert.is(rows(outcome).length, 3);
  assert.match(
    outcome.error?.message ?? "",
    /expected a declared event class of stream class 0, got id 9/,
  );
  const later = traceClassOf(
    `${PREAMBLE}${STREAM}${event(0, "number", "i32 _k;")}${event(1, "word", "string _s;")}${event(9, "late", "i32 _z;")}`,
  );
  const scanner = scannerOf(TWO, ["event"]);
  const first = scanner.scan(bytes, readPacketHeader(bytes, TWO));
  scanner.update(later);
  const second = scanner.scan(bytes, readPacketHeader(bytes, later), first.resume);
  assert.equal(rows(second), [["late"]]);
});

test("refuses a sequence longer than the packet before it counts", () => {
  const traceClass = traceClassOf(`${PREAMBLE}${STREAM}${event(0, "e", "u64 __n; u8 _f[__n];")}`);
  for (const length of [5n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 64n - 1n]) {
    const outcome = scan(
      traceClass,
      packet(record(0, 1n, new Bytes().u64(length).u8(1, 2, 3, 4).take())),
      ["f"],
    );
    assert.is(outcome.error?.code, "DECODE_LENGTH");
    assert.match(outcome.error?.message ?? "", new RegExp(`got ${length}$`));
  }
});

test("refuses a selector without option, a string without end and a record without bits", () => {
  const variant = traceClassOf(
    `${PREAMBLE}${STREAM}${event(0, "e", "enum : u8 { _a = 1 } _t; variant <_t> { u8 _a; } _f;")}`,
  );
  assert.is(
    scan(variant, packet(record(0, 1n, Uint8Array.of(2, 0))), ["f"]).error?.code,
    "DECODE_SELECTOR",
  );
  assert.is(
    scan(TWO, packet(record(1, 1n, new Bytes().text("endless").take())), ["s"]).error?.code,
    "DECODE_STRING",
  );
  const empty = traceClassOf(
    `${PREAMBLE}stream { packet.context := struct { u64 content_size; u64 packet_size; }; };\nevent { name = "e"; fields := struct { }; };`,
  );
  const bytes = new Bytes().u32(0xc1fc1fc1).u32(0).u64(200n).u64(200n).u8(0).take();
  assert.is(scan(empty, bytes, ["event"]).error?.code, "DECODE_EMPTY_EVENT");
});

test("never crashes on damaged packets, and never gives more rows than records", () => {
  const next = random("scan/interpreter");
  const fields =
    "u8 __n; char8 _s[__n]; string _t; u16 _a[2]; enum : u8 { _one, _two } _g; variant <_g> { u8 _one; string _two; } _v;";
  const traceClass = traceClassOf(
    `${PREAMBLE}${STREAM}${event(0, "e", fields)}${event(1, "f", "i32 _k;")}`,
  );
  const one = record(
    0,
    1n,
    new Bytes().u8(2).text("ab").text("cd").u8(0).u16(1).u16(2).u8(1).text("z").u8(0).take(),
  );
  const good = packet(joined(one, record(1, 2n, new Bytes().u32(4).take()), one, one));
  const scanner = scannerOf(
    traceClass,
    ["timestamp", "event", "s", "t", "a", "v", "k", "payload"],
    'k? > 0 || s? != "x"',
  );
  for (let i = 0; i < 20_000; i++) {
    const bytes = good.slice(0, 60 + next(good.length - 60));
    for (let flips = next(4); flips > 0; flips--) bytes[60 + next(bytes.length - 60)] = next(256);
    const whole = readPacketHeader(good, traceClass);
    const outcome = scanner.scan(bytes, { ...whole, contentBits: bytes.length * 8 });
    assert.ok((outcome.rows[0]?.rows ?? 0) <= outcome.events);
    if (outcome.error !== undefined) assert.ok(outcome.error.bitOffset <= bytes.length * 8);
  }
});

test.run();
