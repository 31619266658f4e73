/** The words that begin a stage. */

import { unknownName } from "./language-error.ts";
import type { TableStage } from "./query-ast.ts";
import type { TableDefinition } from "./tables/definition.ts";
import { TABLES } from "./tables.ts";

/** What a stage may begin with. */
export const STAGES: readonly string[] = [
  "events",
  ...TABLES.map(({ name }) => name),
  "pair",
  "where",
  "select",
  "sort",
  "top",
  "limit",
  "count()",
];

/** @throws FilterError `QUERY_NAME` where no table has this name */
export function tableNamed(stage: TableStage, text: string): TableDefinition {
  const table = TABLES.find(({ name }) => name === stage.name);
  if (table === undefined) throw unknownName(text, stage, "table or stage", stage.name, STAGES);
  return table;
}
