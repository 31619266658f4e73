/** Runs a planned query over a feed. */

import type { Observable } from "rxjs";
import type { FeedSubscription } from "../feed/feed.ts";
import { through } from "../operators/chain.ts";
import { type NameSource, runQuestion } from "../operators/run-question.ts";
import type { Execution } from "../query/execution.ts";
import type { Question } from "../query/question.ts";
import type { ResultItem } from "../query/result.ts";
import type { PlannedQuery } from "./planned-query.ts";

/** What is asked: a question, or what a text makes of one. */
export interface AskedQuery {
  readonly question: Question;
  /** What the query language says, whose question is then the same. */
  readonly planned?: PlannedQuery | undefined;
  /** Groups of an aggregate, at most. */
  readonly maxGroups?: number | undefined;
}

/** Runs what is asked, in whichever way it is said. */
export function runAsked(
  { question, planned, maxGroups }: AskedQuery,
  execution: Execution,
  share: FeedSubscription,
  source: () => NameSource,
): Observable<ResultItem> {
  return planned === undefined
    ? runQuestion(question, execution, share, source)
    : runPlanned(planned, execution, share, source, maxGroups);
}

/**
 * Runs a query once.
 * @param share the rows' part of the feed
 * @param maxGroups groups of an aggregate, beyond which the others share one row
 */
export function runPlanned(
  planned: PlannedQuery,
  execution: Execution,
  share: FeedSubscription,
  source: () => NameSource,
  maxGroups?: number,
): Observable<ResultItem> {
  const { question, isPlain } = planned;
  if (isPlain) return runQuestion(question, execution, share, source);
  const { isLive, borrowBatches } = execution;
  const how: Execution = {
    ...execution,
    borrowBatches: true,
    lines: undefined,
    reportWatermark: true,
    reportLossEnds: execution.reportLossEnds ?? question.table !== undefined,
  };
  return through(runQuestion(question, how, share, source), planned.open({ isLive, maxGroups }), {
    isLive,
    borrowBatches: borrowBatches === true,
  });
}
