/** What the page shows, as its address says it. The token never stands there. */

import { type Range, rangeOf } from "./time.ts";

export const VIEWS = [
  "containers",
  "events",
  "syscalls",
  "timeline",
  "processes",
  "losses",
  "compare",
] as const;

export type ViewName = (typeof VIEWS)[number];

export interface Place {
  readonly query: string;
  /** Empty for all sources. */
  readonly source: string;
  readonly view: ViewName;
  readonly isPaused: boolean;
  /** Undefined for all of a recorded trace, and for what comes of a live session. */
  readonly range: Range | undefined;
  /** What the range is compared with. */
  readonly other: Range | undefined;
  /** A column, with `-` before it if the greatest comes first; empty for the view's own order. */
  readonly sort: string;
  /** Of the events; empty for the usual ones. */
  readonly columns: readonly string[];
  readonly lanes: "cpu" | "thread";
  /** Of the timeline, a slice or wait: when it began, and its thread, `1795337611181540068-1121`; empty for none. */
  readonly chosen: string;
}

const MAX_COLUMNS = 100;

/** The place that the address names. */
export function placeOf(search: string): Place {
  const parameters = new URLSearchParams(search);
  const view = VIEWS.find((name) => name === parameters.get("view"));
  // Links from before the query language have `where`.
  const query = parameters.get("q") ?? parameters.get("where") ?? "";
  return {
    query,
    source: parameters.get("source") ?? "",
    view: view ?? usualView(query),
    isPaused: parameters.get("paused") === "1",
    range: rangeOf(parameters.get("begin"), parameters.get("end")),
    other: rangeOf(parameters.get("begin2"), parameters.get("end2")),
    sort: parameters.get("sort") ?? "",
    columns: (parameters.get("columns") ?? "")
      .split(",")
      .filter((name) => name !== "")
      .slice(0, MAX_COLUMNS),
    lanes: parameters.get("lanes") === "thread" ? "thread" : "cpu",
    chosen: /^\d{1,19}-\d{1,10}$/.exec(parameters.get("chosen") ?? "")?.[0] ?? "",
  };
}

/** Where an address leads that names no view. */
function usualView(query: string): ViewName {
  return query === "" ? "containers" : "events";
}

/** The address of a place, relative to the page's. */
export function addressOf(place: Place): string {
  const { query, source, view, isPaused, range, other, sort, columns, lanes, chosen } = place;
  const parameters = new URLSearchParams();
  const set = (name: string, value: string | bigint | undefined): void => {
    if (value !== undefined && value !== "") parameters.set(name, String(value));
  };
  set("q", query);
  set("source", source);
  set("view", view === usualView(query) ? "" : view);
  set("paused", isPaused ? "1" : "");
  set("begin", range?.begin);
  set("end", range?.end);
  set("begin2", other?.begin);
  set("end2", other?.end);
  set("sort", sort);
  set("columns", columns.join(","));
  set("lanes", lanes === "cpu" ? "" : lanes);
  set("chosen", chosen);
  const text = parameters.toString().replaceAll("+", "%20");
  return text === "" ? "./" : `?${text}`;
}
