/** The words that begin a stage, and where tables may stand. */

import type { FilterError } from "../base/errors.ts";
import { unknownName, wrongStage } from "./language-error.ts";
import type { PairStage, TableStage } from "./query-ast.ts";
import type { TableDefinition } from "./tables/definition.ts";
import { TABLES } from "./tables.ts";

/** Tables that stand alone. */
export const TABLE_NAMES: readonly string[] = ["events", ...TABLES.map(({ name }) => name)];

/** Words behind which a stage goes on. */
export const STAGE_WORDS: readonly string[] = ["pair", "where", "select", "sort", "top", "limit"];

/** What a stage may begin with. */
export const STAGES: readonly string[] = [...TABLE_NAMES, ...STAGE_WORDS, "count()"];

/** @throws FilterError `QUERY_NAME` where no table has this name */
export function tableNamed(stage: TableStage, text: string): TableDefinition {
  const table = TABLES.find(({ name }) => name === stage.name);
  if (table === undefined) throw unknownName(text, stage, "table or stage", stage.name, STAGES);
  return table;
}

/** What is wrong with a table behind other stages. */
export function misplacedTable(text: string, stage: TableStage | PairStage): FilterError {
  const name = stage.kind === "pair" ? "pair" : stage.name;
  if (stage.kind === "table" && !STAGES.includes(name))
    return unknownName(text, stage, "stage", name, STAGES);
  return wrongStage(text, stage, name, "expected a table as the first stage only");
}
