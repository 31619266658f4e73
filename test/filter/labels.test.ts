/** Labels of enumerations, and names that are no identifiers, in filters and selections. */

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { compileFilter } from "../../src/filter/compile.ts";
import { isPortable } from "../../src/filter/portable.ts";
import { print } from "../../src/filter/print.ts";
import { Folders } from "../support/folder.ts";
import { run } from "../support/program.ts";
import { rowsOf } from "../support/query.ts";
import { Bytes } from "../support/tsdl.ts";

const test = suite("filter/labels");
const folders = new Folders();
test.after(() => folders.removeAll());

const integer = (name: string, length: number, more: object, kind = "unsigned-integer") => ({
  name,
  "field-class": {
    type: `fixed-length-${kind}`,
    length,
    alignment: 8,
    "byte-order": "little-endian",
    ...more,
  },
});

const fragments: readonly object[] = [
  { type: "preamble", version: 2 },
  { type: "data-stream-class" },
  {
    type: "event-record-class",
    name: "ev",
    "payload-field-class": {
      type: "structure",
      "member-classes": [
        integer("n", 8, {}),
        integer("state", 8, {
          mappings: {
            RUNNING: [[1, 1]],
            SLEEPING: [
              [2, 4],
              [8, 9],
            ],
            "IN USE": [[4, 5]],
            zz: [[250, 255]],
          },
        }),
        integer("signed", 8, { mappings: { low: [[-128, -1]], zero: [[0, 0]] } }, "signed-integer"),
        integer("wide", 64, {
          mappings: { small: [[0, 9]], big: [["LOW", "HIGH"]] },
        }),
        integer("flags", 8, { flags: { A: [[0, 0]], BC: [[1, 2]], H: [[7, 7]] } }, "bit-map"),
        integer("a.b", 8, {}),
        integer("日本", 8, {}),
        integer("$x", 8, {}),
        integer("in", 8, {}),
        integer("two words", 8, {}),
      ],
    },
  },
];

/** JSON has no integers as large as fields have. */
const metadata = fragments
  .map((one) => `\x1e${JSON.stringify(one)}`)
  .join("")
  .replace('"LOW","HIGH"', "9223372036854775000,18446744073709551615");

/** state, signed, wide, flags of each record. */
const RECORDS: readonly (readonly [number, number, bigint, number])[] = [
  [0, 0, 0n, 0],
  [1, -1, 9n, 1],
  [2, -128, 10n, 2],
  [4, 127, (1n << 63n) - 1n, 4],
  [5, 0, 1n << 63n, 0x80],
  [9, 0, (1n << 64n) - 1n, 0xff],
  [255, 0, 5n, 8],
];

const stream = new Bytes();
RECORDS.forEach(([state, signed, wide, flags], n) => {
  stream
    .u8(n, state, signed)
    .u64(wide)
    .u8(flags, n, n + 10, n + 20, n + 30, n + 40);
});
const trace = folders.make({ metadata, stream: stream.take() });

async function kept(text: string, engine: "kernel" | "interpreter"): Promise<number[]> {
  const filter = compileFilter(text);
  const { rows } = await rowsOf(trace, { filter, select: ["n"], engine });
  return rows.map(({ n }) => Number(n));
}

const CASES: readonly (readonly [string, readonly number[]])[] = [
  ['state == "RUNNING"', [1]],
  ['"RUNNING" == state', [1]],
  ['state != "RUNNING"', [0, 2, 3, 4, 5, 6]],
  ['state == "SLEEPING"', [2, 3, 5]],
  ['state == "IN USE"', [3, 4]],
  ['state == "*E*"', [2, 3, 4, 5]],
  ['state == "R*"', [1]],
  ['state in ("RUNNING", "zz")', [1, 6]],
  ['!(state == "SLEEPING") && n < 5', [0, 1, 4]],
  ['state == "RUNNING" || signed == "low"', [1, 2]],
  ['signed == "low" && n > 1', [2]],
  ['signed == "zero"', [0, 4, 5, 6]],
  ['wide == "small"', [0, 1, 6]],
  ['wide == "big"', [3, 4, 5]],
  ['flags == "A"', [1, 5]],
  ['flags == "BC"', [2, 3, 5]],
  ['flags != "H"', [0, 1, 2, 3, 6]],
  ['state? == "RUNNING" || nofield? == "x"', [1]],
  ["state == 1", [1]],
  ["`a.b` == 3", [3]],
  ["`日本` == 12", [2]],
  ["`$x` == 24 || `in` == 30", [0, 4]],
  ["`n` == 1 && `two words` > 40", [1]],
];

for (const engine of ["kernel", "interpreter"] as const) {
  for (const [text, expected] of CASES) {
    test(`${engine}: ${text}`, async () => assert.equal(await kept(text, engine), expected));
  }
}

for (const [text] of CASES) {
  test(`${text} is printed as it is read`, () => {
    const { ast } = compileFilter(text);
    assert.is(print(compileFilter(print(ast)).ast), print(ast));
  });
}

test("quoted names are selected, whole ones before paths", () => {
  const select = "a.b,`日本`,payload.`$x`,`in`,two words";
  const { stdout, stderr } = run(["tail", trace, "--select", select, "-f", "csv", "-n", "1"]);
  assert.is(stdout, "a.b,日本,$x,in,two words\n0,10,20,30,40\n", stderr);
});

for (const [where, message] of [
  ['state == "RUNING"', /col|state has no label "RUNING", but RUNNING, SLEEPING, IN USE, zz/],
  ["state == RUNNING", /got RUNNING \(a label of state is a text: "RUNNING"\)/],
  ["`a.c` == 1", /got `a\.c` \(did you mean `a\.b`\?\)/],
  ["`a.b == 1", /expected a closing `/],
] as const) {
  test(`${where} says what is wrong`, () => {
    assert.match(run(["tail", trace, "--where", where]).stderr, message);
  });
}

test("LTTng takes neither names between backquotes nor labels", () => {
  assert.not(isPortable(compileFilter("`a.b` == 3")));
  const { stdout } = run(["explain", trace, 'state == "RUNNING"']);
  assert.match(stdout, /tracers do not compare enumerations with labels/);
});

test.run();
