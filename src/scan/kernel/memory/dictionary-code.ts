/** Emitted code that finds texts in a dictionary of the kernel's memory, and adds new ones; see `dictionary.ts`. */

import type { Code, Local } from "../../../wasm/code.ts";
import {
  add,
  and,
  and64,
  elementAt,
  eq,
  extendU,
  geS,
  geU,
  gtU,
  i32Load,
  i64Load,
  int,
  long,
  mul64,
  ne,
  ne64,
  or,
  shrU64,
  sub,
  tee,
  wrap,
  xor64,
} from "../../../wasm/expression.ts";
import { Memory, ValueType } from "../../../wasm/opcodes.ts";
import { wordMask } from "../scan/helpers.ts";
import type { Helper, Unit } from "../scan/unit.ts";
import {
  COUNT,
  LAST_CODE,
  MAX_BYTES,
  MAX_TEXTS,
  OFFSETS,
  TABLE,
  TABLE_ENTRIES,
  TEXTS,
  USED_BYTES,
} from "./dictionary.ts";

const { i32, i64 } = ValueType;

/** 2^64 divided by the golden ratio, odd. */
const HASH_FACTOR = -7046029254386353131n;
const OFFSET_BYTES = 8;

/** Parameters of `codeOfText`. */
const DICTIONARY: Local = 0;
const TEXT: Local = 1;
const LENGTH: Local = 2;

/** Locals that its parts share. */
interface Search {
  readonly slot: Local;
  readonly found: Local;
  readonly entry: Local;
}

/**
 * (dictionary, text, length) → the text's code, new or known; -1 if it is new and the dictionary is full.
 * The last text is tried first; may read seven bytes behind the text.
 */
export const codeOfText: Helper = {
  type: { parameters: [i32, i32, i32], results: [i32] },
  body(unit) {
    const equals = unit.helper(equalsEntry);
    const code = unit.code(3);
    const hash = code.local(i64);
    const search = { slot: code.local(i32), found: code.local(i32), entry: code.local(i32) };
    const { slot, found } = search;
    code.when(geS(tee(found, i32Load(DICTIONARY, LAST_CODE)), int(0)), () => {
      code.get(DICTIONARY).get(found).get(TEXT).get(LENGTH).call(equals);
      code.if(() => code.answer(found));
    });
    emitHash(code, hash);
    code.assign(slot, and(wrap(shrU64(hash, long(32n))), int(TABLE_ENTRIES - 1)));
    emitProbe(unit, code, search);
    emitInsert(code, search);
    return code.get(found).body();
  },
};

/** Words of the text, the last one cut to its length, multiplied together. */
function emitHash(code: Code, hash: Local): void {
  const i = code.local(i32);
  code.assign(hash, extendU(LENGTH));
  code.until(geU(i, LENGTH), () => {
    const word = and64(i64Load(add(TEXT, i)), wordMask(LENGTH, i));
    const product = tee(hash, mul64(xor64(hash, word), long(HASH_FACTOR)));
    code.assign(hash, xor64(product, shrU64(hash, long(29n))));
    code.increase(i, 8);
  });
}

/** Goes through the hash table: leaves the function with the text's code, or comes to a free entry. */
function emitProbe(unit: Unit, code: Code, { slot, found, entry }: Search): void {
  code.block((free) => {
    code.loop((again) => {
      const known = i32Load(tee(entry, elementAt(DICTIONARY, slot, 4)), TABLE);
      code.push(eq(tee(found, sub(known, int(1))), int(-1))).brIf(free);
      code.when(unit.call(equalsEntry, DICTIONARY, found, TEXT, LENGTH), () => {
        code.store(Memory.i32Store, DICTIONARY, found, LAST_CODE);
        code.answer(found);
      });
      code.assign(slot, and(add(slot, int(1)), int(TABLE_ENTRIES - 1))).br(again);
    });
  });
}

/** Adds the text behind the others, if there is room for one more and for its bytes. */
function emitInsert(code: Code, { found, entry }: Search): void {
  const used = code.local(i32);
  const isFull = geU(tee(found, i32Load(DICTIONARY, COUNT)), int(MAX_TEXTS));
  const end = add(tee(used, i32Load(DICTIONARY, USED_BYTES)), LENGTH);
  code.when(or(isFull, gtU(end, int(MAX_BYTES))), () => code.answer(int(-1)));
  code.store(Memory.i32Store, entry, add(found, int(1)), TABLE);
  const offset = tee(entry, elementAt(DICTIONARY, found, OFFSET_BYTES));
  code.store(Memory.i32Store, offset, used, OFFSETS);
  code.store(Memory.i32Store, entry, LENGTH, OFFSETS + 4);
  code
    .push(add(add(DICTIONARY, used), int(TEXTS)))
    .get(TEXT)
    .get(LENGTH)
    .memoryCopy();
  const padded = and(add(add(used, LENGTH), int(7)), int(-8));
  code.store(Memory.i32Store, DICTIONARY, padded, USED_BYTES);
  code.store(Memory.i32Store, DICTIONARY, add(found, int(1)), COUNT);
  code.store(Memory.i32Store, DICTIONARY, found, LAST_CODE);
}

/** (dictionary, code, text, length) → 1 if that entry is the text. */
const equalsEntry: Helper = {
  type: { parameters: [i32, i32, i32, i32], results: [i32] },
  body(unit) {
    const code = unit.code(4);
    const [dictionary, entryCode, text, length] = [0, 1, 2, 3];
    const entry = code.local(i32);
    const i = code.local(i32);
    const known = i32Load(tee(entry, elementAt(dictionary, entryCode, OFFSET_BYTES)), OFFSETS + 4);
    code.when(ne(known, length), () => code.answer(int(0)));
    code.assign(entry, add(dictionary, i32Load(entry, OFFSETS)));
    code.until(geU(i, length), () => {
      const differing = xor64(i64Load(add(entry, i), TEXTS), i64Load(add(text, i)));
      const isOther = ne64(and64(differing, wordMask(length, i)), long(0n));
      code.when(isOther, () => code.answer(int(0)));
      code.increase(i, 8);
    });
    return code.push(int(1)).body();
  },
};
