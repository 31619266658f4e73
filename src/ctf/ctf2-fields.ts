/** CTF 2 field classes (CTF2-SPEC-2.0 §5.3): JSON objects → field templates. */

import {
  BLOB_ROLES,
  bitsTemplate,
  checkExtras,
  encodingOf,
  flagsOf,
  floatTemplate,
  headOf,
  integerProperties,
  locationOf,
  mediaTypeOf,
  minimumAlign,
  rangeSet,
  rolesOf,
  staticLength,
  VARIABLE_LENGTH,
} from "./ctf2-attributes.ts";
import { roleProblem } from "./ctf2-roles.ts";
import {
  compound,
  type FieldReference,
  type StructureTemplate,
  shapeProblem,
  type Template,
  type TemplateMember,
  type TemplateOption,
} from "./field-template.ts";
import type { JsonValue } from "./json.ts";
import type { Properties } from "./json-properties.ts";

const COMMON = ["type", "attributes", "extensions"] as const;
const BITS = ["length", "byte-order", "bit-order", "alignment"] as const;
const INTEGER = ["preferred-display-base", "mappings"] as const;

const SCOPE_OF = {
  "packet-header-field-class": "packet-header",
  "packet-context-field-class": "packet-context",
  "event-record-header-field-class": "event-header",
  "event-record-common-context-field-class": "common-context",
  "specific-context-field-class": "specific-context",
  "payload-field-class": "payload",
} as const;
type ScopeProperty = keyof typeof SCOPE_OF;

/** Field classes that have a name, in order of declaration. */
export type Aliases = Map<string, Template>;

/** Reads field classes, in which aliases declared so far may stand. */
export class FieldClassReader {
  readonly #aliases: Aliases;

  constructor(aliases: Aliases) {
    this.#aliases = aliases;
  }

  /**
   * The structure of a scope, `undefined` where the property is absent.
   * @param hasClock whether the data stream class has a default clock class
   */
  scope(
    owner: Properties,
    name: ScopeProperty,
    hasClock: boolean = false,
  ): StructureTemplate | undefined {
    const value = owner.optionalValue(name);
    if (value === undefined) return undefined;
    const template = this.read(value, owner);
    if (template.kind === "structure") {
      const problem = roleProblem(SCOPE_OF[name], template, hasClock);
      const { start } = value.span;
      if (problem !== undefined) throw owner.fail("CTF2_ROLE", problem, { start, end: start + 1 });
      return template;
    }
    throw owner.fail(
      "CTF2_SCOPE",
      `expected a structure for ${name}, got ${template.kind}`,
      value.span,
    );
  }

  /** A field class: an object, or the name of an alias. */
  read(value: JsonValue, owner: Properties): Template {
    if (value.kind === "string") {
      const template = this.#aliases.get(value.value);
      if (template !== undefined) return template;
      throw owner.fail(
        "CTF2_ALIAS",
        `expected the name of an earlier field class alias, got ${value.value}`,
        value.span,
      );
    }
    const properties = owner.asObject(value, "a field class");
    const type = properties.string("type");
    checkExtras(properties);
    const template = numberTemplate(type, properties) ?? this.#sequenceTemplate(type, properties);
    if (template === undefined) {
      const message = `expected the type of a field class, got ${type}`;
      throw properties.fail("CTF2_FIELD_CLASS", message, properties.value("type").span);
    }
    const problem = shapeProblem(template);
    if (problem !== undefined) throw properties.fail("METADATA_NESTING", problem);
    return template;
  }

  /** Texts, blobs and compounds. */
  #sequenceTemplate(type: string, properties: Properties): Template | undefined {
    const only = (...names: string[]): Properties => properties.only([...COMMON, ...names]);
    switch (type) {
      case "null-terminated-string":
        only("encoding");
        return { kind: "string", encoding: encodingOf(properties) };
      case "static-length-string":
        only("length", "encoding");
        return {
          kind: "text",
          length: staticLength(properties),
          encoding: encodingOf(properties),
        };
      case "dynamic-length-string":
        only("length-field-location", "encoding");
        return {
          kind: "text",
          length: locationOf(properties, "length-field-location"),
          encoding: encodingOf(properties),
        };
      case "static-length-blob":
        only("length", "media-type", "roles");
        return this.#staticBlob(properties);
      case "dynamic-length-blob":
        only("length-field-location", "media-type");
        return {
          kind: "blob",
          length: locationOf(properties, "length-field-location"),
          mediaType: mediaTypeOf(properties),
          roles: [],
        };
      case "static-length-array":
        only("length", "element-field-class", "minimum-alignment");
        return this.#array(properties, staticLength(properties));
      case "dynamic-length-array":
        only("length-field-location", "element-field-class", "minimum-alignment");
        return this.#array(properties, locationOf(properties, "length-field-location"));
      case "structure":
        only("member-classes", "minimum-alignment");
        return this.#structure(properties);
      case "optional":
        only("field-class", "selector-field-location", "selector-field-ranges");
        return this.#optional(properties);
      case "variant":
        only("options", "selector-field-location");
        return this.#variant(properties);
      default:
        return undefined;
    }
  }

  #staticBlob(properties: Properties): Template {
    const length = staticLength(properties);
    const given = rolesOf(properties, BLOB_ROLES);
    if (given.length > 0 && length !== 16) {
      throw properties.fail(
        "CTF2_ROLE",
        `expected a blob of 16 bytes as metadata-stream-uuid, got ${length}`,
      );
    }
    return { kind: "blob", length, mediaType: mediaTypeOf(properties), roles: given };
  }

  #array(properties: Properties, length: number | FieldReference): Template {
    const element = this.read(properties.value("element-field-class"), properties);
    return compound({ kind: "array", minimumAlign: minimumAlign(properties), length, element });
  }

  #structure(properties: Properties): Template {
    const members: TemplateMember[] = [];
    const names = new Set<string>();
    if (properties.has("member-classes")) {
      for (const item of properties.items("member-classes")) {
        const member = properties.asObject(item, "a structure member");
        member.only(["name", "field-class", "attributes", "extensions"]);
        checkExtras(member);
        const name = member.string("name");
        if (names.has(name))
          throw member.fail(
            "CTF2_DUPLICATE_FIELD",
            `field ${name} stands here twice`,
            member.value("name").span,
          );
        names.add(name);
        const template = this.read(member.value("field-class"), member);
        members.push({ rawName: name, name, template });
      }
    }
    return compound({ kind: "structure", minimumAlign: minimumAlign(properties), members });
  }

  #optional(properties: Properties): Template {
    const ranges = properties.optionalValue("selector-field-ranges");
    return compound({
      kind: "optional",
      selector: locationOf(properties, "selector-field-location"),
      ranges: ranges && rangeSet(ranges, properties),
      template: this.read(properties.value("field-class"), properties),
      span: headOf(properties),
      rangesSpan: ranges?.span,
    });
  }

  #variant(properties: Properties): Template {
    const selector = locationOf(properties, "selector-field-location");
    const options: TemplateOption[] = [];
    const names = new Set<string>();
    const items = properties.items("options");
    if (items.length === 0)
      throw properties.fail("CTF2_VARIANT", "expected at least one option, got none");
    for (const [i, item] of items.entries()) {
      const option = properties.asObject(item, "a variant option");
      option.only(["name", "field-class", "selector-field-ranges", "attributes", "extensions"]);
      checkExtras(option);
      const name = option.optionalString("name") ?? String(i);
      if (option.has("name") && names.has(name))
        throw option.fail("CTF2_DUPLICATE_FIELD", `option ${name} stands here twice`);
      names.add(name);
      const value = option.value("selector-field-ranges");
      const ranges = rangeSet(value, option);
      for (const other of options) {
        if (other.ranges?.some((a) => ranges.some((b) => a.low <= b.high && b.low <= a.high)))
          throw option.fail(
            "CTF2_VARIANT",
            `expected ranges of its own, but option ${other.name} has some of them`,
            value.span,
          );
      }
      const template = this.read(option.value("field-class"), option);
      options.push({ rawName: name, name, template, ranges, rangesSpan: value.span });
    }
    return compound({ kind: "variant", selector, options, span: headOf(properties) });
  }
}

/** Integers, booleans, bits and floats. */
function numberTemplate(type: string, properties: Properties): Template | undefined {
  const only = (...names: string[]): Properties => properties.only([...COMMON, ...names]);
  switch (type) {
    case "fixed-length-bit-array":
      only(...BITS);
      return bitsTemplate(properties, "bit-array", {});
    case "fixed-length-bit-map":
      only(...BITS, "flags");
      return bitsTemplate(properties, "bit-map", { mappings: flagsOf(properties) });
    case "fixed-length-boolean":
      only(...BITS);
      return bitsTemplate(properties, "boolean", {});
    case "fixed-length-unsigned-integer":
      only(...BITS, ...INTEGER, "roles");
      return bitsTemplate(properties, "number", {
        ...integerProperties(properties, false),
        roles: rolesOf(properties),
      });
    case "fixed-length-signed-integer":
      only(...BITS, ...INTEGER);
      return bitsTemplate(properties, "number", integerProperties(properties, true));
    case "fixed-length-floating-point-number":
      only(...BITS);
      return floatTemplate(properties);
    case "variable-length-unsigned-integer":
      only(...INTEGER, "roles");
      return {
        ...VARIABLE_LENGTH,
        ...integerProperties(properties, false),
        roles: rolesOf(properties),
      };
    case "variable-length-signed-integer":
      only(...INTEGER);
      return { ...VARIABLE_LENGTH, ...integerProperties(properties, true) };
    default:
      return undefined;
  }
}
