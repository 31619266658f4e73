import { suite } from "uvu";
import * as assert from "uvu/assert";
import { compileFilter } from "../../src/filter/compile.ts";
import { tokenize } from "../../src/filter/lexer.ts";
import { link } from "../../src/filter/link.ts";
import { floatValue, integerValue } from "../../src/filter/literals.ts";
import { LAB } from "./lab-event.ts";

const test = suite("filter/literals");

test("reads integers as unsigned 64-bit values taken as signed", () => {
  const rows = [
    ["0", 0n],
    ["00", 0n],
    ["017", 15n],
    ["0x1F", 31n],
    ["42ull", 42n],
    ["1lu", 1n],
    ["1uLL", 1n],
    ["18446744073709551615", -1n],
    ["0xffffffffffffffff", -1n],
    ["01777777777777777777777", -1n],
    ["99999999999999999999", -1n],
    ["9223372036854775808", -(1n << 63n)],
    ["5ms", 5_000_000n],
    ["0.5ms", 500_000n],
    ["1.250s", 1_250_000_000n],
    ["0.000000001s", 1n],
    ["1.5KiB", 1_536n],
    ["64KiB", 65_536n],
    ["4294967296", 1n << 32n],
  ] as const;
  for (const [text, expected] of rows) assert.is(bigintOf(text), expected, text);
});

test("cuts digits where the scanner of LTTng stops", () => {
  assert.is(bigintOf("0x00000000000000000123"), 0n);
  assert.is(bigintOf("0x0000000000000001f"), 31n);
});

test("refuses what the scanner of LTTng cannot read", () => {
  for (const text of [
    "0u",
    "0L",
    "0UL",
    "0X1",
    "9223372036854775808ns",
    "3000000h",
    "0.5ns",
    "0.3KiB",
    "00.5s",
  ]) {
    assert.type(integerValue(text), "string", text);
  }
});

test("reads floats, decimal and hexadecimal", () => {
  const rows = [
    ["1.5", 1.5],
    [".5", 0.5],
    ["1.", 1],
    ["1e3", 1000],
    ["1.5e-3", 0.0015],
    ["0x1p0", 1],
    ["0x1.8p1", 3],
    ["0x.8", 0.5],
    ["1.0f", 1],
    ["1e400", Infinity],
    ["0x1p5000", Infinity],
    ["0x1p-1074", 5e-324],
    ["0x0.0000000000000000000000000000000000000001p160", 1],
  ] as const;
  for (const [text, expected] of rows) assert.is(floatValue(text), expected, text);
});

test("cuts tokens as LTTng does", () => {
  const rows = [
    ["k==1", "k|==|1"],
    ["a-->a", "a|-|->|a"],
    ["k:x :k", "k:x|:k"],
    ["$ctx . p", "$ctx|.|p"],
    ["1k 1_0", "1|k|1|_0"],
    ["08 0b1 1lul", "0|8|0|b1|1lu|l"],
    ['L"a" L\'b\' "it\'s"', 'L"a"|L\'b\'|"it\'s"'],
    ["\\u0061 == 1", "\\u0061|==|1"],
    ["a/* x */b // c\nd /* e", "a|b|d"],
    ["1.5.2 1..2", "1.5|.2|1.|.2"],
    ["5ms 5m 0x5ms", "5ms|5|m|0x5|ms"],
    ["1.5ms .5s 1.5m 1.5e3s 1.5fs 1.s", "1.5ms|.5s|1.5|m|1.5e3|s|1.5f|s|1.|s"],
    ["a?b", "a|?|b"],
    ["<<=", "<<|="],
    ["k\r", "k|\r"],
    ['"a\\"b', '"a\\"|b'],
  ] as const;
  for (const [text, expected] of rows) {
    assert.is(
      tokenize(text)
        .map((token) => token.text)
        .join("|"),
      expected,
      text,
    );
  }
});

test("takes comments, raw newlines in strings and line ends inside an expression", () => {
  for (const text of ['s == "a\nbc"', "k == /* one */ 1 // end", "k\n==\t1", "k == 1 /* open"]) {
    assert.is(link(compileFilter(text), LAB).verdict, "evaluate", text);
  }
});

test.run();

function bigintOf(text: string): bigint {
  const value = integerValue(text);
  if (typeof value === "string") throw new Error(value);
  return (BigInt(value.hi) << 32n) | BigInt(value.lo >>> 0);
}
