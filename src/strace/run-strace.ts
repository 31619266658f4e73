/** Runs a query for the events of system calls, and gives the calls in the order of their ends. */

import type { Fields } from "../calls/call-line.ts";
import type { RowReader } from "../column/row-reader.ts";
import type { Feed } from "../feed/feed.ts";
import { LossAccount, mayMissEvents } from "../feed/losses.ts";
import { anyOf, type ContainerCondition, holds, namedBy } from "../filter/container-condition.ts";
import type { NamedProcess } from "../language/process-filter.ts";
import { type NameSource, runQuestion } from "../operators/run-question.ts";
import { EVERYTHING, type Question } from "../query/question.ts";
import { rowResults } from "../query/row-results.ts";
import type { TracedEvent } from "./traced-event.ts";
import { CallTracer, type TracedCall } from "./tracer.ts";

export interface StraceSpec {
  readonly feed: Feed;
  readonly names: () => NameSource;
  readonly base: Pick<Question, "begin" | "end">;
  readonly container: ContainerCondition | undefined;
  /** By their ids on the host, or in a container. */
  readonly processes: readonly NamedProcess[];
  readonly isWanted: (call: string) => boolean;
  readonly maxLagMs: number;
  readonly onCall: (call: TracedCall) => void;
  /** What users should know, such as names that no container has. */
  readonly onNote: (text: string) => void;
}

export interface StraceEnd {
  readonly losses: LossAccount;
  readonly unpaired: number;
  /** Those of the processes asked for of which there was no event. */
  readonly unseen: readonly NamedProcess[];
}

const EVENTS: Question["events"] = [
  "syscall_entry_*",
  "syscall_exit_*",
  "compat_syscall_entry_*",
  "compat_syscall_exit_*",
  "lttng_statedump_process_state",
  "lttng_statedump_file_descriptor",
  "sched_process_fork",
  "sched_process_exit",
];

const SELECT: Question["select"] = [
  { kind: "timestamp" },
  { kind: "event" },
  { kind: "boot" },
  { kind: "context", name: "pid", isOptional: true },
  { kind: "context", name: "tid" },
  { kind: "context", name: "vpid", isOptional: true },
  { kind: "context", name: "procname", isOptional: true },
  { kind: "container", fact: "name" },
  { kind: "payload", style: "json" },
];

/** @returns `stop` ends it as the end of the events would */
export function runStrace(spec: StraceSpec): {
  readonly ended: Promise<StraceEnd>;
  readonly stop: () => void;
} {
  const { feed, names, base, processes, maxLagMs, isWanted, onCall, onNote } = spec;
  const losses = new LossAccount();
  const tracer = new CallTracer(isWanted, onCall);
  const unseen = new Set(processes);
  const shown = isShown(spec, unseen);
  const share = feed.share({ begin: base.begin, end: base.end, deferPacketReads: false });
  const question: Question = {
    ...EVERYTHING,
    ...base,
    events: EVENTS,
    select: SELECT,
    decidedLater: containersNamed(spec),
  };
  const execution = { isLive: feed.isLive, maxLagMs, borrowBatches: true, reportLossEnds: true };
  const take = rowResults({
    row(reader, ns) {
      const event = eventAt(reader, ns);
      tracer.take(event, shown(event));
    },
    loss(loss) {
      losses.add(loss);
      if (mayMissEvents(loss)) tracer.interrupt(shown);
    },
    note: onNote,
  });
  let stop = (): void => {};
  const ended = new Promise<StraceEnd>((resolve, reject) => {
    const finish = (): void => {
      tracer.end(shown);
      resolve({ losses, unpaired: tracer.unpaired, unseen: [...unseen] });
    };
    const subscription = runQuestion(question, execution, share, names).subscribe({
      next: take,
      error: reject,
      complete: finish,
    });
    stop = () => {
      subscription.unsubscribe();
      finish();
    };
  });
  return { ended, stop: () => stop() };
}

function eventAt(reader: RowReader, ns: bigint): TracedEvent {
  const json = reader.text("payload");
  let fields: Fields | undefined;
  const tid = reader.number("tid");
  return {
    ns,
    event: reader.text("event"),
    host: reader.text("boot"),
    pid: reader.number("pid") || tid,
    tid,
    vpid: reader.number("vpid"),
    command: reader.text("procname"),
    container: reader.text("container"),
    payload: () => {
      fields ??= json === "" ? {} : (JSON.parse(json) as Fields);
      return fields;
    },
  };
}

/** Both what decides which containers are shown, and what is said of processes by their container. */
function containersNamed({ container, processes }: StraceSpec): ContainerCondition | undefined {
  const byProcess = namedBy(processes.flatMap(({ container: of }) => of ?? []));
  return anyOf([container, byProcess]);
}

/** @param unseen processes asked for, until they are seen */
function isShown(
  { container, processes }: StraceSpec,
  unseen: Set<NamedProcess>,
): (event: TracedEvent) => boolean {
  return (event) => {
    const asked = processes.filter(({ id, container: of }) =>
      of === undefined
        ? id === event.pid || id === event.tid
        : id === event.vpid && of === event.container,
    );
    for (const one of asked) unseen.delete(one);
    if (processes.length > 0 && asked.length === 0) return false;
    if (container === undefined) return true;
    return holds(container, { name: event.container });
  };
}
