/**
 * The dictionary of a text column in the kernel's memory: code looks texts up there, JavaScript reads them from there.
 *
 * Region: 0 i32 count · 4 i32 bytes used · 8 i32 last code · 12 i32 how often it was begun anew · 16 hash table, i32 code + 1 each · offsets, i32 each · codes of the
 * same texts in the merged batches, i32 each · texts, each padded with zeros to 8 bytes.
 */

import type { DictionaryTexts } from "../../../column/column.ts";
import { Memory, Op, ValueType } from "../../../wasm/opcodes.ts";
import { pushWordMask } from "../scan/helpers.ts";
import type { Helper } from "../scan/unit.ts";
import type { KernelMemory } from "./memory.ts";

const { i32, i64 } = ValueType;

/** Texts, hash entries (twice as many, a power of two) and bytes that a dictionary holds. */
const MAX_TEXTS = 4096;
const TABLE_ENTRIES = 8192;
const MAX_BYTES = MAX_TEXTS * 24;

const TABLE = 16;
const OFFSETS = TABLE + TABLE_ENTRIES * 4;
/** For each text: where it begins, and how long it is. */
/** For each text: its code in the merged batches. */
export const MERGED_CODES: number = OFFSETS + MAX_TEXTS * 8;
const TEXTS = MERGED_CODES + MAX_TEXTS * 4;
export const DICTIONARY_BYTES: number = TEXTS + MAX_BYTES + 128;
const LAST_CODE = 8;
/** Grows whenever the same region becomes another dictionary. */
export const GENERATION = 12;

const decoder = new TextDecoder();

/** Makes a dictionary empty. */
export function clearDictionary(memory: KernelMemory, address: number): void {
  const generation = memory.get(address + GENERATION);
  memory.u8.fill(0, address, address + OFFSETS);
  memory.set(address + LAST_CODE, -1);
  memory.set(address + GENERATION, generation + 1);
}

/** Where a text of a dictionary lies in the memory. */
export function textOf(
  memory: KernelMemory,
  address: number,
  code: number,
): { readonly from: number; readonly to: number } {
  const entry = address + OFFSETS + code * 8;
  const from = address + TEXTS + memory.get(entry);
  return { from, to: from + memory.get(entry + 4) };
}

/** Texts that are read where they lie, and each only once. */
export class LiveTexts implements DictionaryTexts {
  readonly #memory: KernelMemory;
  readonly #address: number;
  readonly #strings: string[] = [];
  #isDetached = false;

  constructor(memory: KernelMemory, address: number) {
    this.#memory = memory;
    this.#address = address;
  }

  get size(): number {
    return this.#isDetached ? this.#strings.length : this.#memory.get(this.#address);
  }

  text(code: number): string {
    let text = this.#strings[code];
    if (text === undefined) {
      const { from, to } = textOf(this.#memory, this.#address, code);
      text = decoder.decode(this.#memory.u8.slice(from, to));
      this.#strings[code] = text;
    }
    return text;
  }

  /** Reads all texts: the region will be used for others. */
  detach(): void {
    for (let code = 0; code < this.size; code++) this.text(code);
    this.#isDetached = true;
  }
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
    const [dictionary, text, length] = [0, 1, 2];
    const hash = code.local(i64);
    const slot = code.local(i32);
    const found = code.local(i32);
    const i = code.local(i32);
    const entry = code.local(i32);
    code.get(dictionary).memory(Memory.i32Load, 8).tee(found).i32(0).op(Op.i32GeS);
    code.if(() => {
      code.get(dictionary).get(found).get(text).get(length).call(equals);
      code.if(() => code.get(found).op(Op.return));
    });
    // Words of the text, the last one cut to its length, multiplied together.
    code.get(length).op(Op.i64ExtendI32U).set(hash);
    code.block((done) => {
      code.loop((again) => {
        code.get(i).get(length).op(Op.i32GeU).brIf(done);
        code.get(hash).get(text).get(i).op(Op.i32Add).memory(Memory.i64Load);
        pushWordMask(code, length, i);
        code.op(Op.i64And, Op.i64Xor).i64(-7046029254386353131n).op(Op.i64Mul).tee(hash);
        code.get(hash).i64(29n).op(Op.i64ShrU, Op.i64Xor).set(hash);
        code.get(i).i32(8).op(Op.i32Add).set(i).br(again);
      });
    });
    code
      .get(hash)
      .i64(32n)
      .op(Op.i64ShrU, Op.i32WrapI64)
      .i32(TABLE_ENTRIES - 1)
      .op(Op.i32And)
      .set(slot);
    code.block((free) => {
      code.loop((again) => {
        code
          .get(dictionary)
          .get(slot)
          .i32(2)
          .op(Op.i32Shl, Op.i32Add)
          .tee(entry)
          .memory(Memory.i32Load, TABLE);
        code.i32(1).op(Op.i32Sub).tee(found).i32(-1).op(Op.i32Eq).brIf(free);
        code.get(dictionary).get(found).get(text).get(length).call(equals);
        code.if(() => {
          code.get(dictionary).get(found).memory(Memory.i32Store, 8);
          code.get(found).op(Op.return);
        });
        code
          .get(slot)
          .i32(1)
          .op(Op.i32Add)
          .i32(TABLE_ENTRIES - 1)
          .op(Op.i32And)
          .set(slot)
          .br(again);
      });
    });
    // New: is there room for one more text, and for its bytes?
    const used = code.local(i32);
    code.get(dictionary).memory(Memory.i32Load).tee(found).i32(MAX_TEXTS).op(Op.i32GeU);
    code
      .get(dictionary)
      .memory(Memory.i32Load, 4)
      .tee(used)
      .get(length)
      .op(Op.i32Add)
      .i32(MAX_BYTES)
      .op(Op.i32GtU, Op.i32Or);
    code.if(() => code.i32(-1).op(Op.return));
    code.get(entry).get(found).i32(1).op(Op.i32Add).memory(Memory.i32Store, TABLE);
    code
      .get(dictionary)
      .get(found)
      .i32(3)
      .op(Op.i32Shl, Op.i32Add)
      .tee(entry)
      .get(used)
      .memory(Memory.i32Store, OFFSETS);
    code
      .get(entry)
      .get(length)
      .memory(Memory.i32Store, OFFSETS + 4);
    code
      .get(dictionary)
      .get(used)
      .op(Op.i32Add)
      .i32(TEXTS)
      .op(Op.i32Add)
      .get(text)
      .get(length)
      .memoryCopy();
    code
      .get(dictionary)
      .get(used)
      .get(length)
      .op(Op.i32Add)
      .i32(7)
      .op(Op.i32Add)
      .i32(-8)
      .op(Op.i32And)
      .memory(Memory.i32Store, 4);
    code.get(dictionary).get(found).i32(1).op(Op.i32Add).memory(Memory.i32Store);
    code.get(dictionary).get(found).memory(Memory.i32Store, 8);
    return code.get(found).body();
  },
};

/** (dictionary, code, text, length) → 1 if that entry is the text. */
const equalsEntry: Helper = {
  type: { parameters: [i32, i32, i32, i32], results: [i32] },
  body(unit) {
    const code = unit.code(4);
    const [dictionary, entryCode, text, length] = [0, 1, 2, 3];
    const entry = code.local(i32);
    const i = code.local(i32);
    code
      .get(dictionary)
      .get(entryCode)
      .i32(3)
      .op(Op.i32Shl, Op.i32Add)
      .tee(entry)
      .memory(Memory.i32Load, OFFSETS + 4);
    code
      .get(length)
      .op(Op.i32Ne)
      .if(() => code.i32(0).op(Op.return));
    code.get(dictionary).get(entry).memory(Memory.i32Load, OFFSETS).op(Op.i32Add).set(entry);
    code.block((done) => {
      code.loop((again) => {
        code.get(i).get(length).op(Op.i32GeU).brIf(done);
        code.get(entry).get(i).op(Op.i32Add).memory(Memory.i64Load, TEXTS);
        code.get(text).get(i).op(Op.i32Add).memory(Memory.i64Load).op(Op.i64Xor);
        pushWordMask(code, length, i);
        code.op(Op.i64And, Op.i64Eqz, Op.i32Eqz).if(() => code.i32(0).op(Op.return));
        code.get(i).i32(8).op(Op.i32Add).set(i).br(again);
      });
    });
    return code.i32(1).body();
  },
};
