/**
 * LTTng's own filter tests, as far as records decide them. Their expressions and the traces are not part of this
 * project, so it is run by hand:
 *
 *     node build/test/filter/upstream.js CASES.json NUMBERS_TRACE STRINGS_TRACE
 *
 * CASES.json: `upstream_tests.{ust,string,invalid}` with, for each expression, what it keeps. NUMBERS_TRACE: `tp:tptest`
 * with `intfield` 0 … 99. STRINGS_TRACE: `tp:the_string` with the field `str`.
 */

import { readFileSync } from "node:fs";
import { compileFilter, FilterError } from "../../src/index.ts";
import { rowsOf } from "../support/query.ts";

interface UpstreamCase {
  readonly expr: string;
  /** `"1..99"`, `"all"`, `"none"` or the values themselves. */
  readonly matched_intfield?: string | readonly number[];
  /** `"all"`, `"none"`, the words themselves, or how many there are. */
  readonly distinct_words?: string | number | readonly string[];
}

const [casesFile = "", numbers = "", strings = ""] = process.argv.slice(2);
const { upstream_tests: upstream } = JSON.parse(readFileSync(casesFile, "utf8")) as {
  readonly upstream_tests: Readonly<Record<"ust" | "string" | "invalid", readonly UpstreamCase[]>>;
};
const ENGINES = ["kernel", "interpreter"] as const;

let failures = 0;

function expect(expr: string, expected: string, got: string): void {
  if (expected === got) return;
  failures++;
  console.log(`${expr}\n  expected ${expected}\n  got      ${got}`);
}

/** Values of one field in the records that the filter keeps, each once, in order. */
async function kept(
  trace: string,
  expr: string,
  field: string,
  engine: (typeof ENGINES)[number],
): Promise<readonly string[]> {
  try {
    const { rows } = await rowsOf(trace, { filter: compileFilter(expr), select: [field], engine });
    return [...new Set(rows.map((row) => String(row[field])))];
  } catch (error) {
    // Names that a recorded trace does not have are an error here; to LTTng they match nothing.
    if (error instanceof FilterError && error.code === "FILTER_UNKNOWN_FIELD") return [];
    throw error;
  }
}

function numbersOf(matched: UpstreamCase["matched_intfield"]): string {
  if (matched === "none" || matched === undefined) return "";
  if (typeof matched !== "string") return matched.join();
  const [first = 0, last = 0] = matched === "all" ? [0, 99] : matched.split("..").map(Number);
  return Array.from({ length: last - first + 1 }, (_, i) => first + i).join();
}

const words = await kept(strings, "1", "str", "interpreter");
for (const engine of ENGINES) {
  for (const { expr, matched_intfield } of upstream.ust) {
    const got = await kept(numbers, expr, "intfield", engine);
    expect(expr, numbersOf(matched_intfield), got.join());
  }
  for (const { expr, distinct_words } of upstream.string) {
    const got = await kept(strings, expr, "str", engine);
    if (typeof distinct_words === "object")
      expect(expr, [...distinct_words].sort().join(), [...got].sort().join());
    else {
      const count =
        distinct_words === "all" ? words.length : distinct_words === "none" ? 0 : distinct_words;
      expect(expr, String(count), String(got.length));
    }
  }
}
for (const { expr } of upstream.invalid) {
  try {
    compileFilter(expr);
    expect(expr, "an error", "a program");
  } catch (error) {
    if (!(error instanceof FilterError)) throw error;
  }
}
const { ust, string, invalid } = upstream;
console.log(
  `${ust.length} on numbers, ${string.length} on texts, with ${ENGINES.join(" and ")}; ${invalid.length} invalid: ${failures} wrong`,
);
process.exitCode = failures === 0 ? 0 : 1;
