import type { FieldClass } from "../../../ctf/trace-class.ts";
import type { CompiledUnit } from "./unit.ts";

/** What the records of classes of one shape are to the loop. */
export type ShapeCode =
  | { readonly kind: "fixed"; readonly align: number; readonly bits: number }
  /** `name` of the unit's export; undefined `rendered` where no record can be a row. */
  | {
      readonly kind: "function";
      readonly rendered: RenderedFields | undefined;
      readonly name: string;
    }
  /** Only the interpreter can run it. */
  | { readonly kind: "interpreted" };

/** Classes of fields that become JSON in columns of texts, by the column's number. */
export type RenderedFields = ReadonlyMap<number, FieldClass>;

/** A module with the shapes of event classes that it was emitted for, by their keys. */
export interface EmittedUnit {
  /** `undefined` where no shape needs code. */
  readonly compiled: CompiledUnit | undefined;
  readonly shapes: ReadonlyMap<string, ShapeCode>;
}

/** All that a unit depends on. Numbers are of `numbered-texts.ts`. */
export interface UnitKey {
  readonly query: number;
  readonly withLoop: boolean;
  /** Of the stream's clock; undefined without one. */
  readonly frequency: bigint | undefined;
  /** The stream's scopes, and facts of its trace if they matter. */
  readonly stream: number;
  /** One for each shape of event class: a number, with or without a sign, and text behind it. */
  readonly shapes: readonly string[];
}
