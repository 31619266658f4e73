/** Queries of a program: the same rows as objects, columns, bytes, and through operators of its own. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { ColumnBatch } from "../../src/column/column.ts";
import { numberAt } from "../../src/column/row-reader.ts";
import {
  type Emit,
  FilterError,
  type Operator,
  openTrace,
  query,
  type Row,
  replay,
  type Schema,
  SourceError,
  type SourceQueryOptions,
} from "../../src/index.ts";
import { Folders } from "../support/folder.ts";
import { recordedTrace } from "../support/traces.ts";

const test = suite("library/query");
const trace = await recordedTrace("small");

const folders = new Folders();
test.after(async () => {
  folders.removeAll();
  await trace.remove();
});

async function all<T>(values: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const value of values) list.push(value);
  return list;
}

const OPTIONS = {
  where: "$event.name == 'sched_switch'",
  container: "some-redis",
  select: ["timestamp", "container", "next_comm"],
} as const;

test("gives the same rows as objects, batches and bytes, as often as it is asked", async () => {
  const redis = query(trace.path, OPTIONS);
  const rows = await all(redis.rows());
  assert.ok(rows.length > 100, `${rows.length} rows`);
  assert.ok(rows.every(({ container }) => container === "some-redis"));
  assert.is(typeof rows[0]!["timestamp"], "bigint");
  const batched: Row[] = [];
  await redis.batches().forEach((batch) => {
    assert.is([...batch].length, batch.rows);
    assert.is(batch.value("next_comm", 0), [...batch][0]!["next_comm"]);
    assert.is(batch.value("nothing", 0), null);
    batched.push(...batch);
  });
  assert.equal(batched, rows);
  const lines = Buffer.concat(await all(redis.to("ndjson")))
    .toString()
    .trimEnd()
    .split("\n");
  assert.equal(
    lines.map((line) => JSON.parse(line).next_comm),
    rows.map(({ next_comm }) => next_comm),
  );
  const text = Buffer.concat(await all(redis.to("text")))
    .toString()
    .trimEnd()
    .split("\n");
  assert.is(text.length, rows.length);
  assert.match(text[0]!, /some-redis.*next_comm=/);
});

test("a loop that ends early cancels the query, and a limit ends it", async () => {
  let rows = 0;
  for await (const _row of query(trace.path).rows()) if (++rows === 3) break;
  assert.is(rows, 3);
  assert.is((await all(query(trace.path, { limit: 5 }).rows())).length, 5);
});

test("takes times as texts, dates and nanoseconds", async () => {
  const [first] = await all(query(trace.path, { limit: 1, select: ["timestamp"] }).rows());
  const begin = (first!["timestamp"] as bigint) + 1_000_000_000n;
  const counts = await Promise.all(
    [begin, new Date(Number(begin / 1_000_000n)), String(begin / 1_000_000_000n)].map(
      async (time) =>
        (await all(query(trace.path, { begin: time, select: ["event"] }).rows())).length,
    ),
  );
  // Each a little earlier than the one before.
  assert.ok(counts[0]! > 0 && counts[0]! <= counts[1]! && counts[1]! <= counts[2]!, `${counts}`);
});

test("counts are right in live sessions, too, with what is said and lost", async () => {
  const relayd = await replay([trace.path], { speed: "max", session: "small" });
  const notes: string[] = [];
  const live = query(relayd.urls[0]!, {
    from: "beginning",
    container: "some-redis",
    select: ["timestamp"],
    onNote: (text) => notes.push(text),
  });
  const recorded = query(trace.path, { container: "some-redis", select: ["timestamp"] });
  assert.equal(await all(live.rows()), await all(recorded.rows()));
  assert.match(notes.join("\n"), "attached to session small");
  await relayd.close();
});

/** Rows whose number is even, of a column that its input has behind the user's. */
class Even implements Operator {
  readonly needs = [{ kind: "name", name: "next_tid" }] as const;

  columns(input: Schema): Schema {
    return input.slice(0, -1);
  }

  batch({ columns, ...rest }: ColumnBatch, out: Emit): void {
    const tids = columns.at(-1)!;
    for (let row = 0; row < rest.rows; row++) {
      if (numberAt(tids, row) % 2 !== 0) continue;
      const cut = columns.slice(0, -1).map((column) => rowOf(column, row));
      out.batch({ ...rest, rows: 1, timestamps: rest.timestamps.slice(row), columns: cut });
    }
  }
}

function rowOf(column: ColumnBatch["columns"][number], row: number): typeof column {
  if (column.kind !== "dictionary") throw new TypeError(`got ${column.kind}`);
  return { ...column, codes: column.codes.slice(row, row + 1) };
}

test("passes rows through operators, which get what they need; the limit counts what they let through", async () => {
  const options = { events: "sched_switch", select: ["next_comm"] };
  const both = await all(
    query(trace.path, { ...options, select: ["next_comm", "next_tid"] }).rows(),
  );
  const expected = both
    .filter(({ next_tid }) => Number(next_tid) % 2 === 0)
    .map(({ next_comm }) => ({ next_comm }));
  const even = query(trace.path, options).pipe(() => new Even());
  assert.equal(await all(even.rows()), expected);
  const limited = query(trace.path, { ...options, limit: 7 }).pipe(() => new Even());
  assert.equal(await all(limited.rows()), expected.slice(0, 7));
});

test("an opened trace says what it has", async () => {
  const { eventNames, traceClasses, query: ask } = await openTrace(trace.path);
  assert.ok(eventNames.includes("sched_switch"));
  assert.ok(traceClasses.length > 0);
  assert.is((await all(ask({ limit: 2 }).rows())).length, 2);
});

test("errors are typed: a filter's at once, a source's when it runs", async () => {
  assert.throws(
    () => query(trace.path, { where: "ret <" }),
    (error: unknown) => error instanceof FilterError,
  );
  assert.throws(
    () => query(trace.path, { begin: "soon" }),
    (error: unknown) => error instanceof SourceError,
  );
  const missing = await all(query("/no/such/trace").rows()).catch((error: unknown) => error);
  assert.instance(missing, SourceError);
  const unknown = await all(query(trace.path, { select: ["next_com"] }).rows()).catch(String);
  assert.match(String(unknown), "did you mean next_comm?");
  const format = await all(query(trace.path).to("xml")).catch((error: unknown) => error);
  assert.instance(format, SourceError);
});

test("files of rows are asked as traces are", async () => {
  const folder = folders.make({});
  const file = join(folder, "rows.parquet");
  const to = query(trace.path, { select: ["timestamp", "event", "ret"] }).to("parquet");
  const parts: Uint8Array[] = [];
  for await (const bytes of to) parts.push(bytes);
  writeFileSync(file, Buffer.concat(parts));
  const count = async (source: string, options: SourceQueryOptions): Promise<number> => {
    let rows = 0;
    for await (const _ of query(source, options).rows()) rows++;
    return rows;
  };
  for (const options of [
    {},
    { where: "ret < 0" },
    { events: "sched_*", limit: 7 },
    { where: "ret < 0", select: ["event"] },
    { q: "ret < 0 |> count() by event" },
  ])
    assert.is(
      await count(file, options),
      await count(trace.path, options),
      JSON.stringify(options),
    );
  const opened = await openTrace(file);
  assert.equal(
    opened.columns?.map(({ name }) => name),
    ["timestamp", "event", "ret"],
  );
  assert.equal(opened.eventNames, []);
  let failed = 0;
  for await (const _ of opened.query({ where: "ret < 0" }).rows()) failed++;
  assert.is(failed, await count(trace.path, { where: "ret < 0" }));
  try {
    await count(file, { where: "nosuch == 1" });
    assert.unreachable();
  } catch (error) {
    assert.match((error as Error).message, /nosuch/);
  }
});

test.run();
