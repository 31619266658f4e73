/** A query's plan over the traces at hand: columns with their types, the time range, and what the scan is asked. */

import { typeName } from "../column/column.ts";
import { defaultRequests, planColumns, replanColumns } from "../column/layout.ts";
import type { ColumnRequest } from "../column/request.ts";
import type { PlannedColumn } from "../column/schema.ts";
import { selectedRequests } from "../column/selection.ts";
import type { TraceClass } from "../ctf/trace-class.ts";
import type { Fold, ScanSpec } from "../scan/scanner.ts";
import { resolveTime, type TimeFrame } from "../source/time-bound.ts";
import { EventNames } from "./event-names.ts";
import type { Execution } from "./execution.ts";
import { checkNames, coverageOf, timelessNote } from "./name-check.ts";
import type { Question } from "./question.ts";
import type { ResultItem } from "./result.ts";
import { twoMeaningNotes } from "./two-meanings.ts";

const NO_CUTS = new BigInt64Array(0);

export class QueryPlan {
  readonly #question: Question;
  readonly #execution: Execution;
  readonly #emit: (item: ResultItem) => void;
  #requests: readonly ColumnRequest[] = [];
  #spec: ScanSpec | undefined;
  readonly #eventNames: EventNames;
  #isTimelessNoted = false;
  /** The columns that were announced last. */
  #announced: readonly PlannedColumn[] | undefined;

  constructor(question: Question, execution: Execution, emit: (item: ResultItem) => void) {
    this.#question = question;
    this.#execution = execution;
    this.#emit = emit;
    this.#eventNames = new EventNames(question.events, execution.isLive, question.table);
  }

  /** What the scan is asked; `undefined` before `settle`. */
  get spec(): ScanSpec | undefined {
    return this.#spec;
  }

  /**
   * Settles columns and time range, and checks names against what the traces declare.
   * @param frame what relative times refer to
   * @throws FilterError, SourceError for names that recorded traces do not have
   */
  settle(traceClasses: readonly TraceClass[], frame: TimeFrame): ScanSpec {
    const { select, filter, events, order, limit, begin, end } = this.#question;
    const { isLive, hiddenColumns = [] } = this.#execution;
    const requests = select && selectedRequests(select);
    this.#noteEvents(traceClasses);
    for (const text of checkNames(this.#question, requests ?? [], traceClasses, isLive))
      this.#emit({ kind: "note", text });
    for (const text of twoMeaningNotes(filter, requests ?? [], traceClasses))
      this.#emit({ kind: "note", text });
    const coverage = coverageOf(this.#question, traceClasses, isLive);
    if (coverage !== undefined) this.#emit({ kind: "note", text: coverage });
    this.#requests = [...(requests ?? defaultRequests(traceClasses)), ...hiddenColumns];
    const columns = planColumns(this.#requests, traceClasses);
    const countsOnly = columns.length === 0 && order === "none" && limit === undefined;
    const range = {
      begin: resolveTime(begin, frame, "begin", isLive),
      end: resolveTime(end, frame, "end", isLive),
    };
    this.#spec = { filter, events, columns, countsOnly, fold: this.#fold(), limit, ...range };
    // Until the first row of a live query, its columns may still get their types.
    if (!isLive || limit === 0) this.announce();
    return this.#spec;
  }

  /**
   * Gives live columns their types whose fields are declared by now.
   * @returns what the scan is asked from here on, if that is news
   */
  grow(traceClasses: readonly TraceClass[]): ScanSpec | undefined {
    const spec = this.#spec;
    const { isLive, widenColumns = false } = this.#execution;
    if (spec === undefined || !isLive) return undefined;
    this.#noteEvents(traceClasses);
    const columns = replanColumns(spec.columns, this.#requests, traceClasses, widenColumns);
    if (columns === spec.columns) return undefined;
    this.#spec = { ...spec, columns };
    return this.#spec;
  }

  /** Recorded rows only: live ones that come late are counted one by one. */
  #fold(): Fold | undefined {
    const { fold, limit } = this.#question;
    const { isLive, folds, hiddenColumns = [] } = this.#execution;
    if (fold === undefined || limit !== undefined || isLive) return undefined;
    const { cuts = NO_CUTS, ignored } = folds ?? {};
    if (ignored === undefined) return { ...fold, cuts };
    const first = this.#requests.length - hiddenColumns.length;
    const { columns, unless } = ignored;
    const moved = { columns: columns.map((at) => first + at), unless: first + unless };
    return { ...fold, cuts, ignored: moved };
  }

  #noteEvents(traceClasses: readonly TraceClass[]): void {
    for (const text of this.#eventNames.notes(traceClasses)) this.#emit({ kind: "note", text });
  }

  /** Says, once, that events without a time lie in no range of times. */
  noteTimeless(traceClass: TraceClass): void {
    if (this.#isTimelessNoted) return;
    const text = timelessNote(this.#question, traceClass);
    if (text === undefined) return;
    this.#isTimelessNoted = true;
    this.#emit({ kind: "note", text });
  }

  /** Says what columns the batches from here on have, if that is news. */
  announce(): void {
    const columns = this.#spec?.columns;
    const before = this.#announced;
    if (columns === undefined || columns === before) return;
    this.#announced = columns;
    this.#emit({ kind: "columns", columns });
    if (before === undefined) return;
    const shown = columns.length - (this.#execution.hiddenColumns?.length ?? 0);
    for (const [i, { name, type }] of columns.slice(0, shown).entries()) {
      if (columns[i] === before[i]) continue;
      const text = `column ${name} is declared: ${typeName(type)} from here on`;
      this.#emit({ kind: "note", text });
    }
  }
}
