/** What fields of CTF 1.8 mean by their names (CTF 1.8.3 §5), and the one name that LTTng uses in both formats. */

import type { Place } from "./field-lookup.ts";
import type { IntegerTemplate } from "./field-template.ts";
import type { Role } from "./trace-class.ts";

const NONE: readonly Role[] = [];
const PACKET_HEADER: ReadonlyMap<string, readonly Role[]> = new Map([
  ["magic", ["packet-magic-number"]],
  ["uuid", ["metadata-stream-uuid"]],
  ["stream_id", ["data-stream-class-id"]],
  ["stream_instance_id", ["data-stream-id"]],
]);
const PACKET_CONTEXT: ReadonlyMap<string, readonly Role[]> = new Map([
  ["timestamp_begin", ["default-clock-timestamp"]],
  ["timestamp_end", ["packet-end-default-clock-timestamp"]],
  ["content_size", ["packet-content-length"]],
  ["packet_size", ["packet-total-length"]],
  ["packet_seq_num", ["packet-sequence-number"]],
  ["events_discarded", ["discarded-event-record-counter-snapshot"]],
  ["cpu_id", ["cpu-id"]],
]);
const EVENT_ID: readonly Role[] = ["event-record-class-id"];
const TIMESTAMP: readonly Role[] = ["default-clock-timestamp"];

/** Reserved names: top level of packet header and context; `id` at any depth of the event header. */
export function integerRoles(
  place: Place,
  rawName: string,
  template: IntegerTemplate,
): readonly Role[] {
  const isTop = place.path.length === 1;
  switch (place.scope) {
    case "packet-header":
      // The UUID is an array of bytes.
      return isTop || rawName === "uuid" ? (PACKET_HEADER.get(rawName) ?? NONE) : NONE;
    case "packet-context":
      return isTop ? (PACKET_CONTEXT.get(rawName) ?? NONE) : NONE;
    case "event-header":
      if (template.signed) return NONE;
      if (rawName === "id") return EVENT_ID;
      return rawName === "timestamp" ? TIMESTAMP : NONE;
    default:
      return NONE;
  }
}

/** `cpu_id` of the packet context, which no role of CTF 2 speaks of. */
export const CPU_ID: readonly Role[] = ["cpu-id"];
