/**
 * Two ranges beside each other: per container and system call, how often, how long, and what differs most. A server keeps
 * nothing of what a live session sent: there, the seconds that this view has seen are added up.
 */

import { byId, make } from "./dom.ts";
import type { Row } from "./frames.ts";
import type { Measure } from "./metric-queries.ts";
import { idOf, type MetricRow } from "./metric-rows.ts";
import { MetricTable } from "./metric-table.ts";
import { exact } from "./number.ts";
import { Painting } from "./painting.ts";
import { queryList } from "./query-list.ts";
import { joined } from "./query-text.ts";
import { RunningQuery } from "./running-query.ts";
import { duration, lengthOf, type Range, rangeText, timeOfDay } from "./time.ts";
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

const CHOOSE_TEXT = "Choose two ranges above: drag for A, drag with Shift for B, or press Compare.";
const LIVE_TEXT =
  "The server keeps nothing of what a live session sent: seconds can be compared since";
const EARLIER_TEXT =
  "The relay daemon writes the same trace to its folder, ~/lttng-traces/HOST/SESSION unless it is given another: tracewire serve FOLDER compares any ranges of that.";
const LIVE_WINDOWS = 300;

interface Side {
  readonly name: "a" | "b";
  readonly range: Range;
  /** Of a recorded trace, queries of this range; of a live one, both sides have the same. */
  readonly calls: RunningQuery;
  readonly cpu: RunningQuery;
}

/** The answer of a side: one for its whole range, or one for each second of it that was seen. */
interface Part {
  readonly windows: readonly (readonly Row[])[];
  readonly seconds: number;
}

export class CompareView implements View {
  readonly #host: Host;
  readonly #when = make("p", { class: "when" });
  readonly #list = make("div", {});
  readonly #cpuTable: MetricTable;
  readonly #callTable: MetricTable;
  #sides: readonly Side[] = [];
  #live: Pick<Side, "calls" | "cpu"> | undefined;
  #isLive = false;
  /** When the live queries began: nothing is known of what was before. */
  #openedAt = "";
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
    const first = this.#live ?? this.#sides[0];
    return first === undefined ? [] : [first.cpu.wanted.query, first.calls.wanted.query];
  }

  run(scope: Scope): void {
    this.stop();
    const { place, filter, source, isLive } = scope;
    const { range, other, sort } = place;
    this.#callTable.sort = sort === "" ? "-weight" : sort;
    this.#isLive = isLive;
    this.#painting.news();
    const ask = (stages: string, asked?: Range): RunningQuery =>
      new RunningQuery(
        { query: joined(filter, stages), source, isLive, range: asked },
        this.#host.token,
        this.#painting.news,
        { keptWindows: LIVE_WINDOWS },
      );
    if (isLive) {
      this.#openedAt = timeOfDay(new Date().toISOString());
      this.#live = { calls: ask(`${CALLS} every 1s`), cpu: ask(`${CPU} every 1s`) };
      this.rescope(scope);
    } else if (range !== undefined && other !== undefined) {
      this.#sides = [
        { name: "a", range, calls: ask(CALLS, range), cpu: ask(CPU, range) },
        { name: "b", range: other, calls: ask(CALLS, other), cpu: ask(CPU, other) },
      ];
    }
  }

  rescope({ place: { range, other } }: Scope): void {
    const live = this.#live;
    const hasBoth = live !== undefined && range !== undefined && other !== undefined;
    this.#sides = hasBoth
      ? [
          { name: "a", range, ...live },
          { name: "b", range: other, ...live },
        ]
      : [];
    this.#painting.news();
  }

  stop(): void {
    for (const { calls, cpu } of [...this.#sides, ...(this.#live ? [this.#live] : [])]) {
      calls.close();
      cpu.close();
    }
    this.#sides = [];
    this.#live = undefined;
  }

  pause(isPaused: boolean): void {
    this.#painting.pause(isPaused);
  }

  update(): void {
    if (!this.#painting.take()) return;
    const [a, b] = this.#sides;
    const hasBoth = a !== undefined && b !== undefined;
    this.#when.textContent = this.#whenText(a, b);
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
    const sides = this.#isLive ? this.#sides.slice(0, 1) : this.#sides;
    const listed = sides.flatMap(({ name, cpu, calls }) => {
      const of = this.#isLive ? "A and B" : name.toUpperCase();
      return [
        { title: `${of}, processor time`, running: cpu },
        { title: `${of}, system calls`, running: calls },
      ];
    });
    this.#list.replaceChildren(
      queryList(listed, (query) => this.#host.go({ query, view: "events", isPaused: false })),
    );
  }

  #whenText(a: Side | undefined, b: Side | undefined): string {
    const ranges =
      a === undefined || b === undefined
        ? CHOOSE_TEXT
        : `A: ${rangeText(a.range)}${seenText(a)}\nB: ${rangeText(b.range)}${seenText(b)}`;
    return this.#isLive ? `${ranges}\n${LIVE_TEXT} ${this.#openedAt}. ${EARLIER_TEXT}` : ranges;
  }
}

/** How much of a live range was seen; empty for all of it. */
function seenText({ range, calls }: Side): string {
  if (!calls.wanted.isLive) return "";
  const seconds = Math.round(lengthOf(range) / 1e9);
  const { seconds: seen } = partOf(calls, range);
  return seen >= seconds ? "" : `, ${seen} of ${seconds} s seen`;
}

function partOf({ wanted, answer }: RunningQuery, range: Range): Part {
  if (!wanted.isLive) return { windows: [answer?.rows ?? []], seconds: lengthOf(range) / 1e9 };
  const windows = answer?.rowsOf(range) ?? [];
  return { windows, seconds: windows.length };
}

function cpuRows(a: Side, b: Side): readonly MetricRow[] {
  return rowsOf(
    [a, b],
    ({ cpu }) => cpu,
    ["container"],
    ({ name }, row, values, { windows }) => {
      const mean = Number(row["cpu"] ?? 0) / windows.length;
      values.set(`cpu-${name}`, (values.get(`cpu-${name}`) ?? 0) + mean);
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
    ({ name }, row, values, { seconds }) => {
      const add = (key: string, value: unknown): void => {
        values.set(key, (values.get(key) ?? 0) + Number(value ?? 0) / seconds);
      };
      add(`calls-${name}`, row["calls"]);
      add(`errors-${name}`, row["errors"]);
      // Of several seconds, that of the slowest.
      const slowest = values.get(`p99-${name}`) ?? 0;
      if (typeof row["p99"] === "number") values.set(`p99-${name}`, Math.max(slowest, row["p99"]));
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
  take: (side: Side, row: Row, values: Map<string, number>, part: Part) => void,
): readonly { readonly names: readonly string[]; readonly values: Map<string, number> }[] {
  const all = new Map<string, { names: readonly string[]; values: Map<string, number> }>();
  for (const side of sides) {
    const part = partOf(queryOf(side), side.range);
    for (const row of part.windows.flat()) {
      const names = keys.map((key) => String(row[key] ?? "–"));
      const entry = all.get(idOf({ names })) ?? { names, values: new Map<string, number>() };
      all.set(idOf({ names }), entry);
      take(side, row, entry.values, part);
    }
  }
  return [...all.values()];
}

function scrolled(label: string, table: HTMLElement): HTMLElement {
  return make("div", { class: "scrolled", tabindex: 0, role: "group", "aria-label": label }, table);
}
