import type { Expression, Local } from "../../../wasm/code.ts";
import {
  add,
  and,
  byteOf,
  elementAt,
  i32Load,
  i32Load8U,
  int,
  shrU,
} from "../../../wasm/expression.ts";
import { ValueType } from "../../../wasm/opcodes.ts";
import { type Place, Slot } from "../memory/chunk.ts";

/** Where the values of a row lie, for code that goes through rows of chunks. */
export class RowPlaces {
  readonly chunk: Local;
  readonly row: Local;

  /** @param chunk local that holds the chunk's address @param row local that holds the row's number */
  constructor(chunk: Local, row: Local) {
    this.chunk = chunk;
    this.row = row;
  }

  /** Whether the row has a value in a column. */
  isPresent({ slot, validity }: Place): Expression {
    return (code) => {
      code.push(i32Load(this.chunk, slot + Slot.nulls));
      const byte = i32Load8U(add(this.chunk, byteOf(this.row)), validity);
      return code.if(
        () => code.push(and(shrU(byte, and(this.row, int(7))), int(1))),
        () => code.i32(1),
        ValueType.i32,
      );
    };
  }

  /** `chunk + row * width`, to which the offset of a column's values is added. */
  address(width: 1 | 2 | 4 | 8): Expression {
    return elementAt(this.chunk, this.row, width);
  }
}
