/** What may follow an unfinished query: stages, tables, functions, words, and the columns at hand. */

import { FilterError } from "../base/errors.ts";
import { type Completion, type Completions, complete } from "../filter/complete.ts";
import { type Token, tokenize } from "../filter/lexer.ts";
import type { LinkEnvironment } from "../filter/resolve.ts";
import { FUNCTIONS } from "./bind-aggregate.ts";
import { beginsStage, queryContinuation, queryTokens, WORDS } from "./parse-query.ts";
import { namesBehind } from "./plan.ts";
import { STAGES } from "./stage-names.ts";
import { TABLES } from "./tables.ts";

const MAX_ITEMS = 100;

/**
 * Completes a query, or a filter, at its end.
 * @param prefix what stands before the cursor
 */
export function completeQuery(
  prefix: string,
  environments: Iterable<LinkEnvironment>,
  limit: number = MAX_ITEMS,
): Completions {
  const tokens = tokensOf(prefix);
  const bar = tokens?.findLastIndex(beginsStage) ?? -1;
  if (tokens === undefined || bar === -1) return complete(prefix, environments, limit);
  const typed = tokens.at(-1)!;
  const isTyping = typed.type === "identifier" && typed.end === prefix.length;
  const word = isTyping ? typed.text : "";
  const from = prefix.length - word.length;
  const before = isTyping ? tokens.slice(0, -1) : tokens;
  const isFirst = before.length === bar + 2;
  const head = prefix.slice(0, tokens[bar]!.start);
  const items = isFirst
    ? stagesAt(word, from)
    : inStage(before, word, from, head, prefix.slice(tokens[bar + 1]!.end), environments);
  const isWhole = queryContinuation(tokens)?.isWhole ?? false;
  const found = items.filter(({ text }) => text.toLowerCase().startsWith(word.toLowerCase()));
  return { isWhole, items: found.slice(0, limit), isCut: found.length > limit };
}

function tokensOf(prefix: string): readonly Token[] | undefined {
  try {
    const tokens = tokenize(prefix);
    // A single word may become another one: net, net_ns.
    return tokens.length === 1 ? tokens : queryTokens(prefix);
  } catch (error) {
    if (error instanceof FilterError) return undefined;
    throw error;
  }
}

function stagesAt(word: string, from: number): readonly Completion[] {
  const stages = STAGES.filter((name) => name !== "count()").map((text) => {
    const help = TABLES.find(({ name }) => name === text)?.help;
    return item(text, from, "name", help ?? "stage");
  });
  const functions = FUNCTIONS.map((name) => item(`${name}(`, from, "name", "aggregate"));
  return word === "" ? [...stages, ...functions] : [...functions, ...stages];
}

function inStage(
  before: readonly Token[],
  word: string,
  from: number,
  head: string,
  stage: string,
  environments: Iterable<LinkEnvironment>,
): readonly Completion[] {
  const next = queryContinuation(before);
  if (next === undefined) return [];
  const { terminals } = next;
  const takesNames = terminals.has("identifier");
  const words = WORDS.filter((one) => terminals.has(one)).map((one) =>
    item(one, from, "operator", undefined),
  );
  const { names, isOpen } = namesBehind(head);
  const columns = names.map((name) => item(name, from, "name", "column"));
  // Fields and contexts of events, as a filter would offer them.
  const fields = isOpen && word !== "" ? complete(word, environments).items : [];
  const isMeasure = takesNames && /(^|,)\s*\w*$/.test(stage) && !/\bby\b/.test(stage);
  const isRows = /^\s*(where|select|sort|top|limit|pair)\b/.test(stage);
  const functions =
    isMeasure && !isRows
      ? FUNCTIONS.map((name) => item(`${name}(`, from, "name", "aggregate"))
      : [];
  const offered = takesNames && functions.length === 0 ? [...columns, ...moved(fields, from)] : [];
  return unique([...functions, ...offered, ...words]);
}

function moved(items: readonly Completion[], from: number): readonly Completion[] {
  return items.filter(({ kind }) => kind === "name").map((one) => ({ ...one, from }));
}

function unique(items: readonly Completion[]): readonly Completion[] {
  return [...new Map(items.map((one) => [one.text, one])).values()];
}

function item(
  text: string,
  from: number,
  kind: Completion["kind"],
  detail: string | undefined,
): Completion {
  return { text, from, kind, detail, classes: undefined };
}
