/** What the page says of sources that bring nothing at present: since when, why, what is tried, and what is attached. */

import { visible } from "./dom.ts";
import { isWell, type SourceInfo } from "./source-info.ts";
import { timeOfDay } from "./time.ts";

const LINES = 3;
/** States that end without anybody doing anything. */
const PASSING = /^(lost|waiting|attaching)$/;

/** A line for each of the first that fare ill, and one for what follows of it; empty where all is well. */
export function troubleText(sources: readonly SourceInfo[]): string {
  // Attaching is trouble once the server says why it takes time.
  const ill = sources.filter((one) => !isWell(one) && one.message !== "");
  if (ill.length === 0) return "";
  const lines = ill.map(
    ({ source, state, since, message }) =>
      `${visible(source)}, ${state} since ${timeOfDay(since)}: ${visible(message)}`,
  );
  const rest = lines.length - LINES;
  const more = rest > 0 ? [`${rest} more sources: the view Losses lists them`] : [];
  return [...lines.slice(0, LINES), ...more, outlook(sources, ill)].join("\n");
}

function outlook(sources: readonly SourceInfo[], ill: readonly SourceInfo[]): string {
  const well = sources.filter(isWell).length;
  const attached =
    well === 0
      ? sources.length === 1
        ? "It is not attached"
        : "No source is attached"
      : `Attached: ${well} of ${sources.length} sources`;
  const next = ill.some(({ state }) => PASSING.test(state))
    ? "this page continues by itself when that changes"
    : "Run asks again, and a server with --wait does so by itself";
  return `${attached}; ${next}.`;
}
