/**
 * Text → tokens, as LTTng 2.13.9 cuts them (filter-lexer.lpp), plus `?`, `,`, names between backquotes and units behind
 * decimal numbers: `5ms` and `0.5ms` are integers.
 *
 * The text is cut at once, so that sizes and nesting are judged before the parser works; `TokenFeed` then hands the
 * tokens to nearley. Characters that begin no token become tokens of their own, for the parser to refuse in context.
 */
import { FilterError } from "../base/errors.ts";
import type { Span } from "../base/text.ts";
import { filterError } from "./filter-error.ts";
import { MAX_NESTING, MAX_TEXT_BYTES, MAX_TOKENS } from "./limits.ts";

export type TokenKind = "identifier" | "global" | "integer" | "float" | "string" | "punctuation";

export interface Token extends Span {
  /** nearley matches `%kind` in the grammar against this, and quoted literals against `text`. */
  readonly type: TokenKind;
  readonly text: string;
  /** The same as `text`: nearley's types ask for it. */
  readonly value: string;
}

/**
 * Cuts a whole expression into tokens.
 *
 * @throws FilterError when the text is too large, nested too deep, or a string is not closed
 */
export function tokenize(text: string): readonly Token[] {
  checkSize(text);
  const tokens: Token[] = [];
  let start = skipBlank(text, 0);
  while (start < text.length) {
    const token = tokenAt(text, start);
    if (tokens.length === MAX_TOKENS) throw tooManyTokens(text, token);
    tokens.push(token);
    start = skipBlank(text, token.end);
  }
  checkNesting(text, tokens);
  return tokens;
}

/** Declares to nearley which `%names` in the grammar are token kinds; it is never asked for a token. */
export const tokenKinds: TokenKinds = {
  has: (name) => KINDS.has(name),
  reset: () => {},
  next: () => undefined,
  save: () => ({}),
  formatError: () => "",
};

/** What nearley restores a lexer from: nothing, since it feeds the whole text at once. */
interface LexerState {
  [name: string]: never;
}

/** nearley's lexer, as its generated code declares it; its own types are no part of the package. */
export interface TokenKinds {
  has(name: string): boolean;
  reset(): void;
  next(): undefined;
  save(): LexerState;
  formatError(): string;
}

/** Hands ready tokens to nearley, which knows lexers only as streams. */
export class TokenFeed {
  readonly #tokens: readonly Token[];
  #next = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  next(): Token | undefined {
    return this.#tokens[this.#next++];
  }

  reset(): void {
    this.#next = 0;
  }

  save(): LexerState {
    return {};
  }

  formatError(_token: unknown, message: string): string {
    return message;
  }

  has(name: string): boolean {
    return KINDS.has(name);
  }
}

const KINDS: ReadonlySet<string> = new Set(["identifier", "global", "integer", "float", "string"]);

const BLANK = /(?:[ \t\n]+|\/\/[^\n]*|\/\*[\s\S]*?(?:\*\/|$))*/y;
// A `\u` escape belongs to the name as it is written; nothing decodes it.
const IDENTIFIER =
  /\$?(?:[A-Za-z_:]|\\u[0-9A-Fa-f]{4}|\\U[0-9A-Fa-f]{8})(?:[0-9A-Za-z_:]|\\u[0-9A-Fa-f]{4}|\\U[0-9A-Fa-f]{8})*/y;
const QUOTED_NAME = /`[^`\n]+`/y;
const STRING = /L?(?:"[^"]*"|'[^']+')/y;
const FLOAT =
  /(?:0[xX](?:[0-9a-fA-F]*\.[0-9a-fA-F]+|[0-9a-fA-F]+\.)(?:[pP][+-]?[0-9]+)?|0[xX][0-9a-fA-F]+[pP][+-]?[0-9]+|(?:[0-9]*\.[0-9]+|[0-9]+\.)(?:[eE][+-]?[0-9]+)?|[0-9]+[eE][+-]?[0-9]+)[fFlL]?/y;
const INTEGER = /(?:0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)/y;
const DECIMAL = /[0-9]*\.[0-9]+/y;
const SUFFIX = /(?:[uU](?:ll|LL|[lL])?|(?:ll|LL|[lL])[uU]?)?/y;
const UNIT = /(?:ns|us|ms|s|min|h|B|[KMGT]iB)(?![0-9A-Za-z_:])/y;
const PUNCTUATION = /->|<<|>>|<=|>=|==|!=|&&|\|\||./suy;

function tokenAt(text: string, start: number): Token {
  const string = match(STRING, text, start);
  if (string !== "") return token("string", string, start);
  const name = match(IDENTIFIER, text, start);
  if (name !== "") return token(name.startsWith("$") ? "global" : "identifier", name, start);
  const quoted = match(QUOTED_NAME, text, start);
  if (quoted !== "") return token("identifier", quoted, start);
  const decimal = match(DECIMAL, text, start);
  const unit = decimal === "" ? "" : match(UNIT, text, start + decimal.length);
  if (unit !== "") return token("integer", decimal + unit, start);
  const float = match(FLOAT, text, start);
  if (float !== "") return token("float", float, start);
  const digits = match(INTEGER, text, start);
  if (digits !== "") return token("integer", digits + integerTail(text, start, digits), start);
  const mark = match(PUNCTUATION, text, start);
  if (mark === '"' || mark === "'" || mark === "`") throw badString(text, start, mark);
  return token("punctuation", mark, start);
}

/** The C suffix or, behind a decimal number, the unit. */
function integerTail(text: string, start: number, digits: string): string {
  const at = start + digits.length;
  const unit = digits === "0" || !digits.startsWith("0") ? match(UNIT, text, at) : "";
  return unit === "" ? match(SUFFIX, text, at) : unit;
}

function match(pattern: RegExp, text: string, start: number): string {
  pattern.lastIndex = start;
  return pattern.exec(text)?.[0] ?? "";
}

function skipBlank(text: string, start: number): number {
  return start + match(BLANK, text, start).length;
}

function token(type: TokenKind, text: string, start: number): Token {
  return { type, text, value: text, start, end: start + text.length };
}

function checkSize(text: string): void {
  // A code unit is at most three bytes of UTF-8, so short texts need no counting.
  const bytes = text.length * 3 <= MAX_TEXT_BYTES ? 0 : Buffer.byteLength(text);
  if (bytes <= MAX_TEXT_BYTES) return;
  const span = { start: 0, end: 0 };
  const message = `filter expression: expected at most ${MAX_TEXT_BYTES} bytes, got ${bytes}`;
  throw new FilterError("FILTER_TOO_LARGE", message, span);
}

/** Counts open parentheses plus the unary operators waiting inside them. */
function checkNesting(text: string, tokens: readonly Token[]): void {
  const outer: number[] = [];
  let depth = 0;
  let waiting = 0;
  let operandExpected = true;
  for (const token of tokens) {
    const { text: mark } = token;
    if (mark === "(" || (operandExpected && /^[-+!~]$/.test(mark))) {
      if (++depth > MAX_NESTING) throw tooDeep(text, token);
      if (mark !== "(") waiting++;
      else {
        outer.push(waiting);
        waiting = 0;
      }
      operandExpected = true;
    } else {
      if (mark === ")") {
        depth -= 1 + waiting;
        waiting = outer.pop() ?? 0;
      }
      operandExpected =
        token.type === "punctuation" && mark !== ")" && mark !== "]" && mark !== "?";
      if (operandExpected) {
        depth -= waiting;
        waiting = 0;
      }
    }
  }
}

function badString(text: string, start: number, quote: string): FilterError {
  if (text[start + 1] === quote) {
    const problem =
      quote === "`"
        ? "expected a name between backquotes, got none"
        : `expected characters between single quotes, got none (the empty text is "")`;
    const span = { start, end: start + 2 };
    return filterError("FILTER_SYNTAX", text, span, "string literal", problem);
  }
  const problem = `expected a closing ${quote}, got the end of the text`;
  const span = { start, end: text.length };
  return filterError("FILTER_SYNTAX", text, span, "string literal", problem, [quote]);
}

function tooManyTokens(text: string, at: Span): FilterError {
  const got = `expected at most ${MAX_TOKENS} words and signs, got more`;
  return filterError("FILTER_TOO_LARGE", text, at, "filter expression", got);
}

function tooDeep(text: string, at: Span): FilterError {
  const got = `expected at most ${MAX_NESTING} levels of nesting, got more`;
  return filterError("FILTER_TOO_DEEP", text, at, "filter expression", got);
}
