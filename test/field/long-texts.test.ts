/** Records of any length as text: every size ends, in both executors alike. */

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Folders } from "../support/folder.ts";
import { run } from "../support/program.ts";
import { Bytes } from "../support/tsdl.ts";

const test = suite("field/long-texts");
const folders = new Folders();
test.after(() => folders.removeAll());

const ENGINES = ["kernel", "interpreter"];

/** A trace of one event with these fields. */
function traceOf(fields: string, ...payload: readonly Uint8Array[]): string {
  const metadata = `/* CTF 1.8 */
typealias integer { size = 8; align = 8; } := u8;
typealias integer { size = 32; align = 8; } := u32;
typealias integer { size = 8; align = 8; encoding = UTF8; } := char8;
trace { major = 1; minor = 8; byte_order = le; packet.header := struct { u32 magic; }; };
event { name = long; fields := struct { ${fields} }; };
`;
  const magic = new Bytes().u32(0xc1fc1fc1).take();
  return folders.make({ metadata, stream: Buffer.concat([magic, ...payload]) });
}

const filled = (length: number, byte = 0x61): Uint8Array => new Uint8Array(length).fill(byte);
const length32 = (length: number): Uint8Array => new Bytes().u32(length).take();
const NUL = Uint8Array.of(0);

/** Name, trace, and the end of babeltrace2's line. */
const CASES: readonly (readonly [string, string, string])[] = [
  ["an array of 131072 integers", traceOf("u8 a[131072];", filled(131_072)), "[131071] = 97 ] }"],
  ["an array of 524288 integers", traceOf("u8 a[524288];", filled(524_288)), "[524287] = 97 ] }"],
  [
    "a sequence of 524288 integers",
    traceOf("u32 n; u8 a[n];", length32(524_288), filled(524_288)),
    "[524287] = 97 ] }",
  ],
  ["a string of 8 MiB", traceOf("string s;", filled(8 << 20), NUL), `${"a".repeat(20)}" }`],
  ["a text array of 8 MiB", traceOf("char8 t[8388608];", filled(8 << 20)), `${"a".repeat(20)}" }`],
  [
    "a string of quotes, each of which is two in the text",
    traceOf("string s;", filled(1 << 20, 0x22), NUL),
    `${'\\"'.repeat(10)}" }`,
  ],
  [
    "an array of structures",
    traceOf(
      "struct { u8 x; string s; } a[65536];",
      filled(3 * 65_536, 0).map((_, i) => (i % 3 === 2 ? 0 : 98)),
    ),
    '[65535] = { x = 98, s = "b" } ] }',
  ],
  [
    "an array of structures without members",
    traceOf("u8 x; struct { } a[42];", filled(1)),
    "[41] = { } ] }",
  ],
];

for (const [name, path, end] of CASES) {
  test(`${name} is one line, the same in both executors`, () => {
    for (const format of ["babeltrace", "ndjson", "text"]) {
      const [kernel, interpreter] = ENGINES.map((engine) => {
        const ran = run(["tail", path, "--format", format, "--engine", engine]);
        assert.is(ran.status, 0);
        assert.is(ran.stderr, "");
        return ran.stdout;
      });
      if (kernel !== interpreter) assert.unreachable(`${format}: the executors differ`);
      if (format === "babeltrace") assert.is(kernel!.slice(-end.length - 1), `${end}\n`);
    }
  });
}

test("a text beyond the limit costs its packet's rest, and says which column and which option", () => {
  const path = traceOf("u8 x; u32 n; struct { } a[n];", filled(1), length32(0xffff_ffff));
  for (const engine of ENGINES) {
    const { stdout, stderr } = run(["tail", path, "--format", "babeltrace", "--engine", engine]);
    assert.is(stdout, "");
    assert.match(
      stderr,
      /^warning: skipped the rest of a packet of \S+stream at bit 32: long: column record: expected at most 67108864 bytes for one event, got more; --select can leave the column out\n/,
    );
    const counted = run(["tail", path, "--select", "n", "--format", "csv", "--engine", engine]);
    assert.is(counted.stdout, "n\n4294967295\n");
  }
});

test.run();
