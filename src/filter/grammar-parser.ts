/** A compiled grammar at work: tokens → what its rules make of them, and what may follow tokens. */

import nearley from "nearley";
import { type Token, TokenFeed } from "./lexer.ts";

/** What nearleyc makes of a grammar file, as far as the parser needs it. */
export interface CompiledRules {
  readonly ParserRules: readonly unknown[];
  readonly ParserStart: string;
}

/** What a grammar lets follow an unfinished text. */
export interface Continuation {
  /** Token kinds (`identifier`, `integer`, …) and literal texts (`&&`, `(`, …). */
  readonly terminals: ReadonlySet<string>;
  /** Whether the text could also end here. */
  readonly isWhole: boolean;
}

export type ParseResult =
  | { readonly kind: "parsed"; readonly value: unknown }
  /** `token` is what cannot stand where it stands; `undefined` means the end of the text. */
  | {
      readonly kind: "refused";
      readonly token: Token | undefined;
      readonly terminals: ReadonlySet<string>;
    };

/** What nearley keeps but its types leave out. */
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

export class GrammarParser {
  readonly #grammar: nearley.Grammar;

  /** @param files whose rules are joined; the first one's first rule is where texts begin */
  constructor(...files: readonly [CompiledRules, ...CompiledRules[]]) {
    const joined = { ...files[0], ParserRules: files.flatMap(({ ParserRules }) => ParserRules) };
    this.#grammar = nearley.Grammar.fromCompiled(joined as nearley.CompiledRules);
  }

  parse(tokens: readonly Token[]): ParseResult {
    const parser = this.#parser(tokens);
    const refused = feed(parser, tokens);
    if (refused !== undefined || parser.results.length === 0)
      return { kind: "refused", token: refused, terminals: terminalsNext(parser) };
    // The grammars are unambiguous; a second reading would be a defect of the grammar, not of the text.
    if (parser.results.length > 1)
      throw new Error(`ambiguous grammar: ${tokens.map(({ text }) => text).join(" ")}`);
    return { kind: "parsed", value: parser.results[0] };
  }

  /** What may follow these tokens; `undefined` if nothing makes them a beginning. */
  continuation(tokens: readonly Token[]): Continuation | undefined {
    const parser = this.#parser(tokens);
    if (feed(parser, tokens) !== undefined) return undefined;
    return { terminals: terminalsNext(parser), isWhole: parser.results.length > 0 };
  }

  #parser(tokens: readonly Token[]): TableParser {
    return new TableParser(this.#grammar, { lexer: new TokenFeed(tokens) });
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
