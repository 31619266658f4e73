/** CSV by RFC 4180; a small reader of that grammar gets back what was written. */

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { csvWriter } from "../../src/format/csv.ts";
import { random } from "../support/random.ts";
import {
  dictionary,
  list,
  type MadeColumn,
  number,
  timestamp,
  utf8,
  type Value,
} from "./columns.ts";
import { written } from "./written.ts";

const test = suite("format/csv");

/** @see RFC 4180 §2, lines ending in LF */
function records(text: string): string[][] {
  const found: string[][] = [];
  const field = /("(?:[^"]|"")*"|[^",\n\r]*)([,\n])/y;
  let record: string[] = [];
  while (field.lastIndex < text.length) {
    const at = field.lastIndex;
    const match = field.exec(text);
    if (match === null) throw new Error(`no field at ${at}: ${JSON.stringify(text.slice(at))}`);
    const [, value = "", separator] = match;
    record.push(value.startsWith('"') ? value.slice(1, -1).replaceAll('""', '"') : value);
    if (separator === ",") continue;
    found.push(record);
    record = [];
  }
  return found;
}

function csv(...columns: readonly MadeColumn[]): string {
  return written(csvWriter(), columns);
}

test("writes a header line, and a line for each row", () => {
  const columns = [
    timestamp("timestamp", [1_795_337_745_115_442_425n, 0n]),
    dictionary("event", ["open", "close"]),
    number("ret", "int64", [-(2n ** 63n), 7n]),
    number("ns", "uint64", [2n ** 64n - 1n, 0n]),
  ];
  assert.is(
    csv(...columns),
    "timestamp,event,ret,ns\n" +
      "2026-11-22T08:55:45.115442425Z,open,-9223372036854775808,18446744073709551615\n" +
      "1970-01-01T00:00:00.000000000Z,close,7,0\n",
  );
});

test("writes the header once, and alone where no row is", () => {
  const batch = [number("a", "int8", [1])];
  assert.is(written(csvWriter(), batch, [number("a", "int8", [])], batch), "a\n1\n1\n");
  assert.is(csv(number("a", "int8", []), number("b", "int8", [])), "a,b\n");
});

test("quotes commas, quotes and line breaks, and nothing else", () => {
  const texts = ["a,b", 'say "hi"', '"', "a\nb", "a\rb", "a\r\nb", " a b ", "a;b", "'", "\t", ""];
  const text = csv(utf8("t", texts));
  assert.is(text, 't\n"a,b"\n"say ""hi"""\n""""\n"a\nb"\n"a\rb"\n"a\r\nb"\n a b \na;b\n\'\n\t\n\n');
  assert.equal(records(text).slice(1).flat(), texts);
});

test("quotes the names of columns likewise", () => {
  const name = 'a,"b"\n';
  assert.equal(records(csv(number(name, "int8", [1]))), [[name], ["1"]]);
});

test("leaves the place of absent values empty", () => {
  const columns = [
    number("a", "int8", [null, 1, null]),
    utf8("b", ["x", null, null]),
    list("c", "int8", [null, [], null]),
  ];
  assert.is(csv(...columns), "a,b,c\n,x,\n1,,[]\n,,\n");
});

test("writes lists and payloads as one field of JSON", () => {
  const columns = [
    list("l", "uint64", [[1n, 2n ** 64n - 1n], [5n]]),
    utf8("payload", ['{"a":1,"b":"x"}', '{"a":1}'], true),
  ];
  const text = csv(...columns);
  assert.equal(records(text), [
    ["l", "payload"],
    ["[1,18446744073709551615]", '{"a":1,"b":"x"}'],
    ["[5]", '{"a":1}'],
  ]);
});

test("writes floating-point numbers so that they read back", () => {
  const values = [0.1, -1e-300, Number.MAX_VALUE, Number.NaN, Number.NEGATIVE_INFINITY];
  const read = records(csv(number("f", "float64", values)))
    .slice(1)
    .flat();
  assert.equal(read.map(Number), values);
});

test("keeps control characters, and writes dictionary bytes that are no UTF-8 as replacements", () => {
  const text = csv(dictionary("d", ["a\u001b[31m\0", Uint8Array.of(0x61, 0xff)]));
  assert.equal(records(text).slice(1), [["a\u001b[31m\0"], ["a\ufffd"]]);
});

test("reads back whatever texts there are", () => {
  const next = random("format/csv");
  const characters = ["a", ",", '"', "\n", "\r", " ", "é", "\0", ";", "🐿"];
  const text = (): string => Array.from({ length: next(6) }, () => characters[next(10)]!).join("");
  for (let round = 0; round < 500; round++) {
    const columns = Array.from({ length: 1 + next(4) }, () => Array.from({ length: 5 }, text));
    const made = columns.map((values: Value[], i) =>
      next(2) === 0 ? utf8(`c${i}`, values) : dictionary(`c${i}`, values),
    );
    const rows = records(csv(...made)).slice(1);
    assert.equal(
      rows,
      Array.from({ length: 5 }, (_, row) => columns.map((values) => values[row])),
    );
  }
});

test.run();
