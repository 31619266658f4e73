/** Arithmetic over the columns of a row, in doubles: `bytes / 1024`, `end.time - begin.time`. */

import type { Column, ColumnBatch } from "../../column/column.ts";
import { isPresent } from "../../column/row-reader.ts";
import { allValid, setNull } from "../../column/validity.ts";
import { doubleReader } from "../aggregate/numbers.ts";

export type Computation =
  | { readonly kind: "column"; readonly at: number }
  | { readonly kind: "constant"; readonly value: number }
  | {
      readonly kind: "operation";
      readonly operator: "+" | "-" | "*" | "/" | "%";
      readonly left: Computation;
      readonly right: Computation;
    };

/** Computes a column; rows without one of the values, and those divided by 0, have none. */
export function compute(computation: Computation, batch: ColumnBatch): Column {
  const values = new Float64Array(batch.rows);
  const read = reader(computation, batch);
  const validity = allValid(batch.rows);
  let nullCount = 0;
  for (let row = 0; row < batch.rows; row++) {
    const value = read(row);
    if (Number.isFinite(value)) {
      values[row] = value;
    } else {
      setNull(validity, row);
      nullCount++;
    }
  }
  return { kind: "number", values, validity: nullCount === 0 ? undefined : validity, nullCount };
}

/** Reads row by row; NaN where there is no value. */
function reader(computation: Computation, batch: ColumnBatch): (row: number) => number {
  switch (computation.kind) {
    case "constant": {
      const { value } = computation;
      return () => value;
    }
    case "column": {
      const column = batch.columns[computation.at]!;
      const read = doubleReader(column);
      if (column.validity === undefined) return read;
      return (row) => (isPresent(column, row) ? read(row) : Number.NaN);
    }
    case "operation": {
      const left = reader(computation.left, batch);
      const right = reader(computation.right, batch);
      switch (computation.operator) {
        case "+":
          return (row) => left(row) + right(row);
        case "-":
          return (row) => left(row) - right(row);
        case "*":
          return (row) => left(row) * right(row);
        case "/":
          return (row) => {
            const divisor = right(row);
            // Infinity would be a value again under the next division.
            return divisor === 0 ? Number.NaN : left(row) / divisor;
          };
        case "%":
          return (row) => left(row) % right(row);
      }
    }
  }
}
