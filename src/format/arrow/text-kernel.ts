/**
 * Writes texts of a dictionary out, row by row, in WebAssembly: a copy of some bytes for each row costs less there than a call
 * of `set` or `copy` in JavaScript.
 */

import { grownCopy } from "../../base/grow.ts";
import { Code } from "../../wasm/code.ts";
import { add, elementAt, gtU, i32Load, i64Load, int, sub } from "../../wasm/expression.ts";
import { ModuleBuilder } from "../../wasm/module.ts";
import { cachedModule } from "../../wasm/module-cache.ts";
import { Memory, Op, ValueType } from "../../wasm/opcodes.ts";
import { hasWasm, instantiate, type WasmMemory, wasmMemory } from "../../wasm/runtime.ts";

/** Texts up to this long are copied as whole words; so many bytes behind a text are read, and written over by the next. */
export const SLACK_BYTES = 32;
const PAGE_BYTES = 1 << 16;
const MAX_PAGES = 1 << 16;
/** Bytes that one call writes at most, unless one text is longer: the memory stays small whatever is written. */
const PART_BYTES = 1 << 18;

/** Texts of a dictionary, as the kernel reads them. */
export interface PreparedTexts {
  /** The texts one after the other, and `SLACK_BYTES` more. */
  readonly bytes: Uint8Array;
  /** Of each text its place in `bytes` and its length. */
  readonly places: Int32Array;
  /** The length of the longest, bytes. */
  readonly longest: number;
}

/** Texts of rows. Its memory is written again by the next batch: fresh memory for each would cost more than the texts. */
export class TextRows {
  #offsets = new Int32Array(0);
  #bytes = new Uint8Array(0);
  #rows = 0;

  /** Where each row's text begins, and where the last one ends. */
  get offsets(): Int32Array {
    return this.#offsets.subarray(0, this.#rows + 1);
  }

  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#offsets[this.#rows]);
  }

  /** Begins anew: so many rows, whose texts follow. */
  reset(rows: number): void {
    this.#rows = rows;
    if (rows >= this.#offsets.length)
      this.#offsets = grownCopy(this.#offsets, Int32Array, rows + 1);
  }

  /** Adds texts behind the `end` bytes that there are. */
  append(texts: Uint8Array, end: number): void {
    const all = end + texts.length;
    if (all > this.#bytes.length) this.#bytes = grownCopy(this.#bytes, Uint8Array, all);
    this.#bytes.set(texts, end);
  }

  setOffsets(offsets: Int32Array): void {
    this.#offsets.set(offsets);
  }
}

/** One for all writers of this thread: it holds nothing between two calls. Undefined where there is no WebAssembly. */
let shared: TextKernel | undefined;

/** Writes the texts of `codes` to `out`, in place of what it had. */
export function writeTexts(texts: PreparedTexts, codes: Int32Array, out: TextRows): void {
  out.reset(codes.length);
  if (hasWasm()) {
    shared ??= new TextKernel();
    shared.write(texts, codes, out);
  } else writeSlowly(texts, codes, out);
}

class TextKernel {
  readonly #memory: WasmMemory = wasmMemory(8, MAX_PAGES);
  readonly #write: (...parameters: number[]) => number;

  constructor() {
    const { write } = instantiate(cachedModule(moduleBytes()), { env: { memory: this.#memory } });
    this.#write = write as (...parameters: number[]) => number;
  }

  write(texts: PreparedTexts, codes: Int32Array, out: TextRows): void {
    const rows = codes.length;
    const placesAt = (texts.bytes.length + 7) & ~7;
    const codesAt = placesAt + texts.places.byteLength;
    const offsetsAt = codesAt + codes.byteLength;
    const outAt = offsetsAt + codes.byteLength + 4;
    const outEnd = outAt + Math.max(PART_BYTES, texts.longest);
    this.#reserve(outEnd + SLACK_BYTES);
    const memory = new Uint8Array(this.#memory.buffer);
    const words = new Int32Array(this.#memory.buffer);
    memory.set(texts.bytes, 0);
    words.set(texts.places, placesAt >> 2);
    words.set(codes, codesAt >> 2);
    words[offsetsAt >> 2] = 0;
    let end = 0;
    for (let row = 0; row < rows; ) {
      row = this.#write(placesAt, codesAt, offsetsAt, row, rows, outAt, outEnd, end);
      const next = words[(offsetsAt >> 2) + row]!;
      out.append(memory.subarray(outAt, outAt + next - end), end);
      end = next;
    }
    out.setOffsets(words.subarray(offsetsAt >> 2, (offsetsAt >> 2) + rows + 1));
  }

  #reserve(bytes: number): void {
    const missing = bytes - this.#memory.buffer.byteLength;
    if (missing > 0) this.#memory.grow(Math.ceil(missing / PAGE_BYTES));
  }
}

/** Of `write`. */
const PARAMETERS = 8;

/**
 * write(places, codes, offsets, row, rows, out, outEnd, base) → row: writes texts from a row on until the next one would not
 * fit, and offsets that count from `base`.
 */
function moduleBytes(): Uint8Array<ArrayBuffer> {
  const { i32 } = ValueType;
  const module = new ModuleBuilder();
  module.importMemory("env", "memory", 1);
  const [places, codes, offsets, row, rows, out, outEnd, base] = [0, 1, 2, 3, 4, 5, 6, 7] as const;
  const code = new Code(PARAMETERS);
  const start = code.local(i32);
  const place = code.local(i32);
  const length = code.local(i32);
  const text = code.local(i32);
  const copyWord = (at: number): unknown => code.store(Memory.i64Store, out, i64Load(text, at), at);
  code.assign(start, sub(out, base));
  code.block((done) => {
    code.loop((again) => {
      code.get(row).get(rows).op(Op.i32Eq).brIf(done);
      code.assign(place, elementAt(places, i32Load(elementAt(codes, row, 4)), 8));
      code.assign(length, i32Load(place, 4));
      code.push(gtU(add(out, length), outEnd)).brIf(done);
      code.assign(text, i32Load(place));
      code.when(
        gtU(length, int(SLACK_BYTES)),
        () => code.get(out).get(text).get(length).memoryCopy(),
        () => {
          copyWord(0);
          copyWord(8);
          code.when(gtU(length, int(16)), () => {
            copyWord(16);
            copyWord(24);
          });
        },
      );
      code.increase(out, (c) => c.get(length));
      code.increase(row, 1);
      code.store(Memory.i32Store, elementAt(offsets, row, 4), sub(out, start));
      code.br(again);
    });
  });
  const index = module.function(
    { parameters: new Array<ValueType>(PARAMETERS).fill(i32), results: [i32] },
    code.get(row).body(),
  );
  module.exportFunction("write", index);
  return module.bytes();
}

function writeSlowly({ bytes, places }: PreparedTexts, codes: Int32Array, out: TextRows): void {
  const offsets = new Int32Array(codes.length + 1);
  codes.forEach((code, row) => {
    const at = places[code * 2]!;
    const length = places[code * 2 + 1]!;
    out.append(bytes.subarray(at, at + length), offsets[row]!);
    offsets[row + 1] = offsets[row]! + length;
  });
  out.setOffsets(offsets);
}
