/** What the render machine leaves to JavaScript: floats, whose shortest digits it does not know, and enumeration labels. */

import { isoSecond, timeOfDay } from "../../../base/time.ts";
import { Utf8Writer } from "../../../base/utf8-writer.ts";
import { writeVisible } from "../../../base/visible.ts";
import type { RenderStyle } from "../../../column/request.ts";
import type { IntegerClass } from "../../../ctf/trace-class.ts";
import { writeCsvText } from "../../csv-text.ts";
import { writeJsonString } from "../../json-string.ts";
import { type ValueWriter, valueWriter } from "../../render.ts";
import { STYLES } from "../../render-style.ts";
import type { KernelMemory } from "../memory/memory.ts";
import type { HostRenderers } from "./render-program.ts";

const FLOAT_STYLES: readonly RenderStyle[] = ["json", "text", "babeltrace"];

/** How the host writes a text: what is safe to show of it, as it stands, as a JSON string, as a field of CSV. */
export const TextForm = { visible: 0, plain: 1, json: 2, csv: 3 } as const;

const TEXT_WRITERS: readonly ((bytes: Uint8Array, out: Utf8Writer) => void)[] = [
  writeVisible,
  (bytes, out) => out.raw(bytes),
  (bytes, out) => writeJsonString(bytes, 0, bytes.length, out),
  writeCsvText,
];

const encoder = new TextEncoder();
/** A mark of the byte order is a character like others. */
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

export class RenderHost implements HostRenderers {
  readonly #memory: KernelMemory;
  readonly #writer = new Utf8Writer();
  readonly #enumerations: ValueWriter[] = [];
  readonly #numbers = new Map<RenderStyle, Map<IntegerClass, number>>();

  constructor(memory: KernelMemory) {
    this.#memory = memory;
  }

  floatStyle(style: RenderStyle): number {
    return FLOAT_STYLES.indexOf(style);
  }

  enumeration(style: RenderStyle, fieldClass: IntegerClass): number {
    const numbers = this.#numbers.get(style) ?? new Map<IntegerClass, number>();
    this.#numbers.set(style, numbers);
    let number = numbers.get(fieldClass);
    if (number === undefined) {
      number = this.#enumerations.push(valueWriter(STYLES[style], fieldClass)) - 1;
      numbers.set(fieldClass, number);
    }
    return number;
  }

  /** (value, size, style, out) → address behind the digits. */
  readonly float = (value: number, size: number, style: number, out: number): number => {
    this.#writer.length = 0;
    STYLES[FLOAT_STYLES[style]!].float(value, size === 32 ? 32 : 64, this.#writer);
    return this.#copy(out);
  };

  /** (enumeration, hi, lo, out, limit) → address behind value and labels, or -1 if they do not fit. */
  readonly labels = (
    enumeration: number,
    hi: number,
    lo: number,
    out: number,
    limit: number,
  ): number => {
    this.#writer.length = 0;
    this.#enumerations[enumeration]!({ hi, lo }, this.#writer);
    return out + this.#writer.length > limit >>> 0 ? -1 : this.#copy(out);
  };

  /** (seconds since the Unix epoch, out, whether ISO 8601): writes the local time of day, eight characters, or `isoSecond` and a point. */
  readonly clock = (seconds: number, out: number, isIso: number): void => {
    const date = new Date(seconds * 1000);
    this.#writer.length = 0;
    this.#writer.ascii(isIso === 0 ? timeOfDay(date) : `${isoSecond(date)}.`);
    this.#copy(out);
  };

  /** (text, length, form, out) → address behind the text in a `TextForm`; bytes that are no UTF-8 become U+FFFD. */
  readonly text = (text: number, length: number, form: number, out: number): number => {
    this.#writer.length = 0;
    const bytes = this.#memory.u8.slice(text, text + length);
    TEXT_WRITERS[form]!(encoder.encode(decoder.decode(bytes)), this.#writer);
    return this.#copy(out);
  };

  #copy(out: number): number {
    const { bytes, length } = this.#writer;
    this.#memory.u8.set(bytes.subarray(0, length), out);
    return out + length;
  }
}
