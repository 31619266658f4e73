/**
 * Time order in the kernel's memory: a heap of streams gives runs of rows, and the runs are gathered, column by column, into
 * the chunk of the batch under assembly.
 *
 * Stream entry: 0 i64 time of its next row · 8 i32 rank among equal times · 12 i32 node of the segment that it is in, 0 if no
 * row is left · 16 i32 next row.
 * Segment node: 0 i32 chunk · 4 i32 first row · 8 i32 row behind the last · 12 i32 node of the stream's next segment, 0 if
 * none; once it has been passed, the node of the one that was passed before.
 * Run: 0 i32 chunk · 4 i32 first row · 8 i32 rows.
 */

import type { Code, Local } from "../../../wasm/code.ts";
import { Memory, Op, ValueType } from "../../../wasm/opcodes.ts";
import { type ChunkLayout, hasTexts, Slot } from "../memory/chunk.ts";
import { type KernelColumn, widthOf } from "../memory/columns.ts";
import { MERGED_CODES } from "../memory/dictionary.ts";
import { State } from "../memory/memory.ts";
import type { Helper, Unit } from "../scan/unit.ts";

const { i32, i64 } = ValueType;

export const Entry = { time: 0, rank: 8, node: 12, row: 16 } as const;
export const ENTRY_BYTES = 32;
export const Node = { chunk: 0, from: 4, to: 8, next: 12 } as const;
export const NODE_BYTES = 16;
export const RUN_BYTES = 12;

/** Whole words at a time; longer copies are the engine's. */
const LONG_COPY = 64;

/** (a, b) → 1 if stream entry `a` comes before `b`. */
const comesFirst: Helper = {
  type: { parameters: [i32, i32], results: [i32] },
  body(unit) {
    const code = unit.code(2);
    const [a, b] = [0, 1];
    const key = code.local(i64);
    const other = code.local(i64);
    code.get(a).memory(Memory.i64Load, Entry.time).tee(key);
    code.get(b).memory(Memory.i64Load, Entry.time).tee(other).op(Op.i64LtS);
    code.get(a).memory(Memory.i32Load, Entry.rank);
    code.get(b).memory(Memory.i32Load, Entry.rank).op(Op.i32LtS);
    code.get(key).get(other).op(Op.i64Eq, Op.i32And, Op.i32Or);
    return code.body();
  },
};

/** (heap, size, position): lets an entry sink to its place. */
const siftDown: Helper = {
  type: { parameters: [i32, i32, i32], results: [] },
  body(unit) {
    const first = unit.helper(comesFirst);
    const code = unit.code(3);
    const [heap, size, at] = [0, 1, 2];
    const item = code.local(i32);
    const child = code.local(i32);
    const best = code.local(i32);
    const other = code.local(i32);
    const pushAt = (index: Local): Code =>
      code.get(heap).get(index).i32(2).op(Op.i32Shl, Op.i32Add);
    pushAt(at).memory(Memory.i32Load).set(item);
    code.block((done) => {
      code.loop((again) => {
        code.get(at).i32(1).op(Op.i32Shl).i32(1).op(Op.i32Add).tee(child);
        code.get(size).op(Op.i32GeU).brIf(done);
        pushAt(child).memory(Memory.i32Load).set(best);
        code.get(child).i32(1).op(Op.i32Add).get(size).op(Op.i32LtU);
        code.if(() => {
          pushAt(child).memory(Memory.i32Load, 4).tee(other).get(best).call(first);
          code.if(() => {
            code.get(other).set(best).get(child).i32(1).op(Op.i32Add).set(child);
          });
        });
        code.get(best).get(item).call(first).op(Op.i32Eqz).brIf(done);
        pushAt(at).get(best).memory(Memory.i32Store);
        code.get(child).set(at).br(again);
      });
    });
    pushAt(at).get(item).memory(Memory.i32Store);
    return code.body();
  },
};

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
      code.get(known).get(step).op(Op.i32Add).tee(row).get(rows).op(Op.i32LtU);
      code.if(
        () => {
          code.get(times).get(row).i32(3).op(Op.i32Shl, Op.i32Add).memory(Memory.i64Load);
          code.get(bound).op(Op.i64LeS);
        },
        () => code.i32(0),
        i32,
      );
    };
    code.i32(1).set(step);
    code.loop((again) => {
      pushIsBefore();
      code.if(() => {
        code.get(row).set(known).get(step).i32(1).op(Op.i32Shl).set(step).br(again);
      });
    });
    code.loop((again) => {
      pushIsBefore();
      code.if(() => code.get(row).set(known));
      code.get(step).i32(1).op(Op.i32ShrU).tee(step);
      code.if(() => code.br(again));
    });
    return code.get(known).i32(1).op(Op.i32Add).body();
  },
};

/**
 * (entries, count, heap, up to, runs, most rows, most bytes, out) → number of runs. Rows leave while they are not after a time,
 * and until there are so many rows or bytes of texts; how many bytes come in stands in each text column's slot of `out`.
 */
export function emitMerge(
  unit: Unit,
  columns: readonly KernelColumn[],
  layout: ChunkLayout,
): number {
  const code = unit.code(8);
  const [entries, count, heap, upTo, runs, mostRows, mostBytes, out] = [0, 1, 2, 3, 4, 5, 6, 7];
  const sift = unit.helper(siftDown);
  const first = unit.helper(comesFirst);
  const size = code.local(i32);
  const entry = code.local(i32);
  const second = code.local(i32);
  const node = code.local(i32);
  const next = code.local(i32);
  const chunk = code.local(i32);
  const row = code.local(i32);
  const end = code.local(i32);
  const i = code.local(i32);
  const merged = code.local(i32);
  const bytes = code.local(i32);
  const run = code.local(i32);
  const bound = code.local(i64);
  const other = code.local(i64);
  const texts = columns.flatMap((column, at) =>
    hasTexts(column)
      ? [{ place: layout.places[at]!, width: textWidth(column), sum: code.local(i32) }]
      : [],
  );

  /** Leaves 1 if the entry has a row, whose time is then set. A segment that has come to its end is passed. */
  const pushHasRow = (): void => {
    code.block((settled) => {
      code.get(entry).memory(Memory.i32Load, Entry.node).tee(node).op(Op.i32Eqz);
      code.if(() => code.i32(0).br(settled));
      code.get(entry).memory(Memory.i32Load, Entry.row).tee(row);
      code.get(node).memory(Memory.i32Load, Node.to).op(Op.i32GeU);
      code.if(() => {
        code.get(node).memory(Memory.i32Load, Node.next).set(next);
        code.get(node).i32(unit.state).memory(Memory.i32Load, State.passed);
        code.memory(Memory.i32Store, Node.next);
        code.i32(unit.state).get(node).memory(Memory.i32Store, State.passed);
        code.get(entry).get(next).memory(Memory.i32Store, Entry.node);
        code.get(next).op(Op.i32Eqz);
        code.if(() => code.i32(0).br(settled));
        code.get(next).set(node);
        code.get(entry).get(node).memory(Memory.i32Load, Node.from).tee(row);
        code.memory(Memory.i32Store, Entry.row);
      });
      code.get(entry).get(node).memory(Memory.i32Load, Node.chunk);
      code.get(row).i32(3).op(Op.i32Shl, Op.i32Add);
      code.memory(Memory.i64Load, layout.timestamps).memory(Memory.i64Store, Entry.time);
      code.i32(1);
    }, i32);
  };
  const pushMayLeave = (): void => {
    code.get(entry).memory(Memory.i64Load, Entry.time).get(upTo).op(Op.i64LeS);
  };

  // Streams with a row up to the time, as a heap.
  code.get(entries).set(entry);
  code.block((done) => {
    code.loop((again) => {
      code.get(i).get(count).op(Op.i32GeU).brIf(done);
      pushHasRow();
      code.if(() => {
        pushMayLeave();
        code.if(() => {
          code.get(heap).get(size).i32(2).op(Op.i32Shl, Op.i32Add).get(entry);
          code.memory(Memory.i32Store).get(size).i32(1).op(Op.i32Add).set(size);
        });
      });
      code.get(entry).i32(ENTRY_BYTES).op(Op.i32Add).set(entry);
      code.get(i).i32(1).op(Op.i32Add).set(i).br(again);
    });
  });
  code.get(size).i32(1).op(Op.i32ShrU).set(i);
  code.block((done) => {
    code.loop((again) => {
      code.get(i).op(Op.i32Eqz).brIf(done);
      code.get(heap).get(size).get(i).i32(1).op(Op.i32Sub).tee(i).call(sift).br(again);
    });
  });

  code.get(runs).set(run);
  code.block((done) => {
    code.loop((again) => {
      code.get(size).op(Op.i32Eqz).brIf(done);
      code.get(merged).get(mostRows).op(Op.i32GeU).brIf(done);
      code.get(bytes).get(mostBytes).op(Op.i32GeU).brIf(done);
      code.get(heap).memory(Memory.i32Load).set(entry);
      // Up to the time, or up to where another stream's row comes first.
      code.get(upTo).set(bound);
      code.get(size).i32(1).op(Op.i32GtU);
      code.if(() => {
        code.get(heap).memory(Memory.i32Load, 4).set(second);
        code.get(size).i32(2).op(Op.i32GtU);
        code.if(() => {
          code.get(heap).memory(Memory.i32Load, 8).get(second).call(first);
          code.if(() => code.get(heap).memory(Memory.i32Load, 8).set(second));
        });
        // Rows of the second one's time still go first if this stream ranks before it.
        code.get(second).memory(Memory.i64Load, Entry.time);
        code.get(entry).memory(Memory.i32Load, Entry.rank);
        code.get(second).memory(Memory.i32Load, Entry.rank).op(Op.i32GeS, Op.i64ExtendI32U);
        code.op(Op.i64Sub).tee(other).get(upTo).op(Op.i64LtS);
        code.if(() => code.get(other).set(bound));
      });
      code.get(entry).memory(Memory.i32Load, Entry.node).tee(node);
      code.memory(Memory.i32Load, Node.chunk).tee(chunk);
      code.get(entry).memory(Memory.i32Load, Entry.row).set(row);
      code.i32(layout.timestamps).op(Op.i32Add).get(row);
      // min(end of the segment, row + what there is room for)
      code.get(node).memory(Memory.i32Load, Node.to).tee(end);
      code.get(row).get(mostRows).op(Op.i32Add).get(merged).op(Op.i32Sub).tee(i);
      code.get(end).get(i).op(Op.i32LtU, Op.select);
      code.get(bound).call(unit.helper(runEnd)).set(end);
      code.get(run).get(chunk).memory(Memory.i32Store);
      code.get(run).get(row).memory(Memory.i32Store, 4);
      code.get(run).get(end).get(row).op(Op.i32Sub).memory(Memory.i32Store, 8);
      code.get(run).i32(RUN_BYTES).op(Op.i32Add).set(run);
      for (const { place, width, sum } of texts) {
        const pushOffset = (at: Local): Code =>
          code
            .get(chunk)
            .get(at)
            .i32(2)
            .op(Op.i32Shl, Op.i32Add)
            .memory(Memory.i32Load, place.values);
        pushOffset(end);
        pushOffset(row).op(Op.i32Sub).i32(width).op(Op.i32Mul).tee(i);
        code.get(sum).op(Op.i32Add).set(sum).get(bytes).get(i).op(Op.i32Add).set(bytes);
      }
      code.get(merged).get(end).op(Op.i32Add).get(row).op(Op.i32Sub).set(merged);
      code.get(entry).get(end).memory(Memory.i32Store, Entry.row);
      pushHasRow();
      code.if(
        () => pushMayLeave(),
        () => code.i32(0),
        i32,
      );
      code.op(Op.i32Eqz);
      code.if(() => {
        code.get(size).i32(1).op(Op.i32Sub).set(size).get(heap);
        code.get(heap).get(size).i32(2).op(Op.i32Shl, Op.i32Add).memory(Memory.i32Load);
        code.memory(Memory.i32Store);
      });
      code.get(size);
      code.if(() => code.get(heap).get(size).i32(0).call(sift));
      code.br(again);
    });
  });
  for (const { place, sum } of texts)
    code
      .get(out)
      .get(sum)
      .memory(Memory.i32Store, place.slot + Slot.incoming);
  code.i32(unit.state).get(merged).memory(Memory.i32Store, State.mergedRows);
  code.i32(unit.state).get(bytes).memory(Memory.i32Store, State.mergedBytes);
  code.get(run).get(runs).op(Op.i32Sub).i32(RUN_BYTES).op(Op.i32DivU);
  const type = { parameters: [i32, i32, i32, i64, i32, i32, i32, i32], results: [i32] };
  return unit.module.function(type, code.body());
}

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
        parts.push(emitter().texts(source.slot, target.slot, textWidth(column)));
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
    const code = this.#code;
    return this.#eachRun(() => {
      this.#push(this.#out, this.#outRow, width, this.#target);
      this.#push(this.#chunk, this.#row, width, this.#source);
      code.get(this.#rows).i32(width).op(Op.i32Mul).call(this.#unit.helper(copyWords));
    });
  }

  codes(slot: number): Uint8Array {
    const code = this.#code;
    const dictionary = code.local(i32);
    const source = code.local(i32);
    const target = code.local(i32);
    return this.#eachRun(() => {
      code
        .get(this.#chunk)
        .memory(Memory.i32Load, slot + Slot.dictionary)
        .set(dictionary);
      this.#push(this.#chunk, this.#row, 4, this.#source);
      code.set(source);
      this.#push(this.#out, this.#outRow, 4, this.#target);
      code.set(target);
      this.#eachRow((step) => {
        code.get(target).get(dictionary).get(source).memory(Memory.i32Load);
        code.i32(2).op(Op.i32Shl, Op.i32Add).memory(Memory.i32Load, MERGED_CODES);
        code.memory(Memory.i32Store);
        step(source, 4);
        step(target, 4);
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
    return this.#eachRun(() => {
      this.#push(this.#chunk, this.#row, 4, this.#source);
      code.tee(source).memory(Memory.i32Load).set(start);
      this.#push(this.#out, this.#outRow, 4, this.#target);
      code.tee(target).memory(Memory.i32Load).tee(at).get(start).op(Op.i32Sub).set(moved);
      const pushText = (chunk: Local, of: number, offset: Local): void => {
        code
          .get(chunk)
          .memory(Memory.i32Load, of + Slot.text)
          .get(offset);
        if (width > 1) code.i32(width).op(Op.i32Mul);
        code.op(Op.i32Add);
      };
      pushText(this.#out, targetSlot, at);
      pushText(this.#chunk, slot, start);
      this.#push(this.#chunk, this.#row, 4, this.#source);
      code.get(this.#rows).i32(2).op(Op.i32Shl, Op.i32Add).memory(Memory.i32Load);
      code.get(start).op(Op.i32Sub).i32(width).op(Op.i32Mul);
      code.call(this.#unit.helper(copyWords));
      code
        .get(this.#out)
        .get(this.#out)
        .memory(Memory.i32Load, targetSlot + Slot.seen);
      code
        .get(this.#chunk)
        .memory(Memory.i32Load, slot + Slot.seen)
        .op(Op.i32Or);
      code.memory(Memory.i32Store, targetSlot + Slot.seen);
      this.#eachRow((step) => {
        code.get(target).get(source).memory(Memory.i32Load, 4).get(moved).op(Op.i32Add);
        code.memory(Memory.i32Store, 4);
        step(source, 4);
        step(target, 4);
      });
    });
  }

  /** The batch's bits are 1 until a null comes. */
  validity(
    source: ChunkLayout["places"][number],
    target: ChunkLayout["places"][number],
  ): Uint8Array {
    const code = this.#code;
    const at = code.local(i32);
    const to = code.local(i32);
    const pushBit = (row: Local): Code => code.i32(1).get(row).i32(7).op(Op.i32And, Op.i32Shl);
    return this.#eachRun(() => {
      code.get(this.#chunk).memory(Memory.i32Load, source.slot + Slot.nulls);
      code.if(() => {
        code.get(this.#row).set(at).get(this.#outRow).set(to);
        this.#eachRow((step) => {
          code.get(this.#chunk).get(at).i32(3).op(Op.i32ShrU, Op.i32Add);
          code.memory(Memory.i32Load8U, source.validity);
          pushBit(at).op(Op.i32And, Op.i32Eqz);
          code.if(() => {
            const pushByte = (): Code =>
              code.get(this.#out).get(to).i32(3).op(Op.i32ShrU, Op.i32Add);
            pushByte();
            pushByte().memory(Memory.i32Load8U, target.validity);
            pushBit(to).i32(-1).op(Op.i32Xor, Op.i32And).memory(Memory.i32Store8, target.validity);
            code
              .get(this.#out)
              .get(this.#out)
              .memory(Memory.i32Load, target.slot + Slot.nulls);
            code
              .i32(1)
              .op(Op.i32Add)
              .memory(Memory.i32Store, target.slot + Slot.nulls);
          });
          step(at, 1);
          step(to, 1);
        });
      });
    });
  }

  /** The function's body: `gather` for each run, with chunk, first row and rows in their locals. */
  #eachRun(gather: () => void): Uint8Array {
    const code = this.#code;
    code.block((done) => {
      code.loop((again) => {
        code.get(this.#count).op(Op.i32Eqz).brIf(done);
        code.get(this.#runs).memory(Memory.i32Load).set(this.#chunk);
        code.get(this.#runs).memory(Memory.i32Load, 4).set(this.#row);
        code.get(this.#runs).memory(Memory.i32Load, 8).set(this.#rows);
        gather();
        code.get(this.#runs).memory(Memory.i32Load, 8);
        code.get(this.#outRow).op(Op.i32Add).set(this.#outRow);
        code.get(this.#runs).i32(RUN_BYTES).op(Op.i32Add).set(this.#runs);
        code.get(this.#count).i32(1).op(Op.i32Sub).set(this.#count).br(again);
      });
    });
    return code.body();
  }

  /** Counts `rows` down to zero; a run has one at least. */
  #eachRow(row: (step: (local: Local, by: number) => void) => void): void {
    const code = this.#code;
    code.loop((again) => {
      row((local, by) => code.get(local).i32(by).op(Op.i32Add).set(local));
      code.get(this.#rows).i32(1).op(Op.i32Sub).tee(this.#rows);
      code.if(() => code.br(again));
    });
  }

  /** Puts `base + row * width + offset` on the stack. */
  #push(base: Local, row: Local, width: number, offset: number): void {
    const code = this.#code;
    code.get(base).get(row);
    if (width > 1) code.i32(Math.log2(width)).op(Op.i32Shl);
    code.op(Op.i32Add);
    if (offset > 0) code.i32(offset).op(Op.i32Add);
  }
}

/** (target, source, bytes): up to seven bytes more are read and written where the copy is short. */
const copyWords: Helper = {
  type: { parameters: [i32, i32, i32], results: [] },
  body(unit) {
    const code = unit.code(3);
    const [target, source, bytes] = [0, 1, 2];
    const end = code.local(i32);
    code.get(bytes).i32(LONG_COPY).op(Op.i32GeU);
    code.if(() => {
      code.get(target).get(source).get(bytes).memoryCopy().op(Op.return);
    });
    code.get(source).get(bytes).op(Op.i32Add).set(end);
    code.block((done) => {
      code.loop((again) => {
        code.get(source).get(end).op(Op.i32GeU).brIf(done);
        code.get(target).get(source).memory(Memory.i64Load).memory(Memory.i64Store);
        code.get(target).i32(8).op(Op.i32Add).set(target);
        code.get(source).i32(8).op(Op.i32Add).set(source).br(again);
      });
    });
    return code.body();
  },
};

/** Bytes of one unit that a column's offsets count. */
function textWidth(column: KernelColumn): number {
  return column.kind === "list" ? widthOf(column.number) : 1;
}
