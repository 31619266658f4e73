/** What a query asks: the same for live and recorded sources, and however it is executed. */

import type { ColumnRequest } from "../column/request.ts";
import type { Program } from "../filter/bytecode.ts";
import type { ContainerCondition } from "../filter/container-condition.ts";
import type { TimeBound } from "../source/time-bound.ts";

export interface Question {
  readonly filter: Program | undefined;
  /** What an event's container must be, besides what the filter says. */
  readonly container?: ContainerCondition | undefined;
  /** A condition on containers that stages behind decide: its names are missed where no container has them. */
  readonly decidedLater?: ContainerCondition | undefined;
  /** Star globs over event names; empty means all. */
  readonly events: readonly string[];
  /** What chose the events, where some of them may be missing: a table of the query language. */
  readonly table?: QuestionTable | undefined;
  /** Columns by name or as requests; `undefined` means the default columns. */
  readonly select: readonly (string | ColumnRequest)[] | undefined;
  /** Both inclusive. */
  readonly begin: TimeBound | undefined;
  readonly end: TimeBound | undefined;
  /** `time` holds rows until no earlier ones can come; `none` delivers them as they are decoded. */
  readonly order: "time" | "none";
  readonly limit: number | undefined;
  /** What may help where a filter has a name that nothing has. */
  readonly hintFor?: ((name: string) => string | undefined) | undefined;
  /** Whether rows that are equal but for their time in a pane of so many ns, or in any time, may come as one: see `Fold`. */
  readonly fold?: { readonly paneNs: bigint | undefined } | undefined;
}

export interface QuestionTable {
  readonly name: string;
  /** Groups of globs: a row needs an event of each. */
  readonly rowsNeed: readonly (readonly string[])[];
}

/** Every event, with the default columns, in the order of time. */
export const EVERYTHING: Question = {
  filter: undefined,
  events: [],
  select: undefined,
  begin: undefined,
  end: undefined,
  order: "time",
  limit: undefined,
};
