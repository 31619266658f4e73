/** Tables of real recordings against what was counted beside them, by namespace. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Answer, answers } from "../support/answers.ts";
import { run } from "../support/program.ts";
import { PROJECT, recordedTrace } from "../support/traces.ts";

const test = suite("language/truth");

/** The rows of a table in `test/data/containers`. */
function truth(name: string): Record<string, string>[] {
  const text = readFileSync(join(PROJECT, "test/data/containers", name), "utf8");
  const [head = "", ...lines] = text.trim().split("\n");
  const columns = head.split("\t");
  return lines.map((line) =>
    Object.fromEntries(line.split("\t").map((cell, i) => [columns[i]!, cell])),
  );
}

function lines(rows: readonly Answer[], names: readonly string[]): string[] {
  return rows.map((row) => names.map((name) => String(row[name])).join(" ")).sort();
}

test("a container beside the text chooses rows of tables, whatever events they are made of", async () => {
  const { path, remove } = await recordedTrace("small");
  for (const table of ["slices", "syscalls", "blocked"]) {
    const ask = (...options: string[]): string[] => {
      const { status, stdout, stderr } = run([
        "query",
        path,
        `|> ${table} |> n = count(), ns = sum(dt) by container`,
        "--format",
        "csv",
        "--quiet",
        ...options,
      ]);
      assert.is(status, 0, stderr);
      return stdout.split("\n").filter((line) => line.startsWith("some-redis,"));
    };
    const all = ask();
    assert.equal(ask("--container", "some-redis"), all, table);
    assert.is(all.length, 1, table);
  }
  const missed = run(["query", path, "|> slices |> count()", "--container", "some-redi"]);
  assert.match(missed.stderr, /no container is called some-redi; .*did you mean some-redis\?/);
  await remove();
});

for (const name of ["small", "churn"] as const) {
  test(`${name}: processor time and slices of each namespace`, async () => {
    const { path, remove } = await recordedTrace(name);
    const { rows } = await answers(path, "|> slices |> ns = sum(dt), n = count() by $ctx.pid_ns");
    const wanted = truth(`${name}.cpu.tsv`)
      // The idle task has no slices here.
      .filter((row) => row["pid_ns"] !== "idle")
      .map((row) => `${row["pid_ns"]} ${row["cpu_ns"]}`)
      .sort();
    assert.equal(lines(rows, ["pid_ns", "ns"]), wanted);
    await remove();
  });

  test(`${name}: system calls of each namespace, their time and the longest`, async () => {
    const { path, remove } = await recordedTrace(name);
    const { rows } = await answers(
      path,
      "|> syscalls |> n = count(), total = sum(dt), longest = max(dt) by $ctx.pid_ns, syscall",
    );
    const wanted = truth(`${name}.syscalls.tsv`)
      .filter((row) => row["matched"] !== "0")
      .map((row) => ["pid_ns", "syscall", "matched", "total_ns", "max_ns"].map((one) => row[one]))
      .map((cells) => cells.join(" "))
      .sort();
    assert.equal(lines(rows, ["pid_ns", "syscall", "n", "total", "longest"]), wanted);
    await remove();
  });

  test(`${name}: pages of each namespace, by their order`, async () => {
    const { path, remove } = await recordedTrace(name);
    const { rows } = await answers(
      path,
      `|> pages |> got = sum(pages) if (pages > 0), gave = sum(pages) if (pages < 0),
        allocs = count() if (pages > 0), frees = count() if (pages < 0) by $ctx.pid_ns`,
    );
    const wanted = truth(`${name}.per-pid_ns.tsv`)
      .filter((row) => row["page_alloc"] !== "0" || row["page_free"] !== "0")
      .map((row) =>
        [
          row["pid_ns"],
          row["alloc_pages"] === "0" ? "null" : row["alloc_pages"],
          row["free_pages"] === "0" ? "null" : `-${row["free_pages"]}`,
          row["page_alloc"],
          row["page_free"],
        ].join(" "),
      )
      .sort();
    assert.equal(lines(rows, ["pid_ns", "got", "gave", "allocs", "frees"]), wanted);
    await remove();
  });
}

test.run();
