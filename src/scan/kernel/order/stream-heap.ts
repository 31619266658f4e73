/**
 * Streams in the order of their next rows, as a heap in the kernel's memory.
 *
 * Stream entry: 0 i64 time of its next row · 8 i32 rank among equal times · 12 i32 node of the segment that it is in, 0 if no
 * row is left · 16 i32 next row.
 * Segment node: 0 i32 chunk · 4 i32 first row · 8 i32 row behind the last · 12 i32 node of the stream's next segment, 0 if
 * none; once it has been passed, the node of the one that was passed before.
 */

import type { Expression, Operand } from "../../../wasm/code.ts";
import {
  add,
  and,
  elementAt,
  eq64,
  geU,
  i32Load,
  i64Load,
  int,
  ltS,
  ltS64,
  ltU,
  or,
  shl,
  tee,
} from "../../../wasm/expression.ts";
import { Memory, Op, ValueType } from "../../../wasm/opcodes.ts";
import type { Helper } from "../scan/unit.ts";

const { i32, i64 } = ValueType;

export const Entry = { time: 0, rank: 8, node: 12, row: 16 } as const;
export const ENTRY_BYTES = 32;
export const Node = { chunk: 0, from: 4, to: 8, next: 12 } as const;
export const NODE_BYTES = 16;

/** (a, b) → 1 if stream entry `a` comes before `b`. */
export const comesFirst: Helper = {
  type: { parameters: [i32, i32], results: [i32] },
  body(unit) {
    const code = unit.code(2);
    const [a, b] = [0, 1];
    const key = code.local(i64);
    const other = code.local(i64);
    const isEarlier = ltS64(tee(key, i64Load(a, Entry.time)), tee(other, i64Load(b, Entry.time)));
    const ranksFirst = ltS(i32Load(a, Entry.rank), i32Load(b, Entry.rank));
    return code.push(or(isEarlier, and(ranksFirst, eq64(key, other)))).body();
  },
};

/** (heap, size, position): lets an entry sink to its place. */
export const siftDown: Helper = {
  type: { parameters: [i32, i32, i32], results: [] },
  body(unit) {
    const code = unit.code(3);
    const [heap, size, at] = [0, 1, 2];
    const item = code.local(i32);
    const child = code.local(i32);
    const best = code.local(i32);
    const other = code.local(i32);
    const place = (index: Operand): Expression => elementAt(heap, index, 4);
    code.assign(item, i32Load(place(at)));
    code.block((done) => {
      code.loop((again) => {
        code.push(geU(tee(child, add(shl(at, int(1)), int(1))), size)).brIf(done);
        code.assign(best, i32Load(place(child)));
        code.when(ltU(add(child, int(1)), size), () => {
          const sibling = tee(other, i32Load(place(child), 4));
          code.when(unit.call(comesFirst, sibling, best), () => {
            code.assign(best, other).increase(child, 1);
          });
        });
        code
          .push(unit.call(comesFirst, best, item))
          .op(Op.i32Eqz)
          .brIf(done);
        code.store(Memory.i32Store, place(at), best);
        code.assign(at, child).br(again);
      });
    });
    return code.store(Memory.i32Store, place(at), item).body();
  },
};
