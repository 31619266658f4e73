/** `/metrics`: what the server does, in Prometheus' text format. */

import { readdirSync } from "node:fs";
import { type IntervalHistogram, monitorEventLoopDelay } from "node:perf_hooks";
import type { Admission } from "./admission.ts";
import type { Connections } from "./connections.ts";
import type { Engines } from "./engine/engines.ts";
import type { SourceTotals } from "./engine/messages.ts";
import type { QueryDesk, QueryEnd } from "./query-desk.ts";
import { sharedAnswer } from "./shared-answer.ts";

/** Of Prometheus' text format, version 0.0.4. */
export const METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8";

type Labels = Readonly<Record<string, string>>;

/** Other ends have a label of their own. */
const OUTCOMES = ["done", "left", "ended"];

export interface Watched {
  readonly engines: Engines;
  readonly admission: Admission;
  readonly desk: QueryDesk;
  readonly connections: Connections;
  /** Lines of the logs that were left out. */
  linesLeftOut(): number;
}

export class Metrics {
  readonly #watched: Watched;
  readonly #delay: IntervalHistogram = monitorEventLoopDelay({ resolution: 10 });
  readonly #ended = new Map<string, number>();
  readonly #requests = new Map<number, number>();
  #rows = 0;
  #bytes = 0;
  #dropped = 0;
  #late = 0;
  #cpuMs = 0;

  constructor(watched: Watched) {
    this.#watched = watched;
    this.#delay.enable();
  }

  onQueryEnd({ totals, outcome }: QueryEnd): void {
    const known = OUTCOMES.includes(outcome) ? outcome : "failed";
    this.#ended.set(known, (this.#ended.get(known) ?? 0) + 1);
    this.#rows += totals.rows;
    this.#bytes += totals.bytes;
    this.#dropped += totals.dropped;
    this.#late += totals.late;
    this.#cpuMs += totals.cpuMs;
  }

  onAnswer(status: number): void {
    this.#requests.set(status, (this.#requests.get(status) ?? 0) + 1);
  }

  close(): void {
    this.#delay.disable();
  }

  /** Every one of them, as Prometheus reads them. */
  readonly text: () => Promise<string> = sharedAnswer(() => this.#text());

  async #text(): Promise<string> {
    const { engines, admission, connections } = this.#watched;
    const running = [...(await this.#watched.desk.totals()).values()];
    const sum = (of: (totals: (typeof running)[number]) => number): number =>
      running.reduce((total, one) => total + of(one), 0);
    const page = new Page();
    page.gauge("tracewire_queries_running", "Queries that run.", admission.running);
    page.gauge("tracewire_queries_waiting", "Queries that wait for their turn.", admission.waiting);
    page.family("tracewire_queries_total", "counter", "Queries that ended, by how.");
    for (const outcome of [...OUTCOMES, "failed"])
      page.sample("tracewire_queries_total", this.#ended.get(outcome) ?? 0, { outcome });
    page.counter("tracewire_rows_total", "Rows sent.", this.#rows + sum(({ rows }) => rows));
    page.counter("tracewire_bytes_total", "Bytes sent.", this.#bytes + sum(({ bytes }) => bytes));
    page.counter(
      "tracewire_dropped_rows_total",
      "Rows that slow clients did not get.",
      this.#dropped + sum(({ dropped }) => dropped),
    );
    page.counter(
      "tracewire_late_rows_total",
      "Rows that came after later ones had left.",
      this.#late + sum(({ late }) => late),
    );
    page.counter(
      "tracewire_query_cpu_seconds_total",
      "Processor time of queries.",
      (this.#cpuMs + sum(({ cpuMs }) => cpuMs)) / 1000,
    );
    page.family("tracewire_http_responses_total", "counter", "Answers, by their status.");
    for (const [status, count] of this.#requests)
      page.sample("tracewire_http_responses_total", count, { status: String(status) });
    page.gauge("tracewire_connections", "Connections of clients.", connections.count);
    page.counter(
      "tracewire_connections_refused_total",
      "Connections beyond what an address may have.",
      connections.refused,
    );
    page.counter(
      "tracewire_log_lines_left_out_total",
      "Lines of logs that were left out.",
      this.#watched.linesLeftOut(),
    );
    this.#sources(page, await engines.sourceTotals());
    page.family("tracewire_engine_busy_ratio", "gauge", "Share of time in which a thread worked.");
    for (const thread of engines.threads)
      page.sample("tracewire_engine_busy_ratio", thread.busyRatio(), {
        thread: String(thread.number),
      });
    this.#process(page);
    return page.text;
  }

  #sources(page: Page, totals: readonly SourceTotals[]): void {
    const each = (
      name: string,
      type: "gauge" | "counter",
      help: string,
      of: (source: SourceTotals) => number,
    ): void => {
      page.family(name, type, help);
      for (const source of totals) page.sample(name, of(source), { source: source.source });
    };
    each("tracewire_source_attached", "gauge", "Whether a live source is attached.", (source) =>
      source.isAttached ? 1 : 0,
    );
    each("tracewire_source_packets_total", "counter", "Packets read.", ({ packets }) => packets);
    each("tracewire_source_bytes_total", "counter", "Bytes of packets read.", ({ bytes }) => bytes);
    each("tracewire_source_lag_seconds", "gauge", "Age of the newest data.", ({ lagMs }) =>
      lagMs === undefined ? Number.NaN : lagMs / 1000,
    );
    page.family("tracewire_source_lost_total", "counter", "What is lost, by kind.");
    for (const { source, losses } of totals) {
      for (const [kind, count] of Object.entries(losses))
        page.sample("tracewire_source_lost_total", count, { source, kind });
    }
  }

  #process(page: Page): void {
    const { rss } = process.memoryUsage();
    const { user, system } = process.cpuUsage();
    page.gauge("process_resident_memory_bytes", "Memory of the process.", rss);
    page.counter(
      "process_cpu_seconds_total",
      "Processor time of the process.",
      (user + system) / 1e6,
    );
    page.gauge("process_open_fds", "Open descriptors.", openDescriptors());
    page.gauge(
      "tracewire_event_loop_delay_p99_seconds",
      "Delay of the network's thread, 99th percentile since the last look.",
      this.#delay.percentile(99) / 1e9,
    );
    page.gauge(
      "process_start_time_seconds",
      "When the process began, since the Unix epoch.",
      Date.now() / 1000 - process.uptime(),
    );
    this.#delay.reset();
  }
}

function openDescriptors(): number {
  try {
    return readdirSync("/proc/self/fd").length;
  } catch {
    return Number.NaN;
  }
}

/** The text under construction. */
class Page {
  text = "";

  gauge(name: string, help: string, value: number): void {
    this.family(name, "gauge", help);
    this.sample(name, value);
  }

  counter(name: string, help: string, value: number): void {
    this.family(name, "counter", help);
    this.sample(name, value);
  }

  family(name: string, type: "gauge" | "counter", help: string): void {
    this.text += `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
  }

  sample(name: string, value: number, labels: Labels = {}): void {
    const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escaped(text)}"`);
    const shown = pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
    this.text += `${name}${shown} ${Number.isNaN(value) ? "NaN" : value}\n`;
  }
}

function escaped(text: string): string {
  return text.replace(/\\/g, "\\\\").replace(/"/g, '\\"').replace(/\n/g, "\\n");
}
