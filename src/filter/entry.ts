/** Entries of the linker's abstract stack. */
import type { Constant } from "./fold.ts";
import type { Labelled } from "./label-comparison.ts";
import type { Parameter } from "./linked-parameter.ts";
import type { Integer } from "./literals.ts";
import { TYPE_ORDER } from "./opcodes.ts";
import type { Load } from "./resolve.ts";
import type { TextConstant } from "./text-literal.ts";

/** `pattern`: a star-glob literal, pushed by no code. `absent`: an optional field that the class lacks. */
export type EntryType = Load | "dynamic" | "pattern" | "absent";

/** A value on the stack of the abstract execution. */
export interface Entry {
  readonly type: EntryType;
  /** Where its code begins. */
  readonly start: number;
  readonly constant: Constant | undefined;
  /** Set when evaluating it rejects every record: why. */
  readonly rejects: string | undefined;
  /** For messages: `k`, `"a*"`. */
  readonly name: string;
  /** Set for a field whose values have labels. */
  readonly labelled?: Labelled | undefined;
  /** Set for a constant that code is not to know, with its value in the program at hand. */
  readonly parameter?: (Parameter & { readonly value: Constant }) | undefined;
}

/** For messages: type and name. */
export function described({ type, name }: Entry): string {
  switch (type) {
    case "integer":
      return `the integer ${name}`;
    case "double":
      return `the floating-point value ${name}`;
    case "text":
    case "pattern":
      return `the text ${name}`;
    case "dynamic":
    case "absent":
      return name;
  }
}

export function isText({ type }: Entry): boolean {
  return type === "text" || type === "pattern";
}

/** The value of an entry that is a known integer. */
export function integerOf({ constant }: Entry): Integer | undefined {
  return typeof constant === "object" && "hi" in constant ? constant : undefined;
}

/** The pattern of an entry that is a star-glob literal. */
export function patternOf({ constant, type }: Entry): TextConstant | undefined {
  if (type !== "pattern" || typeof constant !== "object") return undefined;
  return "raw" in constant ? constant : undefined;
}

/** The entry's type as an operand of the dynamic instructions. */
export function typeNumber({ type }: Entry): number {
  const names: readonly string[] = TYPE_ORDER;
  return names.indexOf(type);
}

/** Whether a known value counts as true in `&&`, `||` and at the root; texts never get there. */
export function truth(constant: Constant): boolean {
  if (typeof constant === "number") return constant !== 0;
  return "hi" in constant && (constant.hi !== 0 || constant.lo !== 0);
}
