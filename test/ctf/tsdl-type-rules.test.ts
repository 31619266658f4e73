/** What TSDL types and the text itself must hold (CTF 1.8.3 §4, appendix C), as babeltrace2 2.0.4 and 2.1.2 refuse it. */

import { suite } from "uvu";
import { type Rule, testRules } from "./rules.ts";
import { fields, header, integer, scopes, TAG, TRACE, text } from "./tsdl-texts.ts";

const test = suite("ctf/tsdl-type-rules");

const NAMES: readonly string[] = [
  "trace",
  "stream",
  "event",
  "env",
  "clock",
  "callsite",
  "integer",
  "string",
  "floating_point",
  "align",
];

const RULES: readonly Rule[] = [
  {
    rule: "integers have a size from 1 to 64 bits",
    code: "TSDL_INTEGER_SIZE",
    broken: [
      [integer(""), "integer {"],
      [integer("size = 0;"), "integer {"],
      [integer("size = 65;"), "integer {"],
      [integer("size = -8;"), "integer {"],
      [integer('size = "8";'), 'size = "8"', "TSDL_ATTRIBUTE"],
    ],
    kept: [
      integer("size = 64;"),
      integer("size = 0x1;"),
      integer("size = 010;"),
      integer("size = 8ull;"),
    ],
  },
  {
    rule: "alignments are powers of two",
    code: "TSDL_ALIGN",
    broken: [
      [integer("size = 8; align = 0;"), "integer {"],
      [integer("size = 8; align = 3;"), "integer {"],
      [integer("size = 8; align = -8;"), "integer {"],
      [fields("struct { u8 y; } align(3) x;"), "struct {"],
      [fields("floating_point { exp_dig = 8; mant_dig = 24; align = 12; } x;"), "floating_point {"],
      [integer("size = 8; align = word;"), "align = word", "TSDL_ATTRIBUTE"],
    ],
    kept: [integer("size = 8; align = 1;"), fields("struct { u8 y; } align(32) x;")],
  },
  {
    rule: "encodings are UTF8, ASCII or none",
    code: "TSDL_ATTRIBUTE",
    broken: ["latin1", "Utf8", "Ascii", "NONE", "true", "2"].flatMap((encoding): Rule["broken"] => [
      [integer(`size = 8; encoding = ${encoding};`), `encoding = ${encoding}`],
      [fields(`string { encoding = ${encoding}; } s;`), `encoding = ${encoding}`],
    ]),
    kept: ["none", "UTF8", "utf8", '"UTF-8"', "ascii"].flatMap((encoding) => [
      integer(`size = 8; encoding = ${encoding};`),
      fields(`string { encoding = ${encoding}; } s;`),
    ]),
  },
  {
    rule: "signed, base, byte_order and map say what they can say",
    code: "TSDL_ATTRIBUTE",
    broken: [
      [integer("size = 8; signed = yes;"), "signed = yes"],
      [integer("size = 8; base = 3;"), "base = 3"],
      [integer("size = 8; base = nibbles;"), "base = nibbles"],
      [integer("size = 8; byte_order = middle;"), "byte_order = middle"],
      [integer("size = 8; byte_order = 3;"), "byte_order = 3"],
      [integer("size = 8; map = 3;"), "3;"],
      [integer("size = 8; map = clock.c.value;"), "clock.c.value", "TSDL_UNKNOWN_CLOCK"],
    ],
    kept: [integer("size = 8; signed = 2;"), integer("size = 8; base = p; byte_order = native;")],
  },
  {
    rule: "floating point numbers have 32 or 64 bits",
    code: "TSDL_FLOAT_SIZE",
    broken: [
      [fields("floating_point { mant_dig = 24; } x;"), "floating_point {"],
      [fields("floating_point { exp_dig = 5; mant_dig = 11; } x;"), "floating_point {"],
      [fields("floating_point { exp_dig = 12; mant_dig = 53; } x;"), "floating_point {"],
    ],
  },
  {
    rule: "an enumeration has an enumerator, and an integer below",
    code: "TSDL_ENUM_BASE",
    broken: [
      [fields("enum : u8 { } x;"), "enum : u8 { }", "TSDL_EMPTY"],
      [fields("enum : floating_point { exp_dig = 8; mant_dig = 24; } { A } x;"), "enum :"],
      [fields("enum : enum : u8 { A } { B } x;"), "enum : enum"],
      [fields("enum { A } x;"), "enum { A }", "TSDL_UNKNOWN_TYPE"],
      [fields("enum : u8 { 'a' } x;"), "'a'", "TSDL_SYNTAX"],
      [fields("enum : u8 { A = B } x;"), "B }", "TSDL_SYNTAX"],
    ],
    kept: [fields('enum : u8 { "a b" = 1 ... 3, int, A, A, } x;')],
  },
  {
    rule: "ranges go up, and those of unsigned integers do not begin below zero and end above",
    code: "TSDL_ENUM_RANGE",
    broken: [
      [fields("enum : u8 { A = 5 ... 3 } x;"), "A = 5"],
      [fields("enum : u8 { A = -1 ... 3 } x;"), "A = -1"],
    ],
    kept: [fields("enum : integer { size = 8; signed = true; } { A = -1 ... 3 } x;")],
  },
  {
    rule: "keywords are no names of fields, types and aliases",
    code: "TSDL_SYNTAX",
    broken: NAMES.flatMap((name): Rule["broken"] => [
      [text(`typealias integer { size = 8; } := ${name};`), `${name};`],
      [text(`typedef u8 ${name};`), "u8 "],
      [text(`struct ${name} { u8 x; };`), `${name} {`],
      [text(`variant ${name} { u8 x; };`), `${name} {`],
      [text(`enum ${name} : u8 { A };`), `${name} :`],
      [fields(`u8 ${name};`), `u8 ${name}`],
    ]).concat([[text("typealias integer { size = 64; } := struct page;"), "struct page"]]),
    kept: [
      text("typealias integer { size = 8; } := unsigned char;"),
      text("typealias integer { size = 64; } := struct page *;"),
      text("env { event = 1; int = 2; };"),
    ],
  },
  {
    rule: "names are declared once in a scope, before they are used",
    code: "TSDL_REDEFINED",
    broken: [
      [text("typealias integer { size = 8; } := u8;"), "typealias"],
      [text("struct s { u8 x; }; struct s { u8 x; };"), "struct s { u8 x; };\n"],
      [fields("u8 x; u8 x;"), "u8 x; }", "TSDL_DUPLICATE_FIELD"],
      [fields("foo x;"), "foo x", "TSDL_UNKNOWN_TYPE"],
      [fields("u8 *x;"), "u8 *", "TSDL_UNKNOWN_TYPE"],
      [fields("struct s { struct s x; } y;"), "struct s x", "TSDL_UNKNOWN_TYPE"],
    ],
    kept: [text("struct s { struct s { u8 x; } x; };")],
  },
  {
    rule: "a variant has an option, and a tag before it where it is used",
    code: "METADATA_REFERENCE",
    broken: [
      [fields(`${TAG} variant <t> { } v;`), "variant <t> { }", "TSDL_EMPTY"],
      [fields("variant { u8 A; } v;"), "variant {", "TSDL_NO_TAG"],
      [fields(`variant <t> { u8 A; } v; ${TAG}`), "variant <t>"],
      [fields("u8 t; variant <t> { u8 A; } v;"), "variant <t>"],
      [fields("string t; variant <t> { u8 A; } v;"), "variant <t>"],
      [fields(`struct { ${TAG} } s[2]; variant <s.t> { u8 A; } v;`), "variant <s.t>"],
      [fields(`struct { ${TAG} } s[2]; variant <event.fields.s.t> { u8 A; } v;`), "variant <event"],
      [
        `${TRACE}variant v <t> { u8 A; };\nevent { name = e; fields := struct { ${TAG} variant v w; }; };`,
        "variant v w",
        "TSDL_TAG",
      ],
      [
        `${TRACE}typealias variant <t> { u8 A; } := v;\nevent { name = e; fields := struct { ${TAG} v w; }; };`,
        "v w",
        "TSDL_TAG",
      ],
    ],
    kept: [
      `${TRACE}variant v { u8 A; };\nevent { name = e; fields := struct { ${TAG} variant v <t> w; }; };`,
      fields(`struct { ${TAG} variant <t> { u8 A; } v; } s[2];`),
    ],
  },
  {
    rule: "lengths are numbers from 0 up, or unsigned integers before the array",
    code: "METADATA_REFERENCE",
    broken: [
      [fields("u8 x[n];"), "u8 x[n]"],
      [fields("u8 x[n]; u8 n;"), "u8 x[n]"],
      [fields("integer { size = 8; signed = true; } n; u8 x[n];"), "u8 x[n]"],
      [fields("string n; u8 x[n];"), "u8 x[n]"],
      [fields("u8 x[event.fields.m];"), "u8 x["],
      [fields("u8 x[-1];"), "-1]", "TSDL_SYNTAX"],
      [fields("u8 x[];"), "]", "TSDL_SYNTAX"],
      [fields("u8 x[18446744073709551615];"), "u8 x[", "TSDL_LENGTH"],
      [fields("u8 x[env.n];"), "u8 x[", "TSDL_UNKNOWN_ENVIRONMENT"],
      [
        `${TRACE}env { n = -3; };\nevent { name = e; fields := struct { u8 x[env.n]; }; };`,
        "u8 x[",
        "TSDL_LENGTH",
      ],
    ],
    kept: [fields("u8 x[0]; u8 n; u8 y[n];"), fields("struct { u8 n; } a[2]; u8 x[a.n];")],
  },
  {
    rule: "reserved fields have the types that their meaning needs",
    code: "TSDL_RESERVED",
    broken: [
      [header("integer { size = 16; } magic;"), "packet.header"],
      [header("u8 a; integer { size = 32; } magic;"), "packet.header"],
      [header("u8 uuid[15];"), "packet.header"],
      [header("string stream_id;"), "packet.header"],
      [scopes("packet.context := struct { string content_size; };"), "packet.context"],
      [
        scopes("packet.context := struct { integer { size = 8; signed = true; } packet_size; };"),
        "packet.context",
      ],
      [scopes("event.header := struct { string id; };"), "event.header"],
    ],
    kept: [scopes("packet.context := struct { string cpu_id; };")],
  },
  {
    rule: "strings hold no NUL, and numbers fit 64 bits",
    code: "TSDL_STRING",
    broken: [
      [text('env { a = "x\0y"; };'), "\0"],
      [text("env { a = 18446744073709551616; };"), "18446744073709551616", "TSDL_SYNTAX"],
      [text("env { a = 0789; };"), "0789", "TSDL_SYNTAX"],
      [text("env { a = --8; };"), "-8", "TSDL_SYNTAX"],
      [text('env { a = "\\q"; };'), "\\q", "TSDL_ESCAPE"],
    ],
    kept: [text(`env { a = "x"; b = 'y'; c = L"z"; d = -1; };`), `${text("")}\0\0`],
  },
  {
    rule: "declarations end as the grammar has it",
    code: "TSDL_SYNTAX",
    broken: [
      [text(";"), ";"],
      [text("#pragma x"), "#"],
      [text("env { a = 1 };"), "}"],
      [text("env { a = 1; }"), "event {"],
      [text("foo { a = 1; };"), "foo {"],
      [fields("u8 x : 3;"), ": 3"],
      [fields("u8 3x;"), "3x"],
      [fields("u8;"), ";"],
      [fields("u8 x[2+3];"), "+3"],
    ],
  },
];

testRules(test, RULES);

test.run();
