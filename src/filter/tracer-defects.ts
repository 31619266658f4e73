/**
 * Shapes that LTTng's user-space tracer (liblttng-ust 2.13, and later as of this writing) accepts and then evaluates wrongly:
 * in its interpreter, bitwise results and integers are different types, and doubles do not survive nested operands.
 * What people mean, and what this engine does, is the plain meaning; so a filter of such a shape parts the two.
 *
 * The judgement errs to the safe side: it may name a shape that happens to work.
 */
import type { Span } from "../base/text.ts";
import {
  type Binary,
  type Chained,
  type Expression,
  indexesOf,
  isBitwise,
  isComparison,
  type Logical,
  leftSpine,
  type Reference,
  stepsOf,
  type Unchained,
} from "./ast.ts";
import { nodesOf } from "./walk.ts";

/** What a reference is for the tracer; `unsigned` only for elements of arrays. */
export type TracerType = "signed" | "unsigned" | "double" | "text" | "unknown";

/** A shape, where it is, and what to write instead. */
export interface TracerDefect extends Span {
  readonly message: string;
}

/** `bits`: the tracer's unsigned 64-bit type. `negated`: a type of its own that only `-` of a non-field has. */
type Register = "integer" | "bits" | "negated" | "double" | "text" | "unknown";

/** Places of the stack that the tracer counts in when it links. */
const STACK = 10;

/** The defects that an expression runs into, given what its references are. */
export function tracerDefects(
  root: Expression,
  typeOf: (reference: Reference) => TracerType,
): readonly TracerDefect[] {
  return new Examiner(typeOf).examine(root);
}

/** Most values that wait on the stack at once. */
export function pendingOperands(root: Expression): number {
  const { chain, first } = leftSpine(root);
  let most = first.kind === "unary" ? pendingOperands(first.operand) : 1;
  for (const node of chain) {
    const waiting = node.kind === "logical" ? 0 : 1;
    const rest = node.kind === "in" ? node.list : [node.right];
    for (const operand of rest) most = Math.max(most, waiting + pendingOperands(operand));
  }
  return most;
}

class Examiner {
  readonly #typeOf: (reference: Reference) => TracerType;
  readonly #found: TracerDefect[] = [];

  constructor(typeOf: (reference: Reference) => TracerType) {
    this.#typeOf = typeOf;
  }

  examine(root: Expression): readonly TracerDefect[] {
    // At the root alone, `!` of a double does what it says.
    this.#register(root, true);
    const order = [...nodesOf(root)].find(isLessOrEqual);
    if (order !== undefined && new Leaking().peak(root) > STACK)
      this.#report(order, "each <= takes a place of the tracer's stack for good: use < instead");
    return this.#found;
  }

  #register(root: Expression, isRoot = false): Register {
    const { chain, first } = leftSpine(root);
    let left = this.#first(first, isRoot && chain.length === 0);
    for (const node of chain.toReversed()) left = this.#chained(node, left);
    return left;
  }

  #first(node: Unchained, isRoot: boolean): Register {
    switch (node.kind) {
      case "integer":
        return "integer";
      case "float":
        return "double";
      case "string":
        return "text";
      case "reference": {
        this.#brackets(node);
        const type = this.#typeOf(node);
        if (type === "signed") return "integer";
        return type === "unsigned" ? "bits" : type;
      }
      case "unary":
        return this.#unary(node, isRoot);
    }
  }

  #brackets(node: Reference): void {
    if (stepsOf(node).some((step) => indexesOf(step).length > 1))
      this.#report(node, "LTTng drops all brackets but the first");
  }

  #unary(node: Unchained & { kind: "unary" }, isRoot: boolean): Register {
    const operand = this.#register(node.operand);
    if (node.operator === "+") return operand;
    if (node.operator === "~") return "bits";
    if (node.operator === "!" && operand === "double" && !isRoot)
      this.#report(node, "the tracer loses a ! before a floating-point value: compare it with 0.0");
    if (node.operator === "-" && operand !== "double" && innermost(node) === undefined)
      return "negated";
    return operand;
  }

  #chained(node: Chained, left: Register): Register {
    if (node.kind === "in") {
      for (const element of node.list) this.#register(element);
      return "integer";
    }
    const right = this.#register(node.right);
    if (node.kind === "logical") return this.#logical(node, left, right);
    this.#nested(node, left);
    return isBitwise(node.operator) ? "bits" : "integer";
  }

  #logical(node: Logical, left: Register, right: Register): Register {
    const sides = [this.#truth(node.left, left), this.#truth(node.right, right)] as const;
    if (sides[0] === "negated")
      this.#report(node, "the tracer cannot take a negated number for a truth value: compare it");
    else if (sides[1] === "negated") return "negated";
    else if (sides[0] !== sides[1] && (sides[0] === "bits" || sides[1] === "bits"))
      this.#report(
        node,
        "the tracer does not mix bitwise results with other truth values: use != 0",
      );
    return sides[0];
  }

  /** The type behind the cast that the compiler writes for fields and floating-point constants. */
  #truth(operand: Expression, register: Register): Register {
    if (register === "double") return "integer";
    const field = innermost(operand);
    if (field === undefined) return register;
    if (this.#typeOf(field) === "unsigned")
      this.#report(operand, "the tracer rejects an unsigned element as a truth value: use != 0");
    return register === "text" || register === "unknown" ? register : "integer";
  }

  #nested(node: Binary, left: Register): void {
    if (left === "double" && pendingOperands(node.right) > 1)
      this.#report(
        node,
        "a floating-point value is lost while its right side is evaluated: swap them",
      );
    const nodes = [...nodesOf(node.right)];
    if (nodes.some(isLessOrEqual) && nodes.some((one) => this.#isNoInteger(one)))
      this.#report(node, "a <= on the right side disturbs what waits for it: swap the sides");
  }

  #isNoInteger(node: Expression): boolean {
    if (node.kind === "float" || node.kind === "string") return true;
    return node.kind === "reference" && ["double", "text"].includes(this.#typeOf(node));
  }

  #report({ start, end }: Span, message: string): void {
    this.#found.push({ message, start, end });
  }
}

/** The stack as the tracer counts it while it links: `<=` takes two values and leaves two. */
class Leaking {
  #depth = 0;
  #peak = 0;

  peak(root: Expression): number {
    this.#run(root);
    return this.#peak;
  }

  #run(root: Expression): void {
    const { chain, first } = leftSpine(root);
    if (first.kind === "unary") this.#run(first.operand);
    else this.#push();
    for (const node of chain.toReversed()) {
      if (node.kind === "in") continue;
      if (node.kind === "logical") this.#depth--;
      this.#run(node.right);
      if (node.kind === "binary" && !isLessOrEqual(node)) this.#depth--;
    }
  }

  #push(): void {
    this.#depth++;
    this.#peak = Math.max(this.#peak, this.#depth);
  }
}

function isLessOrEqual(node: Expression): boolean {
  return node.kind === "binary" && isComparison(node.operator) && node.operator === "<=";
}

/** The reference below a chain of unary operators. */
function innermost(node: Expression): Reference | undefined {
  if (node.kind === "unary") return innermost(node.operand);
  return node.kind === "reference" ? node : undefined;
}
