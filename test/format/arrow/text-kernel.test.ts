/** Dictionary texts written out row by row: whatever their lengths and number, they are the texts. */

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { EncodedTexts } from "../../../src/format/arrow/encoded-texts.ts";
import { TextRows, writeTexts } from "../../../src/format/arrow/text-kernel.ts";
import { random } from "../../support/random.ts";

const test = suite("format/arrow/text-kernel");

const dictionaryOf = (texts: readonly string[]) => ({
  get size() {
    return texts.length;
  },
  text: (code: number) => texts[code]!,
});

/** The rows as texts again, each read by its two offsets. */
function textsOf({ offsets, bytes }: TextRows): string[] {
  const decoder = new TextDecoder();
  return Array.from({ length: offsets.length - 1 }, (_, row) =>
    decoder.decode(bytes.subarray(offsets[row], offsets[row + 1])),
  );
}

test("texts of all lengths around the kernel's words, and of any bytes, come back", () => {
  const texts = Array.from(
    { length: 70 },
    (_, length) => "é".repeat(length >> 1) + "x".repeat(length & 1),
  );
  const codes = Int32Array.from({ length: 1000 }, (_, row) => (row * 37) % texts.length);
  const rows = new TextRows();
  writeTexts(new EncodedTexts().of(dictionaryOf(texts)), codes, rows);
  assert.equal(
    textsOf(rows),
    Array.from(codes, (code) => texts[code]!),
  );
});

test("no rows, no texts, and rows without a value are empty texts", () => {
  const rows = new TextRows();
  const none = new EncodedTexts().of(dictionaryOf([]));
  writeTexts(none, new Int32Array(0), rows);
  assert.equal([...rows.offsets], [0]);
  writeTexts(none, new Int32Array(3), rows);
  assert.equal(textsOf(rows), ["", "", ""]);
});

test("a text longer than a part, and more texts than the memory had, are written whole", () => {
  const texts = ["a", "b".repeat(1_000_000), "c".repeat(300_000)];
  const codes = Int32Array.of(1, 0, 2, 1, 1, 0);
  const rows = new TextRows();
  writeTexts(new EncodedTexts().of(dictionaryOf(texts)), codes, rows);
  assert.equal(
    textsOf(rows),
    Array.from(codes, (code) => texts[code]!),
  );
});

test("a dictionary that grows, or gives way to another, is followed; memory that is used again keeps nothing", () => {
  const below = random("dictionaries");
  const encoded = new EncodedTexts();
  const rows = new TextRows();
  for (let round = 0; round < 30; round++) {
    const texts: string[] = [];
    const dictionary = dictionaryOf(texts);
    for (let batch = 0; batch < 4; batch++) {
      for (let i = below(20); i >= 0; i--)
        texts.push(`${round}:${texts.length}:${"y".repeat(below(60))}`);
      const codes = Int32Array.from({ length: below(500) }, () => below(texts.length));
      writeTexts(encoded.of(dictionary), codes, rows);
      assert.equal(
        textsOf(rows),
        Array.from(codes, (code) => texts[code]!),
      );
    }
  }
});

test.run();
