/** A view that is a table of measures: containers, processes, system calls. Each column group is a query of its own. */

import { byId, make } from "./dom.ts";
import type { Measure, MetricQuery, MetricTableSpec } from "./metric-queries.ts";
import { joinedRows, type MetricRow } from "./metric-rows.ts";
import { MetricTable } from "./metric-table.ts";
import { exact } from "./number.ts";
import { Painting } from "./painting.ts";
import { queryList } from "./query-list.ts";
import { joined } from "./query-text.ts";
import { RowFacts } from "./row-facts.ts";
import { RunningQuery } from "./running-query.ts";
import { sparkLine } from "./spark-line.ts";
import { type Range, rangeText, windowFor } from "./time.ts";
import type { Host, Scope, View } from "./view.ts";

const SPARK_WINDOWS = 60;
/** Until it is run. */
const NOTHING: MetricTableSpec = { keys: [], queries: [], order: "" };

interface Part extends MetricQuery {
  readonly running: RunningQuery;
}

export class MetricsView implements View {
  readonly #specOf: (scope: Scope) => MetricTableSpec;
  readonly #facts = new RowFacts(() => this.#painting.news());
  readonly #host: Host;
  readonly #table: MetricTable;
  readonly #when = make("p", { class: "when" });
  readonly #scrolled = make("div", { class: "scrolled", tabindex: 0, role: "group" });
  readonly #list = make("div", {});
  #spec: MetricTableSpec = NOTHING;
  #parts: readonly Part[] = [];
  #line: RunningQuery | undefined;
  #scope: Scope | undefined;
  readonly #painting = new Painting();
  #hasFailed = false;

  /**
   * @param id of the section that it fills
   * @param specOf what it asks of a scope; hidden where that is nothing
   * @param open called with the names of a row that the user goes into
   */
  constructor(
    id: string,
    label: string,
    specOf: (scope: Scope) => MetricTableSpec,
    host: Host,
    open: (names: readonly string[], scope: Scope) => void,
  ) {
    this.#specOf = specOf;
    this.#host = host;
    this.#table = new MetricTable(
      label,
      (sort) => host.replace({ sort }),
      ({ names }) => this.#scope !== undefined && open(names, this.#scope),
    );
    this.#scrolled.setAttribute("aria-label", label);
    this.#scrolled.append(this.#table.element);
    byId(id).append(this.#when, this.#scrolled, this.#list);
  }

  get queries(): readonly string[] {
    return this.#parts.map(({ running }) => running.wanted.query);
  }

  run(scope: Scope): void {
    this.stop();
    this.#scope = scope;
    this.#hasFailed = false;
    this.#spec = this.#specOf(scope);
    for (const one of [this.#when, this.#scrolled, this.#list])
      one.hidden = this.#spec.queries.length === 0;
    const { filter, isLive, place } = scope;
    // The address may have an order of another table of the view.
    this.#table.sort = hasColumn(this.#spec, place.sort) ? place.sort : `-${this.#spec.order}`;
    const every = isLive && this.#spec.isWhole !== true ? " every 1s" : "";
    this.#parts = this.#spec.queries.map((one) => ({
      ...one,
      running: this.#ask(joined(filter, one.query + every), scope),
    }));
    this.#line = this.#askLine(scope);
    this.#loadFacts(scope);
    this.#painting.news();
  }

  stop(): void {
    this.#facts.stop();
    for (const { running } of this.#parts) running.close();
    this.#line?.close();
    this.#parts = [];
    this.#line = undefined;
  }

  rescope(scope: Scope): void {
    this.#scope = scope;
    this.#painting.news();
  }

  pause(isPaused: boolean): void {
    this.#painting.pause(isPaused);
  }

  update(): void {
    if (this.#scope === undefined || !this.#painting.take()) return;
    this.#diagnose();
    const { keys } = this.#spec;
    const rows = this.#facts.joined(joinedRows(this.#parts, keys, this.#folded));
    const measures = this.#measuresOf(rows);
    const left = this.#table.show({ keys, measures, rows, line: this.#lineOf() });
    this.#when.textContent = this.#whenText(rows.length, left);
    const focused = (document.activeElement as HTMLElement | null)?.dataset["key"];
    const wasOpen = this.#list.querySelector("details")?.open === true;
    const list = queryList(this.#parts, (query) =>
      this.#host.go({ query, view: "events", isPaused: false }),
    );
    if (wasOpen) (list as HTMLDetailsElement).open = true;
    this.#list.replaceChildren(list);
    for (const button of this.#list.querySelectorAll("button"))
      if (focused !== undefined && button.dataset["key"] === focused) button.focus();
  }

  key(key: string): boolean {
    if (key !== "ArrowDown" && key !== "ArrowUp" && key !== "j" && key !== "k") return false;
    this.#table.step(key === "ArrowDown" || key === "j" ? 1 : -1);
    return true;
  }

  /** An error that all parts have is the filter's. */
  #diagnose(): void {
    const [first] = this.#parts;
    const hasFailed = this.#parts.every(({ running }) => running.error !== undefined);
    if (!hasFailed || this.#hasFailed || first === undefined) return;
    this.#hasFailed = true;
    this.#host.diagnose(first.running.error, first.running.wanted.query);
  }

  /** Those that have a value: a trace without such events needs no column for them. */
  #measuresOf(rows: readonly MetricRow[]): readonly Measure[] {
    const all = this.#parts
      .filter(({ running }) => running.error === undefined)
      .flatMap(({ measures }) => measures);
    const { order, facts } = this.#spec;
    // Several queries may bring values of one column.
    const byKey = new Map([...all, ...(facts?.measures ?? [])].map((one) => [one.key, one]));
    return [...byKey.values()].filter(
      ({ key }) => key === order || rows.some(({ values }) => values.has(key)),
    );
  }

  get #firstKey(): string {
    return this.#spec.keys.find(({ isOptional }) => isOptional !== true)?.title ?? "name";
  }

  /** The range whose windows become one value; of a recorded trace the queries themselves are of the range. */
  get #folded(): Range | undefined {
    return this.#scope?.isLive === true ? this.#scope.range : undefined;
  }

  #ask(query: string, { source, isLive, range }: Scope): RunningQuery {
    const asked = isLive ? undefined : range;
    const wanted = { query, source, isLive, range: asked };
    return new RunningQuery(wanted, this.#host.token, this.#painting.news);
  }

  #loadFacts({ source, range, isLive }: Scope): void {
    const { facts } = this.#spec;
    const asked = isLive ? undefined : range;
    const { token } = this.#host;
    if (facts !== undefined) this.#facts.run(() => facts.load(source, asked, token), isLive);
  }

  /** Live, the table's own windows are drawn. */
  #askLine(scope: Scope): RunningQuery | undefined {
    const { line } = this.#spec;
    const { isLive, range, extent, filter } = scope;
    const whole = range ?? extent;
    if (line === undefined || isLive || whole === undefined) return undefined;
    const every = windowFor(whole, SPARK_WINDOWS).text;
    return this.#ask(joined(filter, `${line.query} every ${every}`), scope);
  }

  #lineOf(): { readonly title: string; of(row: MetricRow): Node | undefined } | undefined {
    const { line } = this.#spec;
    if (line === undefined) return undefined;
    const running =
      this.#line ?? this.#parts.find(({ measures }) => measures[0]?.key === line.column)?.running;
    const windows = [...(running?.answer?.windows.values() ?? [])].slice(-SPARK_WINDOWS);
    if (windows.length < 2) return undefined;
    const numberOf = (value: unknown): number => (typeof value === "number" ? value : 0);
    const most = Math.max(...windows.flat().map((row) => numberOf(row[line.column])));
    const byName = new Map<string, (number | undefined)[]>();
    for (const [i, rows] of windows.entries())
      for (const row of rows) {
        const name = String(row["container"] ?? "");
        const values = byName.get(name) ?? Array(windows.length).fill(0);
        byName.set(name, values);
        values[i] = numberOf(row[line.column]);
      }
    return {
      title: line.title,
      of: ({ names: [name = ""] }) => {
        const values = byName.get(name);
        return values === undefined ? undefined : sparkLine(values, most);
      },
    };
  }

  #whenText(rows: number, left: number): string {
    const { isLive, range } = this.#scope!;
    const when =
      range !== undefined
        ? rangeText(range)
        : isLive
          ? this.#spec.isWhole === true
            ? "Since this view was opened"
            : "The last whole second"
          : "All of the recorded time";
    const isRunning = this.#parts.some(({ running }) => !running.isOver);
    const more = left > 0 ? `; ${exact(left)} more rows are not shown` : "";
    const reading = isRunning && !isLive ? "; reading …" : "";
    const hasAnswers = this.#parts.some(({ running }) => (running.answer?.rows.length ?? 0) > 0);
    const nameless = rows === 0 && hasAnswers ? `; what came has no ${this.#firstKey}` : "";
    return `${when}: ${exact(rows)} rows${more}${nameless}${reading}`;
  }
}

function hasColumn({ keys, queries, facts }: MetricTableSpec, sort: string): boolean {
  const column = sort.replace(/^-/, "");
  const measures = [...queries.flatMap((one) => one.measures), ...(facts?.measures ?? [])];
  return keys.some(({ title }) => title === column) || measures.some(({ key }) => key === column);
}
