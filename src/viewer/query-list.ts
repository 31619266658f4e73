/** The queries that a view stands on, below it: each a link, with its state and what it lost. */

import { make, visibleLines } from "./dom.ts";
import { exact } from "./number.ts";
import { outageText } from "./outage.ts";
import type { RunningQuery } from "./running-query.ts";

export interface ListedQuery {
  readonly title: string;
  readonly running: RunningQuery;
}

/** @param open called with a query that the user wants to see by itself */
export function queryList(
  queries: readonly ListedQuery[],
  open: (query: string) => void,
): HTMLElement {
  const items = queries.map(({ title, running }) => {
    const { query } = running.wanted;
    const button = make("button", { type: "button", "data-key": `query ${title}` }, query);
    button.addEventListener("click", () => open(query));
    return make("li", {}, `${title}: `, button, ...losses(running), ...problems(running));
  });
  return make(
    "details",
    { class: "queries", open: queries.some(({ running }) => running.error !== undefined) },
    make("summary", {}, "Queries behind this view"),
    make("ul", {}, ...items),
  );
}

function losses({ lostEvents }: RunningQuery): readonly Node[] {
  return lostEvents > 0 ? [make("b", { class: "bad" }, ` ${exact(lostEvents)} events lost`)] : [];
}

function problems({ error, outage, state }: RunningQuery): readonly Node[] {
  if (error !== undefined) return [make("pre", { class: "bad" }, visibleLines(error.message))];
  if (state === "disconnected" && outage !== undefined)
    return [make("b", { class: "bad" }, ` ${outageText(outage)}`)];
  return state === "running" || state === "ended" ? [] : [make("i", {}, ` ${state}`)];
}
