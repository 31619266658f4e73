/** Two ranges beside each other: per container and system call, how often, how long, and what differs most. */

import { byId, make } from "./dom.ts";
import type { Measure } from "./metric-queries.ts";
import { idOf, type MetricRow } from "./metric-rows.ts";
import { MetricTable } from "./metric-table.ts";
import { exact } from "./number.ts";
import { Painting } from "./painting.ts";
import { queryList } from "./query-list.ts";
import { joined } from "./query-text.ts";
import { RunningQuery } from "./running-query.ts";
import { duration, lengthOf, type Range, rangeText } from "./time.ts";
import type { Host, Scope, View } from "./view.ts";

const CALLS =
  "|> syscalls |> calls = count(), errors = count() if (ret < 0), p99 = p99(dt) by container, syscall";
const CPU = "|> slices |> cpu = usage(dt) by container";

const rate = (value: number): string => `${exact(Number(value.toPrecision(3)))}/s`;
const percent = (value: number): string => `${exact(value)} %`;
const signed = (print: (value: number) => string) => (value: number) =>
  value > 0 ? `+${print(value)}` : print(value);

const measure = (key: string, title: string, print: (value: number) => string): Measure => ({
  key,
  title,
  fold: "sum",
  print,
});

const CALL_MEASURES: readonly Measure[] = [
  measure("calls-a", "A", rate),
  measure("calls-b", "B", rate),
  measure("calls-d", "A − B", signed(rate)),
  measure("errors-a", "errors A", rate),
  measure("errors-b", "errors B", rate),
  measure("p99-a", "p99 A", duration),
  measure("p99-b", "p99 B", duration),
  measure("weight", "|A − B|", rate),
];
const CPU_MEASURES: readonly Measure[] = [
  measure("cpu-a", "cpu A", percent),
  measure("cpu-b", "cpu B", percent),
  measure("cpu-d", "A − B", signed(percent)),
];

const LIVE_TEXT =
  "Two ranges of a live session cannot be compared: the server keeps nothing of what a session sent. The relay daemon writes the same trace to its folder, ~/lttng-traces/HOST/SESSION unless it is given another: tracewire serve FOLDER compares ranges of that.";

interface Side {
  readonly name: "a" | "b";
  readonly range: Range;
  readonly calls: RunningQuery;
  readonly cpu: RunningQuery;
}

export class CompareView implements View {
  readonly #host: Host;
  readonly #when = make("p", { class: "when" });
  readonly #list = make("div", {});
  readonly #cpuTable: MetricTable;
  readonly #callTable: MetricTable;
  #sides: readonly Side[] = [];
  #isLive = false;
  readonly #painting = new Painting();

  constructor(host: Host) {
    this.#host = host;
    this.#cpuTable = new MetricTable("processor time compared", () => {});
    this.#cpuTable.sort = "-cpu-d";
    this.#callTable = new MetricTable("system calls compared", (sort) => host.replace({ sort }));
    byId("compare").append(
      this.#when,
      scrolled("processor time compared", this.#cpuTable.element),
      scrolled("system calls compared", this.#callTable.element),
      this.#list,
    );
  }

  get queries(): readonly string[] {
    const [first] = this.#sides;
    return first === undefined ? [] : [first.cpu.wanted.query, first.calls.wanted.query];
  }

  run(scope: Scope): void {
    this.stop();
    const { place, filter, source, isLive } = scope;
    const { range, other, sort } = place;
    this.#callTable.sort = sort === "" ? "-weight" : sort;
    this.#isLive = isLive;
    this.#painting.news();
    if (isLive || range === undefined || other === undefined) return;
    const ask = (stages: string, asked: Range): RunningQuery =>
      new RunningQuery(
        { query: joined(filter, stages), source, isLive, range: asked },
        this.#host.token,
        this.#painting.news,
      );
    this.#sides = (
      [
        ["a", range],
        ["b", other],
      ] as const
    ).map(([name, one]) => ({ name, range: one, calls: ask(CALLS, one), cpu: ask(CPU, one) }));
  }

  stop(): void {
    for (const { calls, cpu } of this.#sides) {
      calls.close();
      cpu.close();
    }
    this.#sides = [];
  }

  pause(isPaused: boolean): void {
    this.#painting.pause(isPaused);
  }

  update(): void {
    if (!this.#painting.take()) return;
    const [a, b] = this.#sides;
    const hasBoth = a !== undefined && b !== undefined;
    this.#when.textContent = hasBoth
      ? `A: ${rangeText(a.range)}   B: ${rangeText(b.range)}`
      : this.#isLive
        ? LIVE_TEXT
        : "Choose two ranges above: drag for A, drag with Shift for B, or press Compare.";
    for (const table of [this.#cpuTable, this.#callTable]) table.element.hidden = !hasBoth;
    this.#list.hidden = !hasBoth;
    if (!hasBoth) return;
    this.#cpuTable.show({
      keys: [{ title: "container", names: ["container"] }],
      measures: CPU_MEASURES,
      rows: cpuRows(a, b),
    });
    this.#callTable.show({
      keys: [
        { title: "container", names: ["container"] },
        { title: "syscall", names: ["syscall"] },
      ],
      measures: CALL_MEASURES,
      rows: callRows(a, b),
    });
    const listed = this.#sides.flatMap(({ name, cpu, calls }) => [
      { title: `${name.toUpperCase()}, processor time`, running: cpu },
      { title: `${name.toUpperCase()}, system calls`, running: calls },
    ]);
    this.#list.replaceChildren(
      queryList(listed, (query) => this.#host.go({ query, view: "events", isPaused: false })),
    );
  }
}

function cpuRows(a: Side, b: Side): readonly MetricRow[] {
  return rowsOf(
    [a, b],
    ({ cpu }) => cpu,
    ["container"],
    ({ name }, row, values) => {
      values.set(`cpu-${name}`, Number(row["cpu"] ?? 0));
    },
  ).map(({ names, values }) => {
    const difference = (values.get("cpu-a") ?? 0) - (values.get("cpu-b") ?? 0);
    return { names, values: values.set("cpu-d", difference) };
  });
}

/** Counts are a second, since ranges need not be equally long. */
function callRows(a: Side, b: Side): readonly MetricRow[] {
  return rowsOf(
    [a, b],
    ({ calls }) => calls,
    ["container", "syscall"],
    (side, row, values) => {
      const seconds = lengthOf(side.range) / 1e9;
      values.set(`calls-${side.name}`, Number(row["calls"] ?? 0) / seconds);
      values.set(`errors-${side.name}`, Number(row["errors"] ?? 0) / seconds);
      if (typeof row["p99"] === "number") values.set(`p99-${side.name}`, row["p99"]);
    },
  ).map(({ names, values }) => {
    const difference = (values.get("calls-a") ?? 0) - (values.get("calls-b") ?? 0);
    values.set("calls-d", difference).set("weight", Math.abs(difference));
    return { names, values };
  });
}

function rowsOf(
  sides: readonly Side[],
  queryOf: (side: Side) => RunningQuery,
  keys: readonly string[],
  take: (side: Side, row: Readonly<Record<string, unknown>>, values: Map<string, number>) => void,
): readonly { readonly names: readonly string[]; readonly values: Map<string, number> }[] {
  const all = new Map<string, { names: readonly string[]; values: Map<string, number> }>();
  for (const side of sides)
    for (const row of queryOf(side).answer?.rows ?? []) {
      const names = keys.map((key) => String(row[key] ?? "–"));
      const entry = all.get(idOf({ names })) ?? { names, values: new Map<string, number>() };
      all.set(idOf({ names }), entry);
      take(side, row, entry.values);
    }
  return [...all.values()];
}

function scrolled(label: string, table: HTMLElement): HTMLElement {
  return make("div", { class: "scrolled", tabindex: 0, role: "group", "aria-label": label }, table);
}
