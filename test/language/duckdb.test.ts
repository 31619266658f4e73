/** Aggregates against DuckDB: random queries over random rows, in batches that end anywhere. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { from, lastValueFrom, toArray } from "rxjs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { valueAt } from "../../src/column/row-reader.ts";
import type { Schema } from "../../src/column/schema.ts";
import { FORMAT_DEFAULTS, formatNamed } from "../../src/format/formats.ts";
import { planQuery } from "../../src/language/plan.ts";
import { through } from "../../src/operators/chain.ts";
import { NOTHING_SO_FAR, type ResultItem } from "../../src/query/result.ts";
import { Folders } from "../support/folder.ts";
import { needs } from "../support/needs.ts";
import { random } from "../support/random.ts";
import { Duckdb, type SqlValue } from "../support/sql.ts";
import { COLUMNS, type RandomQuery, randomQuery } from "./random-query.ts";
import { batchOf, type Cell, type RowColumn, schemaOf } from "./rows.ts";

const test = suite("language/duckdb");
const run = needs(test, ["python3:duckdb", "python3:pyarrow"]);
const folders = new Folders();
let duckdb: Duckdb | undefined;
test.after(() => {
  duckdb?.stop();
  folders.removeAll();
});

/** Queries: 10 000 in continuous integration; `TRACEWIRE_QUERIES` for others. */
const QUERIES = Number(process.env["TRACEWIRE_QUERIES"] ?? 10_000);
const ROWS = 100;

type Next = ReturnType<typeof random>;

interface TestRow {
  readonly ns: number;
  readonly cells: readonly Cell[];
}

const TEXTS = ["alpha", "beta", "gamma", "al", ""];

function randomRows(next: Next): TestRow[] {
  let ns = 1e9;
  return Array.from({ length: ROWS }, () => {
    ns += 1 + next(next(40) === 0 ? 30_000_000 : 500_000);
    const cells = COLUMNS.map(({ kind }): Cell => {
      if (next(7) === 0) return null;
      if (kind === "text") return TEXTS[next(TEXTS.length)]!;
      const size = 10 ** next(next(20) === 0 ? 15 : 4);
      if (kind === "integer") return next(2 * size) - size;
      return (next(2_000_001) - 1_000_000) / 1000;
    });
    return { ns, cells };
  });
}

/** The rows as what a query's scan would give. */
function items(rows: readonly TestRow[], next: Next): ResultItem[] {
  const all: ResultItem[] = [{ kind: "columns", columns: schemaOf(COLUMNS) }];
  for (let at = 0; at < rows.length; ) {
    const some = rows.slice(at, at + 1 + next(next(2) === 0 ? 3 : 200));
    at += some.length;
    const batch = batchOf(
      COLUMNS,
      some.map(({ ns }) => ns),
      some.map(({ cells }) => cells),
    );
    all.push({ kind: "batch", batch: { ...NOTHING_SO_FAR, ...batch, seq: at } });
    all.push({ kind: "watermark", ns: BigInt(some.at(-1)!.ns) });
  }
  return all;
}

const PREFIX = `|> select ${COLUMNS.map(({ name }) => name).join(", ")} `;

async function ours(text: string, rows: readonly ResultItem[]): Promise<SqlValue[][]> {
  const operators = planQuery(PREFIX + text).open({ isLive: false });
  const results = await lastValueFrom(
    through(from(rows), operators, { isLive: false, borrowBatches: false }).pipe(toArray()),
  );
  let schema: Schema = [];
  return results.flatMap((item) => {
    if (item.kind === "columns") schema = item.columns;
    if (item.kind !== "batch") return [];
    const { batch } = item;
    return Array.from({ length: batch.rows }, (_, row) =>
      schema.map((_, i): SqlValue => {
        const value = valueAt(batch.columns[i]!, row);
        if (typeof value === "bigint") {
          const number = Number(value);
          return Math.abs(number) > 2 ** 53 ? String(value) : number;
        }
        return value as SqlValue;
      }),
    );
  });
}

/** Rows in the order of their groups. */
function ordered(rows: readonly SqlValue[][], keys: number): SqlValue[][] {
  return rows
    .map((row) => ({ row, key: JSON.stringify(row.slice(0, keys)) }))
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .map(({ row }) => row);
}

function difference(
  query: RandomQuery,
  own: SqlValue[][],
  theirs: SqlValue[][],
): string | undefined {
  const keys = query.keys.length + (query.everyNs === undefined ? 0 : 1);
  // Groups that came in windows before stay, with a count of 0.
  const mine = ordered(
    own.filter((row) => query.everyNs === undefined || row[keys] !== 0),
    keys,
  );
  const wanted = ordered(theirs, keys);
  if (mine.length !== wanted.length)
    return `${mine.length} groups, expected ${wanted.length}:\n${JSON.stringify(mine)}\n${JSON.stringify(wanted)}`;
  for (const [i, row] of mine.entries()) {
    for (let at = 0; at < keys + query.measures.length; at++) {
      const q = at < keys ? undefined : query.measures[at - keys]!.q;
      if (!same(row[at]!, wanted[i]![at]!, q))
        return `column ${at}: ${JSON.stringify(row)}, expected ${JSON.stringify(wanted[i])}`;
    }
  }
  return undefined;
}

function same(own: SqlValue, theirs: SqlValue, q: number | undefined): boolean {
  if (q !== undefined) {
    const list = ((theirs ?? []) as readonly SqlValue[]).filter((one) => one !== null);
    if (list.length === 0) return own === null;
    const value = Number(list[Math.max(1, Math.ceil(q * list.length)) - 1]);
    return Math.abs(Number(own) - value) <= 0.008 * Math.abs(value) + 1e-12;
  }
  if (own === null || theirs === null) return own === theirs;
  if (typeof own === "string" && typeof theirs === "string") return own === theirs;
  const [a, b] = [Number(own), Number(theirs)];
  return a === b || Math.abs(a - b) <= 1e-9 * Math.max(1, Math.abs(a), Math.abs(b));
}

run(`answers ${QUERIES} random queries as DuckDB does`, async () => {
  const next = random("duckdb");
  for (let done = 0; done < QUERIES; ) {
    const rows = randomRows(next);
    duckdb = await opened(rows);
    for (let i = 0; i < 500 && done < QUERIES; i++, done++) {
      const query = randomQuery(next);
      const theirs = await duckdb.rows(query.sql);
      const differs = difference(query, await ours(query.text, items(rows, next)), theirs);
      assert.is(differs, undefined, `${query.text}\n${query.sql}`);
    }
    duckdb.stop();
  }
});

/** The rows as DuckDB's table. */
async function opened(rows: readonly TestRow[]): Promise<Duckdb> {
  const columns: readonly RowColumn[] = [{ name: "t", kind: "integer" }, ...COLUMNS];
  const writer = (await formatNamed("arrow").load())({ ...FORMAT_DEFAULTS, dictionaries: "plain" });
  const batch = batchOf(
    columns,
    rows.map(({ ns }) => ns),
    rows.map(({ ns, cells }) => [ns, ...cells]),
  );
  const parts = [
    await writer.begin(schemaOf(columns)),
    await writer.batch(batch, new Map()),
    await writer.end(),
  ];
  const file = join(folders.make({}), "rows.arrow");
  writeFileSync(file, Buffer.concat(parts));
  return new Duckdb(file);
}

test.run();
