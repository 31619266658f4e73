/**
 * The interpreter's value stack, as typed arrays with one slot per entry: integers use `hi` and `lo`, doubles
 * `numbers`, texts the three text columns. `types` is written only for values that carry their type along.
 */
import { readFloat, type Word, wordToNumber } from "../base/bits.ts";
import type { FieldRef } from "../ctf/field-ref.ts";
import { type IntegerLayout, readIntegerField } from "../ctf/read-field.ts";
import { toUtf8 } from "../ctf/text-encoding.ts";
import type { FieldClass, TextEncoding } from "../ctf/trace-class.ts";
import { compareDoubles, compareIntegers, holds } from "./arithmetic.ts";
import type { LinkedProgram } from "./bytecode.ts";
import { compareText, matchesPattern } from "./glob.ts";
import { TYPE_ORDER } from "./opcodes.ts";
import type { RecordView } from "./record-view.ts";

/** Slots, and what the interpreter does with them outside its hottest instructions. Loads give false to reject. */
export class ValueStack {
  readonly hi: Int32Array;
  readonly lo: Int32Array;
  readonly numbers: Float64Array;
  readonly types: Uint8Array;
  /** How numbers lie in the record, by field. */
  readonly layouts: readonly Layout[];
  readonly #program: LinkedProgram;
  readonly #textStarts: Int32Array;
  readonly #textLengths: Int32Array;
  /** Number of the text constant that a text is, or `IN_RECORD`, or `CONVERTED`. */
  readonly #textSources: Int32Array;
  /** Texts that were not UTF-8. */
  readonly #converted: Uint8Array[] = [];
  readonly #word: Word = { hi: 0, lo: 0 };

  constructor(program: LinkedProgram, depth: number) {
    this.#program = program;
    this.layouts = program.fields.map(layoutOf);
    this.hi = new Int32Array(depth);
    this.lo = new Int32Array(depth);
    this.numbers = new Float64Array(depth);
    this.types = new Uint8Array(depth);
    this.#textStarts = new Int32Array(depth);
    this.#textLengths = new Int32Array(depth);
    this.#textSources = new Int32Array(depth);
  }

  // --- texts

  loadText(record: RecordView, field: number, slot: number): boolean {
    const bit = record.bitOffsets[field]!;
    if (bit < 0) return false;
    const from = bit >>> 3;
    const length = record.lengths[field]!;
    const { encoding } = this.layouts[field]!;
    if (encoding === "utf-8") {
      this.#textStarts[slot] = from;
      this.#textLengths[slot] = length;
      this.#textSources[slot] = IN_RECORD;
    } else {
      const text = toUtf8(record.bytes.subarray(from, from + length), encoding);
      this.#converted[slot] = text;
      this.#textStarts[slot] = 0;
      this.#textLengths[slot] = text.length;
      this.#textSources[slot] = CONVERTED;
    }
    return true;
  }

  loadConstant(text: number, slot: number): void {
    this.#textStarts[slot] = 0;
    this.#textLengths[slot] = this.#program.texts[text]!.decoded.length;
    this.#textSources[slot] = text;
  }

  /** Compares the texts in slots `slot` and `slot + 1`. */
  compareTexts(record: RecordView, slot: number): number {
    return compareText(
      this.#textBytes(record, slot),
      this.#textStarts[slot]!,
      this.#textLengths[slot]!,
      this.#isPrefix(slot),
      this.#textBytes(record, slot + 1),
      this.#textStarts[slot + 1]!,
      this.#textLengths[slot + 1]!,
      this.#isPrefix(slot + 1),
    );
  }

  #textBytes(record: RecordView, slot: number): Uint8Array {
    const source = this.#textSources[slot]!;
    if (source === IN_RECORD) return record.bytes;
    return source === CONVERTED ? this.#converted[slot]! : this.#program.texts[source]!.decoded;
  }

  #isPrefix(slot: number): boolean {
    const source = this.#textSources[slot]!;
    return source >= 0 && this.#program.texts[source]!.globClass === "star-at-end";
  }

  matchesPattern(record: RecordView, pattern: number, slot: number): boolean {
    const bytes = this.#textBytes(record, slot);
    const codes = this.#program.texts[pattern]!.pattern;
    return matchesPattern(codes, bytes, this.#textStarts[slot]!, this.#textLengths[slot]!);
  }

  // --- numbers

  loadDouble(record: RecordView, field: number, slot: number): boolean {
    const bit = record.bitOffsets[field]!;
    if (bit < 0) return false;
    const { size, byteOrder, coding } = this.layouts[field]!;
    this.numbers[slot] = readFloat(
      record.bytes,
      bit,
      size,
      byteOrder === "little-endian",
      coding === "reversed",
    );
    return true;
  }

  loadElement(record: RecordView, field: number, index: number, slot: number): boolean {
    if (!hasElement(record, field, index)) return false;
    const layout = this.layouts[field]!;
    const bit = record.bitOffsets[field]! + index * layout.stride;
    readIntegerField(record.bytes, bit, layout, this.#word);
    this.hi[slot] = this.#word.hi;
    this.lo[slot] = this.#word.lo;
    return true;
  }

  asDouble(slot: number): number {
    this.#word.hi = this.hi[slot]!;
    this.#word.lo = this.lo[slot]!;
    return wordToNumber(this.#word, true);
  }

  // --- values that carry their type along

  /** Position of the option that the record has, or -1. */
  presentChoice(record: RecordView, choices: number): number {
    const options = this.#program.choices[choices]!;
    for (let i = 0; i < options.length; i++) {
      if (record.bitOffsets[options[i]!.field]! >= 0) return i;
    }
    return -1;
  }

  loadChoice(record: RecordView, choices: number, slot: number): boolean {
    const present = this.presentChoice(record, choices);
    if (present === -1) return false;
    const { field, load } = this.#program.choices[choices]![present]!;
    switch (load) {
      case "integer": {
        const bit = record.bitOffsets[field]!;
        readIntegerField(record.bytes, bit, this.layouts[field]!, this.#word);
        this.hi[slot] = this.#word.hi;
        this.lo[slot] = this.#word.lo;
        this.types[slot] = INTEGER;
        return true;
      }
      case "double":
        this.types[slot] = DOUBLE;
        return this.loadDouble(record, field, slot);
      case "text":
        this.types[slot] = TEXT;
        return this.loadText(record, field, slot);
    }
  }

  /** The type in a slot: what the instruction says, or what the value carries. */
  typeOf(operand: number, slot: number): number {
    return operand === DYNAMIC ? this.types[slot]! : operand;
  }

  /** Leaves 0 or 1 in `slot`; false when a number meets a text. */
  compareDynamic(
    record: RecordView,
    comparison: number,
    leftType: number,
    rightType: number,
    slot: number,
  ): boolean {
    const a = this.typeOf(leftType, slot);
    const b = this.typeOf(rightType, slot + 1);
    if ((a === TEXT) !== (b === TEXT)) return false;
    let sign: number;
    if (a === TEXT) sign = this.compareTexts(record, slot);
    else if (a === INTEGER && b === INTEGER) {
      const [hi, lo] = [this.hi, this.lo];
      sign = compareIntegers(hi[slot]!, lo[slot]!, hi[slot + 1]!, lo[slot + 1]!);
    } else {
      const x = a === DOUBLE ? this.numbers[slot]! : this.asDouble(slot);
      const y = b === DOUBLE ? this.numbers[slot + 1]! : this.asDouble(slot + 1);
      sign = compareDoubles(x, y);
    }
    this.hi[slot] = 0;
    this.lo[slot] = holds(comparison, sign) ? 1 : 0;
    return true;
  }

  isZero(slot: number): boolean {
    if (this.types[slot] === DOUBLE) return this.numbers[slot] === 0;
    return this.hi[slot] === 0 && this.lo[slot] === 0;
  }
}

const IN_RECORD = -1;
const CONVERTED = -2;
/** Types as the dynamic instructions number them. */
export const INTEGER: number = TYPE_ORDER.indexOf("integer");
export const DOUBLE: number = TYPE_ORDER.indexOf("double");
export const TEXT: number = TYPE_ORDER.indexOf("text");
const DYNAMIC: number = TYPE_ORDER.indexOf("dynamic");

/** How the bits of a number lie; for arrays, of one element. Sizes in bits; texts have only an encoding. */
export interface Layout extends IntegerLayout {
  readonly stride: number;
  readonly encoding: TextEncoding;
}

function layoutOf({ fieldClass }: FieldRef): Layout {
  const number: FieldClass = fieldClass.kind === "array" ? fieldClass.element : fieldClass;
  const base: Layout = {
    coding: "plain",
    form: "number",
    size: 0,
    signed: false,
    byteOrder: "little-endian",
    stride: 0,
    encoding: number.kind === "string" || number.kind === "text" ? number.encoding : "utf-8",
  };
  if (number.kind !== "integer" && number.kind !== "float") return base;
  const { size, align, byteOrder, coding } = number;
  const stride = Math.ceil(size / align) * align;
  if (number.kind === "float") return { ...base, coding, size, byteOrder, stride };
  return { ...base, coding, form: number.form, size, signed: number.signed, byteOrder, stride };
}

/** Whether the array is there and has the element. */
export function hasElement(record: RecordView, field: number, index: number): boolean {
  return record.bitOffsets[field]! >= 0 && index < record.lengths[field]!;
}
