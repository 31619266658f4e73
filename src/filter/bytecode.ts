/** Programs: code and constant pools. */
import type { FieldRef } from "../ctf/field-ref.ts";
import type { Expression } from "./ast.ts";
import type { ContainerCondition } from "./container-condition.ts";
import type { LinkedParameter } from "./linked-parameter.ts";
import type { ProgramSymbol } from "./symbol.ts";
import type { TextConstant } from "./text-literal.ts";

/** Constants that instructions name by number. */
export interface Pools {
  /** 64-bit constants as pairs (high, low): constant `i` is at `2 * i`. */
  readonly integers: Int32Array;
  readonly doubles: Float64Array;
  readonly texts: readonly TextConstant[];
}

/** A compiled expression, independent of any trace. */
export interface Program extends Pools {
  /** The text that it was made of: another text is another program. */
  readonly text: string;
  /** Where its spans are places in, if that is another text. */
  readonly source?: string;
  readonly ast: Expression;
  /** Generic code; see `opcodes.ts`. */
  readonly code: Int32Array;
  readonly symbols: readonly ProgramSymbol[];
  /** Where its code loads constants whose values linked code is not to know; see `parameters.ts`. */
  readonly parameterLoads?: ReadonlySet<number>;
  /** What the filter asks of an event's container besides: not in the code, which the scan runs. */
  readonly containers?: ContainerFilter | undefined;
  /** Whether the scan has nothing to ask: the filter speaks of nothing but containers. */
  readonly passesAll?: boolean | undefined;
}

/** What is asked of an event if its container is of one kind. */
export interface ContainerCase {
  readonly condition: ContainerCondition;
  readonly event: Program;
}

/** What a filter asks of an event's container. */
export interface ContainerFilter {
  /** Holds for the container of every event that passes. */
  readonly required: ContainerCondition | undefined;
  /**
   * Where other terms are joined to those on containers by more than `&&`: what is asked of the event, by its container.
   * No two conditions hold for one container; where none does, no event passes. Empty where the scan's part is all.
   */
  readonly cases: readonly ContainerCase[];
  /** The whole filter. */
  readonly whole: Expression;
}

/** One option of a variant: a field number, and how it is loaded when it is the one present. */
export interface Choice {
  readonly field: number;
  readonly load: "integer" | "double" | "text";
}

/** A program for the records of one event class. */
export interface LinkedProgram extends Pools {
  /** `never` and `always` need no record to be looked at; their code is empty. */
  readonly verdict: "never" | "always" | "evaluate";
  /** Why no record of the class can match, for people. */
  readonly reason: string | undefined;
  /** What the record view must locate, by field number. */
  readonly fields: readonly FieldRef[];
  /** Linked code; see `opcodes.ts`. */
  readonly code: Int32Array;
  readonly choices: readonly (readonly Choice[])[];
  /** Constants of its pools that may differ between programs that link alike. */
  readonly parameters?: readonly LinkedParameter[];
}
