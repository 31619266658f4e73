/**
 * Where byte orders may meet inside a byte. Both count bits from another end of it, so that two fields of different byte
 * order cannot share one (as babeltrace2 2.1.2 and CTF2-SPEC-2.0 §6 have it). Nearly all traces cannot come to that, which
 * shows from their classes alone: their records are read without looking for it.
 */

import { DecodeError } from "../base/errors.ts";
import type {
  ByteOrder,
  EventClass,
  FieldClass,
  StreamClass,
  StructureClass,
} from "./trace-class.ts";

/** The error of a field that begins inside a byte whose first bits are of the other byte order. */
export function changedByteOrder(bit: number, byteOrder: ByteOrder): DecodeError {
  const other = byteOrder === "little-endian" ? "big-endian" : "little-endian";
  return new DecodeError(
    "DECODE_BYTE_ORDER",
    `field: expected ${other} bits up to the end of the byte, got ${byteOrder} ones`,
    bit,
  );
}

/**
 * A set of states: where in a byte the next bit lies, and the byte order of the field before it. Bit `3 * bit + order` stands
 * for one of them.
 */
type States = number;

const Order = { none: 0, "little-endian": 1, "big-endian": 2 } as const;
/** At the beginning of a packet. */
const START: States = 1;
/** Arrays of more elements are taken for any number of them. */
const MOST_ELEMENTS = 16;

const known = new WeakMap<StreamClass, boolean>();

/** Whether packets of a stream class may have a byte whose bits are of two byte orders. */
export function mayChangeInsideBytes(
  packetHeader: StructureClass | undefined,
  streamClass: StreamClass,
): boolean {
  let may = known.get(streamClass);
  if (may === undefined) {
    may = new Search().stream(packetHeader, streamClass);
    known.set(streamClass, may);
  }
  return may;
}

/**
 * Whether a record that has passed these fields may be inside a byte: what nearly all event classes are not is found by one
 * quick look at them.
 */
function mayLeaveByteOpen({ specificContext, payload }: EventClass): boolean {
  if (specificContext === undefined && payload === undefined) return true;
  const hasContextBits = specificContext !== undefined && hasBits(specificContext);
  return hasContextBits || (payload !== undefined && hasBits(payload));
}

/** Whether a field begins or ends inside a byte wherever it stands, or may take no bit at all. */
function hasBits(fieldClass: FieldClass): boolean {
  switch (fieldClass.kind) {
    case "integer":
      return fieldClass.coding !== "leb128" && (fieldClass.size % 8 !== 0 || fieldClass.align < 8);
    case "float":
      return fieldClass.align < 8;
    case "structure": {
      const { align, members } = fieldClass;
      if (members.length === 0) return align < 8;
      for (const { fieldClass: member } of members) if (hasBits(member)) return true;
      return false;
    }
    case "array":
      return fieldClass.align < 8 || hasBits(fieldClass.element);
    case "variant":
    case "optional":
      return true;
    default:
      return false;
  }
}

class Search {
  #found = false;
  /** What elements lead to, by the states before them: arrays of arrays come to the same ones again and again. */
  readonly #after = new Map<FieldClass, Map<States, States>>();

  stream(packetHeader: StructureClass | undefined, streamClass: StreamClass): boolean {
    const { packetContext, eventHeader, commonContext, eventClasses } = streamClass;
    let records = this.#scopes(START, packetHeader, packetContext);
    // All others end where a byte does: the next field shares none with them.
    const classes = [...eventClasses.values()].filter(mayLeaveByteOpen);
    for (;;) {
      const headed = this.#scopes(records, eventHeader, commonContext);
      let next = records;
      for (const eventClass of classes) next |= this.#event(eventClass, headed);
      if (this.#found || next === records) return this.#found;
      records = next;
    }
  }

  #event({ specificContext, payload }: EventClass, states: States): States {
    return this.#scopes(states, specificContext, payload);
  }

  #scopes(states: States, ...scopes: readonly (StructureClass | undefined)[]): States {
    let after = states;
    for (const scope of scopes) if (scope !== undefined) after = this.#field(scope, after);
    return after;
  }

  #field(fieldClass: FieldClass, states: States): States {
    switch (fieldClass.kind) {
      case "integer":
        if (fieldClass.coding === "leb128") return aligned(states, 8);
        return this.#bits(fieldClass, states);
      case "float":
        return this.#bits(fieldClass, states);
      case "string":
      case "text":
      case "blob":
        return aligned(states, 8);
      case "structure": {
        let after = aligned(states, fieldClass.align);
        for (const member of fieldClass.members) after = this.#field(member.fieldClass, after);
        return after;
      }
      case "array":
        return this.#elements(fieldClass, aligned(states, fieldClass.align));
      case "variant":
        return fieldClass.options.reduce(
          (after, option) => after | this.#field(option.fieldClass, states),
          0,
        );
      case "optional":
        return states | this.#field(fieldClass.fieldClass, states);
    }
  }

  #elements({ length, element }: FieldClass & { kind: "array" }, states: States): States {
    if (length.kind === "static" && length.count <= MOST_ELEMENTS) {
      let after = states;
      for (let i = 0; i < length.count; i++) after = this.#element(element, after);
      return after;
    }
    let all = states;
    for (;;) {
      const next = all | this.#element(element, all);
      if (next === all) return all;
      all = next;
    }
  }

  #element(element: FieldClass, states: States): States {
    let known = this.#after.get(element);
    if (known === undefined) {
      known = new Map();
      this.#after.set(element, known);
    }
    let after = known.get(states);
    if (after === undefined) {
      after = this.#field(element, states);
      known.set(states, after);
    }
    return after;
  }

  #bits(
    { align, size, byteOrder }: { align: number; size: number; byteOrder: ByteOrder },
    states: States,
  ): States {
    const own = Order[byteOrder];
    const other = Order["little-endian"] + Order["big-endian"] - own;
    const before = aligned(states, align);
    let after = 0;
    for (let bit = 0; bit < 8; bit++) {
      const here = (before >> (3 * bit)) & 7;
      if (here === 0) continue;
      if (bit > 0 && (here & (1 << other)) !== 0) this.#found = true;
      after |= 1 << (3 * ((bit + size) & 7) + own);
    }
    return after;
  }
}

function aligned(states: States, align: number): States {
  if (align === 1) return states;
  let after = 0;
  for (let bit = 0; bit < 8; bit++) {
    const to = align >= 8 ? 0 : (bit + align - 1) & -align & 7;
    after |= ((states >> (3 * bit)) & 7) << (3 * to);
  }
  return after;
}
