/** Columns of events in conditions on them: `event` is `$event.name`, `container` is `$container.name`, `payload.tid` is the field `tid`. */

import { plainName } from "../base/quoted-name.ts";
import type { Expression } from "../filter/ast.ts";
import { reference } from "../filter/build.ts";
import { WRITTEN_COLUMNS } from "../filter/event-columns.ts";
import { mapReferences } from "../filter/rewrite.ts";
import { symbolText } from "../filter/symbol.ts";

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
