/** What the blocks of TSDL metadata must hold (CTF 1.8.3 §7.3), as babeltrace2 2.0.4 and 2.1.2 refuse it. */

import { suite } from "uvu";
import { type Rule, testRules } from "./rules.ts";
import {
  clock,
  EVENT,
  event,
  fields,
  integer,
  STREAM_ID,
  scopes,
  TRACE,
  TYPES,
  text,
  trace,
} from "./tsdl-texts.ts";

const test = suite("ctf/tsdl-block-rules");

const UUID = "d58f53f8-1ea8-4b9e-ab2b-2c9f699ce47a";

const RULES: readonly Rule[] = [
  {
    rule: "a trace has major and minor, which are 1 and 8",
    code: "TSDL_VERSION",
    broken: [
      [trace("minor = 8; byte_order = le;"), "trace {"],
      [trace("major = 1; byte_order = le;"), "trace {"],
      [trace("major = 1; minor = 9; byte_order = le;"), "trace {"],
      [trace("major = 2; minor = 8; byte_order = le;"), "trace {"],
      [trace('major = 1; minor = "8"; byte_order = le;'), 'minor = "8"', "TSDL_VALUE"],
      [trace("major = one; minor = 8; byte_order = le;"), "major = one", "TSDL_VALUE"],
    ],
    kept: [trace("major = 1; minor = 8; byte_order = le;")],
  },
  {
    rule: "a trace has a byte order, which is not native",
    code: "TSDL_BYTE_ORDER",
    broken: [
      [trace("major = 1; minor = 8;"), "trace {"],
      [trace("major = 1; minor = 8; byte_order = native;"), "byte_order = native"],
      [trace("major = 1; minor = 8; byte_order = 1;"), "byte_order = 1"],
      [trace("major = 1; minor = 8; byte_order = middle;"), "byte_order = middle"],
    ],
    kept: [trace("major = 1; minor = 8; byte_order = network;")],
  },
  {
    rule: "there is one trace block, before the first event",
    code: "TSDL_TWO_TRACES",
    broken: [
      [text("trace { major = 1; minor = 8; byte_order = le; };"), "trace {"],
      [`${TYPES}\n${EVENT}`, "event {", "TSDL_NO_TRACE"],
    ],
  },
  {
    rule: "UUIDs are strings of 8-4-4-4-12 hexadecimal digits",
    code: "TSDL_UUID",
    broken: [
      `"${UUID.replaceAll("-", "")}"`,
      '"d58f53f81-ea8-4b9e-ab2b-2c9f699ce47a"',
      `"${UUID.slice(1)}"`,
      `"${UUID}0"`,
      `"z${UUID.slice(1)}"`,
      `" ${UUID}"`,
      `"{${UUID}}"`,
      '""',
      "salut",
      "23",
    ].flatMap((uuid): Rule["broken"] => [
      [trace(`major = 1; minor = 8; byte_order = le; uuid = ${uuid};`), `uuid = ${uuid}`],
      [clock(`uuid = ${uuid};`), `uuid = ${uuid}`],
    ]),
    kept: [clock(`uuid = "${UUID}";`), clock(`uuid = "${UUID.toUpperCase()}";`)],
  },
  {
    rule: "no attribute stands twice in a block or type",
    code: "TSDL_DUPLICATE_ATTRIBUTE",
    broken: [
      [trace("major = 1; minor = 8; byte_order = le; minor = 8;"), "minor = 8; }"],
      [clock("freq = 1; freq = 2;"), "freq = 2"],
      [scopes("id = 1; id = 1;"), "id = 1; }"],
      [event("name = e; name = f;"), "name = f"],
      [integer("size = 8; size = 8;"), "size = 8; }"],
      [fields("string { encoding = UTF8; encoding = UTF8; } s;"), "encoding = UTF8; }"],
    ],
    kept: [text("env { a = 1; a = 2; };")],
  },
  {
    rule: "attributes have the form that they are known in",
    code: "TSDL_VALUE",
    broken: [
      [trace("major = 1; minor = 8; byte_order = le; packet.header = 3;"), "packet.header = 3"],
      [scopes("event.header = 3;"), "event.header = 3"],
      [event("name = e; context = 3;"), "context = 3"],
      [clock("freq := struct { };"), "freq := struct"],
      [event("name = 3;"), "name = 3"],
      [event("name = e; model.emf.uri = 3;"), "model.emf.uri = 3"],
      [event("name = e; loglevel = debug;"), "loglevel = debug"],
      [event('name = e; id = "1";'), 'id = "1"'],
      [event("name = e; stream_id = a;"), "stream_id = a"],
    ],
    kept: [event('name = "e"; model.emf.uri = "u"; loglevel = 99; z = 1;')],
  },
  {
    rule: "clocks have a name, numbers for their numbers, and a truth value for absolute",
    code: "TSDL_VALUE",
    broken: [
      [text("clock { name = 23; };"), "name = 23"],
      [clock("description = 23;"), "description = 23"],
      [clock("offset = -3;"), "offset = -3"],
      [clock("offset = a;"), "offset = a"],
      [clock('offset_s = "3";'), "offset_s ="],
      [clock("precision = -1;"), "precision = -1"],
      [clock("precision = salut;"), "precision = salut"],
      [clock("absolute = no;"), "absolute = no"],
      [clock('absolute = "True";'), "absolute ="],
      [clock('freq = "1";'), "freq ="],
      [clock("typealias integer { size = 8; } := foo;"), "typealias integer { size = 8; } := foo"],
      [clock("struct s { u8 x; };"), "struct s"],
      [clock("freq = 0;"), "clock {", "TSDL_CLOCK"],
      [clock("freq = -1;"), "clock {", "TSDL_CLOCK"],
      [text("clock { freq = 1; };"), "clock {", "TSDL_CLOCK"],
      [text("clock { name = c; }; clock { name = c; };"), "clock { name = c; };\n", "TSDL_CLOCK"],
    ],
    kept: [
      clock("offset_s = -3; absolute = 23;"),
      clock("description = word; absolute = FALSE;"),
      text('clock { name = "c"; };'),
    ],
  },
  {
    rule: "the environment holds values alone",
    code: "TSDL_VALUE",
    broken: [[text("env { typealias integer { size = 8; } := foo; };"), "typealias"]],
    kept: [text("env { a = 1; b = word; };")],
  },
  {
    rule: "streams and events have ids of their own, from 0 up",
    code: "TSDL_ID",
    broken: [
      [scopes("id = -1;"), "stream {"],
      [event("name = e; id = -1;"), "event {"],
      [event("name = e; id = 18446744073709551615;"), "event {"],
      [
        `${STREAM_ID}stream { id = 1; }; stream { id = 1; };`,
        "stream { id = 1; };",
        "TSDL_DUPLICATE_STREAM",
      ],
      [
        `${TRACE}stream { event.header := struct { u8 id; }; };\nevent { name = a; };\nevent { name = b; };`,
        "event { name = b; }",
        "TSDL_DUPLICATE_EVENT",
      ],
    ],
  },
  {
    rule: "several streams are distinguished by stream_id in the packet header",
    code: "TSDL_STREAM_ID",
    broken: [
      [
        `${TRACE}stream { id = 1; };\nstream { id = 2; };\nevent { name = e; stream_id = 1; };`,
        "stream { id = 2; }",
      ],
      [
        `${STREAM_ID}stream { id = 1; };\nstream { id = 2; };\n${EVENT}`,
        "event {",
        "TSDL_NO_STREAM_ID",
      ],
      [
        `${STREAM_ID}stream { id = 1; };\nevent { name = e; stream_id = 2; };`,
        "event {",
        "TSDL_UNKNOWN_STREAM",
      ],
    ],
    kept: [
      `${STREAM_ID}stream { id = 1; };\nstream { id = 2; };\nevent { name = e; stream_id = 1; };`,
    ],
  },
  {
    rule: "several events of a stream are distinguished by id in the event header",
    code: "TSDL_EVENT_ID",
    broken: [
      [`${TRACE}event { name = a; };\nevent { name = b; id = 1; };`, "event { name = b"],
      [
        `${TRACE}stream { event.header := struct { u8 x; }; };\nevent { name = a; };\nevent { name = b; id = 1; };`,
        "event { name = b",
      ],
    ],
    kept: [
      `${TRACE}stream { event.header := struct { struct { u8 id; } v; }; };\nevent { name = a; };\nevent { name = b; id = 1; };`,
    ],
  },
  {
    rule: "an event without a name has nothing that could be its name misspelt, and is not empty",
    code: "TSDL_VALUE",
    broken: [
      [event("nam = e;"), "nam = e"],
      [event("loglevel = 9223372036854775808;"), "loglevel"],
      [`${TRACE}event { };`, "event { }", "TSDL_EMPTY"],
      [`${TRACE}event { context := struct { }; };`, "event {", "TSDL_EMPTY"],
      [
        `${TRACE}event { fields := struct { struct { } a; string b[0]; struct { } c[4]; }; };`,
        "event {",
        "TSDL_EMPTY",
      ],
      [
        `${TRACE}stream { id = 1; };\nevent { fields := struct { u8 x; }; };`,
        "event {",
        "TSDL_UNKNOWN_STREAM",
      ],
    ],
    kept: [event(""), event("loglevel = -3;"), `${TRACE}event { name = e; };`],
  },
  {
    rule: "scopes are structures",
    code: "TSDL_SCOPE_TYPE",
    broken: [
      [event("name = e; context := u8;"), "context := u8"],
      [scopes("event.header := integer { size = 8; };"), "event.header"],
    ],
  },
];

testRules(test, RULES);

test.run();
