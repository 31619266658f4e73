/**
 * Runs linked code on one record after another. Nothing is allocated per record.
 *
 * The case labels are numbers, so that the engine makes a jump table; a test compares them with `opcodes.ts`.
 */
import type { Word } from "../base/bits.ts";
import { readIntegerField } from "../ctf/read-field.ts";
import {
  bitwise,
  compareDoubles,
  compareIntegers,
  holds,
  negate,
  truncateToInteger,
} from "./arithmetic.ts";
import type { LinkedProgram } from "./bytecode.ts";
import type { RecordView } from "./record-view.ts";
import { validateLinked } from "./validate.ts";
import { DOUBLE, hasElement, INTEGER, TEXT, ValueStack } from "./value-stack.ts";

/** Executes a linked program. Keeps its own stack: one interpreter runs one record at a time. */
export class FilterInterpreter {
  readonly #program: LinkedProgram;
  readonly #values: ValueStack;
  readonly #word: Word = { hi: 0, lo: 0 };

  /** @throws RangeError when the program is not valid code */
  constructor(program: LinkedProgram) {
    const depth = program.verdict === "evaluate" ? validateLinked(program) : 0;
    this.#program = program;
    this.#values = new ValueStack(program, depth);
  }

  /** Whether the filter selects the record. `record` is only read, and only during the call. */
  matches(record: RecordView): boolean {
    if (this.#program.verdict !== "evaluate") return this.#program.verdict === "always";
    return this.#run(record);
  }

  /** Hot loop: one switch over all instructions, whose state stays in local variables. */
  #run(record: RecordView): boolean {
    const { code, integers, doubles } = this.#program;
    const values = this.#values;
    const { hi, lo, numbers, types, layouts } = values;
    const word = this.#word;
    let at = 0;
    // Index of s0; the validator has shown that it stays inside the arrays.
    let top = -1;
    for (;;) {
      switch (code[at]!) {
        case 1: // RETURN
          return hi[top] !== 0 || lo[top] !== 0;
        case 7: // BIT_RSHIFT
        case 8: // BIT_LSHIFT
        case 9: // BIT_AND
        case 10: // BIT_OR
        case 11: // BIT_XOR
          top--;
          if (!bitwise(code[at]! - 7, hi[top]!, lo[top]!, hi[top + 1]!, lo[top + 1]!, word))
            return false;
          hi[top] = word.hi;
          lo[top] = word.lo;
          at++;
          break;
        case 18: // EQ_STRING
        case 19: // NE_STRING
        case 20: // GT_STRING
        case 21: // LT_STRING
        case 22: // GE_STRING
        case 23: // LE_STRING
          top--;
          lo[top] = holds(code[at]! - 18, values.compareTexts(record, top)) ? 1 : 0;
          hi[top] = 0;
          at++;
          break;
        case 24: // EQ_S64
          top--;
          lo[top] = lo[top] === lo[top + 1] && hi[top] === hi[top + 1] ? 1 : 0;
          hi[top] = 0;
          at++;
          break;
        case 25: // NE_S64
          top--;
          lo[top] = lo[top] === lo[top + 1] && hi[top] === hi[top + 1] ? 0 : 1;
          hi[top] = 0;
          at++;
          break;
        case 26: // GT_S64
          top--;
          lo[top] = compareIntegers(hi[top]!, lo[top]!, hi[top + 1]!, lo[top + 1]!) > 0 ? 1 : 0;
          hi[top] = 0;
          at++;
          break;
        case 27: // LT_S64
          top--;
          lo[top] = compareIntegers(hi[top]!, lo[top]!, hi[top + 1]!, lo[top + 1]!) < 0 ? 1 : 0;
          hi[top] = 0;
          at++;
          break;
        case 28: // GE_S64
          top--;
          lo[top] = compareIntegers(hi[top]!, lo[top]!, hi[top + 1]!, lo[top + 1]!) >= 0 ? 1 : 0;
          hi[top] = 0;
          at++;
          break;
        case 29: // LE_S64
          top--;
          lo[top] = compareIntegers(hi[top]!, lo[top]!, hi[top + 1]!, lo[top + 1]!) <= 0 ? 1 : 0;
          hi[top] = 0;
          at++;
          break;
        case 30: // EQ_DOUBLE
        case 31: // NE_DOUBLE
        case 32: // GT_DOUBLE
        case 33: // LT_DOUBLE
        case 34: // GE_DOUBLE
        case 35: // LE_DOUBLE
          top--;
          lo[top] = holds(code[at]! - 30, compareDoubles(numbers[top]!, numbers[top + 1]!)) ? 1 : 0;
          hi[top] = 0;
          at++;
          break;
        case 36: // EQ_DOUBLE_S64
        case 37: // NE_DOUBLE_S64
        case 38: // GT_DOUBLE_S64
        case 39: // LT_DOUBLE_S64
        case 40: // GE_DOUBLE_S64
        case 41: // LE_DOUBLE_S64
          top--;
          lo[top] = holds(code[at]! - 36, compareDoubles(numbers[top]!, values.asDouble(top + 1)))
            ? 1
            : 0;
          hi[top] = 0;
          at++;
          break;
        case 42: // EQ_S64_DOUBLE
        case 43: // NE_S64_DOUBLE
        case 44: // GT_S64_DOUBLE
        case 45: // LT_S64_DOUBLE
        case 46: // GE_S64_DOUBLE
        case 47: // LE_S64_DOUBLE
          top--;
          lo[top] = holds(code[at]! - 42, compareDoubles(values.asDouble(top), numbers[top + 1]!))
            ? 1
            : 0;
          hi[top] = 0;
          at++;
          break;
        case 52: // UNARY_MINUS_S64
          negate(hi[top]!, lo[top]!, word);
          hi[top] = word.hi;
          lo[top] = word.lo;
          at++;
          break;
        case 53: // UNARY_NOT_S64
          lo[top] = hi[top] === 0 && lo[top] === 0 ? 1 : 0;
          hi[top] = 0;
          at++;
          break;
        case 55: // UNARY_MINUS_DOUBLE
          numbers[top] = -numbers[top]!;
          at++;
          break;
        case 56: // UNARY_NOT_DOUBLE
          lo[top] = numbers[top] === 0 ? 1 : 0;
          hi[top] = 0;
          at++;
          break;
        case 57: // AND
          if (hi[top] === 0 && lo[top] === 0) {
            at = code[at + 1]!;
          } else {
            top--;
            at += 2;
          }
          break;
        case 58: // OR
          if (hi[top] !== 0 || lo[top] !== 0) {
            hi[top] = 0;
            lo[top] = 1;
            at = code[at + 1]!;
          } else {
            top--;
            at += 2;
          }
          break;
        case 60: // LOAD_FIELD_TEXT
          if (!values.loadText(record, code[at + 1]!, ++top)) return false;
          at += 2;
          break;
        case 62: {
          // LOAD_FIELD_S64
          const field = code[at + 1]!;
          const bit = record.bitOffsets[field]!;
          if (bit < 0) return false;
          readIntegerField(record.bytes, bit, layouts[field]!, word);
          hi[++top] = word.hi;
          lo[top] = word.lo;
          at += 2;
          break;
        }
        case 63: // LOAD_FIELD_DOUBLE
          if (!values.loadDouble(record, code[at + 1]!, ++top)) return false;
          at += 2;
          break;
        case 64: // LOAD_STRING
          values.loadConstant(code[at + 1]!, ++top);
          at += 2;
          break;
        case 65: // LOAD_S64
          hi[++top] = integers[2 * code[at + 1]!]!;
          lo[top] = integers[2 * code[at + 1]! + 1]!;
          at += 2;
          break;
        case 66: // LOAD_DOUBLE
          numbers[++top] = doubles[code[at + 1]!]!;
          at += 2;
          break;
        case 68: // CAST_DOUBLE_TO_S64
          truncateToInteger(numbers[top]!, word);
          hi[top] = word.hi;
          lo[top] = word.lo;
          at++;
          break;
        case 77: // EQ_STAR_GLOB_STRING
        case 78: // NE_STAR_GLOB_STRING
          lo[top] = values.matchesPattern(record, code[at + 1]!, top) === (code[at] === 77) ? 1 : 0;
          hi[top] = 0;
          at += 2;
          break;
        case 90: // LOAD_ELEMENT_S64
          if (!values.loadElement(record, code[at + 1]!, code[at + 2]!, ++top)) return false;
          at += 3;
          break;
        case 98: // UNARY_BIT_NOT
          hi[top] = ~hi[top]!;
          lo[top] = ~lo[top]!;
          at++;
          break;
        case 102: // SKIP_IF_NO_FIELD
          if (record.bitOffsets[code[at + 1]!]! >= 0) {
            at += 3;
          } else {
            hi[++top] = lo[top] = 0;
            at = code[at + 2]!;
          }
          break;
        case 103: // SKIP_IF_NO_ELEMENT
          if (hasElement(record, code[at + 1]!, code[at + 2]!)) {
            at += 4;
          } else {
            hi[++top] = lo[top] = 0;
            at = code[at + 3]!;
          }
          break;
        case 104: // SKIP_IF_NO_CHOICE
          if (values.presentChoice(record, code[at + 1]!) !== -1) {
            at += 3;
          } else {
            hi[++top] = lo[top] = 0;
            at = code[at + 2]!;
          }
          break;
        case 105: // LOAD_CHOICE
          if (!values.loadChoice(record, code[at + 1]!, ++top)) return false;
          at += 2;
          break;
        case 106: // COMPARE_DYNAMIC
          top--;
          if (!values.compareDynamic(record, code[at + 1]!, code[at + 2]!, code[at + 3]!, top))
            return false;
          at += 4;
          break;
        case 107: // BITWISE_DYNAMIC
          top--;
          if (values.typeOf(code[at + 2]!, top) !== INTEGER) return false;
          if (values.typeOf(code[at + 3]!, top + 1) !== INTEGER) return false;
          if (!bitwise(code[at + 1]!, hi[top]!, lo[top]!, hi[top + 1]!, lo[top + 1]!, word))
            return false;
          hi[top] = word.hi;
          lo[top] = word.lo;
          at += 4;
          break;
        case 108: // UNARY_MINUS_DYNAMIC
          if (types[top] === TEXT) return false;
          negate(hi[top]!, lo[top]!, word);
          hi[top] = word.hi;
          lo[top] = word.lo;
          numbers[top] = -numbers[top]!;
          at++;
          break;
        case 109: // UNARY_NOT_DYNAMIC
          if (types[top] === TEXT) return false;
          lo[top] = values.isZero(top) ? 1 : 0;
          hi[top] = 0;
          at++;
          break;
        case 110: // CAST_DYNAMIC_TO_S64
          if (types[top] === TEXT) return false;
          if (types[top] === DOUBLE) {
            truncateToInteger(numbers[top]!, word);
            hi[top] = word.hi;
            lo[top] = word.lo;
          }
          at++;
          break;
        case 111: // NEED_INTEGER
          if (types[top] !== INTEGER) return false;
          at++;
          break;
        case 112: // NEED_TEXT
          if (types[top] !== TEXT) return false;
          at++;
          break;
        case 113: // LOAD_TIME
          hi[++top] = record.timeHi;
          lo[top] = record.timeLo;
          at++;
          break;
        default:
          throw new RangeError(`filter code: no opcode ${code[at]} at word ${at}`);
      }
    }
  }
}
