/** `GET /v1/explain`: what a filter or a query reads, what the scan decides of it, and what it gives. */

import { FeedError } from "../../base/errors.ts";
import type { TraceClass } from "../../ctf/trace-class.ts";
import { linkEnvironments } from "../../feed/environments.ts";
import { compileFilter } from "../../filter/compile.ts";
import { coverage, describeCoverage } from "../../filter/coverage.ts";
import { explain } from "../../filter/explain.ts";
import { explainQuery } from "../../language/explain.ts";
import { queryText } from "../../language/named-queries.ts";
import { hasStages } from "../../language/parse-query.ts";
import { planQuery, planRows } from "../../language/plan.ts";
import { segmentPaths } from "../../segments/find.ts";
import { segmentFacts } from "../../segments/read.ts";
import { hideFields, refuseHiddenRows } from "./hidden-fields.ts";
import { Parameters } from "./parameters.ts";
import type { ServedSources } from "./served-sources.ts";

const MAX_CHARS = 64 << 10;

/**
 * The answer to `GET /v1/explain?q=`.
 * @throws FeedError 400; FilterError
 */
export async function explanation(
  served: ServedSources,
  search: URLSearchParams,
  wanted: readonly string[],
  hidden: readonly string[],
): Promise<{ readonly text: string }> {
  const asked = Parameters.ofUrl(search, ["source", "q"]).text("q") ?? "";
  if (asked.length > MAX_CHARS)
    throw new FeedError("BAD_PARAMETER", `q: expected at most ${MAX_CHARS} characters`, 400);
  const files = served.areRows(wanted) ? segmentPaths(wanted) : undefined;
  if (files !== undefined) {
    refuseHiddenRows(wanted, hidden);
    const { columns } = await segmentFacts(files);
    return {
      text: rowsExplained(
        asked,
        columns.map(({ name }) => name),
      ),
    };
  }
  const classes = (await served.declared(wanted)).map((one) => hideFields(one, hidden));
  const text = queryText(asked);
  return { text: hasStages(text) ? stagesText(text, classes) : filterText(text, classes) };
}

function rowsExplained(asked: string, names: readonly string[]): string {
  const { steps } = planRows(queryText(asked), names);
  return sections([
    ["Reads the rows with the columns", names.join(", ")],
    ["Then", steps.map((step, i) => `${i + 1}. ${step}`).join("\n")],
  ]);
}

function stagesText(text: string, classes: readonly TraceClass[]): string {
  const { events, filter, containers, columns, steps, result } = explainQuery(
    planQuery(text),
    classes,
  );
  return sections([
    ["Reads the events", events],
    ["Where, decided in the scan", filter],
    ["Of the containers, decided behind the scan", containers],
    ["Takes the columns", columns],
    ["Then", steps.map((step, i) => `${i + 1}. ${step}`).join("\n")],
    ["Gives", result],
  ]);
}

function filterText(text: string, classes: readonly TraceClass[]): string {
  const program = compileFilter(text);
  const { expression, tree, code } = explain(program);
  const covered = coverage(program, [...linkEnvironments(classes)]);
  const { always, evaluate, never } = covered;
  const counts = `each record decides in ${evaluate} event classes, all pass in ${always}, none can in ${never}`;
  return sections([
    ["Filter", expression],
    ["Syntax tree", tree],
    ["Bytecode", code],
    ["Coverage", [counts, describeCoverage(covered) ?? ""].join("\n").trim()],
  ]);
}

function sections(all: readonly (readonly [string, string | undefined])[]): string {
  return all
    .filter(([, body]) => body !== undefined && body !== "")
    .map(([title, body = ""]) => `${title}\n${body.trimEnd().replaceAll(/^/gm, "  ")}\n`)
    .join("\n");
}
