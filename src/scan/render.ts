/**
 * Fields as text. A renderer is compiled once per field class and style: names, separators and number forms are settled
 * then, and rendering a record only reads and writes.
 */

import { type Word, wordToBigInt, wordToNumber } from "../base/bits.ts";
import type { Utf8Writer } from "../base/utf8-writer.ts";
import type { RenderStyle } from "../column/request.ts";
import type { FieldCursor } from "../ctf/field-cursor.ts";
import { eachMapping } from "../ctf/mappings.ts";
import { toUtf8 } from "../ctf/text-encoding.ts";
import type {
  ArrayClass,
  FieldClass,
  IntegerClass,
  Mappings,
  Member,
  StringClass,
  StructureClass,
  TextClass,
  VariantClass,
} from "../ctf/trace-class.ts";
import { LabelIndex } from "./label-index.ts";
import { type Brackets, STYLES, type Style } from "./render-style.ts";

/** Reads one field at the cursor and writes it. */
export type Renderer = (cursor: FieldCursor, out: Utf8Writer) => void;

/** The renderer of any field class. */
export function fieldRenderer(style: RenderStyle, fieldClass: FieldClass): Renderer {
  return compile(STYLES[style], fieldClass);
}

/**
 * The renderer of a scope's structure, alignment included. `json` and `babeltrace` write the surrounding braces, `text`
 * does not. Members that are not shown are read all the same.
 */
export function scopeRenderer(
  style: RenderStyle,
  structure: StructureClass,
  isShown: (member: Member) => boolean = () => true,
): Renderer {
  const form = STYLES[style];
  const brackets =
    style === "text" ? { ...form.structure, open: "", close: "", empty: "" } : form.structure;
  return compileStructure(form, structure, brackets, isShown);
}

function compile(style: Style, fieldClass: FieldClass): Renderer {
  switch (fieldClass.kind) {
    case "integer":
      return compileInteger(style, fieldClass);
    case "float":
      return (cursor, out) => style.float(cursor.readFloat(fieldClass), fieldClass.size, out);
    case "string":
      return (cursor, out) => {
        cursor.readString(fieldClass);
        writeText(style, fieldClass, cursor, out);
      };
    case "text":
      return (cursor, out) => {
        cursor.readText(fieldClass);
        writeText(style, fieldClass, cursor, out);
      };
    case "blob":
      return (cursor, out) => {
        cursor.readBlob(fieldClass);
        style.blob(cursor.bytes, cursor.from, cursor.to, out);
      };
    case "optional": {
      const render = compile(style, fieldClass.fieldClass);
      const { open, close, absent } = style.optional;
      return (cursor, out) => {
        if (!cursor.isPresent(fieldClass)) {
          out.ascii(absent);
          return;
        }
        out.ascii(open);
        render(cursor, out);
        out.ascii(close);
      };
    }
    case "array":
      return compileArray(style, fieldClass);
    case "structure":
      return compileStructure(style, fieldClass, style.structure, () => true);
    case "variant":
      return compileVariant(style, fieldClass);
  }
}

function writeText(
  style: Style,
  { encoding }: StringClass | TextClass,
  { bytes, from, to }: FieldCursor,
  out: Utf8Writer,
): void {
  if (encoding === "utf-8") {
    style.text(bytes, from, to, out);
  } else {
    const text = toUtf8(bytes.subarray(from, to), encoding);
    style.text(text, 0, text.length, out);
  }
}

function compileInteger(style: Style, fieldClass: IntegerClass): Renderer {
  const { signed, base, mappings, form } = fieldClass;
  if (style.integer !== undefined && form !== "boolean") {
    const { integer } = style;
    return (cursor, out) => integer(cursor.readInteger(fieldClass), signed, out);
  }
  if (form === "number" && mappings === undefined && base === 10)
    return (cursor, out) => out.decimal(cursor.readInteger(fieldClass), signed);
  const write = valueWriter(style, fieldClass);
  return (cursor, out) => write(cursor.readInteger(fieldClass), out);
}

/** Writes a value that is more than digits: a truth value, bits, an enumeration with its labels. */
export type ValueWriter = (word: Word, out: Utf8Writer) => void;

export function valueWriter(style: Style, fieldClass: IntegerClass): ValueWriter {
  const { form, mappings } = fieldClass;
  if (form === "boolean")
    return (word, out) => out.ascii((word.hi | word.lo) === 0 ? "false" : "true");
  if (form === "bit-map") return flagsWriter(style, fieldClass);
  const { labelled } = style;
  if (mappings === undefined || labelled === undefined)
    return (word, out) => writeInteger(fieldClass, word, out);
  const labels = new LabelCache(fieldClass, labelled.labels, rangeLabels);
  return (word, out) => {
    const before = labels.of(word);
    if (before === undefined && labelled.isOptional) {
      writeInteger(fieldClass, word, out);
      return;
    }
    out.raw(before ?? labelled.none);
    writeInteger(fieldClass, word, out);
    out.ascii(labelled.close);
  };
}

/** A bit map's value, and the flags of which any bit is set. */
function flagsWriter(style: Style, fieldClass: IntegerClass): ValueWriter {
  const labels = new LabelCache(fieldClass, style.flags.labels, flagLabels);
  return (word, out) => {
    const flags = labels.of(word);
    if (style.flags.isBefore && flags !== undefined) out.raw(flags);
    writeInteger(fieldClass, word, out);
    if (flags === undefined) return;
    if (style.flags.isBefore) out.byte(CLOSE_PARENTHESIS);
    else out.raw(flags);
  };
}

/** Integers in bases other than ten show the field's own bits, also when signed. */
function writeInteger(fieldClass: IntegerClass, word: Word, out: Utf8Writer): void {
  const { base, size, signed } = fieldClass;
  if (base === 10) {
    out.decimal(word, signed);
    return;
  }
  out.ascii(base === 16 ? "0x" : base === 8 ? "0" : "0b");
  const digitBits = base === 16 ? 4 : base === 8 ? 3 : 1;
  // Signed values are sign-extended to whole digits, as babeltrace2 prints them.
  const bits = signed ? Math.min(64, Math.ceil(size / digitBits) * digitBits) : size;
  if (base === 2) out.binary(word, bits);
  else out.power(word, bits, base);
}

function compileStructure(
  style: Style,
  structure: StructureClass,
  brackets: Brackets,
  isShown: (member: Member) => boolean,
): Renderer {
  const { align, members } = structure;
  const shown = members.filter((member) => member.isHidden !== true && isShown(member));
  if (shown.length === 0 && members.length === 0) {
    const empty = encoder.encode(brackets.empty);
    return (cursor, out) => {
      cursor.align(align);
      out.raw(empty);
    };
  }
  const steps = members.map((member) => {
    const i = shown.indexOf(member);
    const prefix =
      i === -1
        ? NOTHING
        : encoder.encode(
            `${i === 0 ? brackets.open : brackets.separator}${style.name(member.name)}`,
          );
    return { prefix, isShown: i !== -1, render: compile(style, member.fieldClass) };
  });
  const close = encoder.encode(shown.length === 0 ? brackets.empty : brackets.close);
  return (cursor, out) => {
    cursor.align(align);
    for (let i = 0; i < steps.length; i++) {
      const step = steps[i]!;
      const { length } = out;
      out.raw(step.prefix);
      step.render(cursor, out);
      // What is not shown is read over.
      if (!step.isShown) out.length = length;
    }
    out.raw(close);
  };
}

function compileVariant(style: Style, variant: VariantClass): Renderer {
  const renderers = new Map(
    variant.options.map((option) => [option, compile(style, option.fieldClass)]),
  );
  const { open, close } = style.structure;
  return (cursor, out) => {
    const option = cursor.option(variant);
    out.ascii(open);
    if (style.namesOption) out.raw(encoder.encode(style.name(option.name)));
    renderers.get(option)!(cursor, out);
    out.ascii(close);
  };
}

function compileArray(style: Style, fieldClass: ArrayClass): Renderer {
  const element = compile(style, fieldClass.element);
  const { open, separator, close, empty } = style.array;
  return (cursor, out) => {
    cursor.align(fieldClass.align);
    const count = cursor.length(fieldClass.length, 0);
    if (count === 0) {
      out.ascii(empty);
      return;
    }
    out.ascii(open);
    for (let i = 0; i < count; i++) {
      if (i > 0) out.ascii(separator);
      if (style.numbersElements) {
        out.byte(OPEN_BRACKET);
        out.unsigned(i);
        out.ascii("] = ");
      }
      element(cursor, out);
    }
    out.ascii(close);
  };
}

const CLOSE_PARENTHESIS = 41;
const OPEN_BRACKET = 91;
const NOTHING = new Uint8Array(0);
const encoder = new TextEncoder();

/** Values of an enumeration whose labels were asked for already. */
const MAX_CACHED_LABELS = 4096;

type FindLabels = (value: bigint) => string[];

/** The labels whose ranges hold the value; sorted for it when the first value comes. */
function rangeLabels(mappings: Mappings): FindLabels {
  let index: LabelIndex | undefined;
  return (value) => {
    index ??= new LabelIndex(mappings);
    return index.labelsOf(value);
  };
}

/** The flags of which any bit is set. */
function flagLabels(mappings: Mappings): FindLabels {
  const flags = [...eachMapping(mappings)];
  return (value) =>
    flags
      .filter(({ ranges }) =>
        ranges.some(({ low, high }) => ((value >> low) & ((1n << (high - low + 1n)) - 1n)) !== 0n),
      )
      .map(({ label }) => label);
}

/** The text before a value that has labels; looked up by ranges once a value. */
class LabelCache {
  readonly #fieldClass: IntegerClass;
  readonly #format: (labels: readonly string[]) => string;
  readonly #find: FindLabels;
  readonly #texts = new Map<number, Uint8Array | undefined>();

  constructor(
    fieldClass: IntegerClass,
    format: (labels: readonly string[]) => string,
    find: (mappings: Mappings) => FindLabels,
  ) {
    this.#fieldClass = fieldClass;
    this.#format = format;
    this.#find = find(fieldClass.mappings ?? []);
  }

  of(word: Word): Uint8Array | undefined {
    const key = wordToNumber(word, this.#fieldClass.signed);
    if (this.#texts.has(key)) return this.#texts.get(key);
    const text = this.#lookUp(word);
    // Beyond 2^53 several values share a key.
    if (Number.isSafeInteger(key) && this.#texts.size < MAX_CACHED_LABELS)
      this.#texts.set(key, text);
    return text;
  }

  #lookUp(word: Word): Uint8Array | undefined {
    const value = wordToBigInt(word, this.#fieldClass.signed);
    const labels = this.#find(value);
    return labels.length === 0 ? undefined : encoder.encode(this.#format(labels));
  }
}
