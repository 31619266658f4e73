/** What the page shows, as its address says it. The token never stands there. */

export type ViewName = "query" | "containers";

export interface Place {
  readonly query: string;
  /** Empty for all sources. */
  readonly source: string;
  readonly view: ViewName;
  readonly isPaused: boolean;
}

/** The place that the address names. */
export function placeOf(search: string): Place {
  const parameters = new URLSearchParams(search);
  return {
    // Links from before the query language have `where`.
    query: parameters.get("q") ?? parameters.get("where") ?? "",
    source: parameters.get("source") ?? "",
    view: parameters.get("view") === "containers" ? "containers" : "query",
    isPaused: parameters.get("paused") === "1",
  };
}

/** The address of a place, relative to the page's. */
export function addressOf({ query, source, view, isPaused }: Place): string {
  const parameters = new URLSearchParams();
  if (query !== "") parameters.set("q", query);
  if (source !== "") parameters.set("source", source);
  if (view !== "query") parameters.set("view", view);
  if (isPaused) parameters.set("paused", "1");
  const text = parameters.toString().replaceAll("+", "%20");
  return text === "" ? "./" : `?${text}`;
}
