/** Fields and contexts named like columns, and like each other: every column has a name of its own, in every format. */

import { tableFromIPC } from "apache-arrow";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Folders } from "../support/folder.ts";
import { run } from "../support/program.ts";
import { Bytes, event, PREAMBLE, packet, record, STREAM } from "../support/tsdl.ts";

const test = suite("field/column-names");
const folders = new Folders();
test.after(() => folders.removeAll());

const CONTEXT = "event.context := struct { u8 _vpid; u8 _timestamp; u8 _container; u8 _payload; };";
const FIELDS = "u8 _event; u8 _vpid; u8 _timestamp; u8 _container; u8 _plain;";
/** Contexts are 1 to 4, fields 11 to 15. */
const trace = folders.make({
  metadata: `${PREAMBLE}${STREAM.replace("event.header", `${CONTEXT} event.header`)}${event(0, "ev", FIELDS)}`,
  stream: packet(record(0, 5n, new Bytes().u8(1, 2, 3, 4, 11, 12, 13, 14, 15).take()), {
    end: 5n,
  }),
});

const CASES: readonly (readonly [string, Readonly<Record<string, unknown>>])[] = [
  ["event,payload.event", { event: "ev", "payload.event": 11 }],
  ["vpid,payload.vpid", { vpid: 1, "payload.vpid": 12 }],
  ["payload.vpid,$ctx.vpid", { "payload.vpid": 12, "$ctx.vpid": 1 }],
  ["payload.vpid,plain", { vpid: 12, plain: 15 }],
  [
    "vpid,$ctx.vpid,payload.vpid:int64,$ctx.vpid",
    { vpid: 1, "$ctx.vpid": 1, "payload.vpid": 12, "$ctx.vpid_2": 1 },
  ],
  ["plain,plain:text,plain", { plain: 15, plain_2: "15", plain_3: 15 }],
  ["payload.container,$ctx.container", { "payload.container": 14, "$ctx.container": 3 }],
];

function written(select: string, format: string): Buffer {
  const { status, stdoutBytes, stderr } = run([
    ...["tail", trace, "--select", select, "--format", format],
  ]);
  assert.is(status, 0, stderr);
  return Buffer.from(stdoutBytes);
}

for (const [select, expected] of CASES) {
  test(`--select ${select}`, () => {
    const names = Object.keys(expected);
    assert.equal(JSON.parse(String(written(select, "ndjson"))), expected);
    const [head, row] = String(written(select, "csv")).split("\n");
    assert.equal([head, row], [names.join(","), Object.values(expected).join(",")]);
    const table = tableFromIPC(written(select, "arrow"));
    assert.equal(
      table.schema.fields.map(({ name }) => name),
      names,
    );
    const text = String(written(select, "text"));
    for (const [name, value] of Object.entries(expected))
      if (name !== "event") assert.ok(text.includes(` ${name}=${value}`), text);
  });
}

test("container and a field of that name", () => {
  assert.is(
    String(written("container,payload.container", "csv")),
    "container,payload.container\n,14\n",
  );
});

test("a column that is chosen again is numbered, also the container's", () => {
  assert.is(
    String(written("event,container,event,container", "csv")),
    "event,container,event_2,container_2\nev,,ev,\n",
  );
});

test("without a selection, contexts named like columns bear where they come from", () => {
  const { stdout } = run(["tail", trace, "--format", "csv"]);
  assert.is(
    stdout.split("\n")[0],
    "timestamp,event,cpu_id,host,domain,vpid,$ctx.timestamp,$ctx.container,$ctx.payload,payload",
  );
});

test.run();
