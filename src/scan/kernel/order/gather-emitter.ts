/**
 * Gathers the rows of a merge's runs into the chunk of the batch under assembly: one function for each column, which goes
 * through all runs, so that what it reads and writes lies together.
 */

import type { Code, Expression, Local, Operand } from "../../../wasm/code.ts";
import {
  add,
  and,
  byteOf,
  elementAt,
  eqz,
  geU,
  i32Load,
  i32Load8U,
  i64Load,
  int,
  mul,
  or,
  shl,
  sub,
  tee,
  xor,
} from "../../../wasm/expression.ts";
import { Memory, ValueType } from "../../../wasm/opcodes.ts";
import { type ChunkLayout, type Place, Slot } from "../memory/chunk.ts";
import { type KernelColumn, offsetUnit, widthOf } from "../memory/columns.ts";
import { MERGED_CODES } from "../memory/dictionary.ts";
import type { Helper, Unit } from "../scan/unit.ts";
import { RUN_BYTES, Run } from "./merge-emitter.ts";

const { i32 } = ValueType;

/** Whole words at a time; longer copies are the engine's. */
const LONG_COPY = 64;

/** (runs, count, out, row): gathers the runs' rows into the chunk `out`, from a row on. */
export function emitGather(
  unit: Unit,
  columns: readonly KernelColumn[],
  from: ChunkLayout,
  to: ChunkLayout,
): number {
  const type = { parameters: [i32, i32, i32, i32], results: [] };
  const parts = [new GatherEmitter(unit, from.timestamps, to.timestamps).values(8)];
  columns.forEach((column, i) => {
    const source = from.places[i]!;
    const target = to.places[i]!;
    const emitter = (): GatherEmitter => new GatherEmitter(unit, source.values, target.values);
    switch (column.kind) {
      case "null":
        return;
      case "timestamp":
        break;
      case "number":
        parts.push(emitter().values(widthOf(column.number)));
        break;
      case "constant":
        parts.push(emitter().values(4));
        break;
      case "dictionary":
        parts.push(emitter().codes(source.slot));
        break;
      case "utf8":
      case "rendered":
      case "list":
        parts.push(emitter().texts(source.slot, target.slot, offsetUnit(column)));
        break;
    }
    if (column.column.nullable) parts.push(emitter().validity(source, target));
  });
  const functions = parts.map((body) => unit.module.function(type, body));
  const code = unit.code(4);
  for (const index of functions) code.get(0).get(1).get(2).get(3).call(index);
  return unit.module.function(type, code.body());
}

/** One column's function: the runs in turn. */
class GatherEmitter {
  readonly #unit: Unit;
  readonly #code: Code;
  readonly #source: number;
  readonly #target: number;
  readonly #runs: Local = 0;
  readonly #count: Local = 1;
  readonly #out: Local = 2;
  readonly #outRow: Local = 3;
  readonly #chunk: Local;
  readonly #row: Local;
  readonly #rows: Local;

  constructor(unit: Unit, source: number, target: number) {
    this.#unit = unit;
    this.#code = unit.code(4);
    this.#source = source;
    this.#target = target;
    this.#chunk = this.#code.local(i32);
    this.#row = this.#code.local(i32);
    this.#rows = this.#code.local(i32);
  }

  values(width: 1 | 2 | 4 | 8): Uint8Array {
    return this.#eachRun(() => {
      const bytes = mul(this.#rows, int(width));
      this.#code.push(
        this.#unit.call(copyWords, this.#outAddress(width), this.#sourceAddress(width), bytes),
      );
    });
  }

  codes(slot: number): Uint8Array {
    const code = this.#code;
    const dictionary = code.local(i32);
    const source = code.local(i32);
    const target = code.local(i32);
    return this.#eachRun(() => {
      code.assign(dictionary, i32Load(this.#chunk, slot + Slot.dictionary));
      code.assign(source, this.#sourceAddress(4));
      code.assign(target, this.#outAddress(4));
      this.#eachRow(() => {
        const merged = i32Load(elementAt(dictionary, i32Load(source), 4), MERGED_CODES);
        code.store(Memory.i32Store, target, merged);
        code.increase(source, 4);
        code.increase(target, 4);
      });
    });
  }

  /** Offsets move by what stood in the batch before; bytes are copied as they are. */
  texts(slot: number, targetSlot: number, width: number): Uint8Array {
    const code = this.#code;
    const source = code.local(i32);
    const target = code.local(i32);
    const start = code.local(i32);
    const moved = code.local(i32);
    const at = code.local(i32);
    const text = (chunk: Local, of: number, offset: Operand): Expression =>
      add(i32Load(chunk, of + Slot.text), width > 1 ? mul(offset, int(width)) : offset);
    return this.#eachRun(() => {
      code.assign(start, i32Load(tee(source, this.#sourceAddress(4))));
      code.assign(moved, sub(tee(at, i32Load(tee(target, this.#outAddress(4)))), start));
      const end = i32Load(elementAt(this.#sourceAddress(4), this.#rows, 4));
      const bytes = mul(sub(end, start), int(width));
      const [to, from] = [text(this.#out, targetSlot, at), text(this.#chunk, slot, start)];
      code.push(this.#unit.call(copyWords, to, from, bytes));
      const [seen, own] = [targetSlot + Slot.seen, slot + Slot.seen];
      const both = or(i32Load(this.#out, seen), i32Load(this.#chunk, own));
      code.store(Memory.i32Store, this.#out, both, seen);
      this.#eachRow(() => {
        code.store(Memory.i32Store, target, add(i32Load(source, 4), moved), 4);
        code.increase(source, 4);
        code.increase(target, 4);
      });
    });
  }

  /** The batch's bits are 1 until a null comes. */
  validity(source: Place, target: Place): Uint8Array {
    const code = this.#code;
    const at = code.local(i32);
    const to = code.local(i32);
    const bitOf = (row: Operand): Expression => shl(int(1), and(row, int(7)));
    return this.#eachRun(() => {
      code.when(i32Load(this.#chunk, source.slot + Slot.nulls), () => {
        code.assign(at, this.#row).assign(to, this.#outRow);
        this.#eachRow(() => {
          const byte = i32Load8U(add(this.#chunk, byteOf(at)), source.validity);
          code.when(eqz(and(byte, bitOf(at))), () => {
            const place = add(this.#out, byteOf(to));
            const cleared = and(i32Load8U(place, target.validity), xor(bitOf(to), int(-1)));
            code.store(Memory.i32Store8, place, cleared, target.validity);
            const nulls = target.slot + Slot.nulls;
            code.store(Memory.i32Store, this.#out, add(i32Load(this.#out, nulls), int(1)), nulls);
          });
          code.increase(at, 1);
          code.increase(to, 1);
        });
      });
    });
  }

  /** The function's body: `gather` for each run, with chunk, first row and rows in their locals. */
  #eachRun(gather: () => void): Uint8Array {
    const code = this.#code;
    code.until(eqz(this.#count), () => {
      code.assign(this.#chunk, i32Load(this.#runs, Run.chunk));
      code.assign(this.#row, i32Load(this.#runs, Run.row));
      code.assign(this.#rows, i32Load(this.#runs, Run.rows));
      gather();
      // `rows` may have been counted down.
      code.assign(this.#outRow, add(i32Load(this.#runs, Run.rows), this.#outRow));
      code.increase(this.#runs, RUN_BYTES);
      code.assign(this.#count, sub(this.#count, int(1)));
    });
    return code.body();
  }

  /** Counts `rows` down to zero; a run has one at least. */
  #eachRow(row: () => void): void {
    const code = this.#code;
    code.loop((again) => {
      row();
      code.when(tee(this.#rows, sub(this.#rows, int(1))), () => code.br(again));
    });
  }

  /** The address of the run's first value in its chunk. */
  #sourceAddress(width: number): Expression {
    return shifted(elementAt(this.#chunk, this.#row, width), this.#source);
  }

  /** The address of the next value in the batch. */
  #outAddress(width: number): Expression {
    return shifted(elementAt(this.#out, this.#outRow, width), this.#target);
  }
}

function shifted(address: Expression, offset: number): Expression {
  return offset > 0 ? add(address, int(offset)) : address;
}

/** (target, source, bytes): up to seven bytes more are read and written where the copy is short. */
const copyWords: Helper = {
  type: { parameters: [i32, i32, i32], results: [] },
  body(unit) {
    const code = unit.code(3);
    const [target, source, bytes] = [0, 1, 2];
    const end = code.local(i32);
    code.when(geU(bytes, int(LONG_COPY)), () => {
      code.answer((code) => code.get(target).get(source).get(bytes).memoryCopy());
    });
    code.assign(end, add(source, bytes));
    code.until(geU(source, end), () => {
      code.store(Memory.i64Store, target, i64Load(source));
      code.increase(target, 8);
      code.increase(source, 8);
    });
    return code.body();
  },
};
