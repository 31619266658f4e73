/**
 * Columns that are selected before anything has them, on a real session: an event is enabled while the query runs, and
 * pyarrow and polars read its fields with their types from the first row on.
 */

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { serve } from "../../src/server/server.ts";
import { Child, eventually } from "../support/child.ts";
import { needsLttng, sharedLttng } from "../support/lttng.ts";
import { needs } from "../support/needs.ts";

const test = suite("real/late-columns");
const daemons = sharedLttng(test);
needsLttng(test);
const run = needs(test, ["python3:pyarrow", "python3:polars", "lttng-relayd", "unshare"]);

/** Reads one IPC stream behind the other; prints each one's types and rows. A second reader must find the same. */
const READER = `
import json, sys
from io import BytesIO
from urllib.request import urlopen
import polars as pl
import pyarrow as pa

response = urlopen(sys.argv[1])
print("answered", flush=True)
data = response.read()
source = pa.BufferReader(data)
streams = []
while source.tell() < source.size():
    begin = source.tell()
    table = pa.ipc.open_stream(source).read_all()
    table.validate(full=True)
    frame = pl.read_ipc_stream(BytesIO(data[begin:source.tell()]))
    rows = [list(row.values()) for row in table.to_pylist()]
    assert [list(row) for row in frame.rows()] == rows, (frame, rows)
    streams.append({
        "pyarrow": [str(field.type) for field in table.schema],
        "polars": [str(type) for type in frame.dtypes],
        "rows": rows,
    })
print(json.dumps(streams))
`;

interface Stream {
  readonly pyarrow: readonly string[];
  readonly polars: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
}

const COLUMNS = ["number", "u64", "twice", "string", "bytes"];
const PYARROW = ["int32", "uint64", "double", "string", "list<item: uint8 not null>"];
const POLARS = ["Int32", "UInt64", "Float64", "String", "List(UInt8)"];

const ticks = (from: number, count: number): unknown[][] =>
  Array.from({ length: count }, (_, i) => [from + i, null, null, null, null]);
const LATE = [
  [null, 0, null, null, null],
  [null, null, 0, null, null],
  [null, null, null, "a", null],
  [null, null, null, null, [0, 0, 0, 0, 1]],
  [null, 1, null, null, null],
  [null, null, -0, null, null],
  [null, null, null, "two words", null],
  [null, null, null, null, [1, 0, 0, 0, 255]],
];

run(
  "a column that appears later has its type from its first row on, for pyarrow and polars",
  async () => {
    const lttng = await daemons();
    await lttng.createSession("late", { events: ["tracewire_test:tick"] });
    const application = await lttng.application("late");
    const server = await serve([lttng.url("late")], { port: 0 });
    const reader = async (settle: string, select = COLUMNS): Promise<Child> => {
      const query = new URLSearchParams({ select: select.join(","), settle });
      const child = new Child("python3", ["-c", READER, `${server.url}/v1/query?${query}`]);
      await child.until("was answered", () => child.lines.includes("answered"));
      return child;
    };
    try {
      const patient = await reader("60s");
      const hasty = await reader("200ms");
      const declared = ["number", "u64:uint64", "twice:float64", "string:text", "bytes"];
      const declaring = await reader("200ms", declared);
      await application.emit("tick", 5);
      await eventually("the hasty reader's rows have left", async () => {
        const answer = await fetch(`${server.url}/v1/query?select=number&duration=3s`);
        return (await answer.arrayBuffer()).byteLength > 0 || undefined;
      });
      for (const event of ["integers", "floats", "texts", "lists"])
        await lttng.enableEvent("late", `tracewire_test:${event}`);
      await application.emit("kinds", 2);
      await application.emit("tick", 2);
      await application.end();
      await lttng.end("late");
      const streams = async (child: Child): Promise<Stream[]> =>
        JSON.parse((await child.output()).split("\n")[1] ?? "");

      const [whole, ...others] = await streams(patient);
      assert.equal(whole, {
        pyarrow: PYARROW,
        polars: POLARS,
        rows: [...ticks(0, 5), ...LATE, ...ticks(5, 2)],
      });
      assert.equal(others, []);

      // Who does not wait gets nulls, and another stream with the types.
      const all = await streams(hasty);
      assert.ok(all.length > 1);
      assert.equal(all[0], {
        pyarrow: ["int32", "null", "null", "null", "null"],
        polars: ["Int32", "Null", "Null", "Null", "Null"],
        rows: ticks(0, 5),
      });
      assert.equal(all.at(-1)?.pyarrow, PYARROW);
      assert.equal(
        all.flatMap(({ rows }) => rows),
        whole?.rows,
      );

      // Declared types hold from the beginning; the list is the only column that changes.
      const [first, last] = await streams(declaring);
      assert.equal(first?.pyarrow, [...PYARROW.slice(0, 4), "null"]);
      assert.equal(last?.pyarrow, PYARROW);
      assert.equal([...first!.rows, ...last!.rows], whole?.rows);
    } finally {
      await server.close();
    }
  },
);

test.run();
