/**
 * Generic code × event class → linked code, or a verdict that needs no record.
 *
 * One abstract execution of the generic code. Each stack entry knows its type, its value if that is the same for
 * every record, and where its code begins; so constants fold by dropping code that was just written. As in the tracer, an
 * impossible operation anywhere makes the whole filter false for the class, even where it would never be evaluated.
 *
 * Invariants: linked code computes what generic code computes; a pending jump is dropped only with all code it spans.
 */
import { type FieldRef, fieldKey } from "../ctf/field-ref.ts";
import type { Choice, LinkedProgram, Program } from "./bytecode.ts";
import { described, truth } from "./entry.ts";
import type { Parameter } from "./linked-parameter.ts";
import { OPCODE_NAMES, OPCODES } from "./opcodes.ts";
import { parameterValue } from "./parameters.ts";
import { type LinkEnvironment, type Load, type Resolution, resolve } from "./resolve.ts";
import { plainText } from "./text-literal.ts";
import { TypedCode } from "./typed-code.ts";
import { usedFields } from "./used-fields.ts";

export type { LinkEnvironment } from "./resolve.ts";

/**
 * Links a program to an event class.
 *
 * Verdict `never` carries the reason: a field that the class lacks, types that do not go together, or a value that is
 * false for every record.
 */
export function link(program: Program, env: LinkEnvironment): LinkedProgram {
  return new Linker(program, env).run();
}

/** The reason of a verdict that follows from facts of the event class or of its trace, not from what it lacks. */
export const FALSE_FOR_EVERY_RECORD = "the expression is false for every record";

/** A jump of the generic code whose target lies ahead. */
interface Pending {
  readonly target: number;
  readonly start: number;
  readonly effect: Effect;
}

type Effect =
  /** Linked code jumps too: the word to patch. `rejects`: why its left operand rejects every record. */
  | { readonly kind: "jump"; readonly word: number; readonly rejects: string | undefined }
  /** Known not to jump: the value is what comes next. */
  | { readonly kind: "fall" }
  /** Known to jump: what comes next is only checked, and dropped. */
  | { readonly kind: "decided"; readonly value: 0 | 1 };

class Linker {
  readonly #program: Program;
  readonly #env: LinkEnvironment;
  readonly #typed = new TypedCode();
  readonly #pending: Pending[] = [];
  readonly #fields: FieldRef[] = [];
  readonly #fieldNumbers = new Map<string, number>();
  readonly #choices: Choice[][] = [];
  readonly #resolutions = new Map<number, Resolution>();
  #isAlways = false;

  constructor(program: Program, env: LinkEnvironment) {
    this.#program = program;
    this.#env = env;
  }

  run(): LinkedProgram {
    const { code, parameterLoads } = this.#program;
    for (let at = 0; at < code.length && this.#typed.never === undefined; ) {
      this.#closePending(at);
      const name = OPCODE_NAMES[code[at]!] ?? "";
      const count = OPCODES.get(name)?.operands.length ?? 0;
      const isParameter = parameterLoads?.has(at) === true;
      this.#instruction(name, code[at + 1] ?? 0, code[at + 2] ?? 0, isParameter);
      at += 1 + count;
    }
    if (this.#typed.never !== undefined) return verdict("never", this.#typed.never);
    if (this.#isAlways) return verdict("always", undefined);
    const { code: linked, ...pools } = this.#typed.out.finish();
    const used = usedFields(linked, this.#choices, this.#fields);
    const { parameters } = this.#typed.out;
    return {
      verdict: "evaluate",
      reason: undefined,
      ...pools,
      ...used,
      ...(parameters.length > 0 && { parameters }),
    };
  }

  #instruction(name: string, a: number, b: number, isParameter: boolean): void {
    switch (name) {
      case "LOAD_S64":
        this.#loadConstant({ kind: "integer", source: a, signs: "" }, isParameter);
        break;
      case "LOAD_DOUBLE":
        this.#loadConstant({ kind: "double", source: a, signs: "" }, isParameter);
        break;
      case "LOAD_STRING":
        this.#loadConstant({ kind: "text", source: a, signs: "" }, isParameter);
        break;
      case "LOAD_SYMBOL":
        this.#loadSymbol(a);
        break;
      case "SKIP_IF_ABSENT":
        this.#skip(a, b);
        break;
      case "AND":
      case "OR":
        this.#jump(name, a);
        break;
      case "CAST_TO_S64":
        this.#typed.cast();
        break;
      case "UNARY_MINUS":
      case "UNARY_NOT":
      case "UNARY_BIT_NOT":
        this.#typed.unary(name);
        break;
      case "RETURN":
        this.#return();
        break;
      default:
        this.#typed.binary(name);
    }
  }

  // --- loads

  #loadConstant(constant: Parameter, isParameter: boolean): void {
    const value = parameterValue(this.#program, constant);
    const { position } = this.#typed.out;
    if (isParameter) this.#typed.pushParameter(constant, value, position);
    else this.#typed.pushConstant(value, position);
  }

  #loadSymbol(number: number): void {
    const symbol = this.#program.symbols[number]!;
    const found = this.#resolve(number);
    const start = this.#typed.out.position;
    switch (found.kind) {
      case "integer":
        this.#typed.pushConstant(found.value, start, symbol.text);
        return;
      case "text":
        this.#typed.pushConstant(plainText(found.value), start, symbol.text);
        return;
      case "time":
        this.#typed.out.put("LOAD_TIME");
        this.#typed.push("integer", start, symbol.text);
        return;
      case "field": {
        const load = {
          integer: "LOAD_FIELD_S64",
          double: "LOAD_FIELD_DOUBLE",
          text: "LOAD_FIELD_TEXT",
        };
        const field = this.#field(found.field);
        this.#typed.out.put(load[found.load], field);
        const { fieldClass } = found.field;
        const hasLabels = fieldClass.kind === "integer" && fieldClass.mappings !== undefined;
        const labelled = hasLabels ? { field, fieldClass } : undefined;
        this.#typed.push(found.load, start, symbol.text, undefined, labelled);
        return;
      }
      case "element":
        this.#typed.out.put("LOAD_ELEMENT_S64", this.#field(found.field), found.index);
        this.#typed.push("integer", start, symbol.text);
        return;
      case "choices":
        if (symbol.optional && found.choices.length === 0) {
          this.#typed.push("absent", start, symbol.text);
          return;
        }
        this.#typed.out.put("LOAD_CHOICE", this.#choice(found.choices));
        this.#typed.push(
          "dynamic",
          start,
          symbol.text,
          found.choices.length === 0 ? found.reason : undefined,
        );
        return;
      case "missing":
        if (symbol.optional) this.#typed.push("absent", start, symbol.text);
        else this.#typed.fail(found.reason);
        return;
      case "unusable":
        this.#typed.fail(found.reason);
    }
  }

  #resolve(number: number): Resolution {
    let found = this.#resolutions.get(number);
    if (found === undefined) {
      found = resolve(this.#program.symbols[number]!, this.#env);
      this.#resolutions.set(number, found);
    }
    return found;
  }

  #field(ref: FieldRef): number {
    const key = fieldKey(ref);
    let number = this.#fieldNumbers.get(key);
    if (number === undefined) {
      number = this.#fields.push(ref) - 1;
      this.#fieldNumbers.set(key, number);
    }
    return number;
  }

  #choice(choices: readonly { readonly field: FieldRef; readonly load: Load }[]): number {
    return (
      this.#choices.push(choices.map(({ field, load }) => ({ field: this.#field(field), load }))) -
      1
    );
  }

  // --- jumps

  /** The entry of a region: is the optional field there? */
  #skip(number: number, target: number): void {
    const found = this.#resolve(number);
    const start = this.#typed.out.position;
    const jump = (word: number): Effect => ({ kind: "jump", word, rejects: undefined });
    const effect = ((): Effect => {
      switch (found.kind) {
        case "missing":
          return { kind: "decided", value: 0 };
        case "field":
          if (!found.mayBeAbsent) return { kind: "fall" };
          return jump(this.#typed.out.putJump("SKIP_IF_NO_FIELD", this.#field(found.field)));
        case "element": {
          const { fieldClass } = found.field;
          const isStatic = fieldClass.kind === "array" && fieldClass.length.kind === "static";
          if (isStatic && !found.mayBeAbsent) return { kind: "fall" };
          return jump(
            this.#typed.out.putJump("SKIP_IF_NO_ELEMENT", this.#field(found.field), found.index),
          );
        }
        case "choices":
          if (found.choices.length === 0) return { kind: "decided", value: 0 };
          return jump(this.#typed.out.putJump("SKIP_IF_NO_CHOICE", this.#choice(found.choices)));
        default:
          return { kind: "fall" };
      }
    })();
    this.#pending.push({ target, start, effect });
  }

  #jump(name: "AND" | "OR", target: number): void {
    const left = this.#typed.pop();
    const { start, rejects } = left;
    if (left.constant === undefined || rejects !== undefined) {
      const word = this.#typed.out.putJump(name);
      this.#pending.push({ target, start, effect: { kind: "jump", word, rejects } });
      return;
    }
    const isTrue = truth(left.constant);
    const jumps = isTrue === (name === "OR");
    if (!jumps) this.#typed.out.truncate(start);
    const value = name === "OR" ? 1 : 0;
    const effect: Effect = jumps ? { kind: "decided", value } : { kind: "fall" };
    this.#pending.push({ target, start, effect });
  }

  /** Ends the jumps that lead here, innermost first. */
  #closePending(at: number): void {
    for (let jump = this.#pending.at(-1); jump?.target === at; jump = this.#pending.at(-1)) {
      this.#pending.pop();
      const { start, effect } = jump;
      if (effect.kind === "fall") continue;
      const value = this.#typed.pop();
      if (effect.kind === "decided") {
        this.#typed.out.truncate(start);
        this.#typed.pushConstant({ hi: 0, lo: effect.value }, start);
      } else {
        // Only at the root can a region end in a value whose type is open; there it has to be an integer.
        if (value.type === "dynamic") this.#typed.out.put("NEED_INTEGER");
        this.#typed.out.patch(effect.word);
        this.#typed.push(
          value.type === "dynamic" ? "integer" : value.type,
          start,
          value.name,
          effect.rejects,
        );
      }
    }
  }

  // --- the end

  #return(): void {
    const root = this.#typed.pop();
    if (root.rejects !== undefined) this.#typed.fail(root.rejects);
    else if (root.type === "absent") this.#typed.fail(`no value ${root.name}`);
    else if (root.type === "integer" && root.constant !== undefined) {
      this.#isAlways = truth(root.constant);
      if (!this.#isAlways) this.#typed.fail(FALSE_FOR_EVERY_RECORD);
    } else if (root.type === "dynamic") {
      this.#typed.out.put("NEED_INTEGER");
      this.#typed.out.put("RETURN");
    } else if (root.type === "integer") {
      this.#typed.out.put("RETURN");
    } else {
      this.#typed.fail(`${described(root)} alone never matches: compare it with something`);
    }
  }
}

function verdict(verdict: "never" | "always", reason: string | undefined): LinkedProgram {
  return { verdict, reason, fields: [], choices: [], code: NO_CODE, ...NO_POOLS };
}

const NO_CODE = new Int32Array(0);
const NO_POOLS = { integers: NO_CODE, doubles: new Float64Array(0), texts: [] };
