/** Tokens → syntax tree, by the compiled grammar. */

import type { FilterError } from "../base/errors.ts";
import type { Expression } from "./ast.ts";
import { filterError } from "./filter-error.ts";
import rules from "./grammar.generated.ts";
import { type Continuation, GrammarParser } from "./grammar-parser.ts";
import { type Token, tokenize } from "./lexer.ts";

const grammar = new GrammarParser(rules);

/**
 * Reads an expression.
 *
 * @throws FilterError at the first token that cannot stand where it stands, with what could
 */
export function parse(text: string): Expression {
  const tokens = tokenize(text);
  const result = grammar.parse(tokens);
  if (result.kind === "parsed") return result.value as Expression;
  const expected = summary(result.terminals);
  throw syntaxError(text, tokens, result.token, "filter expression", expected);
}

/** What may follow these tokens; `undefined` if nothing makes them a beginning of an expression. */
export function continuation(tokens: readonly Token[]): Continuation | undefined {
  return grammar.continuation(tokens);
}

/** Twenty operators say less than "an operator". */
export function summary(terminals: ReadonlySet<string>): readonly string[] {
  const words: string[] = [];
  const has = (name: string): boolean => terminals.has(name);
  if (has("float")) words.push("a value");
  else if (has("identifier")) words.push("a name");
  if (has("||")) words.push("an operator");
  for (const mark of [")", "]", ","]) if (has(mark)) words.push(`"${mark}"`);
  if (has("(") && !has("float")) words.push('"("');
  return words;
}

/** That a token, or the end of the text where there is none, cannot stand where it stands. */
export function syntaxError(
  text: string,
  tokens: readonly Token[],
  token: Token | undefined,
  subject: string,
  expected: readonly string[],
  moreHints: typeof hint = () => "",
): FilterError {
  const end = { start: text.trimEnd().length, end: text.trimEnd().length + 1 };
  const wanted = expected.length === 0 ? "the end of the text" : alternatives(expected);
  const problem = `expected ${wanted}, got ${quoted(token)}${moreHints(tokens, token) || hint(tokens, token)}`;
  return filterError("FILTER_SYNTAX", text, token ?? end, subject, problem, expected);
}

function quoted(token: Token | undefined): string {
  if (token === undefined) return "the end of the text";
  const shown = token.text.slice(0, 40);
  return token.type === "string" ? shown : `"${shown}"`;
}

function alternatives(words: readonly string[]): string {
  return words.length < 2
    ? words.join("")
    : `${words.slice(0, -1).join(", ")} or ${words.at(-1) ?? ""}`;
}

/** `"$ctx.pid == 1"` between double quotes reaches us as `.pid == 1`. */
const SHELL_HINT =
  " (if the shell took $ctx or another word with $ away, write the filter between single quotes)";

function beginsOperand(tokens: readonly Token[], token: Token): boolean {
  const before = tokens[tokens.indexOf(token) - 1];
  return before === undefined || (before.type === "punctuation" && !/^[)\]?]$/.test(before.text));
}

/** How other languages compare a text with a pattern; `=~` is two tokens. */
const MATCH = /^(like|ilike|matches|contains|startswith|endswith|regexp?|has)$/i;
const LOGIC: Readonly<Record<string, string>> = { and: "&&", or: "||", not: "!" };

/** For slips that people coming from other languages make. */
function hint(tokens: readonly Token[], token: Token | undefined): string {
  if (token === undefined) return "";
  const { text } = token;
  const before = tokens.find(({ end }) => end === token.start);
  const last = tokens[tokens.indexOf(token) - 1];
  if (text === ".") return beginsOperand(tokens, token) ? SHELL_HINT : "";
  if (isMatch(tokens, token)) return ' (texts match globs: $event.name == "sched_*")';
  if (text === "=") return ' (comparison is "==")';
  for (const word of [text, last?.text ?? ""]) {
    const operator = LOGIC[word.toLowerCase()];
    if (operator !== undefined) return ` (logical ${word.toLowerCase()} is "${operator}")`;
  }
  const isUnit = before?.type === "integer" && token.type === "identifier";
  return isUnit ? " (units are ns, us, ms, s, min, h, B, KiB, MiB, GiB, TiB)" : "";
}

/** Whether another language would compare a text with a pattern here. */
export function isMatch(tokens: readonly Token[], token: Token): boolean {
  const { text } = token;
  return MATCH.test(text) || (text === "=" && tokens[tokens.indexOf(token) + 1]?.text === "~");
}
