import { type SortOrder, sortNames } from "../analyses/sorting.ts";
import type { View } from "../analyses/view.ts";
import { SourceError } from "../base/errors.ts";
import { suggestion } from "../base/suggestion.ts";
import { VIEWS, viewNamed } from "../top/views.ts";
import type { TopOptions } from "./top-options.ts";

/**
 * The view that is asked for, sorted as is asked for.
 * @throws SourceError `TOP_VIEW`, `TOP_SORT`
 */
export function viewOf({ view: name, sort }: Pick<TopOptions, "view" | "sort">): View {
  const view = viewNamed(name);
  if (view === undefined) {
    const names = VIEWS.map((one) => one.name);
    throw new SourceError(
      "TOP_VIEW",
      `top: expected a view, one of ${names.join(", ")}, got ${name}${suggestion(name, names)}`,
    );
  }
  return sort === undefined ? view : { ...view, sort: orderOf(view, sort).by };
}

function orderOf(view: View, by: string): SortOrder {
  const names = sortNames(view);
  if (names.includes(by)) return { by, isReversed: false };
  throw new SourceError(
    "TOP_SORT",
    `--sort: expected a column of ${view.name}, one of ${names.join(", ")}, got ${by}${suggestion(by, names)}`,
  );
}
