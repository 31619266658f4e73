import { readFileSync, writeFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { FilterError } from "../../src/base/errors.ts";
import { compileFilter } from "../../src/filter/compile.ts";

/**
 * Golden file: an expression, then its error code and message indented by two, then a blank line. Lines that begin
 * with `#` are comments. `UPDATE=1` writes the messages anew.
 */
const file = new URL("../../../test/data/filter/bad.txt", import.meta.url);
const golden = readFileSync(file, "utf8");
const blocks = golden.split(/\n\n/).filter((block) => block.trim() !== "");

const test = suite("filter/bad");

test("says what was read, what was expected and where, for every bad expression", () => {
  const written = blocks.map((block) => withMessage(block)).join("\n\n");
  if (process.env["UPDATE"] === "1") writeFileSync(file, `${written}\n`);
  else assert.fixture(`${written}\n`, golden);
});

test("holds at least sixty bad expressions", () => {
  assert.ok(blocks.length >= 60, `${blocks.length}`);
});

test("marks a span inside the text", () => {
  for (const block of blocks) {
    const text = expressionOf(block);
    const { start, end } = errorOf(text);
    assert.ok(start >= 0 && start <= end && start <= text.length, text);
  }
});

test.run();

function expressionOf(block: string): string {
  return block.split("\n").find((line) => !line.startsWith("#")) ?? "";
}

function withMessage(block: string): string {
  const comments = block.split("\n").filter((line) => line.startsWith("#"));
  const text = expressionOf(block);
  const { code, message } = errorOf(text);
  const lines = [code, ...message.split("\n")].map((line) => `  ${line}`.trimEnd());
  return [...comments, text, ...lines].join("\n");
}

function errorOf(text: string): FilterError {
  try {
    compileFilter(text);
  } catch (error) {
    if (error instanceof FilterError) return error;
    throw error;
  }
  throw new Error(`compiles: ${text}`);
}
