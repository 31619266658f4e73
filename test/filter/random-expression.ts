import {
  cons,
  type Expression,
  type Index,
  type Path,
  type Step,
  type UnaryOperator,
} from "../../src/filter/ast.ts";

const AT = { start: 0, end: 0 };
const pick = <T>(random: () => number, items: readonly T[]): T =>
  items[Math.floor(random() * items.length)]!;

/** A random tree of at most `depth` levels, with every kind of node; spans are zero. */
export function randomExpression(random: () => number, depth: number): Expression {
  const kind =
    depth <= 0 ? "leaf" : pick(random, ["leaf", "unary", "binary", "binary", "logical", "in"]);
  const operand = (): Expression => randomExpression(random, depth - 1);
  switch (kind) {
    case "unary": {
      const operator = pick<UnaryOperator>(random, ["-", "+", "!", "~"]);
      return { kind: "unary", operator, operand: operand(), ...AT };
    }
    case "binary": {
      const operator = pick(random, [
        "==",
        "!=",
        "<",
        ">",
        "<=",
        ">=",
        "&",
        "|",
        "^",
        "<<",
        ">>",
        "+",
        "-",
        "*",
        "/",
        "%",
      ] as const);
      return { kind: "binary", operator, left: operand(), right: operand(), ...AT };
    }
    case "logical": {
      const operator = pick(random, ["&&", "||"] as const);
      return { kind: "logical", operator, left: operand(), right: operand(), ...AT };
    }
    case "in": {
      const list = Array.from({ length: 1 + Math.floor(random() * 3) }, operand);
      return { kind: "in", left: operand(), list, ...AT };
    }
    default:
      return leaf(random);
  }
}

function leaf(random: () => number): Expression {
  const text = pick(random, [
    "0",
    "42",
    "0x1f",
    "017",
    "5ms",
    "64KiB",
    "1ull",
    "1.5",
    ".5",
    "1e3",
    "0x1p4",
    '"a*"',
    "'b'",
    'L"x"',
  ]);
  switch (pick(random, ["literal", "reference", "reference"])) {
    case "literal": {
      const kind = /["']/.test(text)
        ? "string"
        : /^0x1p|[.e]/.test(text) && !/^0x1f|[KMG]iB/.test(text)
          ? "float"
          : "integer";
      return { kind, text, ...AT };
    }
    default:
      return { kind: "reference", path: randomPath(random), optional: random() < 0.2, ...AT };
  }
}

function randomPath(random: () => number): Path {
  let path: Path | undefined;
  const names = pick(random, [
    ["k"],
    ["in"],
    ["a", "b"],
    ["$ctx", "procname"],
    ["$app", "p:t"],
    ["$event", "name"],
    ["x", "y", "z"],
  ]);
  for (const name of names) path = { step: randomStep(random, name), before: path, ...AT };
  return path!;
}

function randomStep(random: () => number, name: string): Step {
  const indexes =
    random() < 0.2 ? cons<Index>({ kind: "integer", text: "3", ...AT }, undefined) : undefined;
  return { name, indexes, ...AT };
}
