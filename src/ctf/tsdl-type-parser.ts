/**
 * Types, declarators and aliases of TSDL, by recursive descent.
 *
 * The C ambiguity of type names and declarators is settled without a symbol table: in `unsigned long _x[3];` the last
 * word before `;`, `,`, `[` or `:` is the declarator, all before it is the type.
 */

import { metadataError } from "./metadata-error.ts";
import type {
  AliasNode,
  Attribute,
  BodyNode,
  Declarator,
  Enumerator,
  TypeNode,
} from "./tsdl-ast.ts";
import { TsdlTokens } from "./tsdl-tokens.ts";

/**
 * `integer { … }` as written → its node. LTTng spells the type out at every field, so most of a kernel's metadata is the
 * same twenty texts again and again.
 */
export type IntegerCache = Map<string, TypeNode>;

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
const SIMPLE_FIELD = /(integer[^}]*\}) ([A-Za-z_]\w*)(?:\[(0|[1-9]\d{0,17})\])?;/y;
const BODIES: ReadonlySet<string> = new Set(["struct", "variant", "enum"]);
/** Structures nested deeper than this are refused before they can exhaust the call stack. */
const MAX_NESTING = 500;
const MAX_CACHED_INTEGERS = 1000;

interface TypeAndDeclarators {
  readonly type: TypeNode;
  readonly declarators: Declarator[];
}

export class TsdlTypeParser extends TsdlTokens {
  readonly #integers: IntegerCache;
  #depth = 0;

  constructor(source: string, from: number, integers: IntegerCache) {
    super(source, from);
    this.#integers = integers;
  }

  /** `typealias TYPE := NAME;` or `typedef TYPE NAME, NAME[4];` */
  protected aliases(): AliasNode[] {
    const start = this.lexer.start;
    if (this.take() === "typealias") {
      const type = this.#pointerTo(this.type());
      this.expect(":=");
      const name = this.#aliasName();
      return [{ kind: "alias", name, type, lengths: [], span: this.spanFrom(start) }];
    }
    return this.typedef(this.#typeAndDeclarators());
  }

  /** `uint8_t`, `unsigned long`, `struct page *`: words of C's types, or one name; bodies are named in other ways. */
  #aliasName(): string {
    const words: string[] = [];
    const nameStart = this.lexer.start;
    while (!this.is(";")) words.push(this.is("*") ? this.take() : this.word("an alias name"));
    if (words.length === 0) throw this.unexpected("an alias name");
    const isPointer = words.includes("*");
    const keyword = words.find(
      (word) => KEYWORDS.has(word) && !TYPE_WORDS.has(word) && !(isPointer && BODIES.has(word)),
    );
    if (keyword === undefined) return typeName(words);
    throw metadataError(
      this.lexer.source,
      "TSDL_SYNTAX",
      `expected an alias name, got the keyword ${keyword}`,
      { start: nameStart, end: this.consumed },
    );
  }

  protected typedef({ type, declarators }: TypeAndDeclarators): AliasNode[] {
    if (declarators.length === 0) throw this.unexpected("the name of a typedef");
    return declarators.map(({ name, lengths, span }) => ({
      kind: "alias",
      name,
      type,
      lengths,
      span,
    }));
  }

  protected type(): TypeNode {
    this.acceptWord("const");
    const { start, text } = this.lexer;
    if (this.lexer.kind !== "word") throw this.unexpected("a type");
    switch (text) {
      case "integer":
        return this.#integerType(start);
      case "floating_point":
      case "string": {
        this.take();
        const attributes = text === "string" && !this.is("{") ? [] : this.#attributes();
        const kind = text === "floating_point" ? "float" : text;
        return { kind, attributes, span: this.spanFrom(start) };
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
    const end = this.lexer.source.indexOf("}", this.lexer.end) + 1;
    const written = this.lexer.source.slice(start, end);
    const known = this.#integers.get(written);
    if (known !== undefined) {
      this.lexer.seek(end);
      this.consumed = end;
      return known;
    }
    this.take();
    const node: TypeNode = {
      kind: "integer",
      attributes: this.#attributes(),
      span: this.spanFrom(start),
    };
    // A brace inside a comment or string is not the end.
    if (this.consumed === end && this.#integers.size < MAX_CACHED_INTEGERS)
      this.#integers.set(written, node);
    return node;
  }

  #aliasType(start: number): TypeNode {
    const words = [this.word("a type")];
    while (this.lexer.kind === "word" && this.lexer.text !== "typedef") words.push(this.take());
    return { kind: "alias", name: typeName(words), span: this.spanFrom(start) };
  }

  #attributes(): Attribute[] {
    const attributes: Attribute[] = [];
    this.expect("{");
    while (!this.accept("}")) {
      const start = this.lexer.start;
      const name = this.path();
      this.expect("=");
      const value = this.value();
      attributes.push({ name, value, span: this.spanFrom(start) });
      this.expect(";");
    }
    return attributes;
  }

  #struct(start: number): TypeNode {
    this.take();
    const name = this.#bodyName();
    const body = this.is("{") ? this.#body() : undefined;
    let align: bigint | undefined;
    if (body !== undefined && this.acceptWord("align")) {
      this.expect("(");
      align = this.integer("an alignment");
      this.expect(")");
    }
    if (name === undefined && body === undefined) throw this.unexpected("a structure body");
    return { kind: "struct", name, body, align, span: this.spanFrom(start) };
  }

  #variant(start: number): TypeNode {
    this.take();
    const name = this.#bodyName();
    let tag: string[] | undefined;
    if (this.accept("<")) {
      tag = this.path().split(".");
      this.expect(">");
    }
    const body = this.is("{") ? this.#body() : undefined;
    if (body?.length === 0) throw this.missing("TSDL_EMPTY", "an option of the variant", start);
    if (name === undefined && body === undefined) throw this.unexpected("a variant body");
    return { kind: "variant", name, tag, body, span: this.spanFrom(start) };
  }

  #enum(start: number): TypeNode {
    this.take();
    const name = this.#bodyName();
    const base = this.accept(":") ? this.type() : undefined;
    const enumerators = this.accept("{") ? this.#enumerators(start) : undefined;
    if (name === undefined && enumerators === undefined)
      throw this.unexpected("an enumerator list");
    return { kind: "enum", name, base, enumerators, span: this.spanFrom(start) };
  }

  /** Passes over them; whoever wants them reads them again, one by one: there may be a million. */
  #enumerators(start: number): Iterable<Enumerator> {
    const { source, start: first } = this.lexer;
    const from = (): TsdlTypeParser => new TsdlTypeParser(source, first, this.#integers);
    let count = 0;
    for (const _ of this.#eachEnumerator()) count++;
    if (count === 0) throw this.missing("TSDL_EMPTY", "an enumerator of the enumeration", start);
    return { [Symbol.iterator]: () => from().#eachEnumerator() };
  }

  *#eachEnumerator(): Generator<Enumerator, void> {
    while (!this.accept("}")) {
      yield this.#enumerator();
      if (!this.accept(",") && !this.is("}")) throw this.unexpected("`,` or `}`");
    }
  }

  #enumerator(): Enumerator {
    const { start, kind, isCharacter } = this.lexer;
    const isString = kind === "string" && !isCharacter;
    const label = isString ? this.take() : this.word("an enumerator");
    const low = this.accept("=") ? this.integer("an enumerator value") : undefined;
    const high =
      low !== undefined && this.accept("...") ? this.integer("the end of the range") : low;
    return { label, low, high, span: this.spanFrom(start) };
  }

  /** The name of a structure, variant or enumeration, if there is one. */
  #bodyName(): string | undefined {
    if (this.lexer.kind !== "word") return undefined;
    if (KEYWORDS.has(this.lexer.text)) throw this.unexpected("a name that is no keyword");
    return this.take();
  }

  #body(): BodyNode[] {
    if (++this.#depth > MAX_NESTING) {
      throw this.lexer.error("TSDL_NESTING", `expected at most ${MAX_NESTING} nested types`);
    }
    const body: BodyNode[] = [];
    this.expect("{");
    while (!this.accept("}")) for (const item of this.#bodyItem()) body.push(item);
    this.#depth--;
    return body;
  }

  #bodyItem(): BodyNode[] {
    const { kind, text } = this.lexer;
    if (kind === "word" && (text === "typealias" || text === "typedef")) {
      const aliases = this.aliases();
      this.expect(";");
      return aliases;
    }
    const simple = text === "integer" ? this.#simpleField(this.lexer.start) : undefined;
    if (simple !== undefined) return [simple];
    const { type, declarators } = this.#typeAndDeclarators();
    this.expect(";");
    if (declarators.length === 0) return [{ kind: "type", type }];
    return declarators.map((declarator) => ({ kind: "field", type, declarator }));
  }

  /** `integer { … } name[16];` of a known type, which most fields are, at one go; `undefined` for anything else. */
  #simpleField(start: number): BodyNode | undefined {
    SIMPLE_FIELD.lastIndex = start;
    const match = SIMPLE_FIELD.exec(this.lexer.source);
    if (match === null) return undefined;
    const [written, typeText, name, length] = match;
    const type = this.#integers.get(typeText!);
    if (type === undefined || KEYWORDS.has(name!)) return undefined;
    const end = start + written.length;
    const span = { start: start + typeText!.length + 1, end: end - 1 };
    const lengths = length === undefined ? [] : [BigInt(length)];
    this.passOver(end);
    return { kind: "field", type, declarator: { name: name!, lengths, span } };
  }

  #typeAndDeclarators(): TypeAndDeclarators {
    const start = this.lexer.start;
    this.acceptWord("const");
    const { text } = this.lexer;
    const declarators: Declarator[] = [];
    let type: TypeNode;
    if (/^(integer|floating_point|string|struct|variant|enum)$/.test(text)) {
      type = this.#pointerTo(this.type());
      this.acceptWord("const");
      if (this.lexer.kind !== "word") return { type, declarators };
      declarators.push(this.declarator(this.lexer.start, this.word("a field name")));
    } else {
      const words = [this.word("a type")];
      while (this.lexer.kind === "word") words.push(this.take());
      if (this.is("*")) {
        type = this.#pointerTo({
          kind: "alias",
          name: typeName(words),
          span: this.spanFrom(start),
        });
        declarators.push(this.declarator(this.lexer.start, this.word("a field name")));
      } else {
        const name = words.pop();
        if (name === undefined || words.length === 0) throw this.unexpected("a field name");
        type = { kind: "alias", name: typeName(words), span: this.spanFrom(start) };
        declarators.push(this.declarator(start, name));
      }
    }
    while (this.accept(",")) {
      const own = this.#pointerTo(type);
      if (own !== type) throw this.unexpected("a field of the same type");
      declarators.push(this.declarator(this.lexer.start, this.word("a field name")));
    }
    return { type, declarators };
  }

  /** A pointer to a named type is a type of its own, which an alias must have given a layout: `struct page *`. */
  #pointerTo(type: TypeNode): TypeNode {
    let name = pointeeName(type);
    const { start } = type.span;
    let isPointer = false;
    while (this.accept("*")) {
      if (name === undefined)
        throw this.unexpected("a field name, since only named types have pointers");
      isPointer = true;
      name += " *";
      this.acceptWord("const");
    }
    if (!isPointer || name === undefined) return type;
    return { kind: "alias", name, span: this.spanFrom(start) };
  }

  protected declarator(start: number, name: string): Declarator {
    if (KEYWORDS.has(name)) {
      throw metadataError(
        this.lexer.source,
        "TSDL_SYNTAX",
        `expected a field name, got the keyword ${name}`,
        { start, end: this.consumed },
      );
    }
    const lengths: (bigint | readonly string[])[] = [];
    while (this.accept("[")) {
      lengths.push(
        this.lexer.kind === "integer" ? this.integer("a length") : this.path().split("."),
      );
      this.expect("]");
    }
    return { name, lengths, span: this.spanFrom(start) };
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
