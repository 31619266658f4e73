/** One run of the filter application, recorded many times at once: by each filter into a channel of its own. */

import { mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Lttng } from "../support/lttng.ts";

/** What every user-space filter may ask for, added to the channel without a filter. */
const CONTEXTS = [
  ...["procname", "vpid", "vtid", "pthread_id", "vuid", "vegid", "ipc_ns", "time_ns"],
];

/** What came of a run: folders, each with the trace of one channel. */
export interface FilterRun {
  /** The trace of all records. */
  readonly whole: string;
  /** By filter: the trace of what it kept, or nothing if LTTng refused it. */
  readonly kept: ReadonlyMap<string, string | undefined>;
}

/** Records one run of the application: whole, and through each filter. @param folder becomes the run's */
export async function recordFilters(
  lttng: Lttng,
  program: string,
  folder: string,
  session: string,
  filters: readonly string[],
  records: number,
): Promise<FilterRun> {
  const output = join(folder, "trace");
  mkdirSync(output, { recursive: true });
  const script = join(folder, "run.sh");
  writeFileSync(script, commands(output, session, filters, program, records));
  const printed = await lttng.run("sh", [script]).output();
  const accepted = new Set([...printed.matchAll(/^accepted (\d+)$/gm)].map(([, i]) => Number(i)));
  const metadata = findMetadata(output);
  const channel = (name: string): string => channelTrace(metadata, name, join(folder, name));
  const kept = filters.map((text, i): [string, string | undefined] => [
    text,
    accepted.has(i) ? channel(`f${i}`) : undefined,
  ]);
  return { whole: channel("whole"), kept: new Map(kept) };
}

/** Everything in one shell: a thousand commands are then a thousand processes, not four thousand. */
function commands(
  output: string,
  session: string,
  filters: readonly string[],
  program: string,
  records: number,
): string {
  const into = `-u -s ${session}`;
  const enable = (name: string): string =>
    `lttng -q -n enable-channel ${into} --subbuf-size=128k --num-subbuf=2 ${name} || exit 1`;
  const lines = [
    `lttng -q -n create ${session} --output=${quoted(output)} || exit 1`,
    enable("whole"),
    `lttng -q -n enable-event ${into} -c whole 'tracewire_filter:*' || exit 1`,
    `lttng -q -n add-context ${into} -c whole ${CONTEXTS.map((type) => `-t ${type}`).join(" ")} || exit 1`,
    ...filters.flatMap((text, i) => [
      enable(`f${i}`),
      `lttng -q -n enable-event ${into} -c f${i} 'tracewire_filter:*' --filter ${quoted(text)} 2>&1 && echo accepted ${i}`,
    ]),
    `lttng -q -n start ${session} || exit 1`,
    `${quoted(program)} ${records} || { echo "the application died: $?" >&2; exit 1; }`,
    `lttng -q -n stop ${session} || exit 1`,
    `lttng -q -n destroy ${session} || exit 1`,
  ];
  return `${lines.join("\n")}\n`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function findMetadata(folder: string): string {
  const found = readdirSync(folder, { recursive: true, encoding: "utf8" }).find(
    (path) => basename(path) === "metadata",
  );
  if (found === undefined) throw new Error(`no trace in ${folder}`);
  return join(folder, found);
}

/** A folder with the metadata and the files of one channel, as links. Without a file, the trace is empty. */
function channelTrace(metadata: string, name: string, folder: string): string {
  const source = dirname(metadata);
  const isOwn = (file: string): boolean => file.replace(/_\d+(\.idx)?$/, "") === name;
  mkdirSync(join(folder, "index"), { recursive: true });
  symlinkSync(metadata, join(folder, "metadata"));
  for (const [from, to] of [
    [source, folder],
    [join(source, "index"), join(folder, "index")],
  ] as const) {
    for (const file of readdirSync(from).filter(isOwn))
      symlinkSync(join(from, file), join(to, file));
  }
  return folder;
}

/** Removes what a run has left. */
export function removeRun(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}
