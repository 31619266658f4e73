/** Slices and waits of a range, in lanes: a lane for each processor, or for each thread. */

import type { Row } from "./frames.ts";

export interface Span {
  readonly begin: bigint;
  readonly dt: number;
  readonly container: string;
  readonly comm: string;
  readonly tid: number;
  readonly cpu: number | undefined;
  /** Of a wait: why, and who ended it. Of a slice: how it ended. */
  readonly why: string;
  readonly isWait: boolean;
}

/** What an address calls a span. */
export function nameOf({ begin, tid }: Span): string {
  return `${begin}-${tid}`;
}

export interface Lane {
  readonly name: string;
  /** A filter that keeps to it. */
  readonly tid: number | undefined;
  readonly spans: readonly Span[];
  /** Of its slices, ns. */
  readonly time: number;
}

const MAX_LANES = 60;

export function sliceOf(row: Row): Span {
  return { ...common(row), why: text(row["left"]), isWait: false };
}

export function waitOf(row: Row): Span {
  const syscall = row["syscall"] === undefined ? "" : ` in ${text(row["syscall"])}`;
  const waker = row["waker_comm"];
  const from = row["waker_container"] === undefined ? "" : ` (${text(row["waker_container"])})`;
  const woken = waker === undefined ? "" : `, woken by ${text(waker)}${from}`;
  return { ...common(row), why: `${text(row["state"])}${syscall}${woken}`, isWait: true };
}

function common(row: Row): Omit<Span, "why" | "isWait"> {
  const { timestamp, dt, tid, cpu_id, comm, container } = row;
  return {
    begin: typeof timestamp === "bigint" ? timestamp : 0n,
    dt: Number(dt ?? 0),
    tid: Number(tid ?? -1),
    cpu: typeof cpu_id === "number" ? cpu_id : undefined,
    comm: text(comm),
    container: container === undefined ? "–" : text(container),
  };
}

function text(value: unknown): string {
  return value === undefined || value === null ? "" : String(value);
}

/** Lanes by processor, or threads by the time that they ran, those that ran most first. */
export function lanesOf(
  slices: readonly Span[],
  waits: readonly Span[],
  by: "cpu" | "thread",
): readonly Lane[] {
  const all = new Map<
    string,
    { tid: number | undefined; spans: Span[]; time: number; name: string }
  >();
  for (const span of [...waits, ...slices]) {
    if (by === "cpu" && (span.isWait || span.cpu === undefined)) continue;
    const key = by === "cpu" ? `cpu ${span.cpu}` : `${span.container} ${span.tid}`;
    const name = by === "cpu" ? key : `${span.container} / ${span.comm} ${span.tid}`;
    const lane = all.get(key) ?? {
      tid: by === "cpu" ? undefined : span.tid,
      spans: [],
      time: 0,
      name,
    };
    all.set(key, lane);
    // A task that executes another program goes on under its name.
    lane.name = name;
    lane.spans.push(span);
    if (!span.isWait) lane.time += span.dt;
  }
  for (const { spans } of all.values())
    spans.sort((a, b) => (a.begin < b.begin ? -1 : Number(a.begin > b.begin)));
  const lanes = [...all.values()];
  if (by === "cpu")
    return lanes.sort((a, b) => a.name.localeCompare(b.name, "en", { numeric: true }));
  return lanes.sort((a, b) => b.time - a.time).slice(0, MAX_LANES);
}
