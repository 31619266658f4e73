/** Dictionaries of texts: each text has one number, whatever its length and whichever way it comes. */

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Dictionary } from "../../src/column/dictionary.ts";
import { random } from "../support/random.ts";

const test = suite("column/dictionary");
const encoder = new TextEncoder();

test("the empty text has one number, as bytes and as a string", () => {
  const dictionary = new Dictionary();
  assert.equal(
    [0, 1, 2].map(() => dictionary.codeOf(encoder.encode("xy"), 1, 1)),
    [0, 0, 0],
  );
  assert.is(dictionary.codeOfString(""), 0);
  assert.is(dictionary.size, 1);
  assert.is(dictionary.text(0), "");
});

test("random texts have the numbers of their first coming", () => {
  const next = random("dictionary");
  const dictionary = new Dictionary();
  const known = new Map<string, number>();
  for (let i = 0; i < 20_000; i++) {
    const length = next(6);
    const text = Array.from({ length }, () => "aé\0☃"[next(4)]).join("");
    if (!known.has(text)) known.set(text, known.size);
    const bytes = encoder.encode(`<${text}>`);
    const code =
      next(2) === 0 ? dictionary.codeOf(bytes, 1, bytes.length - 1) : dictionary.codeOfString(text);
    assert.is(code, known.get(text), JSON.stringify(text));
  }
  assert.is(dictionary.size, known.size);
  for (const [text, code] of known) assert.is(dictionary.text(code), text);
});

test("a full dictionary refuses new texts only", () => {
  const dictionary = new Dictionary(2);
  assert.equal(
    ["", "a", "b", "", "a"].map((text) => dictionary.codeOfString(text)),
    [0, 1, -1, 0, 1],
  );
});

test.run();
