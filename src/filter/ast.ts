/**
 * The syntax tree of a filter expression, and the constructors that `grammar/filter.ne` calls.
 *
 * Parentheses leave no node. Chains of one level lean left and may be thousands of nodes long, so passes walk
 * `leftSpine` in a loop and recurse only to the right, where the nesting cap bounds them.
 */
import { isQuoted, unquotedName } from "../base/quoted-name.ts";
import type { Span } from "../base/text.ts";
import type { Token } from "./lexer.ts";

export type UnaryOperator = "+" | "-" | "!" | "~";
export type EqualityOperator = "==" | "!=";
export type ComparisonOperator = EqualityOperator | "<" | ">" | "<=" | ">=";
export type BitwiseOperator = "<<" | ">>" | "&" | "^" | "|";
/** Parsed only to be refused with a clear message: the tracers never execute them. */
export type ArithmeticOperator = "+" | "-" | "*" | "/" | "%";
export type BinaryOperator = ComparisonOperator | BitwiseOperator | ArithmeticOperator;
export type LogicalOperator = "&&" | "||";

/** `text` is the spelling in the source; `emit` reads its value with `literals.ts`. */
export interface IntegerLiteral extends Span {
  readonly kind: "integer";
  readonly text: string;
}

export interface FloatLiteral extends Span {
  readonly kind: "float";
  readonly text: string;
}

/** `text` includes its quotes. */
export interface StringLiteral extends Span {
  readonly kind: "string";
  readonly text: string;
}

/** What stands between brackets: only a plain integer literal is of use, anything else is refused by `check`. */
export type Index = IntegerLiteral | ({ readonly kind: "not-constant" } & Span);

/** One name of a path with the brackets behind it. A name that begins with `$`, and is not quoted, is global. */
export interface Step extends Span {
  readonly name: string;
  /** Written between backquotes, which are no part of the name. */
  readonly isQuoted?: boolean;
  /** Last one first; `indexesOf` gives them in reading order. */
  readonly indexes: List<Index>;
}

/** The steps of a reference, last one first: each prefix of a path is a path, and they share their steps. */
export interface Path extends Span {
  readonly step: Step;
  readonly before: Path | undefined;
}

/** `a.b[2]`, `$ctx.procname`, `name?`. */
export interface Reference extends Span {
  readonly kind: "reference";
  readonly path: Path;
  /** Written with a closing `?`: where the field is absent, only the comparison around it is false. */
  readonly optional: boolean;
  /**
   * Names a column, as a selection does: a bare name is the context where the event has one, else the payload field, which
   * `payload.NAME` is in either case. As with `?`, only the comparison around an absent one is false; yet something must have it.
   */
  readonly isColumn?: boolean;
}

export interface Unary extends Span {
  readonly kind: "unary";
  readonly operator: UnaryOperator;
  readonly operand: Expression;
}

export interface Binary extends Span {
  readonly kind: "binary";
  readonly operator: BinaryOperator;
  readonly left: Expression;
  readonly right: Expression;
}

export interface Logical extends Span {
  readonly kind: "logical";
  readonly operator: LogicalOperator;
  readonly left: Expression;
  readonly right: Expression;
}

/** `left in (a, b, c)`: `left == a`, or `left == b`, … */
export interface Membership extends Span {
  readonly kind: "in";
  readonly left: Expression;
  readonly list: readonly Expression[];
}

export type Literal = IntegerLiteral | FloatLiteral | StringLiteral;
export type Expression = Literal | Reference | Unary | Binary | Logical | Membership;
/** Nodes whose first operand may be a long chain of the same. */
export type Chained = Binary | Logical | Membership;
export type Unchained = Exclude<Expression, Chained>;

/**
 * The chained nodes from `root` down its left operands, outermost first, and the operand where the chain ends.
 */
export function leftSpine(root: Expression): { chain: readonly Chained[]; first: Unchained } {
  const chain: Chained[] = [];
  let first: Expression = root;
  while (first.kind === "binary" || first.kind === "logical" || first.kind === "in") {
    chain.push(first);
    first = first.left;
  }
  return { chain, first };
}

/** Whether only the comparison around it is false where it is absent, and not the whole filter. */
export function isLenient({ optional, isColumn }: Reference): boolean {
  return optional || isColumn === true;
}

/** The steps of a reference in reading order. */
export function stepsOf(reference: Reference): readonly Step[] {
  const steps: Step[] = [];
  for (let path: Path | undefined = reference.path; path !== undefined; path = path.before) {
    steps.push(path.step);
  }
  return steps.reverse();
}

/** The name of a step that begins with `$`. */
export function globalName({ name, isQuoted }: Step): string | undefined {
  return isQuoted !== true && name.startsWith("$") ? name : undefined;
}

/** The brackets behind a name, in reading order. */
export function indexesOf(step: Step): readonly Index[] {
  return oldestFirst(step.indexes);
}

export function isComparison(operator: BinaryOperator): operator is ComparisonOperator {
  return COMPARISONS.has(operator);
}

export function isBitwise(operator: BinaryOperator): operator is BitwiseOperator {
  return BITWISE.has(operator);
}

const COMPARISONS: ReadonlySet<string> = new Set(["==", "!=", "<", ">", "<=", ">="]);
const BITWISE: ReadonlySet<string> = new Set(["<<", ">>", "&", "^", "|"]);

/** A cons list: post-processors build new values and never change old ones. */
export type List<T> = { readonly value: T; readonly next: List<T> } | undefined;

export function cons<T>(value: T, next: List<T>): List<T> {
  return { value, next };
}

/** The values of a list that was built by putting each new value in front: oldest first. */
function oldestFirst<T>(list: List<T>): readonly T[] {
  const values: T[] = [];
  for (let cell = list; cell !== undefined; cell = cell.next) values.push(cell.value);
  return values.reverse();
}

export function literal(kind: Literal["kind"], token: Token): Literal {
  return { kind, text: token.text, start: token.start, end: token.end };
}

export function integerIndex(token: Token): Index {
  return { kind: "integer", text: token.text, start: token.start, end: token.end };
}

export function computedIndex(open: Token, close: Token): Index {
  return { kind: "not-constant", start: open.start, end: close.end };
}

export function path(name: Token, indexes: List<Index>, before: Path | undefined): Path {
  const { start, end } = name;
  const step = {
    name: unquotedName(name.text),
    ...(isQuoted(name.text) && { isQuoted: true }),
    indexes,
    start,
    end,
  };
  return { step, before, start: before?.start ?? start, end };
}

export function reference(path: Path, question: Token | undefined): Reference {
  const { start } = path;
  const end = question?.end ?? path.end;
  return { kind: "reference", path, optional: question !== undefined, start, end };
}

export function unary(operator: Token, operand: Expression): Unary {
  const { start } = operator;
  return {
    kind: "unary",
    operator: operator.text as UnaryOperator,
    operand,
    start,
    end: operand.end,
  };
}

export function binary(left: Expression, operator: Token, right: Expression): Binary {
  const span = { start: left.start, end: right.end };
  return { kind: "binary", operator: operator.text as BinaryOperator, left, right, ...span };
}

export function logical(left: Expression, operator: Token, right: Expression): Logical {
  const span = { start: left.start, end: right.end };
  return { kind: "logical", operator: operator.text as LogicalOperator, left, right, ...span };
}

export function membership(left: Expression, list: List<Expression>, close: Token): Membership {
  return { kind: "in", left, list: oldestFirst(list), start: left.start, end: close.end };
}
