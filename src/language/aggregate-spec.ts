/** A bound aggregate stage → what its operators are made from. */

import { type AggregateSpec, DEFAULT_MAX_GROUPS } from "../operators/aggregate/aggregate.ts";
import { paneLength } from "../operators/aggregate/windows.ts";
import { Project, type Projection } from "../operators/rows/project.ts";
import type { BoundAggregate, Place } from "./bind-aggregate.ts";
import type { OpenOptions } from "./planned-query.ts";
import type { Stage } from "./query-ast.ts";
import type { Extra } from "./row-expressions.ts";
import { EventScope, type Scope, TableScope } from "./scope.ts";

/** How many columns a stage gets. */
export function widthOf(scope: Scope): number {
  if (scope instanceof EventScope) return scope.requests.length;
  return scope instanceof TableScope ? scope.columns.length : scope.names.length;
}

/** Computes what keys and measures are made of, behind the columns that are there. */
export function extend(extras: readonly Extra[]): Project {
  const projections = extras.map((extra, i): Projection => ({ ...extra, name: `computed_${i}` }));
  return new Project({ projections, keepsInput: true });
}

/**
 * @param weight the place of the number of rows that a row stands for
 * @param width of the input, behind which the computed columns stand
 * @param favours the measure by which only the largest groups are asked for
 */
export function aggregateSpec(
  bound: BoundAggregate,
  weight: number | undefined,
  width: number,
  { isLive, maxGroups = DEFAULT_MAX_GROUPS }: OpenOptions,
  emitsSnapshots: boolean,
  favours: number | undefined,
): AggregateSpec {
  const at = (place: Place): number => ("at" in place ? place.at : width + place.extra);
  const { keys, measures, window, length } = bound;
  return {
    keys,
    measures: measures.map(({ column, mask, ...rest }) => ({
      ...rest,
      weight,
      column: column && at(column),
      mask: mask && at(mask),
    })),
    window,
    length,
    maxGroups,
    favours,
    isLive,
    emitsSnapshots,
  };
}

/**
 * The count by which the next stage keeps only the largest groups of all, or of each window that is one pane.
 */
export function favouredBy(
  { measures, window }: BoundAggregate,
  next: Stage | undefined,
): number | undefined {
  if (next?.kind !== "top" || next.per.some(({ text }) => text !== "window")) return undefined;
  if (window !== undefined && paneLength(window) !== window.everyNs) return undefined;
  const at = measures.findIndex(({ name }) => name === next.by.text);
  return measures[at]?.aggregate === "count" ? at : undefined;
}
