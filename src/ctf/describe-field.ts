/** Field classes in a few words: `uint32`, `text[16]`, `enum uint8 { A, B }`, `struct { x: int32 }`. */

import { eachMapping } from "./mappings.ts";
import type { FieldClass, IntegerClass, Length, Mappings } from "./trace-class.ts";

/** Labels and members beyond so many are counted. */
const MAX_SHOWN = 12;

export function describeField(fieldClass: FieldClass): string {
  switch (fieldClass.kind) {
    case "integer":
      return describeInteger(fieldClass);
    case "float":
      return `float${fieldClass.size}${order(fieldClass.byteOrder, fieldClass.size)}`;
    case "string":
      return `string${encoding(fieldClass.encoding)}`;
    case "text":
      return `text${encoding(fieldClass.encoding)}${length(fieldClass.length)}`;
    case "blob":
      return `blob${length(fieldClass.length)}`;
    case "array":
      return `${inParentheses(describeField(fieldClass.element))}${length(fieldClass.length)}`;
    case "optional":
      return `optional ${describeField(fieldClass.fieldClass)}`;
    case "structure":
      return braces("struct", fieldClass.members.map(named));
    case "variant":
      return braces("variant", fieldClass.options.map(named));
  }
}

function named(member: { readonly name: string; readonly fieldClass: FieldClass }): string {
  return `${member.name}: ${describeField(member.fieldClass)}`;
}

function describeInteger(fieldClass: IntegerClass): string {
  const { form, coding, size, signed, base, mappings } = fieldClass;
  const bits = coding === "leb128" ? "" : String(size);
  const tail = `${order(fieldClass.byteOrder, size)}${coding === "reversed" ? " bits reversed" : ""}`;
  switch (form) {
    case "boolean":
      return `bool${bits}${tail}`;
    case "bit-array":
      return `bits${bits}${tail}`;
    case "bit-map":
      return braces(`flags${bits}${tail}`, labels(mappings));
    case "number": {
      const name = `${coding === "leb128" ? "var" : ""}${signed ? "" : "u"}int${bits}${tail}`;
      if (mappings !== undefined) return braces(`enum ${name}`, labels(mappings));
      return base === 10 ? name : `${name} base ${base}`;
    }
  }
}

function labels(mappings: Mappings = []): string[] {
  return Array.from(eachMapping(mappings), ({ label, ranges }) => {
    const values = ranges.map(({ low, high }) => (low === high ? `${low}` : `${low} ... ${high}`));
    return `${label} = ${values.join(", ")}`;
  });
}

/** What is more than a word belongs together before a length. */
function inParentheses(text: string): string {
  return text.includes(" ") && !text.endsWith("}") ? `(${text})` : text;
}

function braces(head: string, parts: readonly string[]): string {
  if (parts.length === 0) return `${head} { }`;
  const more = parts.length > MAX_SHOWN ? `, … ${parts.length - MAX_SHOWN} more` : "";
  return `${head} { ${parts.slice(0, MAX_SHOWN).join(", ")}${more} }`;
}

function length(count: Length): string {
  return count.kind === "static" ? `[${count.count}]` : "[]";
}

function encoding(name: string): string {
  return name === "utf-8" ? "" : ` ${name}`;
}

/** Byte orders are shown where they can matter and are not the usual one. */
function order(byteOrder: string, size: number): string {
  return byteOrder === "big-endian" && size > 8 ? " big-endian" : "";
}
