/**
 * The function that folds rows of a chunk in their place: each row is looked up in a hash table by all of its columns, and
 * either adds its weight to the row that is equal, or becomes the next row that stays.
 */

import { Code, type Expression, type Local } from "../../../wasm/code.ts";
import {
  add,
  and,
  byteOf,
  elementAt,
  eqz,
  geS64,
  geU,
  i32Load,
  i32Load8U,
  i64Load,
  int,
  ltS64,
  ltU,
  mul,
  or,
  shl,
  shrU,
  shrU64,
  sub,
  tee,
  wrap,
  xor,
  xor64,
} from "../../../wasm/expression.ts";
import { ModuleBuilder } from "../../../wasm/module.ts";
import { Memory, Op, ValueType } from "../../../wasm/opcodes.ts";
import { type ChunkLayout, type Place, Slot } from "../memory/chunk.ts";
import { type KernelColumn, widthOf } from "../memory/columns.ts";
import { MAX_PAGES } from "../memory/memory.ts";

const { i32, i64 } = ValueType;

/** The region that the function works with: i64 first and i64 end of the piece of time at hand, then the table. */
export const FoldRegion = { first: 0, end: 8, table: 16 } as const;
/** Rows that are looked up; those that come when there are so many stay as they are. A power of two, for a table twice as large. */
const MOST_ROWS = 1024;
const TABLE_BYTES = MOST_ROWS * 2 * 4;
export const FOLD_REGION_BYTES: number = FoldRegion.table + TABLE_BYTES;

/** A column as the function sees it. */
interface FoldedColumn {
  readonly place: Place;
  readonly width: 1 | 2 | 4 | 8;
  readonly isNullable: boolean;
  readonly isIgnored: boolean;
}

export interface FoldPlan {
  readonly columns: readonly KernelColumn[];
  readonly layout: ChunkLayout;
  /** The number of the column `weight`. */
  readonly weight: number;
  readonly ignored: readonly number[];
  /** The column that must have a value that is not 0; -1: none. */
  readonly unless: number;
}

/** Whether rows of such columns can be folded: those that have bytes beside their rows cannot be moved. */
export function isFoldable({ kind }: KernelColumn): boolean {
  return kind === "number" || kind === "constant" || kind === "dictionary" || kind === "null";
}

/**
 * A module that exports `fold(chunk, from, rows, end, region) → rows`: folds the rows from `from` on; rows from `end` on stay
 * as they are. It imports `piece(ns)`, which sets the piece of time that a row lies in.
 */
export function foldModule(plan: FoldPlan, isShared: boolean): Uint8Array<ArrayBuffer> {
  const module = new ModuleBuilder();
  module.importMemory("kernel", "memory", 1, isShared ? MAX_PAGES : undefined);
  const piece = module.importFunction("kernel", "piece", { parameters: [i64], results: [] });
  const type = { parameters: [i32, i32, i32, i32, i32], results: [i32] };
  const body = new FoldEmitter(plan, piece).body();
  module.exportFunction("fold", module.function(type, body));
  return module.bytes();
}

class FoldEmitter {
  readonly #plan: FoldPlan;
  readonly #piece: number;
  readonly #columns: readonly FoldedColumn[];
  readonly #code = new Code(5);
  readonly #chunk: Local = 0;
  /** The next row to look at. */
  readonly #row: Local = 1;
  readonly #rows: Local = 2;
  readonly #end: Local = 3;
  readonly #region: Local = 4;
  /** Where the next row that stays goes. */
  readonly #out: Local;
  /** Rows in the table. */
  readonly #count: Local;
  readonly #time: Local;
  readonly #hash: Local;
  readonly #entry: Local;
  readonly #other: Local;

  constructor(plan: FoldPlan, piece: number) {
    this.#plan = plan;
    this.#piece = piece;
    const folded = plan.columns.map((column, i): FoldedColumn | undefined =>
      column.kind === "null" || i === plan.weight
        ? undefined
        : {
            place: plan.layout.places[i]!,
            width: column.kind === "number" ? widthOf(column.number) : 4,
            isNullable: column.column.nullable,
            isIgnored: plan.ignored.includes(i),
          },
    );
    this.#columns = folded.filter((column) => column !== undefined);
    const code = this.#code;
    this.#out = code.local(i32);
    this.#count = code.local(i32);
    this.#hash = code.local(i32);
    this.#entry = code.local(i32);
    this.#other = code.local(i32);
    this.#time = code.local(i64);
  }

  body(): Uint8Array {
    const code = this.#code;
    code.assign(this.#out, this.#row);
    this.#clear();
    code.until(geU(this.#row, this.#rows), () => {
      code.assign(this.#time, this.#timeOf(this.#row));
      this.#enterPiece();
      code.block((next) => {
        code.block((stays) => {
          code.push(geU(this.#row, this.#end)).brIf(stays);
          const { unless } = this.#plan;
          if (unless !== -1) code.push(eqz(this.#hasValue(unless))).brIf(stays);
          this.#find();
          code.push(eqz(this.#entry)).brIf(stays);
          this.#join();
          code.br(next);
        });
        this.#stay();
      });
      code.increase(this.#row, 1);
    });
    return code.get(this.#out).body();
  }

  /** Begins with an empty table where the row lies in another piece of time than those before. */
  #enterPiece(): void {
    const code = this.#code;
    const region = this.#region;
    const isBefore = ltS64(this.#time, i64Load(region, FoldRegion.first));
    const isBehind = geS64(this.#time, i64Load(region, FoldRegion.end));
    code.when(or(isBefore, isBehind), () => {
      code.get(this.#time).call(this.#piece);
      this.#clear();
    });
  }

  #clear(): void {
    const code = this.#code;
    code
      .push(add(this.#region, int(FoldRegion.table)))
      .i32(0)
      .i32(TABLE_BYTES)
      .memoryFill();
    code.assign(this.#count, int(0));
  }

  /** Sets `entry` to the number of an equal row plus one; to 0, and the row into the table, if there is none. */
  #find(): void {
    const code = this.#code;
    code.assign(this.#hash, int(0));
    for (const column of this.#columns) if (!column.isIgnored) this.#addToHash(column);
    code.block((found) => {
      code.loop((again) => {
        code.assign(this.#hash, and(this.#hash, int(MOST_ROWS * 2 - 1)));
        const slot = elementAt(this.#region, this.#hash, 4);
        code.assign(this.#entry, i32Load(slot, FoldRegion.table));
        code.when(eqz(this.#entry), () => {
          code.when(ltU(this.#count, int(MOST_ROWS)), () => {
            code.increase(this.#count, 1);
            const number = add(this.#out, int(1));
            code.store(Memory.i32Store, slot, number, FoldRegion.table);
          });
          code.br(found);
        });
        code.assign(this.#other, sub(this.#entry, int(1)));
        code.block((differs) => {
          for (const column of this.#columns)
            if (!column.isIgnored) code.push(this.#differs(column)).brIf(differs);
          code.br(found);
        });
        code.increase(this.#hash, 1);
        code.br(again);
      });
    });
  }

  #addToHash(column: FoldedColumn): void {
    const code = this.#code;
    const value = this.#value(column, this.#row);
    const hashed = column.width === 8 ? folded64(code, value) : value;
    code.assign(
      this.#hash,
      mul(xor(this.#hash, this.#orNull(column, hashed)), int(0x85ebca6b | 0)),
    );
    code.assign(this.#hash, xor(this.#hash, shrU(this.#hash, int(15))));
  }

  /** What stands where a row has no value is left out. */
  #orNull(column: FoldedColumn, value: Expression): Expression {
    return column.isNullable ? mul(value, this.#bit(column, this.#row)) : value;
  }

  /** 1 where a column of the row and of the other row differ. */
  #differs(column: FoldedColumn): Expression {
    const [a, b] = [this.#value(column, this.#row), this.#value(column, this.#other)];
    const values: Expression = (code) => {
      code.push(a).push(b);
      code.op(column.width === 8 ? Op.i64Ne : Op.i32Ne);
    };
    if (!column.isNullable) return values;
    const [here, there] = [this.#bit(column, this.#row), this.#bit(column, this.#other)];
    return or(xor(here, there), and(values, here));
  }

  /** Adds the row's weight to the other's. Nulls that go are not counted any more. */
  #join(): void {
    const code = this.#code;
    const { values } = this.#plan.layout.places[this.#plan.weight]!;
    const weight = (row: Local): Expression => i32Load(elementAt(this.#chunk, row, 4), values);
    const sum = add(weight(this.#other), weight(this.#row));
    code.store(Memory.i32Store, elementAt(this.#chunk, this.#other, 4), sum, values);
    for (const column of this.#columns) {
      if (!column.isNullable) continue;
      const nulls = column.place.slot + Slot.nulls;
      const left = sub(i32Load(this.#chunk, nulls), xor(this.#bit(column, this.#row), int(1)));
      code.store(Memory.i32Store, this.#chunk, left, nulls);
    }
  }

  /** The row becomes row number `out`. */
  #stay(): void {
    const code = this.#code;
    const { layout, weight } = this.#plan;
    code.when(xor(this.#row, this.#out), () => {
      code.store(
        Memory.i64Store,
        elementAt(this.#chunk, this.#out, 8),
        this.#time,
        layout.timestamps,
      );
      this.#move({ place: layout.places[weight]!, width: 4 });
      for (const column of this.#columns) {
        this.#move(column);
        if (column.isNullable) this.#moveBit(column);
      }
    });
    code.increase(this.#out, 1);
  }

  #move(column: Pick<FoldedColumn, "place" | "width">): void {
    const { place, width } = column;
    const to = elementAt(this.#chunk, this.#out, width);
    this.#code.store(STORES[width], to, this.#value(column, this.#row), place.values);
  }

  #moveBit(column: FoldedColumn): void {
    const { validity } = column.place;
    const to = add(this.#chunk, byteOf(this.#out));
    const place = and(this.#out, int(7));
    const others = and(i32Load8U(to, validity), xor(shl(int(1), place), int(-1)));
    const moved = or(others, shl(this.#bit(column, this.#row), place));
    this.#code.store(Memory.i32Store8, to, moved, validity);
  }

  /** 1 where a column of the row has a value other than 0. */
  #hasValue(number: number): Expression {
    const column = this.#columns.find(({ place }) => place === this.#plan.layout.places[number]);
    if (column === undefined) return int(0);
    const value = this.#value(column, this.#row);
    const isSet: Expression = (code) =>
      code.push(value).op(...(column.width === 8 ? [Op.i64Eqz] : [Op.i32Eqz]), Op.i32Eqz);
    return column.isNullable ? and(isSet, this.#bit(column, this.#row)) : isSet;
  }

  #timeOf(row: Local): Expression {
    return i64Load(elementAt(this.#chunk, row, 8), this.#plan.layout.timestamps);
  }

  #value({ place, width }: Pick<FoldedColumn, "place" | "width">, row: Local): Expression {
    return (code) =>
      code.push(elementAt(this.#chunk, row, width)).memory(LOADS[width], place.values);
  }

  #bit({ place }: FoldedColumn, row: Local): Expression {
    const byte = i32Load8U(add(this.#chunk, byteOf(row)), place.validity);
    return and(shrU(byte, and(row, int(7))), int(1));
  }
}

/** Both halves of a number, as one word. */
function folded64(code: Code, value: Expression): Expression {
  const whole = code.local(i64);
  const long: Expression = (inner) => inner.i64(32n);
  return wrap(xor64(tee(whole, value), shrU64(whole, long)));
}

const LOADS = {
  1: Memory.i32Load8U,
  2: Memory.i32Load16U,
  4: Memory.i32Load,
  8: Memory.i64Load,
} as const;
const STORES = {
  1: Memory.i32Store8,
  2: Memory.i32Store16,
  4: Memory.i32Store,
  8: Memory.i64Store,
} as const;
