/** Text → the tree of a query. */

import type { FilterError } from "../base/errors.ts";
import { filterError } from "../filter/filter-error.ts";
import filterRules from "../filter/grammar.generated.ts";
import { type Continuation, GrammarParser } from "../filter/grammar-parser.ts";
import { type Token, tokenize } from "../filter/lexer.ts";
import { summary, syntaxError } from "../filter/parse.ts";
import queryRules from "./grammar.generated.ts";
import { beginsWithStage } from "./leading-stage.ts";
import type { Query } from "./query-ast.ts";
import { slipHint } from "./slips.ts";
import { stageGoesOn } from "./stage-names.ts";

const grammar = new GrammarParser(queryRules, filterRules);

/** Words that begin a stage or part one, as the grammar has them. */
export const WORDS: readonly string[] = [
  "where",
  "select",
  "sort",
  "top",
  "limit",
  "pair",
  "then",
  "by",
  "every",
  "slide",
  "within",
  "if",
  "per",
  "as",
  "asc",
  "desc",
];

/**
 * Reads a query.
 * @throws FilterError at the first token that cannot stand where it stands, with what could
 */
export function parseQuery(text: string): Query {
  const tokens = queryTokens(text);
  const result = grammar.parse(tokens);
  if (result.kind === "refused") throw refusal(text, tokens, result.token, result.terminals);
  const query = result.value as Query;
  if (query.apart !== undefined)
    throw filterError("QUERY_SYNTAX", text, query.apart, "query", "expected |> without a blank");
  return query;
}

/**
 * The tokens of a query. In front of its first stage `|>` may be left out, where nothing else can be meant: it is among the tokens
 * nevertheless.
 * @throws FilterError where no token can be read
 */
export function queryTokens(text: string): readonly Token[] {
  const tokens = tokenize(text);
  return beginsWithStage(tokens) ? [...PIPE, ...tokens] : tokens;
}

/** `|>` in front of a text. */
const PIPE: readonly Token[] = ["|", ">"].map((sign) => ({
  type: "punctuation",
  text: sign,
  value: sign,
  start: 0,
  end: 0,
}));

/** Whether a text has stages, or begins one: otherwise it is a filter. */
export function hasStages(text: string): boolean {
  return queryTokens(text).some(beginsStage);
}

/** Whether a token is the `|` of a `|>`, which no filter has. */
export function beginsStage(token: Token, i: number, tokens: readonly Token[]): boolean {
  const next = tokens[i + 1];
  return token.text === "|" && next?.text === ">" && next.start === token.end;
}

/** What may follow these tokens; `undefined` if nothing makes them a beginning of a query. */
export function queryContinuation(tokens: readonly Token[]): Continuation | undefined {
  return grammar.continuation(tokens);
}

function refusal(
  text: string,
  tokens: readonly Token[],
  token: Token | undefined,
  terminals: ReadonlySet<string>,
): FilterError {
  const before = tokens[(token === undefined ? tokens.length : tokens.indexOf(token)) - 1]?.text;
  return syntaxError(text, tokens, token, "query", expectedBehind(before, terminals), slipHint);
}

function expectedBehind(before = "", terminals: ReadonlySet<string>): readonly string[] {
  if (terminals.has("select"))
    return ["a stage (a table, where, select, an aggregate such as count(), sort, top or limit)"];
  // Nobody means a table called `limit`, or an aggregate that begins with `limit(`.
  const more = terminals.has("(") && terminals.has("|") ? stageGoesOn(before) : undefined;
  if (more !== undefined) return [more.expected];
  const words = WORDS.filter((word) => terminals.has(word)).map((word) => `"${word}"`);
  const expected = [...summary(terminals), ...words];
  if (terminals.has("integer") && !terminals.has("float")) expected.push("a duration, such as 1s");
  if (terminals.has("|")) expected.push('"|>"');
  return expected;
}
