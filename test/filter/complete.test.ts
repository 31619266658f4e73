import { suite } from "uvu";
import * as assert from "uvu/assert";
import { compileFilter } from "../../src/filter/compile.ts";
import { type Completions, complete } from "../../src/filter/complete.ts";
import { fieldNames } from "../../src/filter/symbols.ts";
import { random } from "../support/random.ts";
import { integer, LAB, labWith, structure } from "./lab-event.ts";

const test = suite("filter/complete");
const nested = labWith([
  { name: "key", fieldClass: integer(32, true) },
  { name: "a", fieldClass: structure([{ name: "bc", fieldClass: integer(8, false) }]) },
]);
const CLASSES = [LAB, nested];

/** The texts that the completions make of the prefix. */
function texts(prefix: string, limit?: number): readonly string[] {
  return complete(prefix, CLASSES, limit).items.map(
    ({ from, text }) => prefix.slice(0, from) + text,
  );
}

const named = ({ items }: Completions): readonly string[] =>
  items.filter(({ kind }) => kind === "name").map(({ text }) => text);

test("begins with every name, and what may stand before one", () => {
  const { isWhole, items } = complete("", CLASSES);
  assert.not(isWhole);
  assert.equal(named(complete("", CLASSES)), [...new Set(CLASSES.flatMap(fieldNames))].sort());
  const operators = items.filter(({ kind }) => kind === "operator").map(({ text }) => text);
  assert.equal(operators.sort(), ["!", "(", "+", "-", "~"]);
});

test("offers names that begin, or contain, what is being typed", () => {
  assert.equal(named(complete("k", CLASSES)), ["k", "key"]);
  assert.equal(named(complete("1 == -(K", CLASSES)), ["k", "key"]);
  assert.equal(named(complete("proc", CLASSES)), ["$ctx.procname"]);
  assert.equal(named(complete("$ctx.vt", CLASSES)), ["$ctx.vtid"]);
  assert.equal(named(complete("$e", CLASSES))[0], "$event.cpu_id");
  assert.equal(named(complete("k == 1 && $", CLASSES)).length, 22);
  assert.equal(named(complete("k == 1 && $cont", CLASSES)), [
    "$container.cgroup",
    "$container.id",
    "$container.image",
    "$container.name",
    "$container.namespace",
    "$container.pod",
    "$container.type",
  ]);
  assert.equal(named(complete("contai", CLASSES)).length, 7);
  assert.equal(named(complete("$container.n", CLASSES)), [
    "$container.name",
    "$container.namespace",
  ]);
});

test("completes paths with blanks and arrows", () => {
  assert.equal(texts("$ctx . proc").slice(0, 1), ["$ctx.procname"]);
  assert.equal(texts("k == a->b").slice(0, 1), ["k == a.bc"]);
  assert.equal(texts("k == a.").slice(0, 1), ["k == a.bc"]);
  assert.equal(named(complete("a.x", CLASSES)), []);
});

test("shows the types of names, and how many event classes have them", () => {
  const [k] = complete("k", CLASSES).items;
  assert.equal(k, { text: "k", from: 0, kind: "name", detail: "integer", classes: 1 });
  const detail = (name: string): string | undefined => complete(name, CLASSES).items[0]?.detail;
  assert.equal(["s", "ai", "en", "f64"].map(detail), ["text", "array", "enumeration", "float"]);
});

test("offers the operators that the grammar allows, and none that is always refused", () => {
  const { isWhole, items } = complete("k ", CLASSES);
  assert.ok(isWhole);
  const operators = items.map(({ text }) => text).sort();
  const logical = ["!=", "&", "&&", "<", "<<", "<=", "==", ">", ">=", ">>", "^", "in", "|", "||"];
  assert.equal(operators, [...logical, ".", "->", "?", "["].sort());
  assert.equal(texts("k in "), ["k in ("]);
  assert.equal(texts("k i"), ["k in"]);
  assert.ok(texts("(k == 1").includes("(k == 1)"));
  assert.not(texts("k == 1").includes("k == 1)"));
});

test("offers longer forms of a half-typed operator", () => {
  for (const text of ["k <=", "k <<"]) assert.ok(texts("k <").includes(text), text);
  assert.ok(texts("k &").includes("k &&"));
  assert.ok(texts("k =").includes("k =="));
});

test("offers units behind decimal numbers", () => {
  assert.equal(texts("k < 5m"), ["k < 5ms", "k < 5min", "k < 5MiB"]);
  assert.ok(texts("k < 64").includes("k < 64KiB"));
  assert.equal(texts("k < 64K"), ["k < 64KiB"]);
  assert.not(texts("k < 0x5").some((text) => text.endsWith("ms")));
});

test("offers event names inside a text that is compared with one", () => {
  for (const prefix of [
    '$event.name == "l',
    '$event.name in ("x", "l',
    '"y" == k || $event.name != "l',
  ])
    assert.is(texts(prefix)[0], `${prefix}ab:ev"`, prefix);
  assert.equal(texts('s == "l'), []);
  assert.equal(texts("$event.name == 'x"), []);
});

test("has nothing to say inside comments, and behind what is wrong already", () => {
  for (const prefix of ["k // x", "k /* x", "k ) ", "1 1 ", "k == = ", '"', "?", "k.1 "])
    assert.equal(texts(prefix), [], prefix);
});

test("gives back no more than asked for", () => {
  const { items, isCut } = complete("", CLASSES, 3);
  assert.equal([items.length, isCut], [3, true]);
  assert.not(complete("k", CLASSES).isCut);
});

test("leads, step by step, to expressions that compile", () => {
  const next = random("filter/complete");
  let whole = 0;
  for (let round = 0; round < 60; round++) {
    let text = "";
    for (let step = 0; step < 14; step++) {
      const { isWhole, items } = complete(text, CLASSES);
      if (isWhole && !/["']/.test(text)) {
        whole++;
        compiles(text);
      }
      const wanted = items.filter(({ text: added }) => !["(", "[", "->", "."].includes(added));
      const item = wanted[next(wanted.length)];
      text = item === undefined ? `${text} 1` : `${text.slice(0, item.from)}${item.text} `;
    }
  }
  assert.ok(whole > 50, `${whole}`);
});

test.run();

/** The grammar allows a few things that the checks then refuse: those are not what this is about. */
function compiles(text: string): void {
  try {
    compileFilter(text);
  } catch (error) {
    if (!/^FILTER_(?:NAME|INDEX|TYPE|LITERAL)$/.test((error as { code?: string }).code ?? ""))
      throw error;
  }
}
