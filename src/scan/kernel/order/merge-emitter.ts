/**
 * Time order in the kernel's memory: a heap of streams gives runs of rows, which `gather-emitter.ts` puts together.
 *
 * Run: 0 i32 chunk · 4 i32 first row · 8 i32 rows.
 */

import type { Code, Expression, Local, Operand } from "../../../wasm/code.ts";
import {
  add,
  divU,
  elementAt,
  eqz,
  extendU,
  geS,
  geU,
  gtU,
  i32Load,
  i64Load,
  int,
  leS64,
  ltS64,
  ltU,
  mul,
  shl,
  shrU,
  sub,
  sub64,
  tee,
} from "../../../wasm/expression.ts";
import { Memory, Op, ValueType } from "../../../wasm/opcodes.ts";
import { type ChunkLayout, hasTexts, type Place, Slot } from "../memory/chunk.ts";
import { type KernelColumn, offsetUnit } from "../memory/columns.ts";
import { State } from "../memory/memory.ts";
import type { Helper, Unit } from "../scan/unit.ts";
import { comesFirst, ENTRY_BYTES, Entry, Node, siftDown } from "./stream-heap.ts";

const { i32, i64 } = ValueType;

export const Run = { chunk: 0, row: 4, rows: 8 } as const;
export const RUN_BYTES = 12;

/**
 * (times, row, rows, bound) → the first row behind `row` that is later than `bound`. Steps double until they are too far, then
 * halve: runs are short where streams interleave, long where they do not.
 */
const runEnd: Helper = {
  type: { parameters: [i32, i32, i32, i64], results: [i32] },
  body(unit) {
    const code = unit.code(4);
    const [times, known, rows, bound] = [0, 1, 2, 3];
    const step = code.local(i32);
    const row = code.local(i32);
    /** Whether the row `known + step` is there, and not later than the bound. */
    const pushIsBefore = (): void => {
      code.push(ltU(tee(row, add(known, step)), rows));
      code.if(
        () => code.push(leS64(i64Load(elementAt(times, row, 8)), bound)),
        () => code.i32(0),
        i32,
      );
    };
    code.assign(step, int(1));
    code.loop((again) => {
      pushIsBefore();
      code.if(() => {
        code
          .assign(known, row)
          .assign(step, shl(step, int(1)))
          .br(again);
      });
    });
    code.loop((again) => {
      pushIsBefore();
      code.if(() => code.assign(known, row));
      code.when(tee(step, shrU(step, int(1))), () => code.br(again));
    });
    return code.push(add(known, int(1))).body();
  },
};

const MERGE = { parameters: [i32, i32, i32, i64, i32, i32, i32, i32], results: [i32] } as const;

/**
 * (entries, count, heap, up to, runs, most rows, most bytes, out) → number of runs. Rows leave while they are not after a time,
 * and until there are so many rows or bytes of texts; how many bytes come in stands in each text column's slot of `out`.
 */
export function emitMerge(
  unit: Unit,
  columns: readonly KernelColumn[],
  layout: ChunkLayout,
): number {
  return unit.module.function(MERGE, new MergeEmitter(unit, columns, layout).emit());
}

/** A column with texts, and the local that sums up their bytes. */
interface TextColumn {
  readonly place: Place;
  readonly width: number;
  readonly sum: Local;
}

class MergeEmitter {
  readonly #unit: Unit;
  readonly #layout: ChunkLayout;
  readonly #code: Code;
  readonly #entries: Local = 0;
  readonly #count: Local = 1;
  readonly #heap: Local = 2;
  readonly #upTo: Local = 3;
  readonly #runs: Local = 4;
  readonly #mostRows: Local = 5;
  readonly #mostBytes: Local = 6;
  readonly #out: Local = 7;
  readonly #size: Local;
  readonly #entry: Local;
  readonly #second: Local;
  readonly #node: Local;
  readonly #next: Local;
  readonly #chunk: Local;
  readonly #row: Local;
  readonly #end: Local;
  readonly #i: Local;
  readonly #merged: Local;
  readonly #bytes: Local;
  readonly #run: Local;
  readonly #bound: Local;
  readonly #other: Local;
  readonly #texts: readonly TextColumn[];

  constructor(unit: Unit, columns: readonly KernelColumn[], layout: ChunkLayout) {
    this.#unit = unit;
    this.#layout = layout;
    const code = unit.code(MERGE.parameters.length);
    this.#code = code;
    this.#size = code.local(i32);
    this.#entry = code.local(i32);
    this.#second = code.local(i32);
    this.#node = code.local(i32);
    this.#next = code.local(i32);
    this.#chunk = code.local(i32);
    this.#row = code.local(i32);
    this.#end = code.local(i32);
    this.#i = code.local(i32);
    this.#merged = code.local(i32);
    this.#bytes = code.local(i32);
    this.#run = code.local(i32);
    this.#bound = code.local(i64);
    this.#other = code.local(i64);
    this.#texts = columns.flatMap((column, at) =>
      hasTexts(column)
        ? [{ place: layout.places[at]!, width: offsetUnit(column), sum: code.local(i32) }]
        : [],
    );
  }

  emit(): Uint8Array {
    const code = this.#code;
    this.#fillHeap();
    code.assign(this.#run, this.#runs);
    code.block((done) => {
      code.loop((again) => {
        code.push(eqz(this.#size)).brIf(done);
        code.push(geU(this.#merged, this.#mostRows)).brIf(done);
        code.push(geU(this.#bytes, this.#mostBytes)).brIf(done);
        code.assign(this.#entry, i32Load(this.#heap));
        this.#boundByOthers();
        this.#takeRun();
        for (const text of this.#texts) this.#addText(text);
        code.assign(this.#merged, sub(add(this.#merged, this.#end), this.#row));
        code.store(Memory.i32Store, this.#entry, this.#end, Entry.row);
        this.#sink();
        code.br(again);
      });
    });
    for (const { place, sum } of this.#texts)
      code.store(Memory.i32Store, this.#out, sum, place.slot + Slot.incoming);
    code.store(Memory.i32Store, this.#unit.state, this.#merged, State.mergedRows);
    code.store(Memory.i32Store, this.#unit.state, this.#bytes, State.mergedBytes);
    return code.push(divU(sub(this.#run, this.#runs), int(RUN_BYTES))).body();
  }

  /** Streams with a row up to the time, as a heap. */
  #fillHeap(): void {
    const code = this.#code;
    code.assign(this.#entry, this.#entries);
    code.until(geU(this.#i, this.#count), () => {
      this.#pushHasRow();
      code.if(() => {
        code.when(this.#mayLeave(), () => {
          code.store(Memory.i32Store, this.#place(this.#size), this.#entry);
          code.increase(this.#size, 1);
        });
      });
      code.increase(this.#entry, ENTRY_BYTES);
      code.increase(this.#i, 1);
    });
    code.assign(this.#i, shrU(this.#size, int(1)));
    code.until(eqz(this.#i), () => {
      const last = tee(this.#i, sub(this.#i, int(1)));
      code.push(this.#unit.call(siftDown, this.#heap, this.#size, last));
    });
  }

  /** Leaves 1 if the entry has a row, whose time is then set. A segment that has come to its end is passed. */
  #pushHasRow(): void {
    const code = this.#code;
    const [entry, node, row] = [this.#entry, this.#node, this.#row];
    code.block((settled) => {
      code.when(eqz(tee(node, i32Load(entry, Entry.node))), () => code.i32(0).br(settled));
      const isOver = geU(tee(row, i32Load(entry, Entry.row)), i32Load(node, Node.to));
      code.when(isOver, () => {
        const { state } = this.#unit;
        code.assign(this.#next, i32Load(node, Node.next));
        code.store(Memory.i32Store, node, i32Load(state, State.passed), Node.next);
        code.store(Memory.i32Store, state, node, State.passed);
        code.store(Memory.i32Store, entry, this.#next, Entry.node);
        code.when(eqz(this.#next), () => code.i32(0).br(settled));
        code.assign(node, this.#next);
        code.store(Memory.i32Store, entry, tee(row, i32Load(node, Node.from)), Entry.row);
      });
      const time = elementAt(i32Load(node, Node.chunk), row, 8);
      code.store(Memory.i64Store, entry, i64Load(time, this.#layout.timestamps), Entry.time);
      code.i32(1);
    }, i32);
  }

  #mayLeave(): Expression {
    return leS64(i64Load(this.#entry, Entry.time), this.#upTo);
  }

  /** The run goes up to the time, or up to where another stream's row comes first. */
  #boundByOthers(): void {
    const code = this.#code;
    const second = this.#second;
    code.assign(this.#bound, this.#upTo);
    code.when(gtU(this.#size, int(1)), () => {
      code.assign(second, i32Load(this.#heap, 4));
      code.when(gtU(this.#size, int(2)), () => {
        const isThird = this.#unit.call(comesFirst, i32Load(this.#heap, 8), second);
        code.when(isThird, () => code.assign(second, i32Load(this.#heap, 8)));
      });
      // Rows of the second one's time still go first if this stream ranks before it.
      const ranksLater = geS(i32Load(this.#entry, Entry.rank), i32Load(second, Entry.rank));
      const bound = sub64(i64Load(second, Entry.time), extendU(ranksLater));
      code.when(ltS64(tee(this.#other, bound), this.#upTo), () =>
        code.assign(this.#bound, this.#other),
      );
    });
  }

  /** Writes a run of the entry's rows, as many as there are up to the bound and as there is room for. */
  #takeRun(): void {
    const code = this.#code;
    const [row, end, run] = [this.#row, this.#end, this.#run];
    code.push(tee(this.#chunk, i32Load(tee(this.#node, i32Load(this.#entry, Entry.node)))));
    code.assign(row, i32Load(this.#entry, Entry.row));
    code.i32(this.#layout.timestamps).op(Op.i32Add).get(row);
    // min(end of the segment, row + what there is room for)
    code.push(tee(end, i32Load(this.#node, Node.to)));
    code.push(tee(this.#i, sub(add(row, this.#mostRows), this.#merged)));
    code.push(ltU(end, this.#i)).op(Op.select);
    code.get(this.#bound).call(this.#unit.helper(runEnd)).set(end);
    code.store(Memory.i32Store, run, this.#chunk, Run.chunk);
    code.store(Memory.i32Store, run, row, Run.row);
    code.store(Memory.i32Store, run, sub(end, row), Run.rows);
    code.increase(run, RUN_BYTES);
  }

  /** Adds the bytes of a column's texts in the run. */
  #addText({ place, width, sum }: TextColumn): void {
    const offset = (at: Operand): Expression =>
      i32Load(elementAt(this.#chunk, at, 4), place.values);
    const bytes = mul(sub(offset(this.#end), offset(this.#row)), int(width));
    this.#code.assign(sum, add(tee(this.#i, bytes), sum));
    this.#code.assign(this.#bytes, add(this.#bytes, this.#i));
  }

  /** Lets the first entry sink to the place of its next row; one without a row that may leave goes. */
  #sink(): void {
    const code = this.#code;
    this.#pushHasRow();
    code.if(
      () => code.push(this.#mayLeave()),
      () => code.i32(0),
      i32,
    );
    code.op(Op.i32Eqz).if(() => {
      code.assign(this.#size, sub(this.#size, int(1)));
      code.store(Memory.i32Store, this.#heap, i32Load(this.#place(this.#size)));
    });
    code.when(this.#size, () =>
      code.push(this.#unit.call(siftDown, this.#heap, this.#size, int(0))),
    );
  }

  /** The place of entry number `index` in the heap. */
  #place(index: Operand): Expression {
    return elementAt(this.#heap, index, 4);
  }
}
