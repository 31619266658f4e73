/** What a JSON object of CTF 2 metadata may hold: properties by name and kind, and no others. */

import type { MetadataError } from "../base/errors.ts";
import { nearestName, type Span } from "../base/text.ts";
import type { JsonObject, JsonValue } from "./json.ts";
import { metadataError } from "./metadata-error.ts";

type KindOf<K extends JsonValue["kind"]> = JsonValue & { kind: K };

const KIND_NAMES: Readonly<Record<JsonValue["kind"], string>> = {
  object: "an object",
  array: "an array",
  string: "a string",
  integer: "an integer",
  real: "a real number",
  boolean: "a boolean",
  null: "null",
};

/** The properties of one object, with errors that show its place. */
export class Properties {
  readonly object: JsonObject;
  readonly #source: string;
  /** What the object is, for messages. */
  readonly #what: string;

  constructor(object: JsonObject, what: string, source: string) {
    this.object = object;
    this.#what = what;
    this.#source = source;
  }

  /** Refuses properties that are not among these: what they change is not known. */
  only(names: readonly string[]): this {
    for (const [name, value] of this.object.members) {
      if (names.includes(name)) continue;
      const near = nearestName(name, names);
      const hint = near === undefined ? "" : `; did you mean ${near}?`;
      throw this.fail(
        "CTF2_UNKNOWN_PROPERTY",
        `expected a property of ${this.#what}, got ${name}${hint}`,
        value.span,
      );
    }
    return this;
  }

  has(name: string): boolean {
    return this.object.members.has(name);
  }

  value(name: string): JsonValue {
    const value = this.object.members.get(name);
    if (value !== undefined) return value;
    throw this.fail(
      "CTF2_MISSING_PROPERTY",
      `expected the property ${name} of ${this.#what}, got none`,
      this.#head(),
    );
  }

  optionalValue(name: string): JsonValue | undefined {
    return this.object.members.get(name);
  }

  string(name: string): string {
    return this.#ofKind(name, "string").value;
  }

  optionalString(name: string): string | undefined {
    return this.has(name) ? this.string(name) : undefined;
  }

  oneOf<const T extends string>(name: string, allowed: readonly T[], otherwise?: T): T {
    if (otherwise !== undefined && !this.has(name)) return otherwise;
    const { value, span } = this.#ofKind(name, "string");
    const found = allowed.find((word) => word === value);
    if (found !== undefined) return found;
    throw this.fail(
      "CTF2_VALUE",
      `expected ${name} to be ${allowed.join(" or ")}, got ${value}`,
      span,
    );
  }

  /** An integer between two bounds, both inclusive. */
  integer(name: string, low: bigint, high: bigint, otherwise?: bigint): bigint {
    if (otherwise !== undefined && !this.has(name)) return otherwise;
    const { value, span } = this.#ofKind(name, "integer");
    if (value >= low && value <= high) return value;
    throw this.fail("CTF2_VALUE", `expected ${name} from ${low} to ${high}, got ${value}`, span);
  }

  objectAt(name: string, what: string): Properties {
    return new Properties(this.#ofKind(name, "object"), what, this.#source);
  }

  optionalObject(name: string, what: string): Properties | undefined {
    return this.has(name) ? this.objectAt(name, what) : undefined;
  }

  items(name: string): readonly JsonValue[] {
    return this.#ofKind(name, "array").items;
  }

  /** A value as an object. */
  asObject(value: JsonValue, what: string): Properties {
    if (value.kind === "object") return new Properties(value, what, this.#source);
    throw this.unexpected(value, what);
  }

  unexpected(value: JsonValue, expected: string): MetadataError {
    return this.fail(
      "CTF2_VALUE",
      `expected ${expected}, got ${KIND_NAMES[value.kind]}`,
      value.span,
    );
  }

  fail(code: string, message: string, span: Span = this.#head()): MetadataError {
    return metadataError(this.#source, code, message, span);
  }

  #ofKind<K extends JsonValue["kind"]>(name: string, kind: K): KindOf<K> {
    const value = this.value(name);
    if (value.kind === kind) return value as KindOf<K>;
    throw this.unexpected(value, `${KIND_NAMES[kind]} for ${name}`);
  }

  /** The object's first character: whole objects are too long for an excerpt. */
  #head(): Span {
    const { start } = this.object.span;
    return { start, end: start + 1 };
  }
}
