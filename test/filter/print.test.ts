import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parse } from "../../src/filter/parse.ts";
import { print, printTree } from "../../src/filter/print.ts";
import { freshSeed, seededRandom } from "../support/splits.ts";
import { randomExpression } from "./random-expression.ts";

const test = suite("filter/print");

test("prints random trees as text that reads back as the same tree", () => {
  const random = seededRandom(freshSeed());
  for (let i = 0; i < 2000; i++) {
    const tree = randomExpression(random, 5);
    const text = print(tree);
    assert.is(shape(parse(text)), shape(tree), text);
    assert.is(print(parse(text)), text);
  }
});

test("leaves out parentheses that precedence makes needless", () => {
  assert.is(print(parse("((k & 1) == (1)) && (a || (b))")), "k & 1 == 1 && (a || b)");
  assert.is(print(parse("k & (1 == 1)")), "k & (1 == 1)");
  assert.is(print(parse("a || (b || c)")), "a || (b || c)");
  assert.is(print(parse("!(a == 1) in (1, (2 < 3))")), "!(a == 1) in (1, (2 < 3))");
});

test("binds bitwise operators tighter than comparisons", () => {
  assert.is(shape(parse("1 & 3 == 1")), shape(parse("(1 & 3) == 1")));
  assert.is(shape(parse("7 & 3 ^ 1 | 8 == 10")), shape(parse("(((7 & 3) ^ 1) | 8) == 10")));
  assert.is(shape(parse("k == 2 < 3")), shape(parse("k == (2 < 3)")));
  assert.is(shape(parse("a || b && c")), shape(parse("a || (b && c)")));
  assert.is(shape(parse("-1 >> 63 == 1")), shape(parse("((-1) >> 63) == 1")));
  assert.is(shape(parse("k & 1 in (1)")), shape(parse("(k & 1) in (1)")));
  assert.is(shape(parse("k in (1) == 1")), shape(parse("(k in (1)) == 1")));
});

test("takes -> for . and keeps `in` usable as a name", () => {
  assert.is(print(parse("a->b -> c")), "a.b.c");
  assert.is(print(parse("in in (in)")), "in in (in)");
});

test("shows a tree with one node a line", () => {
  const tree = ["&&", "  ==", "    k", "    1", "  !", "    s?", "  in", "    x", "    1", "    2"];
  assert.is(printTree(parse("k == 1 && !s? && x in (1, 2)")), tree.join("\n"));
});

test.run();

/** A tree without its spans, as text. */
function shape(tree: unknown): string {
  return JSON.stringify(tree, (key, value) =>
    key === "start" || key === "end" ? undefined : value,
  );
}
