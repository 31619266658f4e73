/** The way into the data: a crumb for each term of the filter, which a click goes back to. */

import type { Place, ViewName } from "./address.ts";
import { brief, byId, make } from "./dom.ts";
import { filterOf, termsOf } from "./query-text.ts";

const VIEW_OF_TERM: readonly (readonly [RegExp, ViewName])[] = [
  [/^\$container\.name ==/, "processes"],
  [/^\$ctx\.v?[tp]id ==/, "events"],
];

/** @param go called with where a crumb leads */
export function showCrumbs(place: Place, go: (changes: Partial<Place>) => void): void {
  const terms = termsOf(filterOf(place.query));
  const list = byId("crumbs");
  list.hidden = terms.length === 0;
  const names = ["everything", ...terms];
  list.replaceChildren(
    ...names.map((name, i) => {
      const isLast = i === names.length - 1;
      const button = make(
        "button",
        { type: "button", "aria-current": isLast ? "true" : undefined },
        brief(name, 60),
      );
      button.addEventListener("click", () => go(placeAt(terms.slice(0, i))));
      return make("li", {}, button);
    }),
  );
}

/** One level up; undefined at the top. */
export function placeAbove({ query, view }: Place): Partial<Place> | undefined {
  const terms = termsOf(filterOf(query));
  if (terms.length > 0) return placeAt(terms.slice(0, -1));
  return view === "containers" ? undefined : { view: "containers", query: "" };
}

function placeAt(terms: readonly string[]): Partial<Place> {
  const last = terms.at(-1) ?? "";
  const view = VIEW_OF_TERM.find(([term]) => term.test(last))?.[1];
  return {
    query: terms.join(" && "),
    view: terms.length === 0 ? "containers" : (view ?? "events"),
    isPaused: false,
  };
}
