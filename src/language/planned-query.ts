/** What planning a query gives. */

import type { Operator } from "../operators/operator.ts";
import type { Question } from "../query/question.ts";

/** How operators are opened. */
export interface OpenOptions {
  readonly isLive: boolean;
  /** Groups of an aggregate beyond which the others share one row; default 1 000 000. */
  readonly maxGroups?: number | undefined;
}

export interface PlannedQuery {
  readonly text: string;
  readonly question: Question;
  /** Whether the rows are events as the scan gives them. */
  readonly isPlain: boolean;
  /** Whether rows are all there is at their time, such as windows or totals: to be seen as tables. */
  readonly sets: "windows" | "totals" | undefined;
  /** New operators for one run. */
  open(options: OpenOptions): readonly Operator[];
  /** What is done with the rows, a line each. */
  readonly steps: readonly string[];
}
