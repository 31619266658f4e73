/**
 * The instruction set: one table for emitter, linker, validator, disassembler and interpreter.
 *
 * A program is a stack machine's code in 32-bit words: an opcode, then its operands. `emit` writes *generic* code, which
 * knows names; `link` turns it into *linked* code for one event class, which knows types and fields. Names and
 * numbers are LTTng's (lttng-tools 2.13.9, bytecode.h) where the meaning is; from 100 on they are tracewire extensions. All jumps go
 * forward.
 *
 * Notation: s0 is the top of the stack, s1 the value below; a, b, c are the operands; "reject" ends the program
 * without a match.
 */

/** What a stack entry holds. `dynamic`: a variant's value, whose type each record decides. */
export type StackType = "integer" | "double" | "text" | "dynamic" | "any";

/** What an operand word holds: a number in a pool, a code position, or a small number. */
export type OperandKind =
  | "integer#"
  | "double#"
  | "text#"
  | "symbol#"
  | "field#"
  | "choices#"
  | "target"
  | "index"
  | "comparison"
  | "bitwise"
  | "type";

/** Where an instruction may stand. */
export type Stage = "generic" | "linked" | "both";

export interface Opcode {
  readonly number: number;
  readonly stage: Stage;
  readonly operands: readonly OperandKind[];
  /** Types taken from the stack, deepest first. */
  readonly pops: readonly StackType[];
  /** Type put on the stack when the next instruction follows. */
  readonly pushes: StackType | "none";
  /** Type put on the stack when it jumps. */
  readonly jumps: StackType | "none";
  readonly meaning: string;
}

/** Comparisons in the order of their opcodes within each family. */
export const COMPARISON_ORDER: readonly ["==", "!=", ">", "<", ">=", "<="] = [
  "==",
  "!=",
  ">",
  "<",
  ">=",
  "<=",
];

/** Bitwise operators in the order of their generic opcodes from `BIT_RSHIFT` on. */
export const BITWISE_ORDER: readonly [">>", "<<", "&", "|", "^"] = [">>", "<<", "&", "|", "^"];

/** Numbers of stack types as `type` operands. */
export const TYPE_ORDER: readonly ["integer", "double", "text", "dynamic"] = [
  "integer",
  "double",
  "text",
  "dynamic",
];

const I = "integer";
const D = "double";
const T = "text";
const V = "dynamic";

type Row = readonly [
  name: string,
  number: number,
  stage: Stage,
  operands: readonly OperandKind[],
  pops: readonly StackType[],
  pushes: StackType | "none",
  jumps: StackType | "none",
  meaning: string,
];

// biome-ignore format: a table is read in columns
const ROWS: readonly Row[] = [
  ["RETURN",               1,   "both",    [],                     [I],    "none", "none", "end; match if s0 != 0"],
  ["BIT_RSHIFT",           7,   "both",    [],                     [I, I], I, "none", "s1 >> s0, logical; reject unless 0 <= s0 < 64"],
  ["BIT_LSHIFT",           8,   "both",    [],                     [I, I], I, "none", "s1 << s0; reject unless 0 <= s0 < 64"],
  ["BIT_AND",              9,   "both",    [],                     [I, I], I, "none", "s1 & s0"],
  ["BIT_OR",               10,  "both",    [],                     [I, I], I, "none", "s1 | s0"],
  ["BIT_XOR",              11,  "both",    [],                     [I, I], I, "none", "s1 ^ s0"],
  ["EQ",                   12,  "generic", [],                     [I, I], I, "none", "s1 == s0"],
  ["NE",                   13,  "generic", [],                     [I, I], I, "none", "s1 != s0"],
  ["GT",                   14,  "generic", [],                     [I, I], I, "none", "s1 > s0"],
  ["LT",                   15,  "generic", [],                     [I, I], I, "none", "s1 < s0"],
  ["GE",                   16,  "generic", [],                     [I, I], I, "none", "s1 >= s0"],
  ["LE",                   17,  "generic", [],                     [I, I], I, "none", "s1 <= s0"],
  ["EQ_STRING",            18,  "linked",  [],                     [T, T], I, "none", "s1 == s0 as texts"],
  ["NE_STRING",            19,  "linked",  [],                     [T, T], I, "none", "s1 != s0 as texts"],
  ["GT_STRING",            20,  "linked",  [],                     [T, T], I, "none", "s1 > s0 by signed bytes"],
  ["LT_STRING",            21,  "linked",  [],                     [T, T], I, "none", "s1 < s0 by signed bytes"],
  ["GE_STRING",            22,  "linked",  [],                     [T, T], I, "none", "s1 >= s0 by signed bytes"],
  ["LE_STRING",            23,  "linked",  [],                     [T, T], I, "none", "s1 <= s0 by signed bytes"],
  ["EQ_S64",               24,  "linked",  [],                     [I, I], I, "none", "s1 == s0"],
  ["NE_S64",               25,  "linked",  [],                     [I, I], I, "none", "s1 != s0"],
  ["GT_S64",               26,  "linked",  [],                     [I, I], I, "none", "s1 > s0, signed"],
  ["LT_S64",               27,  "linked",  [],                     [I, I], I, "none", "s1 < s0, signed"],
  ["GE_S64",               28,  "linked",  [],                     [I, I], I, "none", "s1 >= s0, signed"],
  ["LE_S64",               29,  "linked",  [],                     [I, I], I, "none", "s1 <= s0, signed"],
  ["EQ_DOUBLE",            30,  "linked",  [],                     [D, D], I, "none", "s1 == s0"],
  ["NE_DOUBLE",            31,  "linked",  [],                     [D, D], I, "none", "s1 != s0"],
  ["GT_DOUBLE",            32,  "linked",  [],                     [D, D], I, "none", "s1 > s0"],
  ["LT_DOUBLE",            33,  "linked",  [],                     [D, D], I, "none", "s1 < s0"],
  ["GE_DOUBLE",            34,  "linked",  [],                     [D, D], I, "none", "s1 >= s0"],
  ["LE_DOUBLE",            35,  "linked",  [],                     [D, D], I, "none", "s1 <= s0"],
  ["EQ_DOUBLE_S64",        36,  "linked",  [],                     [D, I], I, "none", "s1 == double(s0)"],
  ["NE_DOUBLE_S64",        37,  "linked",  [],                     [D, I], I, "none", "s1 != double(s0)"],
  ["GT_DOUBLE_S64",        38,  "linked",  [],                     [D, I], I, "none", "s1 > double(s0)"],
  ["LT_DOUBLE_S64",        39,  "linked",  [],                     [D, I], I, "none", "s1 < double(s0)"],
  ["GE_DOUBLE_S64",        40,  "linked",  [],                     [D, I], I, "none", "s1 >= double(s0)"],
  ["LE_DOUBLE_S64",        41,  "linked",  [],                     [D, I], I, "none", "s1 <= double(s0)"],
  ["EQ_S64_DOUBLE",        42,  "linked",  [],                     [I, D], I, "none", "double(s1) == s0"],
  ["NE_S64_DOUBLE",        43,  "linked",  [],                     [I, D], I, "none", "double(s1) != s0"],
  ["GT_S64_DOUBLE",        44,  "linked",  [],                     [I, D], I, "none", "double(s1) > s0"],
  ["LT_S64_DOUBLE",        45,  "linked",  [],                     [I, D], I, "none", "double(s1) < s0"],
  ["GE_S64_DOUBLE",        46,  "linked",  [],                     [I, D], I, "none", "double(s1) >= s0"],
  ["LE_S64_DOUBLE",        47,  "linked",  [],                     [I, D], I, "none", "double(s1) <= s0"],
  ["UNARY_MINUS",          49,  "generic", [],                     [I],    I, "none", "-s0"],
  ["UNARY_NOT",            50,  "generic", [],                     [I],    I, "none", "s0 == 0"],
  ["UNARY_MINUS_S64",      52,  "linked",  [],                     [I],    I, "none", "-s0, two's complement"],
  ["UNARY_NOT_S64",        53,  "linked",  [],                     [I],    I, "none", "s0 == 0"],
  ["UNARY_MINUS_DOUBLE",   55,  "linked",  [],                     [D],    D, "none", "-s0"],
  ["UNARY_NOT_DOUBLE",     56,  "linked",  [],                     [D],    I, "none", "s0 == 0.0"],
  ["AND",                  57,  "both",    ["target"],             [I],    "none", I, "if s0 == 0: keep it, jump to a; else drop it"],
  ["OR",                   58,  "both",    ["target"],             [I],    "none", I, "if s0 != 0: s0 := 1, jump to a; else drop it"],
  ["LOAD_FIELD_TEXT",      60,  "linked",  ["field#"],             [],     T, "none", "push text of field a; reject if absent"],
  ["LOAD_FIELD_S64",       62,  "linked",  ["field#"],             [],     I, "none", "push integer field a, extended to 64 bits; reject if absent"],
  ["LOAD_FIELD_DOUBLE",    63,  "linked",  ["field#"],             [],     D, "none", "push float field a, widened; reject if absent"],
  ["LOAD_STRING",          64,  "both",    ["text#"],              [],     T, "none", "push texts[a]"],
  ["LOAD_S64",             65,  "both",    ["integer#"],           [],     I, "none", "push integers[a]"],
  ["LOAD_DOUBLE",          66,  "both",    ["double#"],            [],     D, "none", "push doubles[a]"],
  ["CAST_TO_S64",          67,  "generic", [],                     [I],    I, "none", "s0 as an integer"],
  ["CAST_DOUBLE_TO_S64",   68,  "linked",  [],                     [D],    I, "none", "s0 truncated towards zero"],
  ["EQ_STAR_GLOB_STRING",  77,  "linked",  ["text#"],              [T],    I, "none", "s0 matches pattern a"],
  ["NE_STAR_GLOB_STRING",  78,  "linked",  ["text#"],              [T],    I, "none", "s0 does not match pattern a"],
  ["LOAD_ELEMENT_S64",     90,  "linked",  ["field#", "index"],    [],     I, "none", "push element b of array a; reject if absent or outside"],
  ["UNARY_BIT_NOT",        98,  "both",    [],                     [I],    I, "none", "~s0"],
  ["LOAD_SYMBOL",          100, "generic", ["symbol#"],            [],     I, "none", "push what symbol a names"],
  ["SKIP_IF_ABSENT",       101, "generic", ["symbol#", "target"],  [],     "none", I, "if symbol a is absent: push 0, jump to b"],
  ["SKIP_IF_NO_FIELD",     102, "linked",  ["field#", "target"],   [],     "none", I, "if field a is absent: push 0, jump to b"],
  ["SKIP_IF_NO_ELEMENT",   103, "linked",  ["field#", "index", "target"], [], "none", I, "if array a is absent or has no element b: push 0, jump to c"],
  ["SKIP_IF_NO_CHOICE",    104, "linked",  ["choices#", "target"], [],     "none", I, "if no field of choices a is present: push 0, jump to b"],
  ["LOAD_CHOICE",          105, "linked",  ["choices#"],           [],     V, "none", "push the field of choices a that is present; reject if none"],
  ["COMPARE_DYNAMIC",      106, "linked",  ["comparison", "type", "type"], ["any", "any"], I, "none", "s1 compared by a with s0; b, c: their types; reject number against text"],
  ["BITWISE_DYNAMIC",      107, "linked",  ["bitwise", "type", "type"],    ["any", "any"], I, "none", "s1 combined by a with s0; b, c: their types; reject all but integers"],
  ["UNARY_MINUS_DYNAMIC",  108, "linked",  [],                     [V],    V, "none", "-s0; reject a text"],
  ["UNARY_NOT_DYNAMIC",    109, "linked",  [],                     [V],    I, "none", "s0 == 0; reject a text"],
  ["CAST_DYNAMIC_TO_S64",  110, "linked",  [],                     [V],    I, "none", "s0 truncated towards zero; reject a text"],
  ["NEED_INTEGER",         111, "linked",  [],                     [V],    I, "none", "reject unless s0 is an integer"],
  ["NEED_TEXT",            112, "linked",  [],                     [V],    T, "none", "reject unless s0 is a text"],
  ["LOAD_TIME",            113, "linked",  [],                     [],     I, "none", "push the record's time, ns since the Unix epoch"],
];

/** The table by name. */
export const OPCODES: ReadonlyMap<string, Opcode> = new Map(
  ROWS.map(([name, number, stage, operands, pops, pushes, jumps, meaning]) => [
    name,
    { number, stage, operands, pops, pushes, jumps, meaning },
  ]),
);

/** Names by opcode number; holes are no instructions. */
export const OPCODE_NAMES: readonly (string | undefined)[] = ROWS.reduce<(string | undefined)[]>(
  (names, [name, number]) => {
    names[number] = name;
    return names;
  },
  [],
);

/** The number of a named opcode. @throws RangeError when there is none */
export function opcode(name: string): number {
  const entry = OPCODES.get(name);
  if (entry === undefined) throw new RangeError(`no opcode ${name}`);
  return entry.number;
}
