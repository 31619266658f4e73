/**
 * Syntax tree → generic code, in post-order.
 *
 * Invariant: after the code of an expression, exactly one value more is on the stack, whichever jumps were taken.
 *
 * Optional references (`name?`) open a *region*: the innermost comparison around them or, where there is none, the
 * operand of `!`, `&&`, `||`, or the whole filter. The region begins with one SKIP_IF_ABSENT for each of them, which
 * leads to its end with 0 as its value.
 */
import {
  type BinaryOperator,
  type Chained,
  type Expression,
  isBitwise,
  isComparison,
  isLenient,
  leftSpine,
  type Membership,
  type Reference,
  type Unchained,
} from "./ast.ts";
import type { Program } from "./bytecode.ts";
import { CodeWriter } from "./code-writer.ts";
import { filterError } from "./filter-error.ts";
import { MAX_CODE_WORDS } from "./limits.ts";
import { floatValue, integerValue } from "./literals.ts";
import { type ProgramSymbol, symbolOf, symbolText } from "./symbol.ts";
import { type TextConstant, textConstant, unquoted } from "./text-literal.ts";

/** The generic program of a checked expression. @throws FilterError when it grows too large */
export function emit(ast: Expression, text: string): Program {
  const emitter = new Emitter(text);
  emitter.root(ast);
  return { text, ast, ...emitter.finish() };
}

const GENERIC: Readonly<Record<BinaryOperator, string>> = {
  "==": "EQ",
  "!=": "NE",
  ">": "GT",
  "<": "LT",
  ">=": "GE",
  "<=": "LE",
  ">>": "BIT_RSHIFT",
  "<<": "BIT_LSHIFT",
  "&": "BIT_AND",
  "|": "BIT_OR",
  "^": "BIT_XOR",
  // `check` lets none of these through.
  "+": "",
  "-": "",
  "*": "",
  "/": "",
  "%": "",
};

class Emitter {
  readonly #text: string;
  readonly #out = new CodeWriter();
  readonly #symbols: ProgramSymbol[] = [];
  readonly #symbolNumbers = new Map<string, number>();
  readonly #texts = new Map<string, TextConstant>();

  constructor(text: string) {
    this.#text = text;
  }

  root(ast: Expression): void {
    const region = this.#openRegion([ast]);
    this.#expression(ast);
    this.#closeRegion(region);
    this.#out.put("RETURN");
  }

  finish(): Omit<Program, "text" | "ast"> {
    return { ...this.#out.finish(), symbols: this.#symbols };
  }

  #expression(root: Expression): void {
    const { chain, first } = leftSpine(root);
    // Outer regions begin before inner ones, and all of them before the first operand.
    const regions = chain.map((node) => this.#openRegion(regionOf(node)));
    this.#first(first);
    for (let i = chain.length - 1; i >= 0; i--) this.#chained(chain[i]!, regions[i]!);
  }

  #first(node: Unchained): void {
    switch (node.kind) {
      case "integer": {
        const value = integerValue(node.text);
        if (typeof value !== "string") this.#out.putInteger(value);
        break;
      }
      case "float":
        this.#out.putDouble(floatValue(node.text));
        break;
      case "string":
        this.#out.putText(this.#textOf(node.text));
        break;
      case "reference":
        this.#out.put("LOAD_SYMBOL", this.#symbol(node));
        break;
      case "unary":
        this.#unary(node.operator, node.operand);
        break;
    }
    this.#checkSize();
  }

  #unary(operator: "+" | "-" | "!" | "~", operand: Expression): void {
    const region = operator === "!" ? this.#openRegion([operand]) : [];
    this.#expression(operand);
    // Where the region may end early, its value must be a truth value on both ways: 0, or !!operand.
    if (region.length > 0) {
      this.#out.put("UNARY_NOT");
      this.#out.put("UNARY_NOT");
    }
    this.#closeRegion(region);
    if (operator === "-") this.#out.put("UNARY_MINUS");
    if (operator === "!") this.#out.put("UNARY_NOT");
    if (operator === "~") this.#out.put("UNARY_BIT_NOT");
  }

  /** The rest of a node whose left operand is on the stack. */
  #chained(node: Chained, region: readonly number[]): void {
    switch (node.kind) {
      case "binary":
        this.#expression(node.right);
        this.#out.put(GENERIC[node.operator]);
        this.#closeRegion(region);
        break;
      case "logical": {
        this.#cast(node.left);
        this.#closeRegion(region);
        const end = this.#out.putJump(node.operator === "&&" ? "AND" : "OR");
        const rightRegion = this.#openRegion([node.right]);
        this.#expression(node.right);
        this.#cast(node.right);
        this.#closeRegion(rightRegion);
        this.#out.patch(end);
        break;
      }
      case "in":
        this.#membership(node);
        this.#closeRegion(region);
        break;
    }
    this.#checkSize();
  }

  /** `left == e` for each element, joined by `||`; the left operand is evaluated anew for each. */
  #membership(node: Membership): void {
    const ends: number[] = [];
    node.list.forEach((element, i) => {
      if (i > 0) {
        ends.push(this.#out.putJump("OR"));
        this.#expression(node.left);
      }
      this.#expression(element);
      this.#out.put("EQ");
    });
    for (const end of ends.reverse()) this.#out.patch(end);
  }

  #cast(operand: Expression): void {
    if (mayBeNoInteger(operand)) this.#out.put("CAST_TO_S64");
  }

  #openRegion(operands: readonly Expression[]): readonly number[] {
    const symbols = new Set<number>();
    for (const operand of operands) {
      for (const node of optionalReferences(operand)) symbols.add(this.#symbol(node));
    }
    return Array.from(symbols, (number) => this.#out.putJump("SKIP_IF_ABSENT", number));
  }

  #closeRegion(region: readonly number[]): void {
    for (const jump of region) this.#out.patch(jump);
  }

  #symbol(node: Reference): number {
    const { optional, isColumn = false } = node;
    const key = `${symbolText(node)}${optional ? "?" : ""}${isColumn ? " column" : ""}`;
    let number = this.#symbolNumbers.get(key);
    if (number === undefined) {
      number = this.#symbols.push(symbolOf(node)) - 1;
      this.#symbolNumbers.set(key, number);
    }
    return number;
  }

  #textOf(literal: string): TextConstant {
    const body = unquoted(literal);
    let constant = this.#texts.get(body);
    if (constant === undefined) {
      constant = textConstant(body);
      this.#texts.set(body, constant);
    }
    return constant;
  }

  #checkSize(): void {
    if (this.#out.position <= MAX_CODE_WORDS) return;
    const problem = `expected at most ${MAX_CODE_WORDS} words of code, got more`;
    const span = { start: 0, end: this.#text.length };
    throw filterError("FILTER_TOO_LARGE", this.#text, span, "filter expression", problem);
  }
}

/** The operands that a chained node's region covers; none where each operand has its own. */
function regionOf(node: Chained): readonly Expression[] {
  if (node.kind === "in") return [node.left, ...node.list];
  if (node.kind === "logical") return [node.left];
  return isComparison(node.operator) ? [node.left, node.right] : [];
}

/** Optional references of an operand that no inner region holds. */
function optionalReferences(operand: Expression): readonly Reference[] {
  const found: Reference[] = [];
  let node = operand;
  while (node.kind === "binary" && isBitwise(node.operator)) {
    found.push(...optionalReferences(node.right));
    node = node.left;
  }
  if (node.kind === "reference" && isLenient(node)) found.push(node);
  if (node.kind === "unary" && node.operator !== "!") {
    found.push(...optionalReferences(node.operand));
  }
  return found;
}

function mayBeNoInteger(node: Expression): boolean {
  switch (node.kind) {
    case "reference":
    case "float":
      return true;
    case "unary":
      return node.operator !== "!" && mayBeNoInteger(node.operand);
    default:
      return false;
  }
}
