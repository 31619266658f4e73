/** What may stand in the blocks of a TSDL text: which attributes, and of which form (CTF 1.8.3 §7.3). */

import type { Span } from "../base/text.ts";
import type { BlockName, Declaration, Entry, Value } from "./tsdl-ast.ts";
import { booleanOf } from "./tsdl-attributes.ts";

export type Block = Declaration & { kind: "block" };

interface Problem {
  readonly code: string;
  readonly message: string;
  readonly span: Span;
}

/** `name` and `text` are words or strings; an `integer` is checked further where it is read. */
type Form = "integer" | "unsigned" | "boolean" | "name" | "string" | "uuid" | "type";

/** Attributes that mean something. Others are ignored, as babeltrace2 does. */
const ATTRIBUTES: Readonly<Partial<Record<BlockName, Readonly<Record<string, Form>>>>> = {
  trace: {
    major: "integer",
    minor: "integer",
    uuid: "uuid",
    "packet.header": "type",
  },
  clock: {
    name: "name",
    uuid: "uuid",
    description: "name",
    freq: "integer",
    precision: "unsigned",
    offset_s: "integer",
    offset: "unsigned",
    absolute: "boolean",
  },
  stream: {
    id: "integer",
    "packet.context": "type",
    "event.header": "type",
    "event.context": "type",
  },
  event: {
    name: "name",
    id: "integer",
    stream_id: "integer",
    loglevel: "integer",
    "model.emf.uri": "name",
    context: "type",
    fields: "type",
  },
};

const EXPECTED: Readonly<Record<Exclude<Form, "type">, string>> = {
  integer: "an integer",
  unsigned: "an unsigned integer",
  boolean: "true or false",
  name: "a name or string",
  string: "a string",
  uuid: "a UUID",
};

/** What is wrong with a block's entries, if anything. The environment's names are the user's own. */
export function blockProblem(block: Block): Problem | undefined {
  const attributes = ATTRIBUTES[block.block];
  const seen = new Set<string>();
  for (const entry of block.entries) {
    if (entry.kind === "alias" || entry.kind === "type") {
      if (block.block === "env" || block.block === "clock") return misplacedType(entry);
      continue;
    }
    if (attributes === undefined) continue;
    const { name, span } = entry;
    if (seen.has(name)) {
      const message = `attribute ${name} stands here twice`;
      return { code: "TSDL_DUPLICATE_ATTRIBUTE", message, span };
    }
    seen.add(name);
    const form = attributes[name];
    const problem = form && formProblem(entry, form);
    if (problem !== undefined) return problem;
  }
  return block.block === "event" ? namelessProblem(block, attributes ?? {}) : undefined;
}

function misplacedType(entry: Entry & { kind: "alias" | "type" }): Problem {
  const { span } = entry.kind === "alias" ? entry : entry.type;
  return {
    code: "TSDL_VALUE",
    message: "expected an attribute, got the declaration of a type",
    span,
  };
}

function formProblem(
  entry: Entry & { kind: "value" | "assigned-type" },
  form: Form,
): Problem | undefined {
  if (entry.kind === "value" && form !== "type" && fits(entry.value, form)) return undefined;
  const { name, span } = entry;
  const wrong = (expected: string, got: unknown): Problem => ({
    code: "TSDL_VALUE",
    message: `expected ${expected} for ${name}, got ${got}`,
    span,
  });
  if (entry.kind === "assigned-type")
    return form === "type" ? undefined : wrong(EXPECTED[form], "a type");
  if (form === "type") return wrong(`a type (${name} := …)`, entry.value.value);
  if (form !== "uuid") return wrong(EXPECTED[form], entry.value.value);
  return { code: "TSDL_UUID", message: `expected a UUID, got ${entry.value.value}`, span };
}

function fits(value: Value, form: Exclude<Form, "type">): boolean {
  switch (form) {
    case "integer":
      return value.kind === "integer";
    case "unsigned":
      return value.kind === "integer" && value.value >= 0n;
    case "boolean":
      return booleanOf(value) !== undefined;
    case "name":
      return value.kind !== "integer";
    case "string":
      return value.kind === "string";
    case "uuid":
      return value.kind === "string" && UUID.test(value.value);
  }
}

/** What is ignored in an event with a name is not in one without, which babeltrace2 refuses: the name may be misspelt. */
function namelessProblem(block: Block, known: Readonly<Record<string, Form>>): Problem | undefined {
  if (block.entries.some((entry) => entry.kind === "value" && entry.name === "name"))
    return undefined;
  const given = block.entries.filter((entry) => entry.kind === "value");
  const odd = given.find(
    ({ name, value }) =>
      known[name] === undefined ||
      (name === "loglevel" && value.kind === "integer" && value.value > MOST_LEVEL),
  );
  if (odd === undefined) return undefined;
  const message = `expected the name of an event, got ${odd.name} = ${odd.value.value}`;
  return { code: "TSDL_VALUE", message, span: odd.span };
}

const MOST_LEVEL = (1n << 63n) - 1n;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** The bytes of a UUID that was checked. */
export function uuidBytes(text: Value["value"] | undefined): Uint8Array | undefined {
  if (text === undefined) return undefined;
  const digits = String(text).replaceAll("-", "").match(/../g) ?? [];
  return Uint8Array.from(digits, (byte) => Number.parseInt(byte, 16));
}
