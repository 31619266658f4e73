import { suite } from "uvu";
import * as assert from "uvu/assert";
import { FilterError } from "../../src/base/errors.ts";
import { compileFilter } from "../../src/filter/compile.ts";
import { MAX_NESTING, MAX_TEXT_BYTES } from "../../src/filter/limits.ts";
import { link } from "../../src/filter/link.ts";
import { HOSTILE } from "./hostile.ts";
import { LAB } from "./lab-event.ts";

const test = suite("filter/limits");
/** Wide enough for a busy machine; 200 ms is the aim, and the median stays well below. */
const DEADLINE_MS = 5000;

test("compiles the longest chain that LTTng takes", () => {
  const program = compileFilter(`k${" && 1".repeat(5456)}`);
  assert.is(link(program, LAB).verdict, "evaluate");
});

test("rejects a text above 65 535 bytes, counted in UTF-8", () => {
  compileFilter(`s == "${"é".repeat(100)}"`);
  compileFilter(`k${" ".repeat(MAX_TEXT_BYTES - 1)}`);
  assert.is(codeOf(`k${" ".repeat(MAX_TEXT_BYTES)}`), "FILTER_TOO_LARGE");
  assert.is(codeOf(`s == "${"é".repeat(MAX_TEXT_BYTES / 2)}"`), "FILTER_TOO_LARGE");
});

test("takes nesting up to its cap and rejects one level more", () => {
  const nested = (n: number): string => `${"(".repeat(n)}k${")".repeat(n)}`;
  compileFilter(nested(MAX_NESTING));
  assert.is(codeOf(nested(MAX_NESTING + 1)), "FILTER_TOO_DEEP");
  compileFilter(`${"!".repeat(MAX_NESTING)}k`);
  assert.is(codeOf(`${"-".repeat(MAX_NESTING + 1)}k`), "FILTER_TOO_DEEP");
  assert.is(codeOf(`${"!(".repeat(MAX_NESTING / 2 + 1)}k`), "FILTER_TOO_DEEP");
});

test("counts nesting anew for each operand", () => {
  compileFilter(Array.from({ length: 20 }, () => `${"!".repeat(200)}(k)`).join(" && "));
  compileFilter(
    Array.from({ length: 20 }, () => `${"(".repeat(200)}k${")".repeat(200)}`).join(" | "),
  );
});

test("stops lists whose nesting multiplies their code", () => {
  const nested = `k${" in (1, 2, 3, 4)".repeat(40)}`;
  assert.is(codeOf(nested), "FILTER_TOO_LARGE");
});

for (const [name, text] of HOSTILE) {
  test(`refuses or compiles hostile ${name} in time`, () => {
    const start = performance.now();
    try {
      link(compileFilter(text), LAB);
    } catch (error) {
      if (!(error instanceof FilterError)) throw error;
    }
    const taken = performance.now() - start;
    assert.ok(taken < DEADLINE_MS, `${taken} ms`);
    if (process.env["VERBOSE"] === "1") console.log(name, taken.toFixed(1));
  });
}

test.run();

function codeOf(text: string): string {
  try {
    compileFilter(text);
  } catch (error) {
    if (error instanceof FilterError) return error.code;
    throw error;
  }
  return "compiles";
}
