/**
 * Field classes → render programs: what the render machine (`render-machine.ts`) executes to write a record as text.
 *
 * A program is i32 words: an operation, then its operands. Addresses are the kernel memory's. What is written is exactly
 * what the renderers of `render.ts` write.
 */

import type { RenderStyle } from "../../../column/request.ts";
import type {
  FieldClass,
  IntegerClass,
  Member,
  OptionalClass,
  StructureClass,
} from "../../../ctf/trace-class.ts";
import { type Brackets, STYLES, type Style } from "../../render-style.ts";
import type { Regions } from "../memory/regions.ts";
import { slotOffset } from "../scan/unit.ts";

/** Numbers of the operations, in the order of the machine's cases. */
export const RenderOp = {
  /** end of the program */
  end: 0,
  /** address, length: copies */
  literal: 1,
  /** align, size, flags, slot: decimal digits */
  decimal: 2,
  /** align, size, flags, slot: decimal digits, between quotes beyond ±(2^53 − 1) */
  jsonInteger: 3,
  /** align, size, flags, slot, bits per digit, bits shown: digits of base 2, 8 or 16; the prefix is a literal */
  power: 4,
  /** align, size, flags, style: by the host */
  float: 5,
  /** align, size, flags, slot, enumeration: by the host, labels and all */
  labels: 6,
  /** mode, table: null-terminated string */
  string: 7,
  /** mode, table, count, slot: text of a static or dynamic length */
  text: 8,
  /** align, count, slot, numbered, program, then address and length of: open, separator, close, empty */
  array: 9,
  /** slot, signed, options, then for each: low lo, low hi, high lo, high hi, program */
  variant: 10,
  /** align */
  align: 11,
  /** the packet's own text, made by the host once for each packet */
  packet: 12,
  /** bytes: first of a program: what it writes takes no more, texts and arrays excepted */
  reserve: 13,
} as const;

/** No number is longer, nor a bracket or separator; copies write up to 15 bytes more. */
export const MAX_NUMBER_BYTES = 80;

/** Flags of numbers. */
export const SIGNED = 1;
export const LITTLE_ENDIAN = 2;

/** How texts are written: between quotes with escapes; or bare where the table calls every byte plain. */
const TextMode = { quoted: 0, bareIfPlain: 1 } as const;

/** What the host writes for the machine. */
export interface HostRenderers {
  /** Number of a float style. */
  floatStyle(style: RenderStyle): number;
  /** Number of an enumeration with a style. */
  enumeration(style: RenderStyle, fieldClass: IntegerClass): number;
}

const encoder = new TextEncoder();

/** Compiles programs into regions of a kernel's memory. */
export class RenderCompiler {
  readonly #regions: Regions;
  readonly #host: HostRenderers;
  readonly #literals = new Map<string, { address: number; length: number }>();
  readonly #tables = new Map<RenderStyle, number>();
  readonly #programs = new Map<number, Int32Array>();

  constructor(regions: Regions, host: HostRenderers) {
    this.#regions = regions;
    this.#host = host;
  }

  /** The program of one scope's structure, as `scopeRenderer`. */
  scope(style: RenderStyle, structure: StructureClass): number {
    const words = new Words(this);
    const form = STYLES[style];
    const brackets =
      style === "text" ? { ...form.structure, open: "", close: "", empty: "" } : form.structure;
    this.#structure(words, style, structure, brackets);
    return words.finish();
  }

  /** The program of a whole record, as `recordRenderer`. */
  record(head: string, hasPacketContext: boolean, scopes: readonly StructureClass[]): number {
    const words = new Words(this);
    words.literal(head);
    if (hasPacketContext) words.push(RenderOp.packet);
    scopes.forEach((structure, i) => {
      if (i > 0 || hasPacketContext) words.literal(", ");
      this.#structure(words, "babeltrace", structure, STYLES.babeltrace.structure);
    });
    return words.finish();
  }

  /** The program of a single field, as `fieldRenderer`. */
  value(style: RenderStyle, fieldClass: FieldClass): number {
    return this.#program(style, fieldClass);
  }

  /** A program that writes a text whatever the record is. */
  constant(text: string): number {
    const words = new Words(this);
    words.literal(text);
    return words.finish();
  }

  /** The words of a program, by its address. */
  wordsOf(program: number): Int32Array {
    return this.#programs.get(program)!;
  }

  /** Puts a program into the memory. */
  store(words: Int32Array): number {
    const address = this.#regions.literal(new Uint8Array(words.buffer));
    this.#programs.set(address, words);
    return address;
  }

  /** A text in the memory; equal ones are there once. */
  place(text: string): { address: number; length: number } {
    let literal = this.#literals.get(text);
    if (literal === undefined) {
      const bytes = encoder.encode(text);
      literal = { address: this.#regions.literal(bytes), length: bytes.length };
      this.#literals.set(text, literal);
    }
    return literal;
  }

  #program(style: RenderStyle, fieldClass: FieldClass, head = "", tail = ""): number {
    const words = new Words(this);
    words.literal(head);
    this.#field(words, style, fieldClass);
    words.literal(tail);
    return words.finish();
  }

  #field(words: Words, style: RenderStyle, fieldClass: FieldClass): void {
    const form = STYLES[style];
    switch (fieldClass.kind) {
      case "blob":
        throw new RangeError("blobs are not rendered by the machine");
      case "optional":
        this.#optional(words, style, fieldClass);
        break;
      case "integer":
        this.#integer(words, style, form, fieldClass);
        break;
      case "float": {
        const flags = fieldClass.byteOrder === "little-endian" ? LITTLE_ENDIAN : 0;
        words.push(
          RenderOp.float,
          fieldClass.align,
          fieldClass.size,
          flags,
          this.#host.floatStyle(style),
        );
        break;
      }
      case "string":
        words.push(RenderOp.string, textMode(style), this.#table(style));
        break;
      case "text": {
        const { count, slot } = this.#length(fieldClass.length);
        words.push(RenderOp.text, textMode(style), this.#table(style), count, slot);
        break;
      }
      case "array": {
        const { count, slot } = this.#length(fieldClass.length);
        const numbered = form.numbersElements ? 1 : 0;
        const element = this.#program(style, fieldClass.element);
        const { open, separator, close, empty } = form.array;
        const texts = [open, separator, close, empty].flatMap((text) => {
          const { address, length } = this.place(text);
          return [address, length];
        });
        words.push(RenderOp.array, fieldClass.align, count, slot, numbered, element, ...texts);
        break;
      }
      case "structure":
        this.#structure(words, style, fieldClass, form.structure);
        break;
      case "variant":
        this.#variant(words, style, form, fieldClass);
        break;
    }
  }

  #integer(words: Words, style: RenderStyle, form: Style, fieldClass: IntegerClass): void {
    const { align, size, signed, byteOrder, base, mappings, form: meaning } = fieldClass;
    const flags = (signed ? SIGNED : 0) | (byteOrder === "little-endian" ? LITTLE_ENDIAN : 0);
    const slot = fieldClass.slot === undefined ? 0 : slotOffset(fieldClass.slot);
    // What is more than digits the host writes; so it does where every binary digit is shown.
    const isLabelled = meaning === "bit-map" || mappings !== undefined;
    const isHosts = form.integer === undefined && (isLabelled || base === 2);
    if (meaning === "boolean" || isHosts) {
      words.push(
        RenderOp.labels,
        align,
        size,
        flags,
        slot,
        this.#host.enumeration(style, fieldClass),
      );
    } else if (form.integer !== undefined) {
      words.push(RenderOp.jsonInteger, align, size, flags, slot);
    } else if (base === 10) {
      words.push(RenderOp.decimal, align, size, flags, slot);
    } else {
      const digitBits = base === 16 ? 4 : 3;
      const shown = signed ? Math.min(64, Math.ceil(size / digitBits) * digitBits) : size;
      words.literal(base === 16 ? "0x" : "0");
      words.push(RenderOp.power, align, size, flags, slot, digitBits, shown);
    }
  }

  #structure(
    words: Words,
    style: RenderStyle,
    { align, members }: StructureClass,
    brackets: Brackets,
  ): void {
    const form = STYLES[style];
    if (align > 1) words.push(RenderOp.align, align);
    if (members.length === 0) {
      words.literal(brackets.empty);
      return;
    }
    members.forEach((member: Member, i) => {
      words.literal(`${i === 0 ? brackets.open : brackets.separator}${form.name(member.name)}`);
      this.#field(words, style, member.fieldClass);
    });
    words.literal(brackets.close);
  }

  #variant(
    words: Words,
    style: RenderStyle,
    form: Style,
    variant: FieldClass & { kind: "variant" },
  ): void {
    const { open, close } = form.structure;
    const ranges = variant.options.flatMap((option) => {
      const head = form.namesOption ? form.name(option.name) : "";
      const program = this.#program(style, option.fieldClass, head);
      return option.ranges.map(({ low, high }) => [...halves(low), ...halves(high), program]);
    });
    words.literal(open);
    const slot = slotOffset(variant.selectorSlot);
    words.push(
      RenderOp.variant,
      slot,
      variant.selectorSigned ? 1 : 0,
      ranges.length,
      ...ranges.flat(),
    );
    words.literal(close);
  }

  /** The field where it is there, and else a text: a variant whose last option takes every value. */
  #optional(
    words: Words,
    style: RenderStyle,
    { selectorSlot, selectorSigned, ranges, fieldClass }: OptionalClass,
  ): void {
    const { open, close, absent: text } = STYLES[style].optional;
    const present = this.#program(style, fieldClass, open, close);
    const absent = this.constant(text);
    const [low, high] = selectorSigned ? [-(1n << 63n), (1n << 63n) - 1n] : [0n, (1n << 64n) - 1n];
    const slot = slotOffset(selectorSlot);
    words.push(RenderOp.variant, slot, selectorSigned ? 1 : 0, ranges.length + 1);
    for (const range of ranges) words.push(...halves(range.low), ...halves(range.high), present);
    words.push(...halves(low), ...halves(high), absent);
  }

  #length(length: (FieldClass & { kind: "text" })["length"]): { count: number; slot: number } {
    if (length.kind === "static") return { count: length.count, slot: 0 };
    return { count: 0, slot: slotOffset(length.slot) };
  }

  /** For each byte eight: how many stand for it, then those; 0 marks a byte that is not plain in a bare word. */
  #table(style: RenderStyle): number {
    let address = this.#tables.get(style);
    if (address === undefined) {
      address = this.#regions.literal(escapeTable(STYLES[style]));
      this.#tables.set(style, address);
    }
    return address;
  }
}

/** Whether the machine can write a field class; what it cannot, the interpreter does. */
export function isRenderable(fieldClass: FieldClass): boolean {
  switch (fieldClass.kind) {
    case "integer":
    case "float":
      return fieldClass.coding === "plain";
    case "string":
    case "text":
      return fieldClass.encoding === "utf-8";
    case "blob":
      return false;
    case "array":
      return isRenderable(fieldClass.element);
    case "optional":
      return isRenderable(fieldClass.fieldClass);
    case "structure":
      return fieldClass.members.every(
        ({ fieldClass: own, isHidden }) => isHidden !== true && isRenderable(own),
      );
    case "variant":
      return fieldClass.options.every((option) => isRenderable(option.fieldClass));
  }
}

function textMode(style: RenderStyle): number {
  return style === "text" ? TextMode.bareIfPlain : TextMode.quoted;
}

function halves(value: bigint): [number, number] {
  return [Number(BigInt.asIntN(32, value)), Number(BigInt.asIntN(32, value >> 32n))];
}

/** What a style makes of each byte inside quotes; byte 7 of an entry says whether a bare word may hold it. */
function escapeTable(style: Style): Uint8Array {
  const table = new Uint8Array(256 * 8);
  for (let byte = 0; byte < 256; byte++) {
    const written = style.escapes(byte);
    table[byte * 8] = written.length;
    table.set(written, byte * 8 + 1);
    table[byte * 8 + 7] = style.isBare(byte) ? 1 : 0;
  }
  return table;
}

/** A program being written: neighbouring literals become one. */
class Words {
  readonly #compiler: RenderCompiler;
  readonly #words: number[] = [RenderOp.reserve, 0];
  #literal = "";
  #reserve = 0;

  constructor(compiler: RenderCompiler) {
    this.#compiler = compiler;
  }

  literal(text: string): void {
    this.#literal += text;
  }

  push(...words: number[]): void {
    this.#flush();
    this.#words.push(...words);
    this.#reserve += MAX_NUMBER_BYTES;
  }

  /** Address of the program. */
  finish(): number {
    this.push(RenderOp.end);
    this.#words[1] = this.#reserve;
    return this.#compiler.store(Int32Array.from(this.#words));
  }

  #flush(): void {
    if (this.#literal === "") return;
    const { address, length } = this.#compiler.place(this.#literal);
    this.#literal = "";
    this.#words.push(RenderOp.literal, address, length);
    this.#reserve += length;
  }
}
