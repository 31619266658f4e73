/** Tokens → syntax tree, by nearley and the compiled grammar. */
import nearley from "nearley";
import type { FilterError } from "../base/errors.ts";
import type { Expression } from "./ast.ts";
import { filterError } from "./filter-error.ts";
import rules from "./grammar.generated.ts";
import { type Token, TokenFeed, tokenize } from "./lexer.ts";

/**
 * Reads an expression.
 *
 * @throws FilterError at the first token that cannot stand where it stands, with what could
 */
export function parse(text: string): Expression {
  const tokens = tokenize(text);
  const parser = new TableParser(grammar, { lexer: new TokenFeed(tokens) });
  const failedAt = feed(parser, tokens);
  if (failedAt !== undefined || parser.results.length === 0) {
    throw syntaxError(text, tokens, failedAt, summary(terminalsNext(parser)));
  }
  // The grammar is unambiguous; a second reading would be a defect of ours, not of the expression.
  if (parser.results.length > 1) throw new Error(`ambiguous filter grammar: ${text}`);
  return parser.results[0] as Expression;
}

/** What the grammar lets follow an unfinished expression. */
export interface Continuation {
  /** Token kinds (`identifier`, `integer`, …) and literal texts (`&&`, `(`, …). */
  readonly terminals: ReadonlySet<string>;
  /** Whether the expression could also end here. */
  readonly isWhole: boolean;
}

/** What may follow these tokens; `undefined` if nothing makes them a beginning of an expression. */
export function continuation(tokens: readonly Token[]): Continuation | undefined {
  const parser = new TableParser(grammar, { lexer: new TokenFeed(tokens) });
  if (feed(parser, tokens) !== undefined) return undefined;
  return { terminals: terminalsNext(parser), isWhole: parser.results.length > 0 };
}

const grammar = nearley.Grammar.fromCompiled(rules as nearley.CompiledRules);

/** What nearley keeps but its types do not tell. */
interface Column {
  readonly scannable: readonly State[];
}
interface State {
  readonly dot: number;
  readonly rule: { readonly symbols: readonly Terminal[] };
}
interface Terminal {
  readonly literal?: string;
  readonly type?: string;
}

class TableParser extends nearley.Parser {
  declare readonly table: readonly Column[];

  /** nearley would print its whole table into each syntax error. */
  reportError(): string {
    return "";
  }
}

/** The token that nearley refused, or `undefined` when it took them all. */
function feed(parser: nearley.Parser, tokens: readonly Token[]): Token | undefined {
  try {
    parser.feed("");
    return undefined;
  } catch (error) {
    const token = (error as { token?: Token }).token;
    if (token === undefined || !tokens.includes(token)) throw error;
    return token;
  }
}

/** Terminals that the column before the refused token (or the end) was waiting for. */
function terminalsNext(parser: TableParser): ReadonlySet<string> {
  const column = parser.table[parser.current];
  const terminals = new Set<string>();
  for (const { rule, dot } of column?.scannable ?? []) {
    const terminal = rule.symbols[dot];
    const name = terminal?.type ?? terminal?.literal;
    if (name !== undefined) terminals.add(name);
  }
  return terminals;
}

/** Twenty operators say less than "an operator". */
function summary(terminals: ReadonlySet<string>): readonly string[] {
  const words: string[] = [];
  const has = (name: string): boolean => terminals.has(name);
  if (has("float")) words.push("a value");
  else if (has("identifier")) words.push("a name");
  if (has("||")) words.push("an operator");
  for (const mark of [")", "]", ","]) if (has(mark)) words.push(`"${mark}"`);
  if (has("(") && !has("float")) words.push('"("');
  return words;
}

function syntaxError(
  text: string,
  tokens: readonly Token[],
  token: Token | undefined,
  expected: readonly string[],
): FilterError {
  const end = { start: text.trimEnd().length, end: text.trimEnd().length + 1 };
  const wanted = expected.length === 0 ? "the end of the text" : alternatives(expected);
  const problem = `expected ${wanted}, got ${quoted(token)}${hint(tokens, token)}`;
  return filterError("FILTER_SYNTAX", text, token ?? end, "filter expression", problem, expected);
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

/** For slips that people coming from other languages make. */
function hint(tokens: readonly Token[], token: Token | undefined): string {
  switch (token?.text) {
    case undefined:
      return "";
    case "=":
      return ' (comparison is "==")';
    case "and":
      return ' (logical and is "&&")';
    case "or":
      return ' (logical or is "||")';
    default: {
      const before = tokens.find(({ end }) => end === token?.start);
      const isUnit = before?.type === "integer" && token?.type === "identifier";
      return isUnit ? " (units are ns, us, ms, s, min, h, B, KiB, MiB, GiB, TiB)" : "";
    }
  }
}
