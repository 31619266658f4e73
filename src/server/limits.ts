/** What clients may use, and the defaults. */

import type { AdmissionLimits } from "./admission.ts";
import type { QueryLimits } from "./engine/messages.ts";

export interface Limits {
  /** Queries that run at once. */
  readonly maxQueries: number;
  /** Of one client: of one token, or of one address without. */
  readonly maxQueriesPerClient: number;
  /** Bytes that queries may take together, by what their columns are expected to take. */
  readonly maxMemory: number;
  /** Queries of one client that wait for their turn, and how long, in ms. */
  readonly maxWaiting: number;
  readonly maxWaitMs: number;
  /** Milliseconds of a processor for a query on recorded traces. */
  readonly maxCpuMs: number;
  /** Rows and bytes of one result. */
  readonly maxRows: number;
  readonly maxBytes: number;
  readonly maxColumns: number;
  /** Groups of an aggregate, or of each of its windows: the others share one row, `overflow`. */
  readonly maxGroups: number;
  /** Steps of a filter, for each event: a comparison counts 1, a glob by its wildcards. */
  readonly maxFilterCost: number;
  /** How long a client may take nothing of what waits for it, in ms. */
  readonly stallMs: number;
  /** Connections of one address. */
  readonly maxConnections: number;
}

export const DEFAULT_LIMITS: Limits = {
  maxQueries: 100,
  maxQueriesPerClient: 32,
  maxMemory: 256 << 20,
  maxWaiting: 64,
  maxWaitMs: 30_000,
  maxCpuMs: 600_000,
  maxRows: Number.POSITIVE_INFINITY,
  maxBytes: Number.POSITIVE_INFINITY,
  maxColumns: 256,
  maxGroups: 1_000_000,
  maxFilterCost: 20_000,
  stallMs: 60_000,
  maxConnections: 1000,
};

export function limitsOf(limits: Partial<Limits>): Limits {
  return { ...DEFAULT_LIMITS, ...limits };
}

export function admissionLimits(limits: Limits): AdmissionLimits {
  return {
    queries: limits.maxQueries,
    queriesPerClient: limits.maxQueriesPerClient,
    waitingPerClient: limits.maxWaiting,
    waitMs: limits.maxWaitMs,
    memory: limits.maxMemory,
  };
}

/** Calls of engines that run at once, and of one client: each is short, and its answer lies in memory until it is read. */
const CALLS_AT_ONCE = 8;
const CALLS_PER_CLIENT = 4;

export function callLimits(limits: Limits): AdmissionLimits {
  return {
    ...admissionLimits(limits),
    queries: CALLS_AT_ONCE,
    queriesPerClient: CALLS_PER_CLIENT,
    memory: Number.POSITIVE_INFINITY,
  };
}

export function queryLimits(limits: Limits): QueryLimits {
  return {
    cpuMs: limits.maxCpuMs,
    rows: limits.maxRows,
    bytes: limits.maxBytes,
    columns: limits.maxColumns,
    groups: limits.maxGroups,
    filterCost: limits.maxFilterCost,
    stallMs: limits.stallMs,
  };
}
