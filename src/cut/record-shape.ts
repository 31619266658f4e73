/** What of an event class's records decides how they can be copied. */

import type { EventClass, FieldClass, StreamClass, StructureClass } from "../ctf/trace-class.ts";

export interface RecordShape {
  /** The greatest alignment of any field, in bits, at least a byte's: at places that differ by multiples, padding is the same. */
  readonly alignment: number;
  /** Bits of the narrowest field that updates the clock; 0 where there may be none. */
  readonly clockBits: number;
}

/** The parts of a record, in their order. */
export function scopesOf(
  { eventHeader, commonContext }: StreamClass,
  { specificContext, payload }: EventClass,
): readonly StructureClass[] {
  const scopes = [eventHeader, commonContext, specificContext, payload];
  return scopes.filter((scope) => scope !== undefined);
}

export function recordShape(streamClass: StreamClass, eventClass: EventClass): RecordShape {
  const scopes = scopesOf(streamClass, eventClass);
  return {
    alignment: Math.max(8, ...scopes.map(alignmentOf)),
    clockBits: least(scopes.map(clockBitsOf)) ?? 0,
  };
}

const greatestAlignments = new WeakMap<StreamClass, number>();

/** Of all records of a stream class. */
export function greatestAlignment(streamClass: StreamClass): number {
  let greatest = greatestAlignments.get(streamClass);
  if (greatest === undefined) {
    greatest = 8;
    for (const eventClass of streamClass.eventClasses.values())
      greatest = Math.max(greatest, ...scopesOf(streamClass, eventClass).map(alignmentOf));
    greatestAlignments.set(streamClass, greatest);
  }
  return greatest;
}

function alignmentOf(fieldClass: FieldClass): number {
  return Math.max(fieldClass.align, ...partsOf(fieldClass).map(alignmentOf));
}

function partsOf(fieldClass: FieldClass): readonly FieldClass[] {
  switch (fieldClass.kind) {
    case "structure":
      return fieldClass.members.map((member) => member.fieldClass);
    case "variant":
      return fieldClass.options.map((option) => option.fieldClass);
    case "optional":
      return [fieldClass.fieldClass];
    case "array":
      return [fieldClass.element];
    default:
      return [];
  }
}

/** `undefined`: no field updates the clock; 0: none may be there that does, so that the time is that of the record before. */
function clockBitsOf(fieldClass: FieldClass): number | undefined {
  if (fieldClass.kind === "integer") {
    if (!fieldClass.isClock) return undefined;
    // Variable-length ones may have a single byte's.
    return fieldClass.coding === "leb128" ? 7 : fieldClass.size;
  }
  const parts = partsOf(fieldClass).map(clockBitsOf);
  const bits = least(parts);
  const isAlwaysThere =
    fieldClass.kind === "structure" ||
    (fieldClass.kind === "variant" && !parts.includes(undefined));
  return bits === undefined || isAlwaysThere ? bits : 0;
}

function least(all: readonly (number | undefined)[]): number | undefined {
  const known = all.filter((one) => one !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}
