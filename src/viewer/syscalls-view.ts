/** System calls: a heat map of time and latency, and a table by name. What is brushed on the map opens as rows. */

import { callColumns, pathFields } from "./call-fields.ts";
import { byId, make } from "./dom.ts";
import { type HeatChoice, HeatMap, heatCounts } from "./heat-map.ts";
import { failingFiles, NO_NAME, SYSTEM_CALLS } from "./metric-queries.ts";
import { MetricsView } from "./metrics-view.ts";
import { Painting } from "./painting.ts";
import { containerTerm, joined, textTerm, withTerm } from "./query-text.ts";
import { RunningQuery } from "./running-query.ts";
import { type Range, windowFor } from "./time.ts";
import type { Host, Scope, View } from "./view.ts";

const WINDOWS = 120;
/** Calls that began so long before a window are looked for, too. */
const MAX_LEAD_NS = 60e9;

export class SyscallsView implements View {
  readonly #host: Host;
  readonly #map: HeatMap;
  readonly #table: MetricsView;
  readonly #filesTitle = make("h2", {}, "Failing calls, by file");
  readonly #files: MetricsView;
  #running: RunningQuery | undefined;
  #scope: Scope | undefined;
  #windowNs = 1e9;
  readonly #painting = new Painting();

  constructor(host: Host) {
    this.#host = host;
    this.#map = new HeatMap((choice) => this.#openRows(choice));
    byId("syscalls").append(make("h2", {}, "Latency over time"), this.#map.element);
    const open = ([name = ""]: readonly string[]): void => this.#openCall(name);
    this.#table = new MetricsView("syscalls", "system calls", () => SYSTEM_CALLS, host, open);
    byId("syscalls").append(this.#filesTitle);
    this.#files = new MetricsView(
      "syscalls",
      "failing calls by file",
      ({ calls }) => failingFiles(pathFields(calls)),
      host,
      (names) => this.#openFailure(names),
    );
  }

  get queries(): readonly string[] {
    const map = this.#running === undefined ? [] : [this.#running.wanted.query];
    return [...map, ...this.#table.queries, ...this.#files.queries];
  }

  run(scope: Scope): void {
    this.stop();
    this.#scope = scope;
    const { filter, source, isLive, range, extent } = scope;
    const whole = range ?? extent;
    const window =
      isLive || whole === undefined ? { text: "1s", ns: 1e9 } : windowFor(whole, WINDOWS);
    this.#windowNs = window.ns;
    const query = joined(filter, `|> syscalls |> latency = hist(dt) every ${window.text}`);
    this.#running = new RunningQuery(
      { query, source, isLive, range: isLive ? undefined : range },
      this.#host.token,
      this.#painting.news,
      { keptWindows: 2 * WINDOWS },
    );
    this.#table.run(scope);
    this.#runFiles(scope);
  }

  learn(scope: Scope): void {
    this.#scope = scope;
    this.#runFiles(scope);
  }

  #runFiles(scope: Scope): void {
    this.#files.run(scope);
    this.#filesTitle.hidden = this.#files.queries.length === 0;
  }

  stop(): void {
    this.#running?.close();
    this.#running = undefined;
    this.#table.stop();
    this.#files.stop();
  }

  rescope(scope: Scope): void {
    this.#scope = scope;
    this.#table.rescope(scope);
    this.#files.rescope(scope);
  }

  pause(isPaused: boolean): void {
    this.#painting.pause(isPaused);
    this.#table.pause(isPaused);
    this.#files.pause(isPaused);
  }

  key(key: string): boolean {
    return this.#table.key(key);
  }

  update(): void {
    this.#table.update();
    this.#files.update();
    if (!this.#painting.take()) return;
    const answer = this.#running?.answer;
    const columns = [...(answer?.windows ?? [])].map(([begin, rows]) => ({
      begin,
      counts: heatCounts(rows[0]?.["latency"]),
      hasLost: Number(rows[0]?.["lost_events"] ?? 0) > 0,
    }));
    const range = this.#shownRange(columns.map(({ begin }) => begin));
    this.#map.element.hidden = range === undefined;
    if (range === undefined) return;
    const width = Math.max(300, byId("syscalls").clientWidth - 32);
    this.#map.show({ columns, windowNs: this.#windowNs, range }, width);
  }

  #shownRange(windows: readonly bigint[]): Range | undefined {
    const [first] = windows;
    const last = windows.at(-1);
    if (first === undefined || last === undefined) return undefined;
    return { begin: first, end: last + BigInt(this.#windowNs) };
  }

  /** The calls themselves, with what they were given: files by name. */
  #openCall(name: string, ...terms: readonly string[]): void {
    const scope = this.#scope;
    if (scope === undefined) return;
    const demanded = [...terms, textTerm("syscall", name)];
    const filter = demanded.reduce((before, term) => withTerm(before, term), scope.filter);
    const query = `${filter} |> syscalls${callColumns(scope.calls, name)}`;
    this.#host.go({ query, view: "events", isPaused: false });
  }

  #openFailure([container = "", syscall = "", error = "", file = ""]: readonly string[]): void {
    const field = pathFields(this.#scope?.calls ?? new Map()).find((one) =>
      this.#scope?.calls.get(syscall)?.includes(one),
    );
    const ofFile = field === undefined ? [] : [textTerm(field, file)];
    const failed = /^-\d+$/.test(error) ? `ret == ${error}` : textTerm("errno", error);
    const inContainer = container === NO_NAME ? [] : [containerTerm(container)];
    this.#openCall(syscall, ...inContainer, failed, ...ofFile);
  }

  /** A call belongs to the window in which it ends: it began up to its latency before. */
  #openRows({ range, from, to }: HeatChoice): void {
    const scope = this.#scope;
    if (scope === undefined) return;
    const lead = BigInt(Math.round(Math.min(to, MAX_LEAD_NS)));
    const query = joined(scope.filter, `|> syscalls |> where dt >= ${from} && dt < ${to}`);
    const begun = { begin: range.begin - lead, end: range.end };
    this.#host.go({
      query,
      view: "events",
      isPaused: false,
      ...(!scope.isLive && { range: begun }),
    });
  }
}
