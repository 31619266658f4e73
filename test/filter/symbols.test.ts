import { suite } from "uvu";
import * as assert from "uvu/assert";
import { compileFilter } from "../../src/filter/compile.ts";
import { explain, explainLinked } from "../../src/filter/explain.ts";
import { link } from "../../src/filter/link.ts";
import { isPortable, portability } from "../../src/filter/portable.ts";
import { fieldNames, unknownSymbols } from "../../src/filter/symbols.ts";
import { integer, LAB, labWith } from "./lab-event.ts";

const test = suite("filter/symbols");
const other = labWith([{ name: "other", fieldClass: integer(32, true) }]);

test("lists the names that a filter can use", () => {
  const names = fieldNames(LAB);
  for (const name of ["k", "s", "$ctx.procname", "$ctx.cpu_id", "$event.name", "$trace.hostname"]) {
    assert.ok(names.includes(name), name);
  }
});

test("reports symbols that no event class has, with the nearest name", () => {
  const program = compileFilter("k == 1 && othr == 2 && other == 3 && $ctx.procnam == 'a'");
  assert.equal(unknownSymbols(program, [LAB, other]), [
    { symbol: "othr", nearest: "other", isAllowed: false, start: 10, end: 14 },
    { symbol: "$ctx.procnam", nearest: "$ctx.procname", isAllowed: false, start: 37, end: 49 },
  ]);
  assert.equal(unknownSymbols(compileFilter("k == 1"), [LAB, other]), []);
  const [app, optional] = unknownSymbols(compileFilter("$app.a:b == 1 || nofield?"), [LAB]);
  assert.equal([app?.symbol, app?.isAllowed], ["$app.a:b", true]);
  assert.equal([optional?.symbol, optional?.isAllowed], ["nofield", true]);
});

test("a fact that these traces do not have is no slip", () => {
  const bare = { ...LAB, traceClass: { ...LAB.traceClass, environment: new Map() } };
  const [domain] = unknownSymbols(compileFilter('$event.domain == "kernel"'), [bare]);
  assert.equal([domain?.symbol, domain?.isFact, domain?.isAllowed], ["$event.domain", true, true]);
  assert.equal(unknownSymbols(compileFilter('$event.domain == "kernel"'), [bare, LAB]), []);
});

test("says why a class can never match", () => {
  const reasons = [
    ["nofield == 1", 'no field "nofield" in lab:ev'],
    ["k == 1 || $ctx.nope == 1", "no context $ctx.nope in lab:ev"],
    ['k == "1"', 'cannot compare the integer k with the text "1" by =='],
    ["s > 3", "cannot compare the text s with the integer 3 by >"],
    ["k & s", "cannot combine the text s bitwise"],
    ["f64 & 1", "cannot combine the floating-point value f64 bitwise"],
    ["~half", "cannot apply ~ to the floating-point value half"],
    ["s && 1", "the text s has no truth value"],
    ["half", "the floating-point value half alone never matches: compare it with something"],
    ["ai == 1", "ai of lab:ev is an array: it needs an index, as in ai[0]"],
    ["ai[3] == 3", "ai[3] is outside the array's 3 elements"],
    ["k[0] == 1", "k[0] is no element of an array of byte-aligned integers"],
    ["ai[0][1] == 1", "ai[0][1] of lab:ev has more than one index"],
    ["1 << 64", "a shift count outside 0…63 rejects every record"],
    ["k == 1 && 0", undefined],
    ["0 && k", "the expression is false for every record"],
  ] as const;
  for (const [text, reason] of reasons)
    assert.is(link(compileFilter(text), LAB).reason, reason, text);
});

test("reports what LTTng itself would refuse", () => {
  for (const text of [
    "k == 1",
    "$ctx.procname == 'a*'",
    "$app.a:b == 1",
    "a.b == 1",
    "$ctx[0].procname == 'a'",
  ]) {
    assert.ok(isPortable(compileFilter(text)), text);
  }
  for (const text of ["k?", "k in (1)", "k < 5ms", "$event.name == 'a'", "$trace.name == 'a'"]) {
    assert.not(isPortable(compileFilter(text)), text);
  }
});

test("knows the size and depth that LTTng's tracers take", () => {
  assert.ok(isPortable(compileFilter(`k${" && 1".repeat(5456)}`)));
  assert.not(isPortable(compileFilter(`k${" && 1".repeat(5460)}`)));
  const nested = (n: number): string => `${"1 == (".repeat(n - 1)}1${")".repeat(n - 1)}`;
  assert.equal(portability(compileFilter(nested(8))), []);
  assert.is(portability(compileFilter(nested(9)))[0]?.effect, "never matches");
  assert.is(portability(compileFilter("a.b == 1"))[0]?.effect, "never matches");
});

test("explains a filter in pieces", () => {
  const program = compileFilter("(k == 1) && nofield? == 2");
  const { expression, tree, code, remarks } = explain(program);
  assert.is(expression, "k == 1 && nofield? == 2");
  assert.match(tree, /^&&\n {2}==\n/);
  assert.match(code, /SKIP_IF_ABSENT/);
  assert.equal(
    remarks.map(({ start }) => start),
    [12],
  );
  assert.match(explainLinked(link(program, LAB)), /EQ_S64/);
  assert.is(explainLinked(link(compileFilter("x"), LAB)), 'never: no field "x" in lab:ev');
  assert.is(explainLinked(link(compileFilter("1"), LAB)), "always");
});

test.run();
