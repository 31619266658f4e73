import type { FieldClass, StreamClass, TraceClass } from "../ctf/trace-class.ts";

/**
 * Whether an index may stand beside the packets of a stream. Readers that have one may expect the first event record behind
 * packet header and context without reading either, by the sum of their fields' sizes, as LTTng writes them. So those
 * must be there, of fixed size, and without padding.
 * @see Trace Compass, CTFIndexFile and CTFTrace.createIndex
 */
export function hasFixedHead(
  { packetHeader }: TraceClass,
  { packetContext }: StreamClass,
): boolean {
  if (packetHeader === undefined || packetContext === undefined) return false;
  const contextBit = fixedEnd(packetHeader, 0);
  if (contextBit === undefined || contextBit % 8 !== 0) return false;
  return fixedEnd(packetContext, contextBit) !== undefined;
}

/** The bit behind a field that begins at one; `undefined` where that may differ, or padding precedes the field. */
function fixedEnd(fieldClass: FieldClass, bit: number): number | undefined {
  if (bit % fieldClass.align !== 0) return undefined;
  switch (fieldClass.kind) {
    case "integer":
      return fieldClass.coding === "leb128" ? undefined : bit + fieldClass.size;
    case "float":
      return bit + fieldClass.size;
    case "blob":
      return fieldClass.length.kind === "static" ? bit + 8 * fieldClass.length.count : undefined;
    case "structure":
      return fieldClass.members.reduce<number | undefined>(
        (at, member) => (at === undefined ? undefined : fixedEnd(member.fieldClass, at)),
        bit,
      );
    case "array":
      return arrayEnd(fieldClass, bit);
    default:
      return undefined;
  }
}

function arrayEnd(
  { length, element }: Extract<FieldClass, { kind: "array" }>,
  bit: number,
): number | undefined {
  if (length.kind === "dynamic") return undefined;
  let at: number | undefined = bit;
  for (let i = 0; i < length.count && at !== undefined; i++) at = fixedEnd(element, at);
  return at;
}
