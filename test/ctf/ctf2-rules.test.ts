/** What CTF 2 metadata must hold (CTF2-SPEC-2.0 §5), as babeltrace2 2.1.2 refuses it. */

import { suite } from "uvu";
import {
  alias,
  array,
  BITS,
  BOOLEAN,
  bits,
  CLOCK,
  clock,
  context,
  EACH,
  EVENT,
  event,
  everywhere,
  field,
  fragments,
  header,
  MAGIC,
  option,
  optional,
  PREAMBLE,
  payload,
  preamble,
  role,
  S8,
  STRING,
  stream,
  structure,
  traceClass,
  U8,
  UUID,
  variant,
} from "./ctf2-texts.ts";
import { type Rule, testRules } from "./rules.ts";

const test = suite("ctf/ctf2-rules");

const RULES: readonly Rule[] = [
  {
    rule: "a preamble of version 2 comes first, and once",
    code: "CTF2_PREAMBLE",
    broken: [
      [fragments({ type: "data-stream-class" }), "{"],
      [fragments(PREAMBLE, PREAMBLE), '{"type":"preamble"'],
      [preamble({ version: 3 }), "3", "CTF2_VERSION"],
      [preamble({ version: "2" }), '"2"', "CTF2_VALUE"],
      [fragments({ type: "preamble" }), "{", "CTF2_MISSING_PROPERTY"],
    ],
    kept: [preamble({})],
  },
  {
    rule: "a UUID is 16 bytes",
    code: "CTF2_UUID",
    broken: [
      [preamble({ uuid: new Array(15).fill(1) }), "["],
      [preamble({ uuid: new Array(17).fill(1) }), "["],
      [preamble({ uuid: [256, ...new Array(15).fill(1)] }), "["],
      [preamble({ uuid: [-1, ...new Array(15).fill(1)] }), "["],
      [preamble({ uuid: "d58f53f8-1ea8-4b9e-ab2b-2c9f699ce47a" }), '"d58f53f8', "CTF2_VALUE"],
    ],
    kept: [preamble({ uuid: new Array(16).fill(255) })],
  },
  {
    rule: "a fragment is an object of a known type",
    code: "CTF2_FRAGMENT",
    broken: [
      [fragments(PREAMBLE, { type: "foo" }), '"foo"'],
      [`${fragments(PREAMBLE)}\n\x1e[1]\x1e`, "[1]"],
      [fragments(PREAMBLE, { type: 3 }), "3", "CTF2_VALUE"],
      [fragments(PREAMBLE, {}), "{}", "CTF2_MISSING_PROPERTY"],
    ],
  },
  {
    rule: "attributes are objects, whatever they hold, everywhere",
    code: "CTF2_VALUE",
    broken: [
      ...everywhere({ attributes: "x" }).map((text): Rule["broken"][number] => [text, '"x"']),
      ...everywhere({ attributes: [] }).map((text): Rule["broken"][number] => [text, "[]"]),
    ],
    kept: everywhere({ attributes: { a: 1, b: { c: [null] } } }),
  },
  {
    rule: "no extension is known",
    code: "CTF2_EXTENSION",
    broken: everywhere({ extensions: { a: { b: 1 } } }).map((text) => [text, "{"]),
    kept: everywhere({ extensions: {} }),
  },
  {
    rule: "no property is unknown",
    code: "CTF2_UNKNOWN_PROPERTY",
    broken: everywhere({ zz: 17 }).map((text) => [text, "17"]),
  },
  {
    rule: "properties that are needed are there",
    code: "CTF2_MISSING_PROPERTY",
    broken: [
      ...EACH.flatMap((fieldClass) =>
        Object.keys(fieldClass)
          .filter((name) => name !== "type" && name !== "member-classes")
          .map((name) => Object.entries(fieldClass).filter(([key]) => key !== name)),
      ).map((left): Rule["broken"][number] => [field(Object.fromEntries(left)), "{"]),
      [clock({ id: undefined }), "{"],
      [clock({ frequency: undefined }), "{"],
      [alias({ name: undefined }), "{"],
      [alias({ "field-class": undefined }), "{"],
      [field(variant({ "field-class": U8 })), "{"],
    ],
  },
  {
    rule: "lengths in bits are from 1 to 64, and of floating point numbers 32 or 64",
    code: "CTF2_VALUE",
    broken: [
      ...BITS.flatMap((one): Rule["broken"] =>
        [0, -1].map((length) => [field({ ...one, length }), String(length)]),
      ),
      ...BITS.slice(0, 5).map((one): Rule["broken"][number] => [
        field({ ...one, length: 65 }),
        "65",
      ]),
      ...BITS.map((one): Rule["broken"][number] => [field({ ...one, length: 8.5 }), "8.5"]),
      [field(bits("floating-point-number", { length: 65 })), "65", "CTF2_FLOAT_SIZE"],
    ],
    kept: [field(bits("unsigned-integer", { length: 64 }))],
  },
  {
    rule: "alignments are powers of two, byte and bit orders what they can be",
    code: "CTF2_VALUE",
    broken: BITS.flatMap((one): Rule["broken"] => [
      [field({ ...one, alignment: 0 }), "0"],
      [field({ ...one, alignment: 6 }), "6", "CTF2_ALIGN"],
      [field({ ...one, alignment: "8" }), '"8"'],
      [field({ ...one, "byte-order": "middle" }), '"middle"'],
      [field({ ...one, "bit-order": "any" }), '"any"'],
    ]),
    kept: BITS.map((one) => field({ ...one, alignment: 64, "bit-order": "last-to-first" })),
  },
  {
    rule: "lengths of texts, blobs and arrays are from 0 up",
    code: "CTF2_VALUE",
    broken: ["static-length-string", "static-length-blob", "static-length-array"].flatMap((type) =>
      [-1, 1.5, "4"].map((length): Rule["broken"][number] => [
        field({ type, length, ...(type.endsWith("array") && { "element-field-class": U8 }) }),
        JSON.stringify(length),
      ]),
    ),
    kept: [field({ type: "static-length-blob", length: 0 })],
  },
  {
    rule: "encodings, bases and media types are what they can be",
    code: "CTF2_VALUE",
    broken: [
      [field({ ...STRING, encoding: "UTF-8" }), '"UTF-8"'],
      [field({ type: "static-length-string", length: 4, encoding: "latin1" }), '"latin1"'],
      [field({ ...U8, "preferred-display-base": 12 }), "12"],
      [field({ ...S8, "preferred-display-base": -2 }), "-2"],
      [field({ type: "static-length-blob", length: 4, "media-type": 3 }), "3"],
    ],
    kept: [field({ ...STRING, encoding: "utf-32be" })],
  },
  {
    rule: "ranges go up, are not empty, and are of their integer's sign",
    code: "CTF2_RANGE",
    broken: [
      [field({ ...U8, mappings: { a: [] } }), "[]"],
      [field({ ...U8, mappings: { a: [[2, 1]] } }), "[2,1]"],
      [field({ ...U8, mappings: { a: [[1]] } }), "[1]"],
      [field({ ...U8, mappings: { a: [3] } }), "3"],
      [field({ ...U8, mappings: { a: [[-1, 2]] } }), "[[-1,2]]"],
      [
        field({ type: "variable-length-unsigned-integer", mappings: { a: [[-2, -1]] } }),
        "[[-2,-1]]",
      ],
      [field(variant(option([[-10, 9]]))), "[[-10,9]]"],
      [field(variant(option([]))), "[]"],
      [payload({ n: U8, x: optional("n", [[-1, 2]]) }), "[[-1,2]]"],
      [payload({ n: U8, x: optional("n", []) }), "[]"],
      [field({ ...U8, mappings: { a: 1 } }), "1", "CTF2_VALUE"],
      [field(bits("bit-map", { flags: { a: [[0, 8]] } })), '{"a"', "CTF2_VALUE"],
      [field(bits("bit-map", { flags: {} })), "{", "CTF2_VALUE"],
    ],
    kept: [
      field({ ...U8, mappings: {} }),
      field({ ...S8, mappings: { a: [[-1, 2]] } }),
      field({ ...U8, mappings: { a: [[0, 300]] } }),
      payload({ n: S8, x: variant(option([[-10, 9]])) }),
    ],
  },
  {
    rule: "variants have options of their own ranges and names",
    code: "CTF2_VARIANT",
    broken: [
      [field(variant()), "{"],
      [field(variant(option([[0, 5]]), option([[5, 6]]))), "[[5,6]]"],
      [
        field(variant(option([[0, 1]], { name: "a" }), option([[2, 3]], { name: "a" }))),
        "{",
        "CTF2_DUPLICATE_FIELD",
      ],
    ],
    kept: [field(variant(option([[0, 5]]), option([[6, 6]])))],
  },
  {
    rule: "selectors and lengths are fields of a fitting class, before the field, and there",
    code: "METADATA_REFERENCE",
    broken: [
      [field(array({ path: ["zz"] })), "{"],
      [field(array({ path: ["x"] })), "{"],
      [field(array({ path: ["b"] })), "{"],
      [payload({ n: S8, x: array({ path: ["n"] }) }), "{"],
      [payload({ n: STRING, x: array({ path: ["n"] }) }), "{"],
      [payload({ x: array({ path: ["n"] }), n: U8 }), "{"],
      [payload({ n: U8, x: array({ path: [null, "n"] }) }), "{"],
      [field(array({ origin: "event-record-specific-context", path: ["n"] })), "{"],
      [field(optional("n")), "{"],
      [field(optional("b", [[0, 1]])), "{"],
      [payload({ n: BOOLEAN, x: variant(option([[0, 1]])) }), "{"],
      [
        payload({
          a: {
            type: "static-length-array",
            length: 2,
            "element-field-class": structure({ n: U8 }),
          },
          x: array({ path: ["a", "n"] }),
        }),
        "{",
      ],
      [payload({ n: U8, s: structure({ x: array({ path: ["n"] }) }) }), "{"],
    ],
    kept: [
      field(array({ origin: "event-record-payload", path: ["n"] })),
      payload({ n: U8, s: structure({ x: array({ path: [null, "n"] }) }) }),
      payload({ n: U8, x: array({ path: ["zz", null, "n"] }) }),
    ],
  },
  {
    rule: "locations are an origin and a path of names that ends with one",
    code: "CTF2_LOCATION",
    broken: [
      [field(array({ path: [] })), "{"],
      [field(array({ path: ["n", null] })), "{"],
      [field(array({ path: [null] })), "{"],
      [field(array({ origin: "payload", path: ["n"] })), "{"],
      [field(array({ path: [1] })), "1", "CTF2_VALUE"],
      [field(array("n")), '"n"', "CTF2_VALUE"],
      [field(array({ path: ["n"], zz: 1 })), "1", "CTF2_UNKNOWN_PROPERTY"],
    ],
  },
  {
    rule: "roles are known, and those of their scope",
    code: "CTF2_ROLE",
    broken: [
      [header({ m: role("foo") }), '"foo"'],
      [header({ m: role("packet-total-length") }), "{"],
      [header({ m: role("event-record-class-id") }), "{"],
      [context({ m: MAGIC }), "{"],
      [context({ m: UUID }), "{"],
      [context({ m: role("data-stream-class-id") }), "{"],
      [
        stream({
          "event-record-header-field-class": structure({ m: role("packet-total-length") }),
        }),
        "{",
      ],
      [stream({ "event-record-common-context-field-class": structure({ m: MAGIC }) }), "{"],
      [
        event({ "specific-context-field-class": structure({ m: role("event-record-class-id") }) }),
        "{",
      ],
      [payload({ s: structure({ m: role("data-stream-id") }) }), "{"],
      [payload({ m: UUID }), "{"],
      [header({ m: { ...U8, roles: [1] } }), "1"],
      [header({ m: { ...U8, roles: "data-stream-id" } }), '"data-stream-id"', "CTF2_VALUE"],
      [header({ m: { ...S8, roles: ["data-stream-id"] } }), "[", "CTF2_UNKNOWN_PROPERTY"],
    ],
    kept: [
      header({ m: MAGIC, u: UUID, s: role("data-stream-class-id"), i: role("data-stream-id") }),
    ],
  },
  {
    rule: "the magic number is the first field, of 32 bits",
    code: "CTF2_ROLE",
    broken: [
      [header({ a: U8, m: MAGIC }), "{"],
      [header({ m: MAGIC, n: MAGIC }), "{"],
      [header({ m: role("packet-magic-number") }), "{"],
      [
        header({ m: { type: "variable-length-unsigned-integer", roles: ["packet-magic-number"] } }),
        "{",
      ],
      [header({ m: { ...UUID, length: 15 } }), "{"],
    ],
  },
  {
    rule: "timestamps need a default clock class",
    code: "CTF2_ROLE",
    broken: [
      [context({ m: role("default-clock-timestamp") }), "{"],
      [context({ m: role("packet-end-default-clock-timestamp") }), "{"],
      [
        stream({
          "event-record-header-field-class": structure({ m: role("default-clock-timestamp") }),
        }),
        "{",
      ],
      [stream({ "default-clock-class-id": "z" }), '"z"', "CTF2_CLOCK"],
    ],
    kept: [context({ m: role("default-clock-timestamp") }, { "default-clock-class-id": "c" })],
  },
  {
    rule: "clock classes have a frequency from 1, offsets below it, and an origin",
    code: "CTF2_VALUE",
    broken: [
      [clock({ frequency: 0 }), "0"],
      [clock({ frequency: 1.5 }), "1.5"],
      [clock({ "offset-from-origin": { cycles: 1000 } }), "1000}"],
      [clock({ "offset-from-origin": { cycles: -1 } }), "-1"],
      [clock({ precision: -1 }), "-1"],
      [clock({ description: 1 }), "1"],
      [clock({ origin: "big-bang" }), '"big-bang"', "CTF2_CLOCK"],
      [clock({ origin: { name: "a" } }), "{", "CTF2_MISSING_PROPERTY"],
      [fragments(PREAMBLE, CLOCK, CLOCK), "{", "CTF2_CLOCK"],
    ],
    kept: [clock({ origin: "unix-epoch", "offset-from-origin": { seconds: -1, cycles: 999 } })],
  },
  {
    rule: "nothing is declared twice, and nothing used before",
    code: "CTF2_ALIAS",
    broken: [
      [
        fragments(
          PREAMBLE,
          ...new Array(2).fill({ type: "field-class-alias", name: "u", "field-class": U8 }),
        ),
        "{",
      ],
      [field("z"), '"z"'],
      [alias({ "field-class": "u" }), '"u"'],
      [
        fragments(PREAMBLE, { type: "trace-class" }, { type: "trace-class" }),
        "{",
        "CTF2_TRACE_CLASS",
      ],
      [
        fragments(PREAMBLE, { type: "data-stream-class" }, { type: "data-stream-class" }),
        "{",
        "CTF2_DUPLICATE_STREAM",
      ],
      [
        fragments(PREAMBLE, { type: "data-stream-class" }, EVENT, EVENT),
        "{",
        "CTF2_DUPLICATE_EVENT",
      ],
      [
        fragments(PREAMBLE, { type: "data-stream-class" }, { ...EVENT, "data-stream-class-id": 5 }),
        "{",
        "CTF2_UNKNOWN_STREAM",
      ],
      [
        event({
          "payload-field-class": {
            type: "structure",
            "member-classes": [
              { name: "x", "field-class": U8 },
              { name: "x", "field-class": U8 },
            ],
          },
        }),
        '"x"',
        "CTF2_DUPLICATE_FIELD",
      ],
    ],
  },
  {
    rule: "ids, names and environment entries are of their kinds, scopes are structures",
    code: "CTF2_VALUE",
    broken: [
      [stream({ id: -1 }), "-1"],
      [event({ id: "1" }), '"1"'],
      [event({ name: 1 }), "1"],
      [traceClass({ namespace: 1 }), "1"],
      [traceClass({ environment: { a: [] } }), "[]"],
      [traceClass({ environment: { a: true } }), "true"],
      [event({ "payload-field-class": U8 }), "{", "CTF2_SCOPE"],
    ],
    kept: [traceClass({ environment: { a: -1, b: "x" }, name: "n" })],
  },
  {
    rule: "fragments are JSON, without a property twice",
    code: "JSON_SYNTAX",
    broken: [
      ['\x1e{"type":"preamble","version":+2}', "+2"],
      ['\x1e{"type":"preamble","version":2,}', "}"],
      ['\x1e{"type":"preamble"/**/}', "/"],
      ['\x1e{"type":"pre\0amble"}', "\0"],
      ['\x1e{"type":"preamble","version":2,"version":2}', '"version"', "JSON_DUPLICATE"],
      ['\x1e{"type":"preamble","version":100000000000000000000}', "1000", "JSON_INTEGER"],
    ],
  },
];

testRules(test, RULES);

test.run();
