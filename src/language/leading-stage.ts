/** Queries that begin with a stage, without the `|>` in front of it. */

import type { Token } from "../filter/lexer.ts";
import { FUNCTIONS } from "./bind-aggregate.ts";
import { STAGE_WORDS, TABLE_NAMES } from "./stage-names.ts";

/** Punctuation before a value: no filter has it behind a field. */
const OPENING: ReadonlySet<string> = new Set(["(", "!", "~"]);

/**
 * Whether the first words are a stage, and cannot be the begin of a filter: a table that stands alone, an aggregate, or a word with what
 * it needs. Fields may have any of these names: `count > 3` is a filter, and `io == 1`.
 */
export function beginsWithStage([first, second, third, fourth]: readonly Token[]): boolean {
  if (first?.type !== "identifier") return false;
  if (isCall(first, second)) return true;
  if (second?.text === "=") return isCall(third, fourth);
  if (TABLE_NAMES.includes(first.text)) return second === undefined || second.text === "|";
  return STAGE_WORDS.includes(first.text) && second !== undefined && beginsOperand(second);
}

function isCall(name: Token | undefined, open: Token | undefined): boolean {
  return name !== undefined && FUNCTIONS.includes(name.text) && open?.text === "(";
}

function beginsOperand({ type, text }: Token): boolean {
  return type !== "punctuation" || OPENING.has(text);
}
