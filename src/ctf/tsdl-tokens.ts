import type { MetadataError } from "../base/errors.ts";
import type { Span } from "../base/text.ts";
import { metadataError } from "./metadata-error.ts";
import type { Value } from "./tsdl-ast.ts";
import { integerValue, TsdlLexer, UnfinishedDeclaration } from "./tsdl-lexer.ts";

/** The tokens of TSDL as a parser takes them: words, punctuation, and the values that both blocks and types have. */
export class TsdlTokens {
  protected readonly lexer: TsdlLexer;
  /** Offset after the last token taken. */
  consumed: number;

  constructor(source: string, from: number) {
    this.lexer = new TsdlLexer(source, from);
    this.consumed = from;
  }

  protected value(): Value {
    const { start, kind } = this.lexer;
    if (kind === "string") {
      let value = this.take();
      while (this.lexer.kind === "string") value += this.take();
      return { kind: "string", value, span: this.spanFrom(start) };
    }
    if (kind === "integer" || this.is("-") || this.is("+")) {
      const value = this.integer("a value");
      return { kind: "integer", value, span: this.spanFrom(start) };
    }
    return { kind: "path", value: this.path(), span: this.spanFrom(start) };
  }

  protected integer(what: string): bigint {
    let sign = 1n;
    if (this.is("-") || this.is("+")) if (this.take() === "-") sign = -1n;
    const value = this.lexer.kind === "integer" ? integerValue(this.lexer.text) : undefined;
    if (value === undefined) throw this.unexpected(`${what} (an integer of at most 64 bits)`);
    this.take();
    return sign * value;
  }

  /** Words joined by dots. Keywords are allowed, and `->` reads as a dot. */
  protected path(): string {
    let path = this.word("a name");
    while (this.accept(".") || this.accept("->")) path += `.${this.word("a name after the dot")}`;
    return path;
  }

  protected word(what: string): string {
    if (this.lexer.kind !== "word") throw this.unexpected(what);
    return this.take();
  }

  protected take(): string {
    const { text } = this.lexer;
    this.consumed = this.lexer.end;
    this.lexer.next();
    return text;
  }

  /** Takes everything up to an offset. */
  protected passOver(end: number): void {
    this.consumed = end;
    this.lexer.seek(end);
  }

  protected is(punctuation: string): boolean {
    return this.lexer.kind === "punctuation" && this.lexer.text === punctuation;
  }

  protected accept(punctuation: string): boolean {
    const is = this.is(punctuation);
    if (is) {
      this.consumed = this.lexer.end;
      this.lexer.next();
    }
    return is;
  }

  protected acceptWord(word: string): boolean {
    const is = this.lexer.kind === "word" && this.lexer.text === word;
    if (is) this.take();
    return is;
  }

  protected expect(punctuation: string): void {
    if (!this.accept(punctuation)) throw this.unexpected(`\`${punctuation}\``);
  }

  protected unexpected(expected: string): Error {
    if (this.lexer.kind === "end") return new UnfinishedDeclaration();
    const got = this.lexer.kind === "string" ? `"${this.lexer.text}"` : this.lexer.text;
    return this.lexer.error("TSDL_SYNTAX", `expected ${expected}, got ${got}`);
  }

  protected missing(code: string, what: string, start: number): MetadataError {
    const span = { start, end: this.consumed };
    return metadataError(this.lexer.source, code, `expected ${what}, got none`, span);
  }

  protected spanFrom(start: number): Span {
    return { start, end: this.consumed };
  }
}
