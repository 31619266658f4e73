import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { FilterError } from "../../src/base/errors.ts";
import { compileFilter } from "../../src/filter/compile.ts";
import { FilterInterpreter } from "../../src/filter/interpret.ts";
import { link } from "../../src/filter/link.ts";
import { LAB, labRecord } from "./lab-event.ts";

/** One measured expression: what LTTng 2.13.9 did with it, and what the language means where the tracer errs. */
interface Case {
  readonly expr: string;
  readonly compile: "accept" | "reject";
  readonly matched_k?: readonly number[];
  readonly language_result?: readonly number[];
}

const file = new URL("../../../test/data/filter/cases.json", import.meta.url);
const { cases } = JSON.parse(readFileSync(file, "utf8")) as { cases: readonly Case[] };

/**
 * Cases that records cannot decide, with the reason. The lab trace holds every context that user-space tracers lend to
 * filters, added to the channel or not, so the cases about contexts are decided too; a filter on `nw`, which is
 * nowrite and thus in no trace, is not among the cases.
 */
const NOT_JUDGED: ReadonlyMap<string, string> = new Map();

const test = suite("filter/cases");

test("accepts and rejects what the compiler of LTTng does", () => {
  const wrong = cases.filter(({ expr, compile }) => accepts(expr) !== (compile === "accept"));
  assert.equal(
    wrong.map(({ expr }) => expr),
    [],
  );
});

test("selects the records that the language means", () => {
  const wrong: string[] = [];
  for (const { expr, compile, matched_k, language_result } of cases) {
    if (compile === "reject" || NOT_JUDGED.has(expr)) continue;
    const got = matches(expr);
    const expected = language_result ?? matched_k ?? [];
    if (got.join() !== expected.join()) wrong.push(`${expr}: expected ${expected}, got ${got}`);
  }
  assert.equal(wrong, []);
});

test("judges all but the cases that are listed with a reason", () => {
  assert.is(cases.length, 272);
  for (const expr of NOT_JUDGED.keys())
    assert.ok(
      cases.some((c) => c.expr === expr),
      expr,
    );
});

test.run();

function accepts(expr: string): boolean {
  try {
    compileFilter(expr);
    return true;
  } catch (error) {
    if (error instanceof FilterError) return false;
    throw error;
  }
}

function matches(expr: string): readonly number[] {
  const program = link(compileFilter(expr), LAB);
  const interpreter = new FilterInterpreter(program);
  return [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].filter((k) =>
    interpreter.matches(labRecord(program.fields, k)),
  );
}
