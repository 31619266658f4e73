/** The words that begin a stage, and where tables may stand. */

import type { FilterError } from "../base/errors.ts";
import { unknownName, wrongStage } from "./language-error.ts";
import type { PairStage, TableStage } from "./query-ast.ts";
import type { TableDefinition } from "./tables/definition.ts";
import { TABLES } from "./tables.ts";

/** Tables that stand alone. */
export const TABLE_NAMES: readonly string[] = ["events", ...TABLES.map(({ name }) => name)];

/** What is expected behind each of `STAGE_WORDS`, and an example. */
const GOES_ON: ReadonlyMap<string, readonly [expected: string, example: string]> = new Map([
  ["pair", ["an event", '|> pair "begin" then "end"']],
  ["where", ["a condition", "|> where ret < 0"]],
  ["select", ["columns", "|> select event, ret"]],
  ["sort", ["columns", "|> sort count desc"]],
  ["top", ["a number of rows", "|> top 5 by count"]],
  ["limit", ["a number of rows", "|> limit 10"]],
]);

/** Words behind which a stage goes on. */
export const STAGE_WORDS: readonly string[] = [...GOES_ON.keys()];

/** What is expected behind a word that begins a stage, and how such a stage is written; `undefined` for other words. */
export function stageGoesOn(
  word: string,
): { readonly expected: string; readonly hint: string } | undefined {
  const [expected, example] = GOES_ON.get(word) ?? [];
  return expected === undefined ? undefined : { expected, hint: `write ${example}` };
}

/** What a stage may begin with. */
export const STAGES: readonly string[] = [...TABLE_NAMES, ...STAGE_WORDS, "count()"];

/** @throws FilterError `QUERY_NAME` where no table has this name, `QUERY_STAGE` where it is the beginning of another stage */
export function tableNamed(stage: TableStage, text: string): TableDefinition {
  const table = TABLES.find(({ name }) => name === stage.name);
  if (table === undefined) throw noTable(text, stage, "table or stage");
  return table;
}

function noTable(text: string, stage: TableStage, what: string): FilterError {
  const more = stageGoesOn(stage.name);
  if (more === undefined) return unknownName(text, stage, what, stage.name, STAGES);
  return wrongStage(
    text,
    stage,
    stage.name,
    `expected ${more.expected}, got nothing (${more.hint})`,
  );
}

/** What is wrong with a table behind other stages. */
export function misplacedTable(text: string, stage: TableStage | PairStage): FilterError {
  const name = stage.kind === "pair" ? "pair" : stage.name;
  if (stage.kind === "table" && !TABLE_NAMES.includes(name)) return noTable(text, stage, "stage");
  return wrongStage(text, stage, name, "expected a table as the first stage only");
}
