/** Columns of events in conditions on them: `event` is `$event.name`, `container` is `$container.name`. */

import { plainName } from "../base/quoted-name.ts";
import { CONTAINER_FACTS, containerColumn } from "../column/request.ts";
import type { Expression } from "../filter/ast.ts";
import { reference } from "../filter/build.ts";
import { EVENT_COLUMNS } from "../filter/event-columns.ts";
import { mapReferences } from "../filter/rewrite.ts";
import { symbolText } from "../filter/symbol.ts";

/** How a filter writes a column of events, by the column's name. */
export const WRITTEN_COLUMNS: ReadonlyMap<string, readonly [root: string, fact: string]> = new Map([
  ...EVENT_COLUMNS,
  ...CONTAINER_FACTS.map((fact) => [containerColumn(fact), ["$container", fact]] as const),
]);

/**
 * A condition on events, as a filter of the scan has it. Behind `|>`, names are columns, as they are behind `by`; the field of such a name
 * is `payload.NAME`.
 */
export function conditionOnEvents(condition: Expression): Expression {
  return mapReferences(condition, (written) => {
    const names = WRITTEN_COLUMNS.get(plainName(symbolText(written)));
    return names === undefined ? written : reference(names, written.optional, written);
  });
}
