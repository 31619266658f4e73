/** What keys of `top` do, and which queries its views ask, without a terminal or a trace. */

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Board } from "../../src/analyses/board.ts";
import { sortedRows } from "../../src/analyses/sorting.ts";
import { conditionOf, eventConditions, partQueries } from "../../src/analyses/view-query.ts";
import { planQuery } from "../../src/language/plan.ts";
import { textLiteral } from "../../src/language/text-literal.ts";
import { cellText } from "../../src/top/cell-text.ts";
import { TopModel } from "../../src/top/model.ts";
import { VIEWS, viewNamed } from "../../src/top/views.ts";

const test = suite("top/model");
const CONTAINERS = viewNamed("containers")!;

/** Of windows of a second. */
function boardOf(maxWindows: number = 10): Board {
  return new Board(CONTAINERS, maxWindows, NS);
}

/** A board with windows to which no query adds anything more. */
function passed(board: Board): Board {
  CONTAINERS.parts.forEach((_, part) => {
    board.end(part);
  });
  return board;
}

function modelOf(board: Board): TopModel {
  return new TopModel(CONTAINERS, "", {
    windows: () => board.windows,
    pageRows: () => 10,
    events: () => 0,
    complete: (text) => [{ text: "ret", from: text.length }],
  });
}

const WEB = 0;
const NS = 1_000_000_000n;
/** The column of texts. */
const NAME = "command";

test("every view's queries are of the language, in windows and of all the time", () => {
  for (const view of VIEWS) {
    for (const part of view.parts)
      for (const time of ["2s", 5e9])
        for (const { text } of partQueries(part, view, { filter: "" }, time))
          assert.is(planQuery(text).isPlain, false, text);
    assert.ok(
      view.columns.some(({ name }) => name === view.sort),
      `${view.name} sorts`,
    );
    for (const { name } of view.columns)
      assert.ok(
        view.parts.some(({ measures }) => name in measures),
        `${view.name}.${name} is filled`,
      );
  }
});

test("a scope is a condition, in which names stand for themselves", () => {
  assert.is(textLiteral("a*\\"), '"a\\*\\\\"');
  assert.is(textLiteral('a"b'), "'a\"b'");
  assert.is(
    conditionOf({ container: "web", pid: 3, filter: "ret < 0" }),
    '$container.name == "web" && $ctx.pid == 3 && (ret < 0)',
  );
  assert.is(eventConditions({ tid: 4, filter: "" })[0], "($ctx.tid == 4 || $ctx.vtid == 4)");
  planQuery(eventConditions({ syscall: "open*at", filter: "" })[0]!);
});

test("a window is shown when every query has passed its end", () => {
  const board = boardOf();
  board.add(0, 1n * NS, ["web"], ["cpu"], [10]);
  board.add(0, 2n * NS, ["web"], ["cpu"], [20]);
  board.add(1, 1n * NS, ["web"], ["calls"], [5]);
  for (let part = 2; part < CONTAINERS.parts.length; part++) board.pass(part, 2n * NS);
  const starts = (): bigint[] => board.windows.map(({ startNs }) => startNs / NS);
  assert.equal(starts(), [1n]);
  for (let i = 3n; i < 9n; i++) board.add(0, i * NS, ["web"], ["cpu"], [30]);
  assert.equal(starts(), [1n], "however far another is");
  for (let part = 1; part < CONTAINERS.parts.length; part++) board.pass(part, 5n * NS - 1n);
  assert.equal(starts(), [1n, 2n, 3n], "queries that have no rows pass, too");
});

test("a window waits for every query, or its end", () => {
  const board = boardOf();
  board.add(0, 1n * NS, ["web"], ["cpu"], [10]);
  board.add(0, 9n * NS, ["web"], ["cpu"], [10]);
  assert.is(board.windows.length, 0);
  assert.is(passed(board).windows.length, 2);
});

test("a name is that of the first query that knows one, whichever answers first", () => {
  const processes = viewNamed("processes")!;
  const at = processes.columns.findIndex(({ name }) => name === NAME);
  const names = [
    [0, "bash"],
    [1, "tee"],
    [1, "cat"],
  ] as const;
  for (const order of [names, names.toReversed()]) {
    const board = new Board(processes, 10, NS);
    for (const [part, name] of order) board.add(part, NS, ["web", 8], [NAME], [name]);
    for (let part = 0; part < processes.parts.length; part++) board.end(part);
    const [row] = board.windows[0]!.rows.values();
    assert.is(row!.cells[at], "bash");
  }
});

test("windows that have been shown for good are forgotten", () => {
  const board = passed(boardOf());
  for (let i = 1n; i < 5n; i++) board.add(0, i * NS, ["web"], ["cpu"], [1]);
  board.forget(2n * NS);
  assert.equal(
    board.windows.map(({ startNs }) => startNs / NS),
    [3n, 4n],
  );
});

test("old windows are forgotten", () => {
  const board = passed(boardOf(3));
  for (let i = 1n; i < 10n; i++) board.add(0, i * NS, ["web"], ["cpu"], [1]);
  assert.equal(
    board.windows.map(({ startNs }) => startNs / NS),
    [7n, 8n, 9n],
  );
});

test("keys sort, select, open, go back and quit", () => {
  const board = passed(boardOf());
  board.add(0, NS, ["web"], ["cpu"], [10]);
  board.add(0, NS, ["db"], ["cpu"], [90]);
  const model = modelOf(board);
  const names = (): unknown[] => model.rows.map(({ keys }) => keys[WEB]);
  assert.equal(names(), ["db", "web"]);
  assert.is(model.press("r"), "none");
  assert.equal(names(), ["web", "db"]);
  model.press("<");
  assert.is(model.level.order.by, "container");
  model.press("down");
  assert.is(model.press("enter"), "query");
  assert.is(model.level.view?.name, "processes");
  assert.ok(model.level.scope.container);
  assert.is(model.press("3"), "query");
  assert.is(model.level.view?.name, "threads");
  assert.ok(model.level.scope.container, "another view keeps the container");
  assert.is(model.press("backspace"), "query");
  assert.is(model.press("backspace"), "none");
  assert.is(model.press("?"), "none");
  assert.is(model.mode, "help");
  model.press("x");
  assert.is(model.press("q"), "quit");
  assert.is(model.press("ctrl-c"), "quit");
});

test("the time cursor goes through windows, and stands while new ones come", () => {
  const board = passed(boardOf());
  for (let i = 1n; i < 5n; i++) board.add(0, i * NS, ["web"], ["cpu"], [Number(i)]);
  const model = modelOf(board);
  assert.is(model.window?.startNs, 4n * NS);
  model.press("left");
  model.press("left");
  assert.is(model.window?.startNs, 2n * NS);
  board.add(0, 5n * NS, ["web"], ["cpu"], [1]);
  assert.is(model.window?.startNs, 2n * NS);
  model.press("right");
  assert.is(model.window?.startNs, 3n * NS);
  model.press("a");
  assert.is(model.window?.startNs, 5n * NS);
});

test("a filter is typed, completed and given up", () => {
  const model = modelOf(boardOf());
  model.press("/");
  model.press("tab");
  assert.is(model.edit.text, "ret");
  assert.is(model.press("enter"), "filter");
  model.useFilter();
  assert.is(model.level.scope.filter, "ret");
  model.press("/");
  for (const key of ["x", "q"]) assert.is(model.press(key), "none");
  model.press("escape");
  assert.is(model.level.scope.filter, "ret");
});

test("rows without a value come last, whichever way", () => {
  const rows = [
    { keys: ["a"], cells: [null] },
    { keys: ["b"], cells: [1] },
    { keys: ["c"], cells: [2] },
  ];
  for (const [isReversed, expected] of [
    [false, "c b a"],
    [true, "b c a"],
  ] as const) {
    const sorted = sortedRows(CONTAINERS, rows, { by: "cpu", isReversed });
    assert.is(sorted.map(({ keys }) => keys[0]).join(" "), expected);
  }
});

for (const [value, unit, expected] of [
  [null, "%", "-"],
  [43.876, "%", "43.9"],
  [1234.5, "%", "1235"],
  [0.25, "rate", "0.3"],
  [999.6, "rate", "1000"],
  [12_345, "rate", "12.3k"],
  [1536, "bytes/s", "1.5K"],
  [3 * 2 ** 30, "bytes/s", "3.0G"],
  [950, "ns", "950ns"],
  [1_234_567, "ns", "1.23ms"],
  [250e6, "ns", "250ms"],
] as const) {
  test(`${value} as ${unit} is ${expected}`, () => assert.is(cellText(value, unit), expected));
}

test.run();
