/** Which fields have a value for a column: a field's class may have come after the column got its type. */

import type { NumberType } from "../../../column/column.ts";
import { MAX_DICTIONARY_TEXT_BYTES } from "../../../column/layout.ts";
import type { FieldClass, Length } from "../../../ctf/trace-class.ts";
import type { KernelColumn } from "../memory/columns.ts";
import { isRenderable } from "../text/render-program.ts";
import { NotCompilable } from "./not-compilable.ts";

/**
 * Whether a field has a value for the column; one that has none gives nulls.
 * @throws NotCompilable for what only the interpreter can put there
 */
export function fits(column: KernelColumn, fieldClass: FieldClass): boolean {
  switch (column.kind) {
    case "number":
      return isNumberOf(column.number, fieldClass);
    case "list":
      return fieldClass.kind === "array" && isElementOf(column.number, fieldClass.element);
    case "dictionary":
      if (!isText(fieldClass)) return false;
      requireUtf8(fieldClass);
      if (!isShort(fieldClass)) throw new NotCompilable("a long text in a dictionary");
      return true;
    case "utf8":
      if (isText(fieldClass)) requireUtf8(fieldClass);
      else if (!isRenderable(fieldClass))
        throw new NotCompilable(`rendering of a ${fieldClass.kind}`);
      return true;
    default:
      return false;
  }
}

export function isText({ kind }: FieldClass): boolean {
  return kind === "string" || kind === "text";
}

function requireUtf8(fieldClass: FieldClass): void {
  if ("encoding" in fieldClass && fieldClass.encoding !== "utf-8")
    throw new NotCompilable(`text in ${fieldClass.encoding}`);
}

/** Elements lie at equal distances. */
function isElementOf(number: NumberType, element: FieldClass): boolean {
  const hasStride = element.kind !== "integer" || element.coding !== "leb128";
  return hasStride && isNumberOf(number, element);
}

function isNumberOf(number: NumberType, fieldClass: FieldClass): boolean {
  return (
    fieldClass.kind === "integer" || (fieldClass.kind === "float" && number.startsWith("float"))
  );
}

/** Dictionaries hold names: a text that could fill one is no name. */
function isShort(fieldClass: FieldClass): boolean {
  const { length } = fieldClass as { readonly length?: Length };
  return length?.kind === "static" && length.count <= MAX_DICTIONARY_TEXT_BYTES;
}
