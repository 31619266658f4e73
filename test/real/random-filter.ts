/** Random filter expressions over the fields of `filter-app`, mostly well typed, as people and machines write them. */

import { type Reference, stepsOf } from "../../src/filter/ast.ts";
import { compileFilter } from "../../src/filter/compile.ts";
import { symbolText } from "../../src/filter/symbol.ts";
import {
  pendingOperands,
  type TracerType,
  tracerDefects,
} from "../../src/filter/tracer-defects.ts";

type Random = (below: number) => number;

const SIGNED = ["k", "i8", "u8", "i16", "u32", "i64", "u64", "n16", "n32", "x64", "en"];
const CONTEXTS = ["vpid", "vtid", "pthread_id", "cpu_id", "vuid", "vegid", "ipc_ns", "time_ns"];
const SIGNED_ELEMENTS = ["ai[0]", "ai[1]", "ai[0x3]", "sq[0]", "sq[1]", "sq[02]", "sq[1000]"];
const UNSIGNED_ELEMENTS = ["au[0]", "au[3]", "an[1]", "su[2]", "su[1u]"];
const TEXTS = ["s", "ta", "ts", "$ctx.procname"];
const DOUBLES = ["f32", "f64"];
/** Named by no class, or by one of the two, or of a type that no filter can use. */
const ABSENT = [
  "nofield",
  "$ctx.nothing",
  "$app.no:body",
  "ai",
  "sq",
  "ai[4]",
  "a.b",
  "k[0]",
  "s[0]",
];
const INTEGERS = [
  "0",
  "1",
  "2",
  "3",
  "7",
  "15",
  "0x10",
  "0377",
  "255",
  "65535",
  "4294967295",
  "1ull",
];
const LARGE = ["9223372036854775807", "9223372036854775808", "0xffffffffffffffff", "01777"];
const FLOATS = ["0.0", "0.5", "1.5", "2.", "1e18", "0x1p1", "3.0f"];
const LITERALS = [
  ...['""', '"a"', '"abc"', "'ab'", '"a\\*b"', '"a\\\\b"', '"\\\\"', '"ABC"', '"app"', 'L"zzz"'],
];
const PREFIXES = ['"a*"', '"*"', '"ab*"', '"foo*"'];
const GLOBS = ['"*b"', '"a*c"', '"*b*"', '"a**"', '"*\\**"', '"*a*b*"', '"**"', '"a*\\\\*b"'];
const ORDERINGS = ["<", ">", "<=", ">="];
const EQUALITIES = ["==", "!="];
const BITWISE = ["&", "|", "^", "<<", ">>"];

/** What the tracer takes a reference of these expressions for. */
export function tracerType(reference: Reference): TracerType {
  const text = symbolText(reference);
  const name = stepsOf(reference)[0]?.name ?? "";
  if (["au", "an", "su"].includes(name)) return "unsigned";
  if (DOUBLES.includes(text)) return "double";
  if (TEXTS.includes(text)) return "text";
  return SIGNED.includes(text) || name === "$ctx" || name === "ai" || name === "sq"
    ? "signed"
    : "unknown";
}

/** Whether the tracer gives the expression its plain meaning, as far as its known defects go. */
export function isSound(text: string): boolean {
  const { ast } = compileFilter(text);
  return pendingOperands(ast) <= 8 && tracerDefects(ast, tracerType).length === 0;
}

/** A random filter. It may be one that LTTng's compiler refuses, or whose types do not go together. */
export function randomFilter(random: Random): string {
  return new Writer(random).condition(1 + random(4));
}

class Writer {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  condition(depth: number): string {
    if (depth === 0) return this.#comparison(1);
    switch (this.#random(10)) {
      case 0:
      case 1:
      case 2:
        return `${this.#part(depth)} && ${this.#part(depth)}`;
      case 3:
      case 4:
      case 5:
        return `${this.#part(depth)} || ${this.#part(depth)}`;
      case 6:
        return `!(${this.condition(depth - 1)})`;
      case 7:
        return this.#integer(depth);
      default:
        return this.#comparison(depth);
    }
  }

  #part(depth: number): string {
    const inner = this.condition(depth - 1);
    return this.#random(2) === 0 ? `(${inner})` : inner;
  }

  #comparison(depth: number): string {
    switch (this.#random(14)) {
      case 0:
      case 1:
      case 2:
        return this.#between(
          this.#text(),
          [...EQUALITIES, ...EQUALITIES, ...ORDERINGS],
          this.#text(),
        );
      case 3: {
        const pair = [this.#pick(TEXTS), this.#pick(GLOBS)];
        if (this.#random(3) === 0) pair.reverse();
        return this.#between(pair[0]!, EQUALITIES, pair[1]!);
      }
      case 4:
      case 5:
        return this.#between(
          this.#double(),
          [...ORDERINGS, ...EQUALITIES],
          this.#number(depth - 1),
        );
      case 6:
        return this.#between(this.#integer(depth - 1), ORDERINGS, this.#double());
      case 7:
        return this.#random(3) === 0 ? this.#mismatch() : this.#integer(depth - 1);
      default: {
        const signs = [...ORDERINGS, ...EQUALITIES];
        return this.#between(this.#integer(depth - 1), signs, this.#integer(depth - 1));
      }
    }
  }

  /** What types do not allow, or no event has. */
  #mismatch(): string {
    const odd = this.#pick([...ABSENT, ...TEXTS, ...DOUBLES, ...LITERALS, ...FLOATS]);
    const other = this.#pick([...SIGNED, ...INTEGERS, ...LITERALS, ...TEXTS]);
    return this.#between(odd, [...EQUALITIES, "<", "&", "+", "*", "="], other);
  }

  #number(depth: number): string {
    return this.#random(2) === 0 ? this.#double() : this.#integer(depth);
  }

  #integer(depth: number): string {
    if (depth <= 0 || this.#random(3) === 0) return this.#atom();
    switch (this.#random(6)) {
      case 0:
        return `${this.#pick(["-", "~", "!", "+", "!!"])}${this.#closed(depth - 1)}`;
      case 1:
        return `(${this.condition(depth - 1)})`;
      case 2:
        return this.#between(
          this.#closed(depth - 1),
          ["<<", ">>"],
          this.#pick(["1", "4", "63", "64", "k"]),
        );
      default:
        return this.#between(this.#closed(depth - 1), BITWISE, this.#closed(depth - 1));
    }
  }

  /** Sometimes without the parentheses that would be needed to keep it together: precedence is then on trial. */
  #closed(depth: number): string {
    const inner = this.#integer(depth);
    return /^[\w$.[\]]+$/.test(inner) || this.#random(3) === 0 ? inner : `(${inner})`;
  }

  #atom(): string {
    const pools = [
      SIGNED,
      SIGNED,
      SIGNED,
      INTEGERS,
      INTEGERS,
      LARGE,
      SIGNED_ELEMENTS,
      UNSIGNED_ELEMENTS,
    ];
    if (this.#random(12) === 0) return `$ctx.${this.#pick(CONTEXTS)}`;
    if (this.#random(40) === 0) return this.#pick(ABSENT);
    return this.#pick(this.#pick(pools));
  }

  #double(): string {
    const sign = this.#pick(["", "", "", "-"]);
    return sign + this.#pick(this.#random(3) === 0 ? FLOATS : DOUBLES);
  }

  #text(): string {
    return this.#pick(this.#random(2) === 0 ? TEXTS : [...LITERALS, ...PREFIXES, ...TEXTS]);
  }

  #between(left: string, signs: readonly string[], right: string): string {
    return `${left} ${this.#pick(signs)} ${right}`;
  }

  #pick<T>(items: readonly T[]): T {
    return items[this.#random(items.length)]!;
  }
}
