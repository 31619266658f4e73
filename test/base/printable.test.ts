/** Text from outside on its way to a terminal, a log or a line of JSON. */

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { masked, printable, printableJson, printableLines } from "../../src/base/printable.ts";

const test = suite("base/printable");

/** Nothing of this may reach a terminal. */
const HOSTILE: readonly (readonly [what: string, text: string, shown: string])[] = [
  ["a colour", "\x1b[31mred", "\\x1b[31mred"],
  ["a window title", "\x1b]0;root\x07", "\\x1b]0;root\\x07"],
  ["the 8-bit form of an escape", "\x9b31mred", "\\x9b31mred"],
  ["a device control string", "\x90q\x9c", "\\x90q\\x9c"],
  ["a line end", "name\nerror: forged", "name\\nerror: forged"],
  ["a return to the line's begin", "name\rfake", "name\\rfake"],
  ["a tab", "a\tb", "a\\tb"],
  ["a backspace and a delete", "ab\b\x7f", "ab\\x08\\x7f"],
  ["a NUL", "a\0b", "a\\x00b"],
  ["the next line of ISO 6429", "a\x85b", "a\\x85b"],
  ["separators of lines and paragraphs", "a\u2028b\u2029c", "a\\u{2028}b\\u{2029}c"],
  ["a right-to-left override", "exe\u202ecod.txt", "exe\\u{202e}cod.txt"],
  [
    "isolates and marks of direction",
    "\u2066a\u2069\u200f\u061c",
    "\\u{2066}a\\u{2069}\\u{200f}\\u{61c}",
  ],
  ["what has no width", "we\u200bb\ufeff\u00ad", "we\\u{200b}b\\u{feff}\\xad"],
  ["tags", "web\u{e0041}", "web\\u{e0041}"],
  ["half a character", "a\ud83db\ude00", "a\\u{d83d}b\\u{de00}"],
];

for (const [what, text, shown] of HOSTILE)
  test(`shows ${what} instead of obeying`, () => {
    assert.is(printable(text), shown);
  });

test("leaves text as it is in any script, with accents and symbols", () => {
  for (const text of [
    "",
    "web-1",
    "größe",
    "容器",
    "контейнер",
    "e\u0301",
    "😀👍🏽",
    "a\\x1b",
    "…",
  ]) {
    assert.is(printable(text), text);
    assert.is(printableLines(text), text);
    assert.is(masked(text), text);
  }
});

test("keeps the line ends of text of several lines, and nothing else", () => {
  assert.is(printableLines("a\n\tb\r\n\x1b[1m"), "a\n\\tb\\r\n\\x1b[1m");
});

test("bounds the length, also where escapes make it longer, and splits no character", () => {
  assert.is(printable("abcdef", 6), "abcdef");
  assert.is(printable("abcdef", 5), "abcd…");
  assert.is(printable("abcd\x1b", 5), "abcd…");
  assert.is(printable("😀😀😀", 4), "😀…");
  assert.is(printable("😀😀😀", 5), "😀😀…");
  assert.is(printable("abc", 1), "…");
  assert.is(printable("abc", 0), "");
  assert.is(printableLines("a\nb\nc", 3), "a\n…");
  const long = Buffer.alloc(50_000_000, 0x1b).toString("latin1");
  const begun = performance.now();
  assert.is(printable(long, 20).length, 20);
  assert.ok(performance.now() - begun < 200, "the text beyond the limit costs nothing");
});

test("writes JSON that is safe to show and means the same", () => {
  for (const [, text] of HOSTILE) {
    const value = { [text]: [text, 1, null] };
    const json = printableJson(value);
    assert.is(printable(json), json);
    assert.equal(JSON.parse(json), value);
  }
  assert.is(printableJson("\u{e0041}\x9b"), '"\\udb40\\udc41\\u009b"');
  assert.is(printableJson(undefined), "null");
});

test("masks one for one, so that a caret below still points at its column", () => {
  assert.is(masked("a\x1b\u202e\ud800b"), "a???b");
});

test.run();
