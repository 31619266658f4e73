/** Columns of events in conditions on them: `event` is `$event.name`, `container` is `$container.name`, `payload.tid` is the field `tid`. */

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
 * A condition on events, as a filter of the scan has it. Behind `|>`, names are columns, as they are behind `by`: a bare one is the context
 * of that name, else the field, which is `payload.NAME` in either case; and only comparisons with absent values are false.
 */
export function conditionOnEvents(condition: Expression): Expression {
  return mapReferences(condition, (written) => {
    const names = WRITTEN_COLUMNS.get(plainName(symbolText(written)));
    if (names === undefined) return { ...written, isColumn: true };
    return { ...reference(names, written.optional, written), isColumn: true };
  });
}
