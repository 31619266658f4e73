import { isoText } from "../base/time.ts";
import { describeField } from "../ctf/describe-field.ts";
import type { EventClass, StructureClass, TraceClass } from "../ctf/trace-class.ts";
import { openFeed } from "../feed/feed.ts";
import { eventKey, TraceSummaries, type TraceSummary } from "../query/trace-summary.ts";
import { colorsFor } from "./colors.ts";
import { totalOf, traceJson, uuidText } from "./info-json.ts";
import { reportIncomplete, warn } from "./report.ts";
import { progressLine } from "./status.ts";
import { table } from "./table.ts";
import { terminalWidth, wrapped } from "./wrap.ts";

/** How long a live session is listened to. */
const LIVE_MS = 2000;

/** `tracewire info`: what traces hold: streams, clocks, event classes, how much and how much is lost. */
export async function info(
  sources: readonly string[],
  options: {
    readonly json?: boolean;
    readonly fields?: boolean;
    readonly format?: "text" | "json";
    readonly clockOffset?: bigint;
  },
): Promise<void> {
  const { traces, problems } = await summarize(sources, options.clockOffset);
  const isDamaged = (trace: TraceSummary): boolean =>
    trace.problems.length > 0 || trace.streams.some(({ losses }) => losses.isIncomplete);
  if (problems.length > 0 || traces.some(isDamaged)) reportIncomplete();
  if (options.json === true || options.format === "json") {
    const report = { traces: traces.map(traceJson), problems };
    process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
    return;
  }
  const texts = traces.map((trace) => traceText(trace, options.fields === true));
  process.stdout.write(wrapped(texts.join("\n"), terminalWidth()));
  for (const problem of problems) warn(problem);
}

function summarize(
  sources: readonly string[],
  clockOffsetNs: bigint | undefined,
): Promise<TraceSummaries> {
  const feed = openFeed(sources, { from: "beginning", clockOffsetNs });
  const found = new TraceSummaries();
  const progress = progressLine(process.stderr);
  const onProgress =
    progress && ((done: number, total: number) => progress.update(done, total, found.events));
  return new Promise((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined;
    const done = (): void => {
      clearTimeout(timer);
      progress?.end();
      subscription.unsubscribe();
      found.end();
      resolve(found);
    };
    const subscription = feed.share({ deferPacketReads: true, onProgress }).items.subscribe({
      next: (item) => found.take(item),
      error: (error) => {
        clearTimeout(timer);
        progress?.end();
        reject(error);
      },
      // A source may end before `subscribe` returns.
      complete: () => queueMicrotask(done),
    });
    if (feed.isLive) timer = setTimeout(done, LIVE_MS);
  });
}

function traceText(trace: TraceSummary, showsFields: boolean): string {
  const colors = colorsFor(process.stdout);
  const { origin, traceClass, problems } = trace;
  const place = origin.session === undefined ? origin.path : `${origin.session}/${origin.path}`;
  const facts: [string, string][] = [];
  const fact = (name: string, text: string | undefined): void => {
    if (text !== undefined && text !== "") facts.push([name, text]);
  };
  const total = totalOf(trace);
  if (traceClass !== undefined) {
    fact("format", traceClass.format);
    fact("uuid", traceClass.uuid && uuidText(traceClass.uuid));
    fact("tracer", tracerText(traceClass));
    fact("host", traceClass.environment.get("hostname")?.toString() ?? origin.host);
    for (const [name, value] of traceClass.environment)
      if (!SHOWN_ELSEWHERE.has(name)) fact(name.replaceAll("_", " "), String(value));
    for (const clock of traceClass.clocks.values()) {
      const offset = `${clock.offsetSeconds} s + ${clock.offsetCycles} cycles`;
      fact("clock", `${clock.name}, ${frequencyText(clock.frequency)}, offset ${offset}`);
    }
    if (traceClass.clocks.size === 0) fact("clock", clocklessText(traceClass));
  }
  if (total.begin !== undefined && total.end !== undefined) {
    fact(
      "time",
      `${isoText(total.begin)} to ${isoText(total.end)}, ${seconds(total.end - total.begin)}`,
    );
  }
  const amount = `${count(total.events, "event")} in ${count(total.packets, "packet")}`;
  fact(
    "content",
    `${amount} of ${count(trace.streams.length, "stream")}, ${bytesText(total.bytes)}`,
  );
  fact("lost", total.losses.isEmpty ? "nothing" : total.losses.toString());
  for (const problem of problems) fact("problem", problem);
  const width = facts.reduce((most, [name]) => Math.max(most, name.length), 0);
  const head = facts.map(([name, text]) => `  ${colors.dim(name.padEnd(width))}  ${text}\n`);
  const sections = [streamTable(trace), ...classTables(trace, showsFields)];
  return `${colors.bold(place)}\n${head.join("")}${sections.filter((text) => text !== "").join("")}`;
}

function clocklessText({ streamClasses }: TraceClass): string {
  const isTimed = [...streamClasses.values()].some(({ clock }) => clock !== undefined);
  return isTimed ? "none declared: timestamps count nanoseconds" : "none: events have no time";
}

/** What has a line of its own. */
const SHOWN_ELSEWHERE: ReadonlySet<string> = new Set([
  "hostname",
  "tracer_name",
  "tracer_major",
  "tracer_minor",
  "tracer_patchlevel",
]);

function tracerText({ environment }: TraceClass): string | undefined {
  const name = environment.get("tracer_name");
  if (name === undefined) return undefined;
  const version = ["tracer_major", "tracer_minor", "tracer_patchlevel"]
    .map((part) => environment.get(part))
    .filter((part) => part !== undefined);
  return `${name} ${version.join(".")}`.trim();
}

function streamTable({ streams, origin }: TraceSummary): string {
  if (streams.length === 0) return "";
  const rows = streams.map((stream) => [
    stream.name.startsWith(`${origin.path}/`)
      ? stream.name.slice(origin.path.length + 1)
      : stream.name,
    stream.classId === undefined ? "-" : String(stream.classId),
    String(stream.packets),
    String(stream.events),
    bytesText(stream.bytes),
    stream.losses.isEmpty ? "-" : stream.losses.toString(),
  ]);
  return table(["stream", "class", "packets", "events", "size", "lost"], rows, [2, 3, 4]);
}

function* classTables(
  { traceClass, events }: TraceSummary,
  showsFields: boolean,
): Generator<string> {
  for (const streamClass of traceClass?.streamClasses.values() ?? []) {
    const title = `event classes of stream class ${streamClass.id}`;
    const contexts = fieldList(streamClass.commonContext);
    if (contexts.length > 0) yield `\n  contexts of stream class ${streamClass.id}\n${contexts}`;
    const rows = Array.from(streamClass.eventClasses.values(), (eventClass) => [
      eventClass.name,
      String(eventClass.id),
      String(events.get(eventKey(streamClass.id, eventClass.name)) ?? 0),
      eventClass.logLevel === undefined ? "-" : (LOG_LEVELS[eventClass.logLevel] ?? "-"),
      showsFields ? "" : fieldNames(eventClass),
    ]);
    const fields = Array.from(streamClass.eventClasses.values(), eventFields);
    yield table(
      [title, "id", "events", "level", showsFields ? "" : "fields"],
      rows,
      [1, 2],
      showsFields ? fields : undefined,
    );
  }
}

function fieldNames({ specificContext, payload }: EventClass): string {
  const names = [...(specificContext?.members ?? []), ...(payload?.members ?? [])].map(
    ({ name }) => name,
  );
  return names.length > 0 ? names.join(", ") : "-";
}

function eventFields({ specificContext, payload }: EventClass): string {
  return fieldList(specificContext) + fieldList(payload);
}

function fieldList(structure: StructureClass | undefined): string {
  const members = structure?.members ?? [];
  const width = Math.max(0, ...members.map(({ name }) => name.length));
  return members
    .map(({ name, fieldClass }) => `    ${name.padEnd(width)}  ${describeField(fieldClass)}\n`)
    .join("");
}

const LOG_LEVELS = [
  "EMERG",
  "ALERT",
  "CRIT",
  "ERR",
  "WARNING",
  "NOTICE",
  "INFO",
  "DEBUG_SYSTEM",
  "DEBUG_PROGRAM",
  "DEBUG_PROCESS",
  "DEBUG_MODULE",
  "DEBUG_UNIT",
  "DEBUG_FUNCTION",
  "DEBUG_LINE",
  "DEBUG",
];

function count(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? "" : "s"}`;
}

function bytesText(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 1 << 20) return `${(bytes / 1024).toFixed(1)} KiB`;
  if (bytes < 1 << 30) return `${(bytes / (1 << 20)).toFixed(1)} MiB`;
  return `${(bytes / (1 << 30)).toFixed(1)} GiB`;
}

function seconds(ns: bigint): string {
  return `${(Number(ns) / 1e9).toFixed(3)} s`;
}

function frequencyText(frequency: bigint): string {
  const steps = [
    [1_000_000_000n, "GHz"],
    [1_000_000n, "MHz"],
    [1000n, "kHz"],
  ] as const;
  for (const [unit, name] of steps)
    if (frequency % unit === 0n) return `${frequency / unit} ${name}`;
  return `${frequency} Hz`;
}
