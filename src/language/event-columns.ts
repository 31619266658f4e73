/** Columns of events in conditions on them: `event` is `$event.name`, `container` is `$container.name`, `payload.tid` is the field `tid`. */

import { plainName } from "../base/quoted-name.ts";
import { CONTAINER_FACTS, containerColumn } from "../column/request.ts";
import { type Expression, type Reference, stepsOf } from "../filter/ast.ts";
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
 * of that name, else the field, which is `payload.NAME` in either case.
 */
export function conditionOnEvents(condition: Expression): Expression {
  return mapReferences(condition, (written) => {
    const names = WRITTEN_COLUMNS.get(plainName(symbolText(written)));
    if (names !== undefined) return reference(names, written.optional, written);
    return fieldOf(written) ?? { ...written, isColumn: true };
  });
}

/** The field that `payload.NAME` names. */
function fieldOf(written: Reference): Reference | undefined {
  const [first, ...below] = stepsOf(written);
  if (first?.name !== "payload" || below.length === 0) return undefined;
  const path = below.reduce<Reference["path"] | undefined>(
    (before, step) => ({ step, before, start: written.start, end: step.end }),
    undefined,
  );
  return { ...written, path: path! };
}
