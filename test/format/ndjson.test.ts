import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ndjsonWriter } from "../../src/format/ndjson.ts";
import { dictionary, list, type MadeColumn, number, timestamp, utf8 } from "./columns.ts";
import { written } from "./written.ts";

const test = suite("format/ndjson");

const SAFE = BigInt(Number.MAX_SAFE_INTEGER);

function lines(...columns: readonly MadeColumn[]): string[] {
  const text = written(ndjsonWriter(), columns);
  assert.ok(text === "" || text.endsWith("\n"));
  return text.split("\n").slice(0, -1);
}

test("writes one object a line, in the order of the columns", () => {
  const columns = [
    timestamp("timestamp", [1_795_337_745_115_442_425n, -1n]),
    dictionary("event", ["open", "close"]),
    number("ret", "int32", [-2, 3]),
  ];
  assert.equal(lines(...columns), [
    '{"timestamp":"2026-11-22T08:55:45.115442425Z","event":"open","ret":-2}',
    '{"timestamp":"1969-12-31T23:59:59.999999999Z","event":"close","ret":3}',
  ]);
});

test("leaves out what a row does not have", () => {
  const columns = [
    number("a", "uint8", [null, 1, null]),
    utf8("b", ["x", null, null]),
    list("c", "int8", [[], [1, 2], null]),
  ];
  assert.equal(lines(...columns), ['{"b":"x","c":[]}', '{"a":1,"c":[1,2]}', "{}"]);
});

test("writes integers that a double would round as strings", () => {
  const signed = [
    SAFE - 99n,
    SAFE + 1n,
    99n - SAFE,
    -SAFE - 1n,
    -(2n ** 63n),
    2n ** 63n - 1n,
    0n,
    -1n,
  ];
  const unsigned = [SAFE - 99n, SAFE + 1n, 2n ** 63n, 2n ** 64n - 1n, 2n ** 32n, 2n ** 31n, 0n, 1n];
  const columns = [number("s", "int64", signed), number("u", "uint64", unsigned)];
  const rows = lines(...columns).map((line): Record<string, unknown> => JSON.parse(line));
  const isSafe = (value: bigint): boolean => value <= SAFE && value >= -SAFE;
  const wanted = (value: bigint): unknown => (isSafe(value) ? Number(value) : String(value));
  assert.equal(
    rows,
    signed.map((value, i) => ({ s: wanted(value), u: wanted(unsigned[i]!) })),
  );
  assert.equal(lines(list("l", "uint64", [[1n, 2n ** 64n - 1n]])), [
    '{"l":[1,"18446744073709551615"]}',
  ]);
});

// Utf8Writer.unsigned rounds the last digit from 2^53 − 48 on.
test("writes the last integers that a double keeps to the last digit", () => {
  const values = [SAFE, SAFE - 1n, SAFE - 2n, SAFE - 47n, -SAFE];
  assert.equal(
    lines(number("s", "int64", values)),
    values.map((value) => `{"s":${value}}`),
  );
});

test("writes small integers with their sign, from end to end", () => {
  const columns = [
    number("i8", "int8", [-128, 127]),
    number("u8", "uint8", [0, 255]),
    number("i32", "int32", [-(2 ** 31), 2 ** 31 - 1]),
    number("u32", "uint32", [2 ** 31, 2 ** 32 - 1]),
  ];
  assert.equal(lines(...columns), [
    '{"i8":-128,"u8":0,"i32":-2147483648,"u32":2147483648}',
    '{"i8":127,"u8":255,"i32":2147483647,"u32":4294967295}',
  ]);
});

test("writes what JSON has no number for as strings", () => {
  const odd = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e300, -0.5];
  assert.equal(lines(number("f", "float64", odd)), [
    '{"f":"NaN"}',
    '{"f":"Infinity"}',
    '{"f":"-Infinity"}',
    '{"f":1e+300}',
    '{"f":-0.5}',
  ]);
});

test("escapes control characters, quotes and backslashes, in names too", () => {
  const texts = ['say "hi"\\', "a\nb\tc\0", "\u007f\u0085\u2028", "zwölf 🐿️"];
  const name = 'na"me\n';
  const rows = lines(utf8(name, texts), dictionary("d", texts));
  assert.is(rows.length, texts.length);
  assert.equal(
    rows.map((line) => JSON.parse(line)),
    texts.map((text) => ({ [name]: text, d: text })),
  );
});

test("writes bytes that are no UTF-8 as replacement characters", () => {
  const bytes = Uint8Array.of(0x61, 0xff, 0xc3, 0x28);
  for (const column of [utf8("t", [bytes]), dictionary("t", [bytes])])
    assert.equal(lines(column), ['{"t":"a\ufffd\ufffd("}']);
});

test("embeds payloads as they stand", () => {
  assert.equal(lines(utf8("payload", ['{"ret":[1,{"a":"b"}]}'], true)), [
    '{"payload":{"ret":[1,{"a":"b"}]}}',
  ]);
});

test("writes nothing where no row is", () => {
  assert.equal(lines(number("a", "int8", [])), []);
  const batch = [number("a", "int8", [1])];
  assert.is(written(ndjsonWriter(), batch, [number("a", "int8", [])], batch), '{"a":1}\n{"a":1}\n');
});

test.run();
