/**
 * Trace class → walk. Runs of fixed-size fields that no query uses become a single skip, with alignment worked out here and
 * not per event.
 */

import type { IntegerLayout } from "../ctf/read-field.ts";
import { codeUnitBytes } from "../ctf/text-encoding.ts";
import type {
  BlobClass,
  ByteOrder,
  EventClass,
  FieldClass,
  Range,
  Scope,
  StreamClass,
  StructureClass,
  TextClass,
} from "../ctf/trace-class.ts";
import { Hook, Op, type SelectorRange, type Step, type Walk } from "./walk.ts";

/** Location number of a field by scope and member path, -1 if it is not wanted. */
export type LocationOf = (scope: Scope, path: readonly number[]) => number;

const NO_LOCATION: LocationOf = () => -1;

/** The steps through a packet context, whose byte orders were looked at when the packet was begun. */
export function planPacketWalk({ packetContext }: StreamClass, locationOf: LocationOf): Walk {
  return planWalk([["packet-context", packetContext]], locationOf, false);
}

/**
 * The steps through an event header.
 * @param watchesOrder whether the steps look for byte orders that meet inside a byte
 */
export function planHeaderWalk({ eventHeader }: StreamClass, watchesOrder: boolean = false): Walk {
  return planWalk([["event-header", eventHeader]], NO_LOCATION, watchesOrder);
}

/** The steps through an event record, behind its header. */
export function planRecordWalk(
  { commonContext }: StreamClass,
  { specificContext, payload }: EventClass,
  locationOf: LocationOf = NO_LOCATION,
  watchesOrder: boolean = false,
): Walk {
  const scopes = [
    ["common-context", commonContext],
    ["specific-context", specificContext],
    ["payload", payload],
  ] as const;
  return planWalk(scopes, locationOf, watchesOrder);
}

/** The steps through the given scopes, one after the other. */
function planWalk(
  scopes: readonly (readonly [Scope, StructureClass | undefined])[],
  locationOf: LocationOf,
  watchesOrder: boolean,
): Walk {
  const planner = new WalkPlanner(locationOf, watchesOrder);
  for (const [scope, root] of scopes) {
    if (root !== undefined) planner.field(root, scope, []);
  }
  return planner.steps();
}

class WalkPlanner {
  readonly #locationOf: LocationOf;
  readonly #watchesOrder: boolean;
  readonly #steps: Step[] = [];
  /** Fixed-size fields not yet written as a step. */
  #run: { align: number; bits: number } | undefined;

  constructor(locationOf: LocationOf, watchesOrder: boolean) {
    this.#locationOf = locationOf;
    this.#watchesOrder = watchesOrder;
  }

  steps(): Walk {
    this.#flush();
    return this.#steps;
  }

  /** @param path `undefined` inside an array, where no single field can be located */
  field(fieldClass: FieldClass, scope: Scope, path: readonly number[] | undefined): void {
    const location = path === undefined ? -1 : this.#locationOf(scope, path);
    switch (fieldClass.kind) {
      case "integer": {
        const hook = hookOf(fieldClass, scope);
        const slot = fieldClass.slot ?? -1;
        const { coding, form, size, signed, byteOrder, align } = fieldClass;
        if (coding !== "leb128") this.#order(align, byteOrder);
        const layout: IntegerLayout = { coding, form, size, signed, byteOrder };
        if (coding === "leb128") {
          this.#flush();
          this.#steps.push({ op: Op.leb128, location, layout, slot, hook });
        } else if (hook === Hook.none && slot === -1) {
          this.#fixed(align, size, location);
        } else {
          this.#flush();
          this.#steps.push({ op: Op.integer, align, bits: size, location, layout, slot, hook });
        }
        return;
      }
      case "float":
        this.#order(fieldClass.align, fieldClass.byteOrder);
        this.#fixed(fieldClass.align, fieldClass.size, location);
        return;
      case "string":
        this.#flush();
        this.#steps.push({ op: Op.string, location, unit: codeUnitBytes(fieldClass.encoding) });
        return;
      case "text":
        this.#text(fieldClass, codeUnitBytes(fieldClass.encoding), location);
        return;
      case "blob":
        this.#text(fieldClass, 0, location);
        return;
      case "array":
        this.#array(fieldClass, scope, location);
        return;
      case "variant":
        this.#flush();
        if (location !== -1) this.#steps.push({ op: Op.locate, align: 1, location });
        this.#steps.push({
          op: Op.variant,
          slot: fieldClass.selectorSlot,
          signed: fieldClass.selectorSigned,
          options: fieldClass.options.map((option, i) => ({
            ranges: option.ranges.map(selectorRange),
            walk: this.#nested(option.fieldClass, scope, path && [...path, i]),
          })),
          isOptional: false,
        });
        return;
      case "optional":
        this.#flush();
        this.#steps.push({
          op: Op.variant,
          slot: fieldClass.selectorSlot,
          signed: fieldClass.selectorSigned,
          options: [
            {
              ranges: fieldClass.ranges.map(selectorRange),
              walk: this.#nested(fieldClass.fieldClass, scope, path && [...path, 0]),
            },
          ],
          isOptional: true,
        });
        return;
      case "structure":
        if (location !== -1) {
          this.#flush();
          this.#steps.push({ op: Op.locate, align: fieldClass.align, location });
        } else {
          this.#fixed(fieldClass.align, 0, -1);
        }
        fieldClass.members.forEach((member, i) => {
          this.field(member.fieldClass, scope, path && [...path, i]);
        });
        return;
    }
  }

  #text({ length }: TextClass | BlobClass, unit: 0 | 1 | 2 | 4, location: number): void {
    if (length.kind === "static" && location === -1 && !isBroken(length.count, unit)) {
      this.#fixed(8, length.count * 8, -1);
      return;
    }
    this.#flush();
    const isStatic = length.kind === "static";
    this.#steps.push({
      op: Op.text,
      count: isStatic ? length.count : 0,
      slot: isStatic ? -1 : length.slot,
      location,
      unit,
    });
  }

  #array(fieldClass: FieldClass & { kind: "array" }, scope: Scope, location: number): void {
    const { length, element, align } = fieldClass;
    const size = this.#watchesOrder ? undefined : fixedSize(element);
    const stride = size && { elementBits: size.bits, strideBits: roundUp(size.bits, size.align) };
    if (stride !== undefined && length.kind === "static" && location === -1) {
      const bits =
        length.count === 0 ? 0 : stride.strideBits * (length.count - 1) + stride.elementBits;
      this.#fixed(align, bits, -1);
      return;
    }
    this.#flush();
    const isStatic = length.kind === "static";
    this.#steps.push({
      op: Op.array,
      align,
      count: isStatic ? length.count : 0,
      slot: isStatic ? -1 : length.slot,
      location,
      strideBits: stride?.strideBits ?? 0,
      elementBits: stride?.elementBits ?? 0,
      element: stride === undefined ? this.#nested(element, scope, undefined) : undefined,
    });
  }

  #nested(fieldClass: FieldClass, scope: Scope, path: readonly number[] | undefined): Walk {
    const planner = new WalkPlanner(this.#locationOf, this.#watchesOrder);
    planner.field(fieldClass, scope, path);
    return planner.steps();
  }

  #order(align: number, byteOrder: ByteOrder): void {
    if (!this.#watchesOrder) return;
    this.#flush();
    this.#steps.push({ op: Op.order, align, byteOrder });
  }

  /** Joins the field to the run where its padding is known: the run begins at least as strictly aligned. */
  #fixed(align: number, bits: number, location: number): void {
    if (location !== -1) {
      this.#flush();
      this.#steps.push({ op: Op.fixed, align, bits, location });
      return;
    }
    if (this.#run === undefined) {
      this.#run = { align, bits };
    } else if (align <= this.#run.align) {
      this.#run.bits = roundUp(this.#run.bits, align) + bits;
    } else if (this.#run.bits === 0) {
      this.#run.align = align;
      this.#run.bits = bits;
    } else {
      this.#flush();
      this.#run = { align, bits };
    }
  }

  #flush(): void {
    if (this.#run === undefined) return;
    const { align, bits } = this.#run;
    this.#run = undefined;
    if (align > 1 || bits > 0) this.#steps.push({ op: Op.fixed, align, bits, location: -1 });
  }
}

function selectorRange(range: Range): SelectorRange {
  const isSmall = range.low >= 0n && range.high <= 0x7fff_ffffn;
  return { low: Number(range.low), high: Number(range.high), exact: isSmall ? undefined : range };
}

function hookOf(
  fieldClass: FieldClass & { kind: "integer" },
  scope: Scope,
): (typeof Hook)[keyof typeof Hook] {
  if (fieldClass.isClock) return Hook.clock;
  return scope === "event-header" && fieldClass.roles.includes("event-record-class-id")
    ? Hook.eventId
    : Hook.none;
}

/** Size and alignment of a field class that always takes the same space and needs no value read. */
function fixedSize(fieldClass: FieldClass): { bits: number; align: number } | undefined {
  switch (fieldClass.kind) {
    case "integer":
      if (fieldClass.slot !== undefined || fieldClass.isClock || fieldClass.coding === "leb128")
        return undefined;
      return { bits: fieldClass.size, align: fieldClass.align };
    case "float":
      return { bits: fieldClass.size, align: fieldClass.align };
    case "text":
    case "blob": {
      const { length } = fieldClass;
      const unit = fieldClass.kind === "text" ? codeUnitBytes(fieldClass.encoding) : 0;
      if (length.kind !== "static" || isBroken(length.count, unit)) return undefined;
      return { bits: length.count * 8, align: 8 };
    }
    case "array": {
      const element = fixedSize(fieldClass.element);
      if (element === undefined || fieldClass.length.kind !== "static") return undefined;
      const { count } = fieldClass.length;
      const bits =
        count === 0 ? 0 : roundUp(element.bits, element.align) * (count - 1) + element.bits;
      return { bits, align: fieldClass.align };
    }
    case "structure": {
      let bits = 0;
      for (const member of fieldClass.members) {
        const size = fixedSize(member.fieldClass);
        if (size === undefined) return undefined;
        bits = roundUp(bits, size.align) + size.bits;
      }
      return { bits, align: fieldClass.align };
    }
    default:
      return undefined;
  }
}

/** Whether a text of so many bytes ends inside a code unit, unless a NUL comes before. */
function isBroken(bytes: number, unit: number): boolean {
  return unit > 1 && bytes % unit !== 0;
}

function roundUp(bits: number, align: number): number {
  return Math.ceil(bits / align) * align;
}
