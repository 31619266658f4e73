/** Parquet is what Arrow is: the same rows written as both, read by pyarrow, polars and DuckDB. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { SourceError } from "../../src/base/errors.ts";
import { Dictionary } from "../../src/column/dictionary.ts";
import { ipcWriter } from "../../src/format/arrow/ipc-writer.ts";
import type { BatchWriter } from "../../src/format/batch-writer.ts";
import { parquetWriter } from "../../src/format/parquet/parquet-writer.ts";
import { Child } from "../support/child.ts";
import { Folders } from "../support/folder.ts";
import { needs } from "../support/needs.ts";
import { run } from "../support/program.ts";
import { random } from "../support/random.ts";
import { recordedTrace, type TraceName } from "../support/traces.ts";
import {
  batchOf,
  dictionary,
  list,
  type MadeColumn,
  number,
  planned,
  timestamp,
  utf8,
} from "./columns.ts";

const plainTest = suite("format/parquet");
const test = needs(plainTest, ["python3:pyarrow", "python3:polars", "python3:duckdb"]);
const folders = new Folders();
plainTest.after(() => folders.removeAll());

/** Reads both files of a folder; fails where they differ; prints what other readers count and what the file says of itself. */
const SCRIPT = `
import json, sys
import duckdb, polars
import pyarrow as pa
import pyarrow.parquet as pq

folder = sys.argv[1]
arrow = pa.ipc.open_stream(folder + "/rows.arrow").read_all()
path = folder + "/rows.parquet"
file = pq.ParquetFile(path)
table = file.read()
table.validate(full=True)
assert arrow.schema.names == table.schema.names, (arrow.schema, table.schema)
for name in arrow.schema.names:
    wanted, got = arrow[name].combine_chunks(), table[name].combine_chunks()
    if pa.types.is_list(wanted.type):
        assert wanted.to_pylist() == got.to_pylist(), (name, wanted, got)
    elif not pa.types.is_null(wanted.type):
        assert wanted.type == got.type, (name, wanted.type, got.type)
        if pa.types.is_floating(wanted.type):
            assert repr(wanted.to_pylist()) == repr(got.to_pylist()), (name, wanted, got)
        else:
            assert wanted.equals(got), (name, wanted, got)
group = file.metadata.row_group(0) if file.metadata.num_row_groups > 0 else None
print(json.dumps({
    "rows": table.num_rows,
    "groups": file.metadata.num_row_groups,
    "polars": polars.read_parquet(path).height,
    "duckdb": duckdb.sql(f"select count(*) from '{path}'").fetchall()[0][0],
    "facts": {k.decode(): v.decode() for k, v in (file.metadata.metadata or {}).items()},
    "hasStatistics": group is not None and all(group.column(i).statistics is not None for i in range(group.num_columns)),
}))
`;

interface Read {
  readonly rows: number;
  readonly groups: number;
  readonly polars: number;
  readonly duckdb: number;
  readonly facts: Readonly<Record<string, string>>;
  readonly hasStatistics: boolean;
}

async function compared(arrow: Uint8Array, parquet: Uint8Array): Promise<Read> {
  const folder = folders.make({});
  writeFileSync(join(folder, "rows.arrow"), arrow);
  writeFileSync(join(folder, "rows.parquet"), parquet);
  return JSON.parse(await new Child("python3", ["-c", SCRIPT, folder]).output()) as Read;
}

function bytesOf(
  writer: BatchWriter<Uint8Array>,
  batches: readonly (readonly MadeColumn[])[],
  facts: ReadonlyMap<string, string> = new Map(),
): Uint8Array {
  const parts = [writer.begin(planned(batches[0]!))];
  for (const batch of batches) parts.push(writer.batch(batchOf(batch), facts).slice());
  return Buffer.concat([...parts, writer.end()]);
}

const both = (batches: readonly (readonly MadeColumn[])[], facts?: ReadonlyMap<string, string>) =>
  compared(
    bytesOf(ipcWriter({ dictionaries: "plain", framing: "stream" }), batches),
    bytesOf(parquetWriter(), batches, facts),
  );

/** Every type, with its extremes, with and without nulls. */
const EXTREMES: readonly MadeColumn[] = [
  timestamp("timestamp", [0n, -1n, 2n ** 63n - 1n, 1_700_000_000_123_456_789n]),
  number("i8", "int8", [-128, 127, null, 0]),
  number("u8", "uint8", [0, 255, 1, 2]),
  number("i16", "int16", [-32768, 32767, 0, null]),
  number("u16", "uint16", [0, 65535, 1, 2]),
  number("i32", "int32", [-(2 ** 31), 2 ** 31 - 1, 0, 1]),
  number("u32", "uint32", [0, 2 ** 32 - 1, 2 ** 31, null]),
  number("i64", "int64", [-(2n ** 63n), 2n ** 63n - 1n, null, 0n]),
  number("u64", "uint64", [0n, 2n ** 64n - 1n, 2n ** 63n, 1n]),
  number("f32", "float32", [Number.NaN, Number.NEGATIVE_INFINITY, -0, null]),
  number("f64", "float64", [Number.NaN, Number.MAX_VALUE, -0, Number.MIN_VALUE]),
  utf8("text", ["", "é€😀", null, "x".repeat(70_000)]),
  dictionary("name", ["a", "b", "a", null]),
  list("list", "int32", [[1, 2, 3], [], [-1], [7]]),
  utf8("never", [null, null, null, null]),
];

test("values of every type and their nulls are Arrow's", async () => {
  const { rows, polars, duckdb } = await both([EXTREMES, EXTREMES]);
  assert.equal([rows, polars, duckdb], [8, 8, 8]);
});

/** Kinds of values that take each other way through the encoders. */
const NUMBERS: Readonly<Record<string, (random: (n: number) => number) => number>> = {
  equal: () => 7,
  few: (random) => random(3) * 1000,
  "some hundred": (random) => random(500),
  runs: (random) => (random(50) === 0 ? 1 : 0),
  any: (random) => random(2 ** 31),
};
const TEXTS: Readonly<Record<string, (random: (n: number) => number) => string>> = {
  equal: () => "one",
  few: (random) => `name ${random(9)}`,
  any: (random) => `${random(2 ** 31)} ${"é".repeat(random(5))}`,
  "long, alike at both ends": (random) => `${"a".repeat(60)}${random(1000)}${"b".repeat(60)}`,
  empty: (random) => (random(3) === 0 ? "" : "x"),
};

for (const nulls of [0, 2, 90])
  test(`random batches with ${nulls} % nulls are Arrow's`, async () => {
    const next = random(`parquet, ${nulls} % nulls`);
    const value = <T>(make: () => T): T | null => (next(100) < nulls ? null : make());
    const values = <T>(rows: number, make: () => T): (T | null)[] =>
      Array.from({ length: rows }, () => value(make));
    const big = (bits: number): bigint =>
      (BigInt(next(2 ** 31)) << 33n) ^ (BigInt(next(2 ** 31)) << 2n) ^ BigInt(next(4) + bits);
    let time = 0n;
    const shared = new Dictionary();
    const batch = (rows: number): MadeColumn[] => [
      timestamp(
        "timestamp",
        Array.from({ length: rows }, () => (time += big(0) >> 40n)),
      ),
      ...Object.entries(NUMBERS).flatMap(([name, make]) => [
        number(
          `i32 ${name}`,
          "int32",
          values(rows, () => make(next) - (make === NUMBERS["any"] ? 2 ** 30 : 0)),
        ),
        number(
          `u32 ${name}`,
          "uint32",
          values(rows, () => make(next) * 2),
        ),
        number(
          `i64 ${name}`,
          "int64",
          values(rows, () => BigInt(make(next)) - 5n),
        ),
        number(
          `u16 ${name}`,
          "uint16",
          values(rows, () => make(next) & 0xffff),
        ),
      ]),
      number(
        "i64 wide",
        "int64",
        values(rows, () => BigInt.asIntN(64, big(1))),
      ),
      number(
        "u64 wide",
        "uint64",
        values(rows, () => BigInt.asUintN(64, big(1))),
      ),
      number(
        "f64",
        "float64",
        values(rows, () => next(1000) / 7),
      ),
      ...Object.entries(TEXTS).flatMap(([name, make]) => [
        utf8(
          `text ${name}`,
          values(rows, () => make(next)),
        ),
        dictionary(
          `code ${name}`,
          values(rows, () => make(next)),
        ),
      ]),
      dictionary(
        "grows",
        values(rows, () => `text ${next(5000)}`),
        shared,
      ),
    ];
    const batches = Array.from({ length: 30 }, () => batch(1 + next(2000)));
    const { rows } = await both(batches);
    assert.is(
      rows,
      batches.reduce((sum, [first]) => sum + first!.rows, 0),
    );
  });

test("what is kept of a file that was cut behind a row group ends whole", async () => {
  const rows = 1 << 17;
  const column = (): MadeColumn[] => [
    number(
      "n",
      "int32",
      Array.from({ length: rows }, (_, i) => i),
    ),
    list(
      "l",
      "int8",
      Array.from({ length: rows }, () => [1]),
    ),
  ];
  const writer = parquetWriter();
  const parts = [writer.begin(planned(column())).slice()];
  for (let i = 0; i < 3; i++)
    parts.push(writer.batch(batchOf(column()), new Map([["lost_events", "3"]])).slice());
  writer.end();
  const kept = Buffer.concat(parts.slice(0, 3));
  const parquet = Buffer.concat([kept, writer.endAt!(kept.length)]);
  const arrow = bytesOf(ipcWriter({ dictionaries: "plain", framing: "stream" }), [
    column(),
    column(),
  ]);
  const read = await compared(arrow, parquet);
  assert.equal([read.rows, read.groups, read.facts["lost_events"]], [2 * rows, 2, "3"]);
});

test("no rows are a file of no rows", async () => {
  const writers = [ipcWriter({ dictionaries: "plain", framing: "stream" }), parquetWriter()];
  const [arrow, parquet] = writers.map((writer) =>
    Buffer.concat([writer.begin(planned(EXTREMES)), writer.end()]),
  );
  const { rows, groups } = await compared(arrow!, parquet!);
  assert.equal([rows, groups], [0, 0]);
});

test("many rows are row groups with statistics; the file says what was lost", async () => {
  const batch = (first: number): MadeColumn[] => [
    timestamp(
      "timestamp",
      Array.from({ length: 8192 }, (_, i) => BigInt(first + i)),
    ),
    number(
      "n",
      "uint32",
      Array.from({ length: 8192 }, (_, i) => (i % 7 === 0 ? null : i)),
    ),
    dictionary(
      "event",
      Array.from({ length: 8192 }, (_, i) => `event_${i % 50}`),
    ),
  ];
  const batches = Array.from({ length: 40 }, (_, i) => batch(i * 8192));
  const facts = new Map([["lost_events", "12"]]);
  const read = await both(batches, facts);
  assert.is(read.rows, 40 * 8192);
  assert.is(read.groups, 3);
  assert.ok(read.hasStatistics);
  assert.is(read.facts["lost_events"], "12");
});

for (const name of [
  "small",
  "lossy",
  "ctf2",
  "filter-lab",
] as const satisfies readonly TraceName[]) {
  test(`tail --format parquet of ${name} has the rows of --format arrow`, async () => {
    const trace = await recordedTrace(name);
    const [arrow, parquet] = ["arrow", "parquet"].map(
      (format) => run(["tail", trace.path, "--quiet", "--format", format]).stdoutBytes,
    );
    const { rows } = await compared(arrow!, parquet!);
    assert.ok(rows > 0);
    await trace.remove();
  });
}

test("columns that change their types behind the first rows are an error that says what to do", () => {
  const writer = parquetWriter();
  writer.begin(planned(EXTREMES));
  assert.throws(
    () => writer.change(planned(EXTREMES)),
    (error: unknown) => error instanceof SourceError && error.code === "PARQUET_COLUMNS",
  );
});

plainTest.run();
