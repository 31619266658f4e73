/** Which slots of lengths and selectors a scope fills, and which a walk reads. */

import type { FieldClass } from "../ctf/trace-class.ts";
import { Op, type Walk } from "./walk.ts";

/** Whether a walk reads a length or selector that lies in the given field. */
export function readsFrom(walk: Walk, fieldClass: FieldClass | undefined): boolean {
  if (fieldClass === undefined) return false;
  const filled = new Set<number>();
  collectFilled(fieldClass, filled);
  return filled.size > 0 && readsAny(walk, filled);
}

function collectFilled(fieldClass: FieldClass, into: Set<number>): void {
  switch (fieldClass.kind) {
    case "integer":
      if (fieldClass.slot !== undefined) into.add(fieldClass.slot);
      break;
    case "array":
      collectFilled(fieldClass.element, into);
      break;
    case "optional":
      collectFilled(fieldClass.fieldClass, into);
      break;
    case "structure":
      for (const member of fieldClass.members) collectFilled(member.fieldClass, into);
      break;
    case "variant":
      for (const option of fieldClass.options) collectFilled(option.fieldClass, into);
      break;
    default:
      break;
  }
}

function readsAny(walk: Walk, slots: ReadonlySet<number>): boolean {
  return walk.some((step) => {
    switch (step.op) {
      case Op.text:
        return slots.has(step.slot);
      case Op.array:
        return (
          slots.has(step.slot) || (step.element !== undefined && readsAny(step.element, slots))
        );
      case Op.variant:
        return slots.has(step.slot) || step.options.some((option) => readsAny(option.walk, slots));
      default:
        return false;
    }
  });
}
