/** The tables of containers, processes and system calls: their queries, without filter and `every`, and what each measures. */

import { type ContainerFacts, containerFacts } from "./container-facts.ts";
import { exact, scaledCount } from "./number.ts";
import { duration, type Range } from "./time.ts";
import type { Token } from "./token.ts";

/** How the values of several windows become one. */
export type Fold = "sum" | "mean" | "max";

export interface Measure {
  /** Of the table, and of the query's answer. */
  readonly key: string;
  readonly title: string;
  readonly fold: Fold;
  readonly isBad?: boolean;
  print(value: number): string;
}

export interface MetricQuery {
  readonly title: string;
  readonly query: string;
  readonly measures: readonly Measure[];
}

/** What a row is of: a column of the answers, by whichever name. */
export interface KeyColumn {
  readonly title: string;
  readonly names: readonly string[];
  /** Rows without it are rows too, of `NO_NAME`. */
  readonly isOptional?: true;
}

/** Stands for a name that a row does not have. */
export const NO_NAME = "–";
const ITS_CONTAINER: KeyColumn = { title: "container", names: ["container"], isOptional: true };

export interface MetricTableSpec {
  readonly keys: readonly KeyColumn[];
  readonly queries: readonly MetricQuery[];
  /** The measure that rows are sorted by at first. */
  readonly order: string;
  /** Adds up what live sources bring, instead of the last second. */
  readonly isWhole?: true;
  /** Columns from elsewhere than from queries, by the row's first name. */
  readonly facts?: {
    readonly measures: readonly Measure[];
    load(source: string, range: Range | undefined, token: Token): Promise<ContainerFacts>;
  };
  /** Drawn as a small line in each row. */
  readonly line?: { readonly query: string; readonly column: string; readonly title: string };
}

const percent = (value: number): string => `${exact(value)} %`;
const bytes = (value: number): string => scaledCount(value, "B");

const CPU: Measure = { key: "cpu", title: "cpu", fold: "mean", print: percent };
const CALLS: Measure = { key: "calls", title: "syscalls", fold: "sum", print: exact };
const ERRORS: Measure = { key: "errors", title: "errors", fold: "sum", isBad: true, print: exact };
const P99: Measure = { key: "p99", title: "p99", fold: "max", print: duration };
const EVENTS: Measure = { key: "events", title: "events", fold: "sum", print: exact };
const PAGES: Measure = { key: "pages", title: "pages ±", fold: "sum", print: exact };
const NET: Measure = { key: "net", title: "net", fold: "sum", print: bytes };
const IO: Measure = { key: "io", title: "block io", fold: "sum", print: bytes };

const SYSCALLS = "|> syscalls |> calls = count(), errors = count() if (ret < 0), p99 = p99(dt)";

export const CONTAINERS: MetricTableSpec = {
  facts: {
    measures: [
      { key: "instances", title: "instances", fold: "max", print: exact },
      { key: "restarts", title: "restarts", fold: "max", isBad: true, print: exact },
    ],
    load: containerFacts,
  },
  keys: [{ title: "container", names: ["container"] }],
  order: "cpu",
  line: { query: "|> slices |> cpu = usage(dt) by container", column: "cpu", title: "cpu" },
  queries: [
    {
      title: "Processor time",
      query: "|> slices |> cpu = usage(dt) by container",
      measures: [CPU],
    },
    {
      title: "System calls",
      query: `${SYSCALLS} by container`,
      measures: [CALLS, ERRORS, P99],
    },
    {
      title: "Memory",
      query: "|> pages |> pages = sum(pages) by container",
      measures: [PAGES],
    },
    { title: "Network", query: "|> net |> net = sum(bytes) by container", measures: [NET] },
    { title: "Block devices", query: "|> io |> io = sum(bytes) by container", measures: [IO] },
    { title: "Events", query: "|> events = count() by container", measures: [EVENTS] },
  ],
};

export const PROCESSES: MetricTableSpec = {
  keys: [
    ITS_CONTAINER,
    { title: "tid", names: ["tid"] },
    { title: "process", names: ["comm", "procname"] },
  ],
  order: "cpu",
  queries: [
    {
      title: "Processor time",
      query: "|> slices |> cpu = usage(dt) by container, tid, comm",
      measures: [CPU],
    },
    {
      title: "System calls",
      query: `${SYSCALLS} by container, tid, procname`,
      measures: [CALLS, ERRORS, P99],
    },
    {
      title: "Events",
      query: "|> events = count() by container, tid, procname",
      measures: [EVENTS],
    },
  ],
};

export const SYSTEM_CALLS: MetricTableSpec = {
  keys: [{ title: "syscall", names: ["syscall"] }],
  order: "calls",
  queries: [
    {
      title: "System calls",
      query:
        "|> syscalls |> calls = count(), errors = count() if (ret < 0), p50 = p50(dt), p99 = p99(dt), time = sum(dt) by syscall",
      measures: [
        CALLS,
        ERRORS,
        { key: "p50", title: "p50", fold: "max", print: duration },
        P99,
        { key: "time", title: "time", fold: "sum", print: duration },
      ],
    },
  ],
};

/** Which calls fail, and on which files; a call names its file by one of these arguments. */
export function failingFiles(fields: readonly string[]): MetricTableSpec {
  return {
    keys: [
      ITS_CONTAINER,
      { title: "syscall", names: ["syscall"] },
      // An error that has no name is its number.
      { title: "error", names: ["errno", "ret"] },
      { title: "file", names: fields },
    ],
    order: "fails",
    isWhole: true,
    queries: fields.map((field) => ({
      title: `Failing calls by ${field}`,
      query: `|> syscalls |> where ret < 0 && ${field} == "*" |> fails = count() by container, syscall, errno, ret, ${field} |> top 500 by fails`,
      measures: [{ key: "fails", title: "failed", fold: "sum", isBad: true, print: exact }],
    })),
  };
}
