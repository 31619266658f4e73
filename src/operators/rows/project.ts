/** Columns made of columns: chosen, renamed, computed, or a condition's truth. */

import type { Column, ColumnBatch } from "../../column/column.ts";
import type { ColumnLayout, Schema } from "../../column/schema.ts";
import type { Program } from "../../filter/bytecode.ts";
import type { Emit, Operator } from "../operator.ts";
import { type Computation, compute } from "./computation.ts";
import { RowCondition } from "./row-condition.ts";

export type Projection =
  | { readonly kind: "keep"; readonly at: number; readonly name: string }
  | {
      readonly kind: "compute";
      readonly computation: Computation;
      readonly name: string;
      readonly unit?: string | undefined;
    }
  /** 1 where the condition holds, else 0. */
  | { readonly kind: "truth"; readonly program: Program; readonly name: string };

export interface ProjectSpec {
  readonly projections: readonly Projection[];
  /** Whether they stand behind the input's columns, or take their place. */
  readonly keepsInput: boolean;
}

export class Project implements Operator {
  readonly #spec: ProjectSpec;
  #make: readonly ((batch: ColumnBatch) => Column)[] = [];

  constructor(spec: ProjectSpec) {
    this.#spec = spec;
  }

  columns(input: Schema): Schema {
    const { projections, keepsInput } = this.#spec;
    this.#make = projections.map((projection) => maker(projection, input));
    const own = projections.map((projection) => layoutOf(projection, input));
    return keepsInput ? [...input, ...own] : own;
  }

  batch(batch: ColumnBatch, out: Emit): void {
    out.batch(this.#project(batch));
  }

  cut(batch: ColumnBatch, out: Emit): void {
    out.cut(this.#project(batch));
  }

  #project(batch: ColumnBatch): ColumnBatch {
    const own = this.#make.map((make) => make(batch));
    return { ...batch, columns: this.#spec.keepsInput ? [...batch.columns, ...own] : own };
  }
}

function maker(projection: Projection, input: Schema): (batch: ColumnBatch) => Column {
  switch (projection.kind) {
    case "keep":
      return ({ columns }) => columns[projection.at]!;
    case "compute":
      return (batch) => compute(projection.computation, batch);
    case "truth": {
      const condition = new RowCondition(projection.program, input);
      return (batch) => condition.mask(batch);
    }
  }
}

function layoutOf(projection: Projection, input: Schema): ColumnLayout {
  const { name } = projection;
  switch (projection.kind) {
    case "keep":
      return { ...input[projection.at]!, name };
    case "compute": {
      const { unit } = projection;
      const type = { kind: "number", number: "float64" } as const;
      return { name, type, nullable: true, ...(unit !== undefined && { unit }) };
    }
    case "truth":
      return { name, type: { kind: "number", number: "uint8" }, nullable: false };
  }
}
