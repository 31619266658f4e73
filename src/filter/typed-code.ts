/**
 * Typed code under construction, and the types and known values of its stack: the operations of `link`.
 *
 * Each operation takes its entries from the abstract stack and either folds them, dropping the code that was
 * just written for them, or writes the typed instruction.
 */
import { bitwise } from "./arithmetic.ts";
import { CodeWriter } from "./code-writer.ts";
import {
  described,
  type Entry,
  type EntryType,
  integerOf,
  isText,
  patternOf,
  typeNumber,
} from "./entry.ts";
import { type Constant, comparedConstants, constantName, foldedUnary, truncated } from "./fold.ts";
import { type Labelled, putLabelComparison } from "./label-comparison.ts";
import { ConstantNeeded, type Parameter } from "./linked-parameter.ts";
import { COMPARISON_ORDER } from "./opcodes.ts";

export class TypedCode {
  readonly out: CodeWriter = new CodeWriter();
  readonly #stack: Entry[] = [];
  #never: string | undefined;

  /** Why the program can never match, once that is known. */
  get never(): string | undefined {
    return this.#never;
  }

  /** s0 as a truth value for `&&` and `||`. */
  cast(): void {
    const value = this.pop();
    const { start, name, rejects } = value;
    const { constant } = value;
    if (typeof constant === "number") {
      this.out.truncate(start);
      this.pushConstant(truncated(constant), start, name);
    } else if (value.type === "integer" || value.type === "absent") {
      this.#stack.push(value);
    } else if (value.type === "double" || value.type === "dynamic") {
      this.out.put(value.type === "double" ? "CAST_DOUBLE_TO_S64" : "CAST_DYNAMIC_TO_S64");
      this.push("integer", start, name, rejects);
    } else {
      this.fail(`${described(value)} has no truth value`);
    }
  }

  /** `-`, `!` or `~`. */
  unary(name: "UNARY_MINUS" | "UNARY_NOT" | "UNARY_BIT_NOT"): void {
    const value = this.pop();
    const sign = { UNARY_MINUS: "-", UNARY_NOT: "!", UNARY_BIT_NOT: "~" }[name];
    const label = `${sign}${value.name}`;
    const { type, start, constant, rejects } = value;
    const folded = constant === undefined ? undefined : foldedUnary(sign, constant);
    if (this.#signedParameter(sign, value, label)) return;
    if (folded !== undefined) {
      this.out.truncate(start);
      this.pushConstant(folded, start, label);
    } else if (type === "absent") {
      this.push("absent", start, label);
    } else if (type === "text" || type === "pattern" || (type === "double" && sign === "~")) {
      this.fail(`cannot apply ${sign} to ${described(value)}`);
    } else if (sign === "~") {
      if (type === "dynamic") this.out.put("NEED_INTEGER");
      this.out.put(name);
      this.push("integer", start, label, rejects);
    } else {
      const suffix = { integer: "S64", double: "DOUBLE", dynamic: "DYNAMIC" }[type];
      this.out.put(`${name}_${suffix}`);
      this.push(sign === "!" ? "integer" : type, start, label, rejects);
    }
  }

  /** A parameter with a sign is another; gives whether it is one. */
  #signedParameter(sign: string, { start, parameter }: Entry, label: string): boolean {
    if (parameter === undefined || sign === "!") return false;
    const value = foldedUnary(sign, parameter.value);
    if (value === undefined) return false;
    this.out.truncate(start);
    this.pushParameter({ ...parameter, signs: parameter.signs + sign }, value, start, label);
    return true;
  }

  /** A comparison or bitwise operator, by its generic name. */
  binary(name: string): void {
    const right = this.pop();
    const left = this.pop();
    const bitwiseNumber = BITWISE_NAMES.indexOf(name);
    if (bitwiseNumber !== -1) this.#bitwise(name, bitwiseNumber, left, right);
    else this.#compare(name, COMPARISON_NAMES.indexOf(name), left, right);
  }

  #bitwise(name: string, operator: number, left: Entry, right: Entry): void {
    const { start } = left;
    const rejects = left.rejects ?? right.rejects;
    for (const side of [left, right]) {
      if (side.type === "integer" || side.type === "dynamic" || side.type === "absent") continue;
      this.fail(`cannot combine ${described(side)} bitwise`);
    }
    const word = { hi: 0, lo: 0 };
    const a = integerOf(left);
    const b = integerOf(right);
    const label = "a bitwise result";
    if (left.type === "absent" || right.type === "absent") {
      this.push("absent", start, label);
    } else if (a !== undefined && b !== undefined && rejects === undefined) {
      if (bitwise(operator, a.hi, a.lo, b.hi, b.lo, word)) {
        this.out.truncate(start);
        this.pushConstant(word, start, label);
      } else {
        this.out.put(name);
        this.push("integer", start, label, "a shift count outside 0…63 rejects every record");
      }
    } else if (left.type === "dynamic" || right.type === "dynamic") {
      this.out.put("BITWISE_DYNAMIC", operator, typeNumber(left), typeNumber(right));
      this.push("integer", start, label, rejects);
    } else {
      this.out.put(name);
      this.push("integer", start, label, rejects);
    }
  }

  #compare(name: string, comparison: number, left: Entry, right: Entry): void {
    const { start } = left;
    const rejects = left.rejects ?? right.rejects;
    const label = "a comparison";
    if (left.type === "absent" || right.type === "absent") {
      this.push("integer", start, label);
      return;
    }
    if (this.#compareLabels(name, left, right) || this.#compareLabels(name, right, left)) return;
    if (isText(left) !== isText(right) && left.type !== "dynamic" && right.type !== "dynamic") {
      const sign = COMPARISON_ORDER[comparison] ?? name;
      this.fail(`cannot compare ${described(left)} with ${described(right)} by ${sign}`);
      return;
    }
    const known = comparedConstants(comparison, left.constant, right.constant);
    if (known !== undefined && rejects === undefined) {
      this.out.truncate(start);
      this.pushConstant({ hi: 0, lo: known ? 1 : 0 }, start, label);
      return;
    }
    this.#putComparison(name, comparison, left, right);
    this.push("integer", start, label, rejects);
  }

  /** A field with labels by `==` or `!=` with a text; gives whether it is one. */
  #compareLabels(name: string, field: Entry, text: Entry): boolean {
    const { constant } = text;
    const { labelled } = field;
    if (labelled === undefined || !isText(text) || (name !== "EQ" && name !== "NE")) return false;
    if (text.parameter !== undefined) throw new ConstantNeeded();
    if (typeof constant !== "object" || !("raw" in constant)) return false;
    const start = Math.min(field.start, text.start);
    this.out.truncate(start);
    const problem = putLabelComparison(this.out, labelled, constant);
    if (problem !== undefined) {
      this.fail(`${field.name} has ${problem}`);
      return true;
    }
    if (name === "NE") this.out.put("UNARY_NOT_S64");
    this.push("integer", start, "a comparison");
    return true;
  }

  #putComparison(name: string, comparison: number, left: Entry, right: Entry): void {
    const pattern = patternOf(left) ?? patternOf(right);
    if (pattern !== undefined) {
      // The pattern pushed no code, so the text is on top whichever side it stands on.
      if (left.type === "dynamic" || right.type === "dynamic") this.out.put("NEED_TEXT");
      this.out.put(`${name}_STAR_GLOB_STRING`, this.out.addText(pattern));
    } else if (left.type === "dynamic" || right.type === "dynamic") {
      this.out.put("COMPARE_DYNAMIC", comparison, typeNumber(left), typeNumber(right));
    } else if (left.type === "text") {
      this.out.put(`${name}_STRING`);
    } else {
      const a = left.type === "double" ? "DOUBLE" : "S64";
      const b = right.type === "double" ? "DOUBLE" : "S64";
      this.out.put(`${name}_${a === b ? a : `${a}_${b}`}`);
    }
  }

  /** Pushes the entry of a value whose code has been written, from `start` on. */
  push(type: EntryType, start: number, name: string, rejects?: string, labelled?: Labelled): void {
    this.#stack.push({ type, start, name, rejects, constant: undefined, labelled });
  }

  /** Pushes a value that is known, and the code for it. */
  pushConstant(constant: Constant, start: number, name: string = constantName(constant)): void {
    let type: EntryType;
    if (typeof constant === "number") {
      type = "double";
      this.out.putDouble(constant);
    } else if ("hi" in constant) {
      type = "integer";
      this.out.putInteger(constant);
    } else if (constant.globClass === "star") {
      type = "pattern";
    } else {
      type = "text";
      this.out.putText(constant);
    }
    this.#stack.push({ type, start, name, constant, rejects: undefined });
  }

  /** Pushes a value that code is not to know, and the code that loads it. */
  pushParameter(
    parameter: Parameter,
    value: Constant,
    start: number,
    name: string = constantName(value),
  ): void {
    const { kind, source, signs } = parameter;
    this.out.putParameter(parameter, value);
    const known = { kind, source, signs, value };
    this.#stack.push({
      type: kind,
      start,
      name,
      constant: undefined,
      rejects: undefined,
      parameter: known,
    });
  }

  pop(): Entry {
    const entry = this.#stack.pop();
    if (entry === undefined) throw new RangeError("filter code: stack empty while linking");
    return entry;
  }

  /** The whole program can never match. */
  fail(reason: string): void {
    this.#never ??= reason;
    this.push("absent", this.out.position, "");
  }
}

const BITWISE_NAMES: readonly string[] = [
  "BIT_RSHIFT",
  "BIT_LSHIFT",
  "BIT_AND",
  "BIT_OR",
  "BIT_XOR",
];
const COMPARISON_NAMES: readonly string[] = ["EQ", "NE", "GT", "LT", "GE", "LE"];
