/** What an HTTP answer is to the programs that read Arrow, as it comes: each groups it by event. */

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { get, SMALL_ROWS, withRecorded } from "../../server/lab.ts";
import { Child } from "../../support/child.ts";
import { needs } from "../../support/needs.ts";
import { run } from "../../support/program.ts";
import { recordedTrace } from "../../support/traces.ts";

const READERS: readonly (readonly [string, readonly string[], string])[] = [
  [
    "pyarrow",
    ["pyarrow"],
    `table = pa.ipc.open_stream(source).read_all()
groups = table.group_by("event").aggregate([([], "count_all")])
counts = dict(zip(groups["event"].to_pylist(), groups["count_all"].to_pylist()))`,
  ],
  [
    "polars",
    ["pyarrow", "polars"],
    `import polars as pl
frame = pl.read_ipc_stream(source.read())
counts = dict(frame.group_by("event").len().iter_rows())`,
  ],
  [
    "DuckDB",
    ["pyarrow", "duckdb"],
    `import duckdb
rows = pa.ipc.open_stream(source)
counts = dict(duckdb.sql("select event, count(*) from rows group by event").fetchall())`,
  ],
  [
    "pandas",
    ["pyarrow", "pandas"],
    `frame = pa.ipc.open_stream(source).read_pandas()
counts = {name: int(n) for name, n in frame.groupby("event").size().items()}`,
  ],
  [
    "DataFusion",
    ["pyarrow", "datafusion"],
    `from datafusion import SessionContext
frame = SessionContext().from_arrow(pa.ipc.open_stream(source).read_all())
counts = dict(tuple(row.values()) for row in frame.aggregate(["event"], [__import__("datafusion").functions.count_star()]).to_pylist())`,
  ],
];

const HEAD = `import json, sys, urllib.request
import pyarrow as pa
request = urllib.request.Request(sys.argv[1], headers={"Authorization": "Bearer ten-of-them"})
source = urllib.request.urlopen(request)
`;

const base = suite("format/arrow/readers");

/** Continuous integration need not have every one of them. */
function optional(modules: readonly string[]): typeof base | (typeof base)["skip"] {
  const required = process.env["TRACEWIRE_REQUIRE"];
  delete process.env["TRACEWIRE_REQUIRE"];
  const test = needs(
    base,
    modules.map((module) => `python3:${module}`),
  );
  if (required !== undefined) process.env["TRACEWIRE_REQUIRE"] = required;
  return test;
}

for (const [name, modules, script] of READERS) {
  optional(modules)(`${name} groups an answer by event`, async () => {
    await withRecorded(async (server) => {
      const text = `${HEAD}${script}\nprint(json.dumps(counts))`;
      const child = new Child("python3", ["-c", text, `${server.url}/v1/query`]);
      const counts: Record<string, number> = JSON.parse(await child.output());
      const csv = (await get(server, "/v1/query?select=event&format=csv")).body.toString();
      const expected: Record<string, number> = {};
      for (const event of csv.trim().split("\n").slice(1))
        expected[event] = (expected[event] ?? 0) + 1;
      assert.equal(counts, expected);
      assert.is(
        Object.values(counts).reduce((a, b) => a + b, 0),
        SMALL_ROWS,
      );
    });
  });
}

optional(["pyarrow"])("tail writes plain texts, and growing dictionaries by name", async () => {
  const trace = await recordedTrace("small");
  const script =
    "import pyarrow as pa, sys; print(pa.ipc.open_stream(sys.stdin.buffer).read_all()['event'].type)";
  try {
    for (const [options, type] of [
      [[], "string"],
      [["--dict", "plain"], "string"],
      [["--dict", "delta"], "dictionary<values=string, indices=int32, ordered=0>"],
    ] as const) {
      const { stdoutBytes } = run(["tail", trace.path, "--format", "arrow", ...options]);
      const child = new Child("python3", ["-c", script]);
      child.process.stdin?.end(stdoutBytes);
      assert.is((await child.output()).trim(), type);
    }
  } finally {
    await trace.remove();
  }
});

base.run();
