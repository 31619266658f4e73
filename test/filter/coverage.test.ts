import { suite } from "uvu";
import * as assert from "uvu/assert";
import { compileFilter } from "../../src/filter/compile.ts";
import { coverage, describeCoverage } from "../../src/filter/coverage.ts";
import { integer, LAB, labWith } from "./lab-event.ts";

const test = suite("filter/coverage");
const member = (name: string): { name: string; fieldClass: ReturnType<typeof integer> } => ({
  name,
  fieldClass: integer(32, true),
});
const CLASSES = [LAB, labWith([member("k")]), labWith([member("other")]), labWith([])];

const warning = (text: string): string | undefined =>
  describeCoverage(coverage(compileFilter(text), CLASSES));

test("counts the classes by verdict, and names what the others lack", () => {
  const { suggestion, ...counts } = coverage(compileFilter("k == 1 || $ctx.vpid == 2"), CLASSES);
  assert.equal(counts, {
    classes: 4,
    always: 0,
    evaluate: 1,
    never: 3,
    missing: [
      { name: "$ctx.vpid", events: ["lab:ev", "lab:ev", "lab:ev"] },
      { name: "k", events: ["lab:ev", "lab:ev"] },
    ],
    clashes: [],
  });
  assert.equal(suggestion, { expression: "k? == 1 || $ctx.vpid? == 2", gains: 1 });
});

test("suggests the optional form only where it would keep more", () => {
  assert.is(
    warning("k == 1 || $event.cpu_id == 1"),
    "the filter can match 2 of 4 event classes; 2 have no k (k? would keep them)",
  );
  assert.is(
    warning("k == 1 && other == 1 || $event.cpu_id == 2"),
    "the filter can match none of the 4 event classes; 3 have no other, 2 no k (other?, k? would keep 4 of them)",
  );
  assert.is(warning("k == 1"), "the filter can match 2 of 4 event classes; 2 have no k");
});

test("reports types that do not go together", () => {
  assert.is(
    warning('k == "1"'),
    'the filter can match none of the 4 event classes; 2 have no k, in 2: cannot compare the integer k with the text "1" by ==',
  );
  assert.is(
    describeCoverage(coverage(compileFilter("ai == 1"), [LAB])),
    "the filter cannot match the event class; in 1: ai is an array: it needs an index, as in ai[0]",
  );
});

test("says nothing where every class can match, or is left out on purpose", () => {
  assert.is(warning("k? == 1 || $event.cpu_id == 1"), undefined);
  assert.is(warning("1"), undefined);
  assert.is(warning('$event.name == "lab:*"'), undefined);
  assert.is(describeCoverage(coverage(compileFilter("k == 1"), [])), undefined);
});

test("says so where the facts alone are never true", () => {
  assert.is(warning('$event.name == "x*"'), "the filter can match none of the 4 event classes");
});

test.run();
