/** What fields of CTF 1.8 mean by their names (CTF 1.8.3 §5), and the one name that LTTng uses in both formats. */

import type { Place } from "./field-context.ts";
import type {
  IntegerTemplate,
  StructureTemplate,
  Template,
  TemplateMember,
} from "./field-template.ts";
import type { Role, Scope } from "./trace-class.ts";

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

/** Whether scopes of a stream hold timestamps that name no clock: they are of the trace's only one. */
export function hasUnmappedTimestamps(
  scopes: Partial<Record<Scope, StructureTemplate | undefined>>,
): boolean {
  const context = scopes["packet-context"]?.members ?? [];
  const isBound = ({ rawName, template }: TemplateMember): boolean =>
    (rawName === "timestamp_begin" || rawName === "timestamp_end") && isUnmapped(template);
  const header = scopes["event-header"];
  return (
    context.some(isBound) || (header !== undefined && hasField(header, "timestamp", isUnmapped))
  );
}

/** Whether event headers say which class an event is of. */
export function hasEventId(header: StructureTemplate | undefined): boolean {
  return header !== undefined && hasField(header, "id", ({ kind }) => kind === "integer");
}

/** Whether there is such a field of that name at any depth of structures and variants. */
function hasField(template: Template, name: string, test: (field: Template) => boolean): boolean {
  if (template.kind !== "structure" && template.kind !== "variant") return false;
  const children = template.kind === "structure" ? template.members : template.options;
  return children.some(
    ({ rawName, template: child }) =>
      (rawName === name && test(child)) || hasField(child, name, test),
  );
}

function isUnmapped(template: Template): boolean {
  return template.kind === "integer" && !template.signed && template.clock === undefined;
}

/** What is wrong with the types of a scope's reserved fields, if anything (babeltrace2 2.1.2, measured). */
export function reservedProblem(scope: Scope, { members }: StructureTemplate): string | undefined {
  for (const [i, { rawName, template }] of members.entries()) {
    if (scope === "packet-header" && rawName === "uuid") {
      if (!isUuid(template)) return "expected 16 integers of 8 bits as uuid";
    } else if (isReserved(scope, rawName)) {
      if (template.kind !== "integer" || template.signed)
        return `expected an unsigned integer as ${rawName}`;
      if (rawName === "magic" && (template.size !== 32 || i > 0))
        return "expected magic to be the first field, of 32 bits";
    }
  }
  return undefined;
}

function isReserved(scope: Scope, rawName: string): boolean {
  switch (scope) {
    case "packet-header":
      return PACKET_HEADER.has(rawName);
    case "packet-context":
      // `cpu_id` is a convention only.
      return PACKET_CONTEXT.has(rawName) && rawName !== "cpu_id";
    case "event-header":
      return rawName === "id";
    default:
      return false;
  }
}

function isUuid(template: Template): boolean {
  if (template.kind !== "array" || template.length !== 16) return false;
  return template.element.kind === "integer" && template.element.size === 8;
}

/** `cpu_id` of the packet context, which no role of CTF 2 speaks of. */
export const CPU_ID: readonly Role[] = ["cpu-id"];
