/** What people call things who come from SQL, Splunk, Kusto, perf or strace; and which tables have a column that events lack. */

import { listed } from "../base/suggestion.ts";
import { TABLES } from "./tables.ts";

/** Our stage for another language's word, as an example. */
const STAGE_EXAMPLES: Readonly<Record<string, string>> = {
  filter: "where ret < 0",
  having: "where count > 10",
  project: "select timestamp, event",
  fields: "select timestamp, event",
  extend: "select timestamp, dt / 1000 as us",
  eval: "select timestamp, dt / 1000 as us",
  order: "sort count desc",
  orderby: "sort count desc",
  head: "limit 10",
  take: "limit 10",
  first: "limit 10",
};

const FUNCTIONS: Readonly<Record<string, string>> = {
  mean: "avg",
  average: "avg",
  median: "p50",
  total: "sum",
  minimum: "min",
  maximum: "max",
  stdev: "stddev",
  std: "stddev",
  stddev_pop: "stddev",
  dcount: "distinct",
  uniq: "distinct",
  unique: "distinct",
  nunique: "distinct",
  count_distinct: "distinct",
  approx_count_distinct: "distinct",
  percentile: "quantile",
  approx_quantile: "quantile",
  histogram: "hist",
  any_value: "first",
};

const COLUMNS: Readonly<Record<string, string>> = {
  duration: "dt",
  dur: "dt",
  elapsed: "dt",
  time: "timestamp",
  ts: "timestamp",
  cpu: "cpu_id",
  cpuid: "cpu_id",
  comm: "procname",
  command: "procname",
  process: "procname",
  hostname: "host",
  container_name: "container",
  event_name: "event",
  syscall_name: "syscall",
  error: "errno",
};

const own = (names: Readonly<Record<string, string>>, name: string): string | undefined =>
  Object.hasOwn(names, name) ? names[name] : undefined;

/** The stage that does what another language's word does. */
export function foreignStage(word: string): string | undefined {
  const example = own(STAGE_EXAMPLES, word.toLowerCase());
  return example && `write |> ${example}`;
}

/** The aggregate that does what another language's function does. */
export function foreignFunction(name: string): string | undefined {
  const ours = own(FUNCTIONS, name.toLowerCase());
  if (ours !== undefined) return ours;
  const percent = /^p(\d{1,2})$/.exec(name)?.[1];
  return percent && `quantile(…, ${Number(percent) / 100})`;
}

/** What helps where a column is asked for that nothing has: the tables that have it, or its name here. */
export function columnHint(name: string): string | undefined {
  const ours = own(COLUMNS, name.toLowerCase());
  const wanted = ours ?? name;
  const tables = TABLES.filter(({ columns }) => columns.some((column) => column.name === wanted));
  const called = ours === undefined ? "" : `did you mean ${ours}? `;
  // Every table has a time.
  if (tables.length === 0 || wanted === "timestamp") return ours && called.trim();
  const names = tables.map((table) => table.name);
  const kinds = names.length === 1 ? "the table" : "the tables";
  return `${called}${wanted} is a column of ${kinds} ${listed(names, " and ")}: |> ${names[0]} |> …`;
}
