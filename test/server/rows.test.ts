/** Files of rows as sources of a server: asked the same as the trace that they are of, they answer the same. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type RunningServer, serve } from "../../src/server/server.ts";
import { Folders } from "../support/folder.ts";
import { run } from "../support/program.ts";
import { recordedTrace } from "../support/traces.ts";
import { Client, get, SMALL_ROWS, table } from "./lab.ts";

const test = suite("server/rows");
const folders = new Folders();
const trace = await recordedTrace("small");
const folder = folders.make({});
const COLUMNS = "timestamp,event,cpu_id,ret,filename";

function exported(format: string, ...segments: string[]): string {
  const path = join(folder, segments.length > 0 ? format : `rows.${format}`);
  const command = segments.length > 0 ? ["record", "--to", path, ...segments] : ["tail", "--quiet"];
  const made = run([...command, trace.path, "--select", COLUMNS, "--format", format]);
  assert.is(made.status, 0, made.stderr);
  if (segments.length === 0) writeFileSync(path, made.stdoutBytes);
  return path;
}

const ROWS = [
  exported("arrow"),
  exported("parquet"),
  exported("arrow", "--segment-size", "50K"),
  exported("parquet", "--segment-size", "50K"),
];
const server: RunningServer = await serve([trace.path, ...ROWS], { port: 0 });
test.after(async () => {
  await server.close();
  await trace.remove();
  folders.removeAll();
});

const asked = (source: string, query: Record<string, string>): string =>
  `/v1/query?${new URLSearchParams({ source, format: "ndjson", ...query })}`;

const QUERIES: readonly Record<string, string>[] = [
  { select: COLUMNS },
  { where: "ret < 0", select: "timestamp,event,ret" },
  { where: "ret < 0", select: "event,ret", limit: "7" },
  { q: "ret < 0 |> count() by event |> sort count desc, event" },
  { q: "|> count() by event every 100ms |> sort window, event" },
  { events: "syscall_entry_*", select: COLUMNS },
];

for (const source of ROWS)
  for (const query of QUERIES)
    test(`${source.slice(folder.length + 1)}: ${JSON.stringify(query)}`, async () => {
      const expected = (await get(server, asked(trace.path, query))).body.toString();
      assert.ok(expected.split("\n").length > 2);
      const { status, body } = await get(server, asked(source, query));
      assert.is(status, 200, body.toString());
      assert.is(body.toString(), expected);
    });

test("ranges of time, as a plan gives them", async () => {
  const all = table(await get(server, `/v1/query?source=${ROWS[1]}&select=timestamp`));
  const middle = all.getChild("timestamp")!.data[0]!.values[Math.floor(all.numRows / 3)] as bigint;
  const part = async (range: string): Promise<number> =>
    table(await get(server, `/v1/query?source=${ROWS[1]}&select=timestamp&${range}`)).numRows;
  const [before, behind] = [await part(`end_ns=${middle}`), await part(`begin_ns=${middle}`)];
  assert.is(before + behind, SMALL_ROWS);
  assert.ok(before > 0 && behind > 0);
});

test("a WebSocket gets them batch by batch", async () => {
  const query = { source: ROWS[0], select: "timestamp", credit: 1_000_000 };
  const client = await Client.ask(server, query);
  assert.is((await client.last()).type, "end");
  assert.ok(client.binary.length > 0);
});

test("a wrong query has its place in the text", async () => {
  const { status, body } = await get(server, asked(ROWS[1]!, { where: "nothing == 1" }));
  assert.is(status, 400);
  assert.is(JSON.parse(body.toString()).error.code, "QUERY_NAME");
  const twice = await get(server, asked(ROWS[1]!, { q: "|> count()", where: "ret < 0" }));
  assert.is(twice.status, 400);
});

test("all sources at once are none: rows and traces are not one result", async () => {
  const { status, body } = await get(server, "/v1/query?select=timestamp");
  assert.is(status, 400, body.toString());
  assert.is(JSON.parse(body.toString()).error.code, "SOURCE_MIXED");
});

test("lists, schema, explanation, containers and plan say what they are", async () => {
  const json = async (path: string) => JSON.parse((await get(server, path)).body.toString());
  const { sources } = await json("/v1/sources");
  assert.equal(
    sources.map((one: { state: string }) => one.state),
    [trace.path, ...ROWS].map(() => "readable"),
  );
  const schema = await json(`/v1/schema?source=${ROWS[1]}`);
  assert.equal(
    schema.columns.map(({ name }: { name: string }) => name),
    COLUMNS.split(","),
  );
  const query = encodeURIComponent("ret < 0 |> count() by event");
  assert.match((await json(`/v1/explain?source=${ROWS[1]}&q=${query}`)).text, /timestamp, event/);
  assert.equal(await json(`/v1/containers?source=${ROWS[1]}`), { containers: [] });
  assert.is((await json(`/v1/plan?source=${ROWS[1]}`)).error.code, "NOT_RECORDED");
  assert.is((await json(`/v1/watermark?source=${ROWS[1]}`)).sources[0].complete_ns, null);
});

test("a client from whom fields are hidden gets no rows: a column may have them in any form", async () => {
  const hiding = await serve(ROWS.slice(0, 1), { port: 0, hide: ["filename"] });
  try {
    const { status, body } = await get(hiding, "/v1/query?select=timestamp");
    assert.is(status, 403, body.toString());
    assert.is(JSON.parse(body.toString()).error.code, "HIDDEN_FIELD");
  } finally {
    await hiding.close();
  }
});

test.run();
