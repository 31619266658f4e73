import type { ColumnSource } from "../../event-plan.ts";
import type { CompiledUnit } from "./unit.ts";

/** What the records of classes of one shape are to the loop. */
export type ShapeCode =
  | { readonly kind: "fixed"; readonly align: number; readonly bits: number }
  /** `name` of the unit's export; `sources` of its columns, none where no record can be a row. */
  | { readonly kind: "function"; readonly sources: readonly ColumnSource[]; readonly name: string }
  /** Only the interpreter can run it. */
  | { readonly kind: "interpreted" };

/** A module with the shapes of event classes that it was emitted for, by their keys. */
export interface EmittedUnit {
  /** `undefined` where no shape needs code. */
  readonly compiled: CompiledUnit | undefined;
  readonly shapes: ReadonlyMap<string, ShapeCode>;
}
