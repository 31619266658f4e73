/** TSDL text → declarations, one top-level declaration at a time so that metadata may grow. */

import { MetadataError } from "../base/errors.ts";
import { DeclarationEnd } from "./declaration-end.ts";
import { metadataError } from "./metadata-error.ts";
import type { BlockName, Declaration, Entry, Value } from "./tsdl-ast.ts";
import { UnfinishedDeclaration } from "./tsdl-lexer.ts";
import { type IntegerCache, TsdlTypeParser } from "./tsdl-type-parser.ts";

export interface ParsedDeclarations {
  readonly declarations: readonly Declaration[];
  /** Offset after the last complete declaration. The rest waits for more text. */
  readonly consumed: number;
  /** What is wrong behind that, in a declaration whose end has not come; more text may mend it. */
  readonly problem: MetadataError | undefined;
}

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

class TsdlParser extends TsdlTypeParser {
  /** Whether the current token, a declaration's last `;`, was taken without looking at what follows. */
  #isClosed = false;

  /** Moves on to the next declaration, if there is one. */
  atEnd(): boolean {
    if (this.#isClosed) this.lexer.next();
    this.#isClosed = false;
    return this.lexer.kind === "end";
  }

  declaration(): Declaration[] {
    const start = this.lexer.start;
    const word = this.lexer.kind === "word" ? this.lexer.text : "";
    if (BLOCKS.has(word)) {
      this.take();
      const entries = this.#entries();
      this.#close();
      return [{ kind: "block", block: word as BlockName, entries, span: this.spanFrom(start) }];
    }
    if (word === "typealias" || word === "typedef") {
      const aliases = this.aliases();
      this.#close();
      return aliases;
    }
    const type = this.type();
    if (this.acceptWord("typedef")) {
      const declarators = [this.declarator(this.lexer.start, this.word("the name of a typedef"))];
      const aliases = this.typedef({ type, declarators });
      this.#close();
      return aliases;
    }
    if (type.kind === "alias") {
      throw metadataError(
        this.lexer.source,
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
    if (!this.is(";")) throw this.unexpected("`;`");
    this.consumed = this.lexer.end;
    this.#isClosed = true;
  }

  #entries(): Entry[] {
    const entries: Entry[] = [];
    this.expect("{");
    while (!this.accept("}")) for (const entry of this.#entry()) entries.push(entry);
    return entries;
  }

  #entry(): Entry[] {
    const { kind, text, start } = this.lexer;
    if (kind === "word" && (text === "typealias" || text === "typedef")) {
      const aliases = this.aliases();
      this.expect(";");
      return aliases;
    }
    if (kind === "word" && (text === "struct" || text === "variant" || text === "enum")) {
      const type = this.type();
      this.expect(";");
      return [{ kind: "type", type }];
    }
    const simple = kind === "word" ? this.#simpleEntry(start) : undefined;
    if (simple !== undefined) return [simple];
    const name = kind === "string" ? this.take() : this.path();
    if (this.accept(":=")) {
      const type = this.type();
      this.expect(";");
      return [{ kind: "assigned-type", name, type, span: this.spanFrom(start) }];
    }
    this.expect("=");
    const value = this.value();
    this.expect(";");
    return [{ kind: "value", name, value, span: this.spanFrom(start) }];
  }

  /** `id = 7;` as LTTng writes it, thousands of times, at one go; `undefined` for anything else. */
  #simpleEntry(start: number): Entry | undefined {
    const { source } = this.lexer;
    SIMPLE_ENTRY.lastIndex = start;
    const match = SIMPLE_ENTRY.exec(source);
    if (match === null) return undefined;
    const [written, name, text, digits] = match;
    const end = start + written.length;
    const span = { start: start + name!.length + 3, end: end - 1 };
    const value: Value =
      digits === undefined
        ? { kind: "string", value: text!, span }
        : { kind: "integer", value: BigInt(digits), span };
    this.passOver(end);
    return { kind: "value", name: name!, value, span: { start, end } };
  }
}

/** A name, and a string without escapes or a decimal number. */
const SIMPLE_ENTRY = /([A-Za-z_]\w*) = (?:"([^"\\\0]*)"|(0|[1-9]\d{0,17}));/y;
