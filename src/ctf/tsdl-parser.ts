/**
 * TSDL text → declarations, by recursive descent, one top-level declaration at a time so that metadata may grow.
 *
 * The C ambiguity of type names and declarators is settled without a symbol table: in `unsigned long _x[3];` the last
 * word before `;`, `,`, `[` or `:` is the declarator, all before it is the type.
 */

import { MetadataError } from "../base/errors.ts";
import type { Span } from "../base/text.ts";
import { DeclarationEnd } from "./declaration-end.ts";
import { metadataError } from "./metadata-error.ts";
import type {
  AliasNode,
  Attribute,
  BlockName,
  BodyNode,
  Declaration,
  Declarator,
  Entry,
  Enumerator,
  TypeNode,
  Value,
} from "./tsdl-ast.ts";
import { integerValue, TsdlLexer, UnfinishedDeclaration } from "./tsdl-lexer.ts";

export interface ParsedDeclarations {
  readonly declarations: readonly Declaration[];
  /** Offset after the last complete declaration. The rest waits for more text. */
  readonly consumed: number;
  /** What is wrong behind that, in a declaration whose end has not come; more text may mend it. */
  readonly problem: MetadataError | undefined;
}

/**
 * `integer { … }` as written → its node. LTTng spells the type out at every field, so most of a kernel's metadata is the
 * same twenty texts again and again.
 */
export type IntegerCache = Map<string, TypeNode>;

/**
 * Parses every complete top-level declaration from `from` on.
 * @throws MetadataError with line and column where the text is not TSDL
 */
export function parseTsdl(
  source: string,
  from: number,
  integers: IntegerCache = new Map(),
): ParsedDeclarations {
  const declarations: Declaration[] = [];
  let consumed = from;
  let problem: MetadataError | undefined;
  try {
    const parser = new TsdlParser(source, from, integers);
    while (!parser.atEnd()) {
      for (const declaration of parser.declaration()) declarations.push(declaration);
      consumed = parser.consumed;
    }
  } catch (error) {
    if (error instanceof MetadataError) {
      // A text that is cut anywhere looks wrong in many ways: `unsigned long` is a type until its field's name comes.
      if (new DeclarationEnd(consumed).isIn(source)) throw error;
      problem = error;
    } else if (!(error instanceof UnfinishedDeclaration)) {
      throw error;
    }
  }
  return { declarations, consumed, problem };
}

const BLOCKS: ReadonlySet<string> = new Set([
  "trace",
  "stream",
  "event",
  "env",
  "clock",
  "callsite",
]);
/** Words that are no field names. */
const KEYWORDS: ReadonlySet<string> = new Set(
  "align callsite const char clock double enum env event floating_point float integer int long short signed stream string struct trace typealias typedef unsigned variant void _Bool _Complex _Imaginary".split(
    " ",
  ),
);
/** Keywords that are C's names of types. */
const TYPE_WORDS: ReadonlySet<string> = new Set(
  "const char double float int long short signed unsigned void _Bool _Complex _Imaginary".split(
    " ",
  ),
);
const BODIES: ReadonlySet<string> = new Set(["struct", "variant", "enum"]);
/** Structures nested deeper than this are refused before they can exhaust the call stack. */
const MAX_NESTING = 500;
const MAX_CACHED_INTEGERS = 1000;

interface TypeAndDeclarators {
  readonly type: TypeNode;
  readonly declarators: Declarator[];
}

class TsdlParser {
  readonly #lexer: TsdlLexer;
  readonly #integers: IntegerCache;
  #depth = 0;
  /** Whether the current token, a declaration's last `;`, was taken without looking at what follows. */
  #isClosed = false;
  /** Offset after the last token taken. */
  consumed: number;

  constructor(source: string, from: number, integers: IntegerCache) {
    this.#integers = integers;
    this.#lexer = new TsdlLexer(source, from);
    this.consumed = from;
  }

  /** Moves on to the next declaration, if there is one. */
  atEnd(): boolean {
    if (this.#isClosed) this.#lexer.next();
    this.#isClosed = false;
    return this.#lexer.kind === "end";
  }

  declaration(): Declaration[] {
    const start = this.#lexer.start;
    const word = this.#lexer.kind === "word" ? this.#lexer.text : "";
    if (BLOCKS.has(word)) {
      this.#take();
      const entries = this.#entries();
      this.#close();
      return [{ kind: "block", block: word as BlockName, entries, span: this.#spanFrom(start) }];
    }
    if (word === "typealias" || word === "typedef") {
      const aliases = this.#aliases();
      this.#close();
      return aliases;
    }
    const type = this.#type();
    if (this.#acceptWord("typedef")) {
      const declarators = [
        this.#declarator(this.#lexer.start, this.#word("the name of a typedef")),
      ];
      const aliases = this.#typedef({ type, declarators });
      this.#close();
      return aliases;
    }
    if (type.kind === "alias") {
      throw metadataError(
        this.#lexer.source,
        "TSDL_SYNTAX",
        `expected a declaration (trace, env, clock, stream, event, typealias, struct …), got ${type.name}`,
        type.span,
      );
    }
    this.#close();
    return [{ kind: "type", type }];
  }

  /** Takes the `;` that ends a declaration: it may be the last byte there is. */
  #close(): void {
    if (!this.#is(";")) throw this.#unexpected("`;`");
    this.consumed = this.#lexer.end;
    this.#isClosed = true;
  }

  #entries(): Entry[] {
    const entries: Entry[] = [];
    this.#expect("{");
    while (!this.#accept("}")) for (const entry of this.#entry()) entries.push(entry);
    return entries;
  }

  #entry(): Entry[] {
    const { kind, text, start } = this.#lexer;
    if (kind === "word" && (text === "typealias" || text === "typedef")) {
      const aliases = this.#aliases();
      this.#expect(";");
      return aliases;
    }
    if (kind === "word" && (text === "struct" || text === "variant" || text === "enum")) {
      const type = this.#type();
      this.#expect(";");
      return [{ kind: "type", type }];
    }
    const name = kind === "string" ? this.#take() : this.#path();
    if (this.#accept(":=")) {
      const type = this.#type();
      this.#expect(";");
      return [{ kind: "assigned-type", name, type, span: this.#spanFrom(start) }];
    }
    this.#expect("=");
    const value = this.#value();
    this.#expect(";");
    return [{ kind: "value", name, value, span: this.#spanFrom(start) }];
  }

  /** `typealias TYPE := NAME;` or `typedef TYPE NAME, NAME[4];` */
  #aliases(): AliasNode[] {
    const start = this.#lexer.start;
    if (this.#take() === "typealias") {
      const type = this.#pointerTo(this.#type());
      this.#expect(":=");
      const name = this.#aliasName();
      return [{ kind: "alias", name, type, lengths: [], span: this.#spanFrom(start) }];
    }
    return this.#typedef(this.#typeAndDeclarators());
  }

  /** `uint8_t`, `unsigned long`, `struct page *`: words of C's types, or one name; bodies are named in other ways. */
  #aliasName(): string {
    const words: string[] = [];
    const nameStart = this.#lexer.start;
    while (!this.#is(";")) words.push(this.#is("*") ? this.#take() : this.#word("an alias name"));
    if (words.length === 0) throw this.#unexpected("an alias name");
    const isPointer = words.includes("*");
    const keyword = words.find(
      (word) => KEYWORDS.has(word) && !TYPE_WORDS.has(word) && !(isPointer && BODIES.has(word)),
    );
    if (keyword === undefined) return typeName(words);
    throw metadataError(
      this.#lexer.source,
      "TSDL_SYNTAX",
      `expected an alias name, got the keyword ${keyword}`,
      { start: nameStart, end: this.consumed },
    );
  }

  #typedef({ type, declarators }: TypeAndDeclarators): AliasNode[] {
    if (declarators.length === 0) throw this.#unexpected("the name of a typedef");
    return declarators.map(({ name, lengths, span }) => ({
      kind: "alias",
      name,
      type,
      lengths,
      span,
    }));
  }

  #type(): TypeNode {
    this.#acceptWord("const");
    const { start, text } = this.#lexer;
    if (this.#lexer.kind !== "word") throw this.#unexpected("a type");
    switch (text) {
      case "integer":
        return this.#integerType(start);
      case "floating_point":
      case "string": {
        this.#take();
        const attributes = text === "string" && !this.#is("{") ? [] : this.#attributes();
        const kind = text === "floating_point" ? "float" : text;
        return { kind, attributes, span: this.#spanFrom(start) };
      }
      case "struct":
        return this.#struct(start);
      case "variant":
        return this.#variant(start);
      case "enum":
        return this.#enum(start);
      default:
        return this.#aliasType(start);
    }
  }

  #integerType(start: number): TypeNode {
    const end = this.#lexer.source.indexOf("}", this.#lexer.end) + 1;
    const written = this.#lexer.source.slice(start, end);
    const known = this.#integers.get(written);
    if (known !== undefined) {
      this.#lexer.seek(end);
      this.consumed = end;
      return known;
    }
    this.#take();
    const node: TypeNode = {
      kind: "integer",
      attributes: this.#attributes(),
      span: this.#spanFrom(start),
    };
    // A brace inside a comment or string is not the end.
    if (this.consumed === end && this.#integers.size < MAX_CACHED_INTEGERS)
      this.#integers.set(written, node);
    return node;
  }

  #aliasType(start: number): TypeNode {
    const words = [this.#word("a type")];
    while (this.#lexer.kind === "word" && this.#lexer.text !== "typedef") words.push(this.#take());
    return { kind: "alias", name: typeName(words), span: this.#spanFrom(start) };
  }

  #attributes(): Attribute[] {
    const attributes: Attribute[] = [];
    this.#expect("{");
    while (!this.#accept("}")) {
      const start = this.#lexer.start;
      const name = this.#path();
      this.#expect("=");
      const value = this.#value();
      attributes.push({ name, value, span: this.#spanFrom(start) });
      this.#expect(";");
    }
    return attributes;
  }

  #struct(start: number): TypeNode {
    this.#take();
    const name = this.#bodyName();
    const body = this.#is("{") ? this.#body() : undefined;
    let align: bigint | undefined;
    if (body !== undefined && this.#acceptWord("align")) {
      this.#expect("(");
      align = this.#integer("an alignment");
      this.#expect(")");
    }
    if (name === undefined && body === undefined) throw this.#unexpected("a structure body");
    return { kind: "struct", name, body, align, span: this.#spanFrom(start) };
  }

  #variant(start: number): TypeNode {
    this.#take();
    const name = this.#bodyName();
    let tag: string[] | undefined;
    if (this.#accept("<")) {
      tag = this.#path().split(".");
      this.#expect(">");
    }
    const body = this.#is("{") ? this.#body() : undefined;
    if (body?.length === 0) throw this.#missing("TSDL_EMPTY", "an option of the variant", start);
    if (name === undefined && body === undefined) throw this.#unexpected("a variant body");
    return { kind: "variant", name, tag, body, span: this.#spanFrom(start) };
  }

  #enum(start: number): TypeNode {
    this.#take();
    const name = this.#bodyName();
    const base = this.#accept(":") ? this.#type() : undefined;
    let enumerators: Enumerator[] | undefined;
    if (this.#accept("{")) {
      enumerators = [];
      while (!this.#accept("}")) {
        enumerators.push(this.#enumerator());
        if (!this.#accept(",") && !this.#is("}")) throw this.#unexpected("`,` or `}`");
      }
      if (enumerators.length === 0)
        throw this.#missing("TSDL_EMPTY", "an enumerator of the enumeration", start);
    }
    if (name === undefined && enumerators === undefined)
      throw this.#unexpected("an enumerator list");
    return { kind: "enum", name, base, enumerators, span: this.#spanFrom(start) };
  }

  #enumerator(): Enumerator {
    const { start, kind, isCharacter } = this.#lexer;
    const isString = kind === "string" && !isCharacter;
    const label = isString ? this.#take() : this.#word("an enumerator");
    const low = this.#accept("=") ? this.#integer("an enumerator value") : undefined;
    const high =
      low !== undefined && this.#accept("...") ? this.#integer("the end of the range") : low;
    return { label, low, high, span: this.#spanFrom(start) };
  }

  /** The name of a structure, variant or enumeration, if there is one. */
  #bodyName(): string | undefined {
    if (this.#lexer.kind !== "word") return undefined;
    if (KEYWORDS.has(this.#lexer.text)) throw this.#unexpected("a name that is no keyword");
    return this.#take();
  }

  #missing(code: string, what: string, start: number): MetadataError {
    const span = { start, end: this.consumed };
    return metadataError(this.#lexer.source, code, `expected ${what}, got none`, span);
  }

  #body(): BodyNode[] {
    if (++this.#depth > MAX_NESTING) {
      throw this.#lexer.error("TSDL_NESTING", `expected at most ${MAX_NESTING} nested types`);
    }
    const body: BodyNode[] = [];
    this.#expect("{");
    while (!this.#accept("}")) for (const item of this.#bodyItem()) body.push(item);
    this.#depth--;
    return body;
  }

  #bodyItem(): BodyNode[] {
    const { kind, text } = this.#lexer;
    if (kind === "word" && (text === "typealias" || text === "typedef")) {
      const aliases = this.#aliases();
      this.#expect(";");
      return aliases;
    }
    const { type, declarators } = this.#typeAndDeclarators();
    this.#expect(";");
    if (declarators.length === 0) return [{ kind: "type", type }];
    return declarators.map((declarator) => ({ kind: "field", type, declarator }));
  }

  #typeAndDeclarators(): TypeAndDeclarators {
    const start = this.#lexer.start;
    this.#acceptWord("const");
    const { text } = this.#lexer;
    const declarators: Declarator[] = [];
    let type: TypeNode;
    if (/^(integer|floating_point|string|struct|variant|enum)$/.test(text)) {
      type = this.#pointerTo(this.#type());
      this.#acceptWord("const");
      if (this.#lexer.kind !== "word") return { type, declarators };
      declarators.push(this.#declarator(this.#lexer.start, this.#word("a field name")));
    } else {
      const words = [this.#word("a type")];
      while (this.#lexer.kind === "word") words.push(this.#take());
      if (this.#is("*")) {
        type = this.#pointerTo({
          kind: "alias",
          name: typeName(words),
          span: this.#spanFrom(start),
        });
        declarators.push(this.#declarator(this.#lexer.start, this.#word("a field name")));
      } else {
        const name = words.pop();
        if (name === undefined || words.length === 0) throw this.#unexpected("a field name");
        type = { kind: "alias", name: typeName(words), span: this.#spanFrom(start) };
        declarators.push(this.#declarator(start, name));
      }
    }
    while (this.#accept(",")) {
      const own = this.#pointerTo(type);
      if (own !== type) throw this.#unexpected("a field of the same type");
      declarators.push(this.#declarator(this.#lexer.start, this.#word("a field name")));
    }
    return { type, declarators };
  }

  /** A pointer to a named type is a type of its own, which an alias must have given a layout: `struct page *`. */
  #pointerTo(type: TypeNode): TypeNode {
    let name = pointeeName(type);
    const { start } = type.span;
    let isPointer = false;
    while (this.#accept("*")) {
      if (name === undefined)
        throw this.#unexpected("a field name, since only named types have pointers");
      isPointer = true;
      name += " *";
      this.#acceptWord("const");
    }
    if (!isPointer || name === undefined) return type;
    return { kind: "alias", name, span: this.#spanFrom(start) };
  }

  #declarator(start: number, name: string): Declarator {
    if (KEYWORDS.has(name)) {
      throw metadataError(
        this.#lexer.source,
        "TSDL_SYNTAX",
        `expected a field name, got the keyword ${name}`,
        { start, end: this.consumed },
      );
    }
    const lengths: (bigint | readonly string[])[] = [];
    while (this.#accept("[")) {
      lengths.push(
        this.#lexer.kind === "integer" ? this.#integer("a length") : this.#path().split("."),
      );
      this.#expect("]");
    }
    return { name, lengths, span: this.#spanFrom(start) };
  }

  #value(): Value {
    const { start, kind } = this.#lexer;
    if (kind === "string") {
      let value = this.#take();
      while (this.#lexer.kind === "string") value += this.#take();
      return { kind: "string", value, span: this.#spanFrom(start) };
    }
    if (kind === "integer" || this.#is("-") || this.#is("+")) {
      const value = this.#integer("a value");
      return { kind: "integer", value, span: this.#spanFrom(start) };
    }
    return { kind: "path", value: this.#path(), span: this.#spanFrom(start) };
  }

  #integer(what: string): bigint {
    let sign = 1n;
    if (this.#is("-") || this.#is("+")) if (this.#take() === "-") sign = -1n;
    const value = this.#lexer.kind === "integer" ? integerValue(this.#lexer.text) : undefined;
    if (value === undefined) throw this.#unexpected(`${what} (an integer of at most 64 bits)`);
    this.#take();
    return sign * value;
  }

  /** Words joined by dots. Keywords are allowed, and `->` reads as a dot. */
  #path(): string {
    let path = this.#word("a name");
    while (this.#accept(".") || this.#accept("->"))
      path += `.${this.#word("a name after the dot")}`;
    return path;
  }

  #word(what: string): string {
    if (this.#lexer.kind !== "word") throw this.#unexpected(what);
    return this.#take();
  }

  #take(): string {
    const { text } = this.#lexer;
    this.consumed = this.#lexer.end;
    this.#lexer.next();
    return text;
  }

  #is(punctuation: string): boolean {
    return this.#lexer.kind === "punctuation" && this.#lexer.text === punctuation;
  }

  #accept(punctuation: string): boolean {
    const is = this.#is(punctuation);
    if (is) {
      this.consumed = this.#lexer.end;
      this.#lexer.next();
    }
    return is;
  }

  #acceptWord(word: string): boolean {
    const is = this.#lexer.kind === "word" && this.#lexer.text === word;
    if (is) this.#take();
    return is;
  }

  #expect(punctuation: string): void {
    if (!this.#accept(punctuation)) throw this.#unexpected(`\`${punctuation}\``);
  }

  #unexpected(expected: string): Error {
    if (this.#lexer.kind === "end") return new UnfinishedDeclaration();
    const got = this.#lexer.kind === "string" ? `"${this.#lexer.text}"` : this.#lexer.text;
    return this.#lexer.error("TSDL_SYNTAX", `expected ${expected}, got ${got}`);
  }

  #spanFrom(start: number): Span {
    return { start, end: this.consumed };
  }
}

/** What a pointer to a type is called; bodies have no name. */
function pointeeName(type: TypeNode): string | undefined {
  switch (type.kind) {
    case "alias":
      return type.name;
    case "struct":
    case "variant":
    case "enum":
      return type.name === undefined ? undefined : `${type.kind} ${type.name}`;
    default:
      return undefined;
  }
}

/** C ignores `const` and the order of words as far as LTTng writes them; only `const` needs dropping. */
function typeName(words: readonly string[]): string {
  return words.filter((word) => word !== "const").join(" ");
}
