import type { LinkedProgram, Program } from "./bytecode.ts";
import { disassemble } from "./disassemble.ts";
import { type PortabilityRemark, portability } from "./portable.ts";
import { print, printTree } from "./print.ts";

/** What a filter became on its way, for people: the pieces of `tracewire explain`. */
export interface Explanation {
  /** The expression with the fewest parentheses. */
  readonly expression: string;
  /** The syntax tree, indented. */
  readonly tree: string;
  /** The generic code. */
  readonly code: string;
  /** Where LTTng's own tracers would part from it; empty when they take it as it is. */
  readonly remarks: readonly PortabilityRemark[];
}

export function explain(program: Program): Explanation {
  return {
    expression: print(program.ast),
    tree: printTree(program.ast),
    code: disassemble(program),
    remarks: portability(program),
  };
}

/** The linked form for one event class: its code, or the verdict that makes code needless. */
export function explainLinked(linked: LinkedProgram): string {
  switch (linked.verdict) {
    case "never":
      return `never: ${linked.reason ?? "false"}`;
    case "always":
      return "always";
    case "evaluate":
      return disassemble(linked);
  }
}
