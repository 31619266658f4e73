/** The smallest CTF 2 metadata around what a test is about. */

export type Json = Readonly<Record<string, unknown>>;

/** A whole text of fragments, one a line. */
export const fragments = (...all: readonly unknown[]): string =>
  all.map((fragment) => `\x1e${JSON.stringify(fragment)}`).join("\n");

export const PREAMBLE: Json = { type: "preamble", version: 2 };
export const CLOCK: Json = { type: "clock-class", id: "c", frequency: 1000 };
export const bits = (type: string, more: Json = {}): Json => ({
  type: `fixed-length-${type}`,
  length: 8,
  "byte-order": "little-endian",
  ...more,
});
export const U8: Json = bits("unsigned-integer");
export const S8: Json = bits("signed-integer");
export const BOOLEAN: Json = bits("boolean");
export const STRING: Json = { type: "null-terminated-string" };
export const structure = (members: Json): Json => ({
  type: "structure",
  "member-classes": Object.entries(members).map(([name, fieldClass]) => ({
    name,
    "field-class": fieldClass,
  })),
});
export const EVENT: Json = {
  type: "event-record-class",
  name: "e",
  "payload-field-class": structure({ x: U8 }),
};

export const preamble = (more: Json): string =>
  fragments({ ...PREAMBLE, ...more }, { type: "data-stream-class" }, EVENT);
export const traceClass = (more: Json): string =>
  fragments(PREAMBLE, { type: "trace-class", ...more }, { type: "data-stream-class" }, EVENT);
export const clock = (more: Json): string =>
  fragments(PREAMBLE, { ...CLOCK, ...more }, { type: "data-stream-class" }, EVENT);
export const stream = (more: Json): string =>
  fragments(PREAMBLE, CLOCK, { type: "data-stream-class", ...more }, EVENT);
export const event = (more: Json): string =>
  fragments(PREAMBLE, { type: "data-stream-class" }, { ...EVENT, ...more });
export const alias = (more: Json): string =>
  fragments(
    PREAMBLE,
    { type: "field-class-alias", name: "u", "field-class": U8, ...more },
    { type: "data-stream-class" },
    { ...EVENT, "payload-field-class": structure({ x: "u" }) },
  );
export const payload = (members: Json): string =>
  event({ "payload-field-class": structure(members) });
export const field = (fieldClass: unknown): string => payload({ n: U8, b: BOOLEAN, x: fieldClass });
export const header = (members: Json): string =>
  traceClass({ "packet-header-field-class": structure(members) });
export const context = (members: Json, more: Json = {}): string =>
  stream({ "packet-context-field-class": structure(members), ...more });
export const role = (name: string, more: Json = {}): Json => ({ ...U8, roles: [name], ...more });
export const MAGIC: Json = role("packet-magic-number", { length: 32 });
export const UUID: Json = {
  type: "static-length-blob",
  length: 16,
  roles: ["metadata-stream-uuid"],
};

export const array = (location: unknown): Json => ({
  type: "dynamic-length-array",
  "length-field-location": location,
  "element-field-class": U8,
});
export const optional = (name: string, ranges?: unknown): Json => ({
  type: "optional",
  "selector-field-location": { path: [name] },
  "field-class": U8,
  ...(ranges !== undefined && { "selector-field-ranges": ranges }),
});
export const option = (ranges: unknown, more: Json = {}): Json => ({
  "field-class": U8,
  "selector-field-ranges": ranges,
  ...more,
});
export const variant = (...options: readonly Json[]): Json => ({
  type: "variant",
  "selector-field-location": { path: ["n"] },
  options,
});

/** One field class of each type. */
export const EACH: readonly Json[] = [
  bits("bit-array"),
  bits("bit-map", { flags: { a: [[0, 1]] } }),
  BOOLEAN,
  U8,
  S8,
  bits("floating-point-number", { length: 32 }),
  { type: "variable-length-unsigned-integer" },
  { type: "variable-length-signed-integer" },
  STRING,
  { type: "static-length-string", length: 4 },
  { type: "dynamic-length-string", "length-field-location": { path: ["n"] } },
  { type: "static-length-blob", length: 4 },
  { type: "dynamic-length-blob", "length-field-location": { path: ["n"] } },
  { type: "static-length-array", length: 2, "element-field-class": U8 },
  array({ path: ["n"] }),
  structure({ y: U8 }),
  optional("b"),
  variant(option([[0, 1]])),
];
export const BITS: readonly Json[] = EACH.slice(0, 6);

/** What each fragment and each field class may have beside its own. */
export const everywhere = (more: Json): readonly string[] => [
  preamble(more),
  traceClass(more),
  clock(more),
  stream(more),
  event(more),
  alias(more),
  ...EACH.map((fieldClass) => field({ ...fieldClass, ...more })),
  event({
    "payload-field-class": {
      type: "structure",
      "member-classes": [{ name: "x", "field-class": U8, ...more }],
    },
  }),
  field(variant(option([[0, 1]], more))),
];
