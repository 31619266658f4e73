/** `tracewire containers`: the containers of traces and their instances by time, once or as they come. */

import { stripVTControlCharacters } from "node:util";
import { Subject } from "rxjs";
import { isoText, timeOfDay } from "../base/time.ts";
import type { Census } from "../containers/census.ts";
import { censusJson } from "../containers/census-json.ts";
import { type Change, ChangeWatcher } from "../containers/changes.ts";
import type { Container, ContainerInstance } from "../containers/container.ts";
import { Registry } from "../containers/registry.ts";
import type { DecodedItem } from "../feed/decoded-item.ts";
import { type Feed, type FeedSubscription, openFeed } from "../feed/feed.ts";
import { LossAccount } from "../feed/losses.ts";
import { liveCensus, recordedCensus } from "../operators/contain/count-events.ts";
import { RecordedNames } from "../operators/contain/recorded-names.ts";
import { stateOf } from "../operators/contain/state-query.ts";
import type { ReadOptions } from "../source/source.ts";
import { colorsFor } from "./colors.ts";
import { ExitCode, GRACE_MS, report, reportIncomplete, warn } from "./report.ts";
import { percent, progressLine } from "./status.ts";
import { table } from "./table.ts";
import { terminalWidth, wrapped } from "./wrap.ts";

export interface ContainersOptions {
  readonly follow?: true;
  readonly json?: true;
  readonly format?: "text" | "json";
  readonly clockOffset?: bigint;
}

/** How long a live session is listened to, and how long a silent stream may hold others up; ms. */
const LIVE_MS = 3000;
const MAX_LAG_MS = 2000;

/** `tracewire containers`: the containers of some traces, or what happens to them. */
export async function containers(
  sources: readonly string[],
  options: ContainersOptions,
): Promise<void> {
  const feed = openFeed(sources, { from: "beginning", clockOffsetNs: options.clockOffset });
  const isJson = options.json === true || options.format === "json";
  if (options.follow) {
    await follow(feed, isJson);
    return;
  }
  const losses = new LossAccount();
  const census = feed.isLive
    ? await liveCensus(feed.share(), LIVE_MS, MAX_LAG_MS, undefined, losses)
    : await censusOfRecorded(feed, losses);
  await feed.close();
  if (losses.isIncomplete) {
    warn(`lost: ${losses}`);
    reportIncomplete();
  }
  if (isJson) process.stdout.write(`${JSON.stringify(censusJson(census), null, 2)}\n`);
  else process.stdout.write(containerTable(census, terminalWidth()));
}

/** The traces are read twice: for container metadata, and for the container of each event. */
async function censusOfRecorded(feed: Feed, losses: LossAccount): Promise<Census> {
  const progress = progressLine(process.stderr);
  const reading =
    (what: string) =>
    (wanted?: ReadOptions): FeedSubscription => {
      const onProgress = (done: number, total: number): void =>
        progress?.show(() => `${what}, ${percent(done, total)}`);
      return feed.share({ ...wanted, onProgress });
    };
  try {
    const share = reading("looking for containers");
    const names = new RecordedNames({ share, traces: () => feed.traces() });
    return await recordedCensus(reading("counting events"), names, losses);
  } finally {
    progress?.end();
  }
}

/** Ways to write times, longest first: narrow terminals get shorter ones. */
const TIME_TEXTS: readonly ((ns: bigint) => string)[] = [
  isoText,
  (ns) => isoText(ns).slice(0, 19).replace("T", " "),
  (ns) => isoText(ns).slice(11, 19),
];

function containerTable(census: Census, width: number | undefined): string {
  const tables = TIME_TEXTS.map((timeText) => tableOf(census, timeText));
  const fits = (text: string): boolean =>
    text.split("\n").every((line) => stripVTControlCharacters(line).length <= (width ?? Infinity));
  return tables.find(fits) ?? wrapped(tables.at(-1)!, width);
}

function tableOf(census: Census, timeText: (ns: bigint) => string): string {
  const rows = census.containers.map((container) => {
    const { events, first, last } = totalOf(container, census);
    const instance = container.instances.at(-1);
    return [
      container.name,
      container.type,
      container.host || "-",
      instance?.initPid === undefined ? "-" : String(instance.initPid),
      instance?.pidNs ? String(instance.pidNs) : instance?.mntNs ? `mnt ${instance.mntNs}` : "-",
      String(container.instances.length - 1),
      String(events),
      first === undefined ? "-" : timeText(first),
      last === undefined ? "-" : timeText(last),
      instance?.to === undefined ? "" : `ended ${timeText(instance.to)}`,
    ];
  });
  const head = [
    "name",
    "type",
    "host",
    "init",
    "pid_ns",
    "restarts",
    "events",
    "first seen",
    "last seen",
    "",
  ];
  return table(head, rows, [3, 5, 6]);
}

function totalOf(
  { instances }: Container,
  census: Census,
): { events: number; first: bigint | undefined; last: bigint | undefined } {
  const seen = instances.map((instance) => census.sightingOf(instance));
  const firsts = seen.flatMap(({ first }) => first ?? []);
  const lasts = seen.flatMap(({ last }) => last ?? []);
  return {
    events: seen.reduce((sum, { events }) => sum + events, 0),
    first: firsts.length === 0 ? undefined : firsts.reduce((a, b) => (a < b ? a : b)),
    last: lasts.length === 0 ? undefined : lasts.reduce((a, b) => (a > b ? a : b)),
  };
}

/** Prints what happens until the source ends or Ctrl-C. */
function follow(feed: Feed, isJson: boolean): Promise<void> {
  return new Promise((resolve) => {
    const registry = new Registry(feed.isLive);
    const watcher = new ChangeWatcher(registry);
    const items = new Subject<DecodedItem>();
    const print = (): void => {
      for (const change of watcher.changes())
        process.stdout.write(
          `${isJson ? JSON.stringify(changeJson(change)) : changeText(change)}\n`,
        );
    };
    let hasFinished = false;
    const finish = (error?: unknown): void => {
      if (hasFinished) return;
      hasFinished = true;
      process.off("SIGINT", interrupt);
      process.off("SIGTERM", interrupt);
      // Detaching from a relayd may take a moment; it must not take for ever.
      setTimeout(() => process.exit(), GRACE_MS).unref();
      source.unsubscribe();
      print();
      if (error !== undefined) report(error);
      void feed.close().then(resolve);
    };
    const interrupt = (): void => {
      process.once("SIGINT", () => process.exit(ExitCode.ok));
      finish();
    };
    process.on("SIGINT", interrupt);
    process.on("SIGTERM", interrupt);
    stateOf({ isLive: feed.isLive, maxLag: MAX_LAG_MS }, items, registry, print).subscribe({
      error: finish,
      complete: () => queueMicrotask(() => finish()),
    });
    const source = feed.share().items.subscribe(items);
  });
}

function changeText(change: Change): string {
  const { instance } = change;
  const { name, type, host } = instance.container;
  const colors = colorsFor(process.stdout);
  const where = `${host || "unknown host"}, pid_ns ${instance.pidNs || "-"}, init ${instance.initPid ?? "-"}`;
  switch (change.kind) {
    case "born":
      return `${clock(change.ns)} ${colors.green(change.ns === undefined ? "here" : "born")}  ${name} (${type}) on ${where}`;
    case "named":
      return `${clock(undefined)} ${colors.cyan("named")} ${name} (${type}), was ${change.before}, on ${where}`;
    case "ended":
      return `${clock(change.ns)} ${colors.dim("ended")} ${name} on ${where}`;
  }
}

function changeJson(change: Change): unknown {
  const { kind, instance } = change;
  const { container, pidNs, mntNs, initPid }: ContainerInstance = instance;
  const ns = change.kind === "named" ? undefined : change.ns;
  return {
    kind,
    time: ns === undefined ? undefined : isoText(ns),
    name: container.name,
    before: change.kind === "named" ? change.before : undefined,
    type: container.type,
    host: container.host,
    pid_ns: pidNs || undefined,
    mnt_ns: mntNs || undefined,
    init_pid: initPid,
  };
}

function clock(ns: bigint | undefined): string {
  return ns === undefined ? "--------" : timeOfDay(new Date(Number(ns / 1_000_000n)));
}
