import type { Program } from "../../filter/bytecode.ts";
import { ANY_RUN, type TextConstant } from "../../filter/text-literal.ts";

/** A wildcard may be tried at every character of a text. */
const WILDCARD_STEPS = 16;

/** What a filter costs for each event, at most: its instructions, and for each glob what its wildcards may try. */
export function filterCost({ code, texts, containers }: Program): number {
  const wildcards = texts.reduce((sum, text) => sum + wildcardsOf(text), 0);
  const cases = containers?.cases ?? [];
  const others = cases.reduce((sum, { event }) => sum + filterCost(event), 0);
  return code.length + WILDCARD_STEPS * wildcards + others;
}

function wildcardsOf({ pattern }: TextConstant): number {
  return pattern.reduce((sum, one) => (one === ANY_RUN ? sum + 1 : sum), 0);
}
