/** Containers of real recordings against what was noted beside them: tables by namespace, a timeline of starts and stops. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { openFeed } from "../../src/feed/feed.ts";
import { compileFilter } from "../../src/filter/compile.ts";
import { named } from "../../src/filter/container-condition.ts";
import { RecordedNames } from "../../src/operators/contain/recorded-names.ts";
import { hiding } from "../support/hidden.ts";
import { askSpec, cell, type Spec } from "../support/query.ts";
import { PROJECT, recordedTrace } from "../support/traces.ts";

const test = suite("operators/truth");

interface Row {
  readonly time: bigint;
  readonly values: readonly unknown[];
}

/** The rows of a query, of traces as they would be without some contexts. */
function rowsOf(path: string, question: Spec, hidden: readonly string[] = []): Promise<Row[]> {
  const feed = openFeed([path], { from: "beginning" });
  const names = new RecordedNames({ share: (options) => hiding(feed.share(options), hidden) });
  const share = hiding(feed.share(), hidden);
  const rows: Row[] = [];
  return new Promise((resolve, reject) => {
    const source = { kind: "recorded", names } as const;
    askSpec(question, share, () => source).subscribe({
      next: (item) => {
        if (item.kind !== "batch") return;
        const { batch } = item;
        for (let row = 0; row < batch.rows; row++) {
          const values = batch.columns.map((column) => cell(column, row));
          rows.push({ time: batch.timestamps[row]!, values });
        }
      },
      error: reject,
      complete: () => resolve(rows),
    });
  });
}

function table(name: string): Record<string, string>[] {
  const text = readFileSync(join(PROJECT, "test/data/containers", name), "utf8");
  const [head = "", ...lines] = text.trim().split("\n");
  const columns = head.split("\t");
  return lines.map((line) => {
    const cells = line.split("\t");
    return Object.fromEntries(columns.map((column, i) => [column, cells[i] ?? ""]));
  });
}

function countBy(rows: readonly Row[], key: (row: Row) => string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const row of rows) counts.set(key(row), (counts.get(key(row)) ?? 0) + 1);
  return counts;
}

const KERNEL = compileFilter('$event.domain == "kernel"');

async function withTrace(
  name: "small" | "churn",
  use: (path: string) => Promise<void>,
): Promise<void> {
  const trace = await recordedTrace(name);
  try {
    await use(trace.path);
  } finally {
    await trace.remove();
  }
}

test("small: events and syscalls of each container, by name, are those of the tables", () =>
  withTrace("small", async (path) => {
    const select = ["container", "event", "pid_ns"];
    const rows = await rowsOf(path, { select, filter: KERNEL });
    // What dying tasks did is found through their task ids; the tables have it under namespace 0.
    const inNamespace = rows.filter(({ values }) => Number(values[2]) !== 0);
    const names = new Map([["(host)", "[HOST]"]]);
    const events = countBy(inNamespace, ({ values }) => String(values[0]));
    for (const { pid_ns, container = "", events: expected } of table("small.per-pid_ns.tsv")) {
      if (pid_ns === "0") assert.is(rows.length - inNamespace.length, Number(expected));
      else assert.is(events.get(names.get(container) ?? container), Number(expected), container);
    }
    assert.ok(rows.every(({ values }) => values[0] !== null));
    const counts = countBy(
      inNamespace.filter(({ values }) => String(values[1]).startsWith("syscall_entry_")),
      ({ values }) => `${values[0]} ${String(values[1]).slice("syscall_entry_".length)}`,
    );
    const syscalls = table("small.syscalls.tsv").filter(({ pid_ns }) => pid_ns !== "0");
    for (const { container = "", syscall, entries: count } of syscalls)
      assert.is(counts.get(`${names.get(container) ?? container} ${syscall}`), Number(count));
    assert.is(counts.size, syscalls.length);
  }));

test("small: --container NAME is the filter on its pid namespace", () =>
  withTrace("small", async (path) => {
    const select = ["timestamp", "event", "vtid", "payload"];
    const byName = await rowsOf(path, { select, container: named("some-redis") });
    const filter = compileFilter("$ctx.pid_ns == 4026532220");
    const byNumber = await rowsOf(path, { select, filter });
    assert.ok(byName.length > 2000);
    assert.equal(byName, byNumber);
    const inFilter = compileFilter('$container.name == "some-*" && $container.type == "docker"');
    assert.equal(await rowsOf(path, { select, filter: inFilter }), byNumber);
    const joined = compileFilter('$container.name in ("some-redis", "x") && ret >= 0');
    const both = compileFilter("$ctx.pid_ns == 4026532220 && ret >= 0");
    assert.equal(
      await rowsOf(path, { select, filter: joined }),
      await rowsOf(path, { select, filter: both }),
    );
  }));

for (const name of ["small", "churn"] as const) {
  test(`${name}: what a filter selects of a container is what each row shows`, () =>
    withTrace(name, async (path) => {
      const select = ["timestamp", "event", "cpu_id", "container", "container_type", "payload"];
      const all = await rowsOf(path, { select });
      const names = new Set(all.map(({ values }) => String(values[3])));
      assert.ok(names.size >= 7);
      for (const one of names) {
        const rows = await rowsOf(path, { select, container: named(one) });
        assert.equal(
          rows,
          all.filter(({ values }) => values[3] === one),
          one,
        );
      }
      // Several of them, with and without their names, which decides who selects.
      const some = (text: unknown): boolean =>
        /^(some-redis|.*-[gm].*|goofy.*)$/.test(String(text));
      const condition = {
        kind: "or",
        operands: ["some-redis", "*-g*", "*-m*", "goofy*"].map(named),
      } as const;
      const expected = all.filter(({ values }) => some(values[3]));
      assert.equal(await rowsOf(path, { select, container: condition }), expected);
      const nameless = select.filter((column) => !column.startsWith("container"));
      assert.equal(
        await rowsOf(path, { select: nameless, container: condition }),
        expected.map(({ time, values }) => {
          return { time, values: [...values.slice(0, 3), values[5]] };
        }),
      );
    }));
}

test("small: a limit counts the rows of the container", () =>
  withTrace("small", async (path) => {
    const rows = await rowsOf(path, {
      select: ["container"],
      filter: compileFilter('!($container.name == "[HOST]")'),
      limit: 77,
    });
    assert.is(rows.length, 77);
    assert.ok(rows.every(({ values }) => values[0] !== "[HOST]"));
  }));

/** When containers of `churn` were born and gone, by the notes of who started them; the tracer saw it a little earlier. */
const RENEWED: readonly { readonly pidNs: number; readonly spans: readonly Span[] }[] = [
  {
    pidNs: 4_026_532_537,
    spans: [
      { name: "coherent-macaque", from: 0n, to: 1_795_338_002_407_358_212n },
      { name: "coherent-macaque", from: 1_795_338_002_407_358_213n, to: 1n << 62n },
    ],
  },
  {
    pidNs: 4_026_532_600,
    spans: [
      { name: "new-gecko", from: 1_795_338_002_407_358_212n, to: 1_795_338_032_544_452_501n },
      { name: "new-gecko", from: 1_795_338_032_544_452_502n, to: 1n << 62n },
    ],
  },
  { pidNs: 4_026_532_662, spans: [{ name: "pid_ns:4026532662", from: 0n, to: 1n << 62n }] },
  { pidNs: 4_026_532_722, spans: [{ name: "pid_ns:4026532722", from: 0n, to: 1n << 62n }] },
];

interface Span {
  readonly name: string;
  readonly from: bigint;
  readonly to: bigint;
}

test("churn: every event of a restarted, new or nested container has the name of its time", () =>
  withTrace("churn", async (path) => {
    const rows = await rowsOf(path, { select: ["container", "pid_ns"] });
    for (const { pidNs, spans } of RENEWED) {
      const own = rows.filter(({ values }) => Number(values[1]) === pidNs);
      assert.ok(own.length > 500, `${pidNs}: ${own.length} events`);
      for (const { time, values } of own) {
        const span = spans.find(({ from, to }) => from <= time && time <= to);
        assert.is(values[0], span?.name, `${pidNs} at ${time}`);
      }
    }
    // A namespace that was not there yet has no events.
    const gecko = rows.filter(({ values }) => values[0] === "new-gecko");
    assert.ok(gecko.every(({ time }) => time > 1_795_338_013_256_909_548n));
  }));

test("churn: without the contexts of namespaces, at least 99.9 % of all events agree with them", () =>
  withTrace("churn", async (path) => {
    const spec = { select: ["container", "event"], filter: KERNEL };
    const expected = await rowsOf(path, spec);
    const found = await rowsOf(path, spec, ["pid_ns", "mnt_ns"]);
    assert.is(found.length, expected.length);
    const other = found.filter(({ values }, i) => values[0] !== expected[i]!.values[0]);
    const share = (expected.length - other.length) / expected.length;
    const kinds = countBy(other, ({ values }) => String(values[1]));
    assert.ok(share >= 0.999, `${(share * 100).toFixed(3)} %: ${[...kinds].join(" ")}`);
  }));

test.run();
