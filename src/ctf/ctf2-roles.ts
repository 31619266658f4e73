/** Which roles the fields of a scope may have (CTF2-SPEC-2.0 §5.3.1). */

import type { StructureTemplate, Template } from "./field-template.ts";
import type { Role, Scope } from "./trace-class.ts";

const ALLOWED: Readonly<Record<Scope, readonly Role[]>> = {
  "packet-header": [
    "packet-magic-number",
    "metadata-stream-uuid",
    "data-stream-class-id",
    "data-stream-id",
  ],
  "packet-context": [
    "packet-total-length",
    "packet-content-length",
    "packet-sequence-number",
    "discarded-event-record-counter-snapshot",
    "default-clock-timestamp",
    "packet-end-default-clock-timestamp",
  ],
  "event-header": ["event-record-class-id", "default-clock-timestamp"],
  "common-context": [],
  "specific-context": [],
  payload: [],
};

const CLOCK_ROLES: readonly Role[] = [
  "default-clock-timestamp",
  "packet-end-default-clock-timestamp",
];

/**
 * What is wrong with the roles of a scope's fields, if anything.
 * @param hasClock whether the data stream class has a default clock class
 */
export function roleProblem(
  scope: Scope,
  root: StructureTemplate,
  hasClock: boolean,
): string | undefined {
  for (const role of rolesIn(root)) {
    if (!ALLOWED[scope].includes(role)) return `expected a role of the ${scope}, got ${role}`;
    if (CLOCK_ROLES.includes(role) && !hasClock)
      return `expected a default clock class, since a field has the role ${role}, got none`;
  }
  return scope === "packet-header" ? magicProblem(root) : undefined;
}

/** The magic number is the very first field. */
function magicProblem({ members }: StructureTemplate): string | undefined {
  const isMagic = (role: Role): boolean => role === "packet-magic-number";
  const counts = members.map(({ template }) => [...rolesIn(template)].filter(isMagic).length);
  const all = counts.reduce((sum, count) => sum + count, 0);
  if (all === 0) return undefined;
  const first = members[0]!.template;
  if (all > 1 || counts[0] !== 1) return "expected one packet-magic-number, in the first field";
  const isFirst = first.kind !== "integer" || (first.size === 32 && first.coding !== "leb128");
  return isFirst ? undefined : "expected a packet-magic-number of 32 bits";
}

function* rolesIn(template: Template): Generator<Role> {
  switch (template.kind) {
    case "integer":
      yield* template.roles ?? [];
      break;
    case "blob":
      yield* template.roles;
      break;
    case "array":
      yield* rolesIn(template.element);
      break;
    case "optional":
      yield* rolesIn(template.template);
      break;
    case "structure":
      for (const member of template.members) yield* rolesIn(member.template);
      break;
    case "variant":
      for (const option of template.options) yield* rolesIn(option.template);
      break;
    default:
      break;
  }
}
