/** Whole records as babeltrace2 prints them, without the times. */

import { Utf8Writer } from "../base/utf8-writer.ts";
import { MAX_TEXT_BYTES } from "../column/text-limit.ts";
import { FieldCursor, type Slots } from "../ctf/field-cursor.ts";
import type { PacketHeader } from "../ctf/packet-header.ts";
import type { EventClass, Member, StreamClass, TraceClass } from "../ctf/trace-class.ts";
import { type Renderer, scopeRenderer } from "./render.ts";

const encoder = new TextEncoder();

/**
 * What babeltrace2 prints between the times and the event name: host, and for per-process buffers the process
 * (2.0.4, measured).
 */
export function tracePrefix(traceClass: TraceClass): string {
  const { environment } = traceClass;
  const parts = [environment.get("hostname"), environment.get("procname")].filter(
    (part) => part !== undefined,
  );
  const vpid = environment.get("vpid");
  if (vpid !== undefined) parts.push(`(${vpid})`);
  return parts.length === 0 ? "" : `${parts.join(":")} `;
}

/**
 * `{ cpu_id = 1 }`: what is left of a packet context when its reserved members are taken out; empty if nothing is.
 * @throws TextTooLong
 */
export function packetContextText(
  bytes: Uint8Array,
  header: PacketHeader,
  slots: Slots,
): Uint8Array {
  const context = header.streamClass.packetContext;
  const out = new Utf8Writer(256);
  out.limit = MAX_TEXT_BYTES;
  if (context !== undefined && hasPacketContextText(header.streamClass)) {
    const cursor = new FieldCursor(bytes, slots, header.contextBit, header.headerBits);
    scopeRenderer("babeltrace", context, isUserVisible)(cursor, out);
  }
  return out.bytes.subarray(0, out.length);
}

/** Whether packets of a stream class have a text of their own. */
export function hasPacketContextText({ packetContext }: StreamClass): boolean {
  return packetContext?.members.some(isUserVisible) ?? false;
}

function isUserVisible({ fieldClass }: Member): boolean {
  return fieldClass.kind !== "integer" || fieldClass.roles.every((role) => role === "cpu-id");
}

/** `HOST NAME: `, as babeltrace2 has it. */
export function recordHead(prefix: string, { name, isNameless }: EventClass): string {
  return `${prefix}${isNameless === true ? "<unknown>" : name}: `;
}

/** Writes `HOST NAME: { packet context }, { contexts }, { payload }`; the cursor stands before the common context. */
export type RecordRenderer = (
  packetContext: Uint8Array,
  cursor: FieldCursor,
  out: Utf8Writer,
) => void;

export function recordRenderer(
  prefix: string,
  streamClass: StreamClass,
  eventClass: EventClass,
): RecordRenderer {
  const head = encoder.encode(recordHead(prefix, eventClass));
  const scopes: Renderer[] = [
    streamClass.commonContext,
    eventClass.specificContext,
    eventClass.payload,
  ]
    .filter((structure) => structure !== undefined)
    .map((structure) => scopeRenderer("babeltrace", structure));
  return (packetContext, cursor, out) => {
    out.raw(head);
    out.raw(packetContext);
    for (let i = 0; i < scopes.length; i++) {
      if (i > 0 || packetContext.length > 0) out.ascii(", ");
      scopes[i]!(cursor, out);
    }
  };
}
