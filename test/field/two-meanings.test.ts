/** Names with two meanings, numbers of threads, pointers, and counts of one. */

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { counted } from "../../src/base/text.ts";
import { Folders } from "../support/folder.ts";
import { run } from "../support/program.ts";
import { Bytes, event, joined, PREAMBLE, packet, record, STREAM } from "../support/tsdl.ts";

const test = suite("field/two-meanings");
const folders = new Folders();
test.after(() => folders.removeAll());

/** One trace whose events have contexts, before their own fields. */
function trace(contexts: string, fields: string, bytes: Uint8Array): string {
  const stream = STREAM.replace(
    "event.header",
    `event.context := struct { ${contexts} }; event.header`,
  );
  return folders.make({
    metadata: `${PREAMBLE}typealias integer { size = 64; base = 16; } := pointer;
typealias integer { size = 32; base = 16; signed = true; } := i32x;
${stream}${event(0, "ev", fields)}`,
    stream: packet(joined(record(0, 5n, bytes)), { end: 5n }),
  });
}

const both = trace(
  "u32 _vtid; u8 _only;",
  "u32 _vtid; u8 _other;",
  new Bytes().u32(25).u8(1).u32(3).u8(2).take(),
);

for (const [args, notes] of [
  [["--where", "vtid == 3"], ["filter: vtid is the field; the context is $ctx.vtid"]],
  [["--select", "vtid"], ["select: vtid is the context; the field is payload.vtid"]],
  [
    ["--where", "vtid == 3", "--select", "vtid,only"],
    [
      "filter: vtid is the field; the context is $ctx.vtid",
      "select: vtid is the context; the field is payload.vtid",
    ],
  ],
  [["--where", "$ctx.vtid == 25 && other == 2", "--select", "payload.vtid,only,other"], []],
] as const) {
  test(`tail ${args.join(" ")} says ${notes.length} of what it took`, () => {
    const { stdout, stderr } = run(["tail", both, ...args, "--format", "csv"]);
    assert.equal(stderr.split("\n").slice(0, -1), notes);
    assert.is(stdout.split("\n").length, 3);
  });
}

const CONTEXT = "vtid is the context; the field is payload.vtid";

for (const [query, notes, value] of [
  ["|> where vtid == 25 |> count()", [`where: ${CONTEXT}`], 1],
  ["|> where vtid == 3 |> count()", [`where: ${CONTEXT}`], 0],
  ["|> where payload.vtid == 3 && $ctx.vtid == 25 |> count()", [], 1],
  ["|> count() if (vtid == 25)", [`where: ${CONTEXT}`], 1],
  ["|> where vtid == 25 |> select vtid", [`select: ${CONTEXT}`], 25],
] as const) {
  test(`query ${query} takes the context`, () => {
    const { stdout, stderr } = run(["query", both, query, "--format", "csv"]);
    assert.equal(stderr.split("\n").slice(0, -1), notes);
    const [, row = ""] = stdout.split("\n");
    assert.is(Number.parseInt(row, 10), value, stdout);
  });
}

const NUMBERS = [
  ["u32 _vtid;", new Bytes().u32(25706).take(), "  25706v ev"],
  ["u32 _tid;", new Bytes().u32(25706).take(), "   25706 ev"],
  ["u32 _tid; u32 _vtid;", new Bytes().u32(25706).u32(3).take(), "   25706 ev"],
] as const;

for (const engine of ["kernel", "interpreter"]) {
  for (const color of ["never", "always"]) {
    test(`${engine}, colours ${color}: numbers that threads have in their own namespace are marked`, () => {
      for (const [contexts, bytes, expected] of NUMBERS) {
        const path = trace(contexts, "u8 _n;", joined(bytes, Uint8Array.of(1)));
        const args = ["tail", path, "--engine", engine, "--color", color];
        // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what colours are
        const text = run(args).stdout.replaceAll(/\x1b\[\d+m/g, "");
        assert.ok(text.includes(expected), text);
      }
    });
  }

  test(`${engine}: integers that metadata have in base 16 are hexadecimal in text, numbers elsewhere`, () => {
    const bytes = new Bytes().u64(0xffff_8880_0012_3456n).u32(-2).u8(7).take();
    const path = trace("u8 _c;", "pointer _skaddr; i32x _flags;", joined(Uint8Array.of(1), bytes));
    const args = ["tail", path, "--engine", engine];
    assert.match(run(args).stdout, / skaddr=0xFFFF888000123456 flags=0xFFFFFFFE\n/);
    const selected = [...args, "--select", "skaddr,flags,c"];
    assert.match(run(selected).stdout, / skaddr=0xFFFF888000123456 flags=0xFFFFFFFE c=1\n/);
    assert.is(
      run([...selected, "--format", "csv"]).stdout,
      "skaddr,flags,c\n18446612682071225430,-2,1\n",
    );
  });
}

test("one is singular", () => {
  const nouns = ["row", "event class", "packet", "match", "box"];
  assert.equal(
    nouns.map((noun) => `${counted(1, noun)}, ${counted(0, noun)}`),
    [
      ...["1 row, 0 rows", "1 event class, 0 event classes", "1 packet, 0 packets"],
      ...["1 match, 0 matches", "1 box, 0 boxes"],
    ],
  );
  const { stderr } = run(["tail", both, "--where", 'other == "x"', "--count"]);
  assert.match(stderr, /^the filter cannot match the event class; in 1: /);
  assert.match(run(["explain", both, "other == 2"]).stdout, /Linked for 1 event class: ev\n/);
});

test.run();
