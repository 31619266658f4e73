import { Utf8Writer } from "../base/utf8-writer.ts";
import { FieldCursor, type Slots } from "../ctf/field-cursor.ts";
import type { PacketHeader } from "../ctf/packet-header.ts";
import type {
  EventClass,
  Member,
  StreamClass,
  StructureClass,
  TraceClass,
} from "../ctf/trace-class.ts";
import { type RenderStyle, renderMembers } from "./render.ts";

const encoder = new TextEncoder();

/**
 * What babeltrace2 prints between the times and the event name: host, and for per-process buffers the process
 * (2.0.4, measured).
 */
export function tracePrefix(traceClass: TraceClass): Uint8Array {
  const { environment } = traceClass;
  const parts = [environment.get("hostname"), environment.get("procname")].filter(
    (part) => part !== undefined,
  );
  const vpid = environment.get("vpid");
  if (vpid !== undefined) parts.push(`(${vpid})`);
  return encoder.encode(parts.length === 0 ? "" : `${parts.join(":")} `);
}

/** `{ cpu_id = 1 }`: what is left of a packet context when its reserved members are taken out. */
export function packetContextText(
  bytes: Uint8Array,
  header: PacketHeader,
  slots: Slots,
): Uint8Array | undefined {
  const context = header.streamClass.packetContext;
  if (context === undefined || !context.members.some(isUserVisible)) return undefined;
  const out = new Utf8Writer();
  const cursor = new FieldCursor(bytes, slots, header.contextBit, header.headerBits);
  cursor.align(context.align);
  renderMembers("babeltrace", context.members, cursor, out, isUserVisible);
  return out.bytes.slice(0, out.length);
}

function isUserVisible({ fieldClass }: Member): boolean {
  return (
    fieldClass.kind !== "integer" || fieldClass.role === undefined || fieldClass.role === "cpu-id"
  );
}

/** `name: { packet context }, { contexts }, { payload }`; the cursor stands before the common context. */
export function renderRecord(
  streamClass: StreamClass,
  eventClass: EventClass,
  packetContext: Uint8Array | undefined,
  cursor: FieldCursor,
  out: Utf8Writer,
): void {
  out.raw(encoder.encode(eventClass.name));
  out.ascii(": ");
  let isFirst = true;
  if (packetContext !== undefined) {
    out.raw(packetContext);
    isFirst = false;
  }
  const scopes = [streamClass.commonContext, eventClass.specificContext, eventClass.payload];
  for (const structure of scopes) {
    if (structure === undefined) continue;
    if (!isFirst) out.ascii(", ");
    isFirst = false;
    renderScope("babeltrace", structure, cursor, out);
  }
}

/** Renders one scope, alignment included. */
export function renderScope(
  style: RenderStyle,
  structure: StructureClass,
  cursor: FieldCursor,
  out: Utf8Writer,
): void {
  cursor.align(structure.align);
  renderMembers(style, structure.members, cursor, out);
}
