/** A query may begin with its first stage, without `|>`; what could be a filter stays one. */

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { FilterError } from "../../src/base/errors.ts";
import { completeQuery } from "../../src/language/complete-query.ts";
import { hasStages, parseQuery } from "../../src/language/parse-query.ts";
import { ofProcesses } from "../../src/language/process-filter.ts";
import { TABLE_NAMES } from "../../src/language/stage-names.ts";
import { filterOf } from "../../src/viewer/query-text.ts";

const test = suite("language/leading-stage");

const STAGES: readonly string[] = [
  "syscalls",
  "syscalls |> p99(dt) by container, syscall",
  "slices |> usage(dt) by container every 1s",
  "events |> count()",
  "count() by container, event every 1s",
  "n = count() by event |> top 2 by n",
  "p99(ret), errors = count() if (ret < 0)",
  "where ret < 0 |> limit 3",
  "where !ret",
  "where $ctx.vpid == 1",
  'where (event == "a")',
  "select event, ret * 2 as twice",
  "sort ret desc",
  "top 5 by ret",
  "limit 3",
  'pair "a:begin" then "a:end" by id |> count()',
];

for (const text of STAGES)
  test(`${text} means the same behind |>`, () => {
    const { stages, filter } = parseQuery(text);
    const piped = parseQuery(`|> ${text}`);
    assert.is(filter, undefined);
    assert.equal(
      stages.map(({ kind }) => kind),
      piped.stages.map(({ kind }) => kind),
    );
    assert.ok(hasStages(text));
  });

const FILTERS: readonly string[] = [
  "count",
  "count > 3",
  "io == 1",
  "net != 0 |> count()",
  "where == 1",
  "limit < 4 && top",
  "select.a == 2",
  "events[0] == 1",
  "sum == 3 |> sum(ret)",
  "ret |> count()",
  "limits |> count()",
];

for (const text of FILTERS)
  test(`${text} begins with a filter`, () => {
    assert.is.not(parseQuery(text).filter, undefined);
    assert.is(hasStages(text), text.includes("|>"));
  });

test("errors say places of the text as it was written", () => {
  const text = "count() by event evry 1s";
  try {
    parseQuery(text);
    assert.unreachable();
  } catch (error) {
    if (!(error instanceof FilterError)) throw error;
    assert.match(error.message, /got "evry".*column 18/s);
    assert.ok(error.message.includes(`${text}\n${" ".repeat(17)}^~~~`), error.message);
  }
});

test("processes become its filter", () => {
  const web = [{ id: 8, container: undefined }];
  assert.is(ofProcesses("syscalls |> count()", web), "$ctx.pid == 8 |> syscalls |> count()");
  assert.is(ofProcesses("|> syscalls", web), "$ctx.pid == 8 |> syscalls");
  assert.is(ofProcesses("ret < 0 |> syscalls", web), "$ctx.pid == 8 && (ret < 0) |> syscalls");
});

test("what follows it is completed like behind |>", () => {
  for (const typed of ["count() by event ev", "syscalls |> p99(", "syscalls |> where d"]) {
    const texts = (prefix: string): readonly string[] =>
      completeQuery(prefix, []).items.map(({ text }) => text);
    assert.ok(texts(typed).length > 0, typed);
    assert.equal(texts(typed), texts(`|> ${typed}`), typed);
  }
});

test("the page finds no filter in it", () => {
  for (const text of [...STAGES, ...TABLE_NAMES]) assert.is(filterOf(text), "", text);
  for (const text of FILTERS) assert.is(filterOf(text), text.split("|>")[0]!.trim(), text);
});

test.run();
