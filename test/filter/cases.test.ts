import { suite } from "uvu";
import * as assert from "uvu/assert";
import { FilterError } from "../../src/base/errors.ts";
import { compileFilter } from "../../src/filter/compile.ts";
import { FilterInterpreter } from "../../src/filter/interpret.ts";
import { link } from "../../src/filter/link.ts";
import { LAB, labRecord } from "./lab-event.ts";
import { expectedK, MEASURED } from "./measured-cases.ts";

/**
 * Cases that records cannot decide, with the reason. The lab trace holds every context that user-space tracers lend to
 * filters, added to the channel or not, so the cases about contexts are decided too; a filter on `nw`, which is
 * nowrite and thus in no trace, is not among the cases.
 */
const NOT_JUDGED: ReadonlyMap<string, string> = new Map();

const test = suite("filter/cases");

test("accepts and rejects what the compiler of LTTng does", () => {
  const wrong = MEASURED.filter(({ expr, compile }) => accepts(expr) !== (compile === "accept"));
  assert.equal(
    wrong.map(({ expr }) => expr),
    [],
  );
});

test("selects the records that the language means", () => {
  const wrong: string[] = [];
  for (const one of MEASURED) {
    const { expr, compile } = one;
    if (compile === "reject" || NOT_JUDGED.has(expr)) continue;
    const got = matches(expr);
    const expected = expectedK(one);
    if (got.join() !== expected.join()) wrong.push(`${expr}: expected ${expected}, got ${got}`);
  }
  assert.equal(wrong, []);
});

test("judges all but the cases that are listed with a reason", () => {
  assert.is(MEASURED.length, 272);
  for (const expr of NOT_JUDGED.keys())
    assert.ok(
      MEASURED.some((c) => c.expr === expr),
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
