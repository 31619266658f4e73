/** What a notebook does: pyarrow reads a served trace with no client of ours. */

import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { RunningServer } from "../../../src/server/server.ts";
import { get, SMALL_ROWS, withRecorded } from "../../server/lab.ts";
import { Child } from "../../support/child.ts";
import { needs } from "../../support/needs.ts";

const plainTest = suite("format/arrow/pyarrow");
const test = needs(plainTest, ["python3:pyarrow"]);

/** Reads one stream, or as many as follow each other, and prints what it has read. */
const SCRIPT = `
import json, sys, urllib.request
import pyarrow as pa

def tables(source, framing):
    if framing == "stream":
        return [pa.ipc.open_stream(source).read_all()]
    source = pa.BufferReader(source.read())
    found = []
    while source.tell() < source.size():
        found.append(pa.ipc.open_stream(source).read_all())
    return found

url, framing = sys.argv[1:]
request = urllib.request.Request(url, headers={"Authorization": "Bearer ten-of-them"})
found = tables(urllib.request.urlopen(request), framing)
for table in found:
    table.validate(full=True)
print(json.dumps({
    "tables": len(found),
    "rows": sum(table.num_rows for table in found),
    "types": [str(field.type) for field in found[0].schema],
    "times": [str(t) for table in found for t in table["timestamp"].cast(pa.int64()).to_pylist()],
    "texts": [text for table in found for text in table["event"].cast(pa.string()).to_pylist()],
    "numbers": [n for table in found for n in table["tid"].to_pylist()],
}))
`;

interface Read {
  readonly tables: number;
  readonly rows: number;
  readonly types: readonly string[];
  readonly times: readonly string[];
  readonly texts: readonly string[];
  readonly numbers: readonly (number | null)[];
}

async function read(
  server: RunningServer,
  query: string,
  framing: "stream" | "self" = "stream",
): Promise<Read> {
  const url = `${server.url}/v1/query?${query}&framing=${framing}`;
  const child = new Child("python3", ["-c", SCRIPT, url, framing]);
  return JSON.parse(await child.output());
}

const SELECT = "select=timestamp,event,tid,procname,pid_ns,payload";

for (const dict of ["delta", "plain"]) {
  for (const framing of ["stream", "self"] as const) {
    test(`reads every row as NDJSON has it, dict=${dict} and framing=${framing}`, async () => {
      await withRecorded(async (server) => {
        const table = await read(server, `${SELECT}&dict=${dict}`, framing);
        const ndjson = await get(server, `/v1/query?${SELECT}&format=ndjson`);
        const lines = ndjson.body.toString().trimEnd().split("\n");
        const rows = lines.map((line): Record<string, string> => JSON.parse(line));
        assert.is(table.rows, SMALL_ROWS);
        assert.is(table.tables > 1, framing === "self");
        assert.equal(
          table.times,
          rows.map(({ timestamp }) => String(nanoseconds(timestamp!))),
        );
        assert.equal(
          table.texts,
          rows.map(({ event }) => event),
        );
        assert.equal(
          table.numbers,
          rows.map(({ tid }) => tid ?? null),
        );
        assert.is(table.types[0], "timestamp[ns, tz=UTC]");
        assert.is(/^dictionary<values=string/.test(table.types[1]!), dict === "delta");
      });
    });
  }
}

test("reads a result of no rows, its schema with it", async () => {
  await withRecorded(async (server) => {
    for (const framing of ["stream", "self"] as const) {
      for (const none of ["limit=0", "events=none", "where=0"]) {
        const { tables, rows, types } = await read(server, `${SELECT}&${none}`, framing);
        assert.equal([tables, rows, types.length], [1, 0, 6], `${none}, ${framing}`);
      }
    }
  });
});

test("shows its token in the usual header", async () => {
  await withRecorded(
    async (server) => {
      assert.is((await read(server, `${SELECT}&limit=10`)).rows, 10);
    },
    { token: "ten-of-them" },
  );
});

/** `2026-11-22T08:55:45.115442425Z` */
function nanoseconds(time: string): bigint {
  const seconds = BigInt(Date.parse(`${time.slice(0, 19)}Z`) / 1000);
  return seconds * 1_000_000_000n + BigInt(time.slice(20, 29));
}

plainTest.run();
