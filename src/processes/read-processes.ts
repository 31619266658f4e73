/** The processes of a source at a time, with their containers. */

import type { Registry } from "../containers/registry.ts";
import type { Feed } from "../feed/feed.ts";
import { LossAccount } from "../feed/losses.ts";
import type { ContainerCondition } from "../filter/container-condition.ts";
import { type NameSource, runQuestion } from "../operators/run-question.ts";
import { EVERYTHING, type Question } from "../query/question.ts";
import { rowResults } from "../query/row-results.ts";
import { PROCESS_EVENTS, type ProcessEntry, ProcessTable } from "./process-table.ts";

export interface ContainedProcess extends ProcessEntry {
  /** `[HOST]` where it is in none; "" where that is unknown. */
  readonly container: string;
}

export interface ProcessReading {
  readonly processes: readonly ContainedProcess[];
  readonly losses: LossAccount;
  /** The time of the last event that was read. */
  readonly atNs: bigint | undefined;
}

const SELECT: Question["select"] = [
  { kind: "timestamp" },
  { kind: "event" },
  { kind: "boot" },
  { kind: "payload", style: "json" },
  // Asked for so that names are followed.
  { kind: "container", fact: "name" },
];

export interface ProcessesSpec {
  readonly feed: Feed;
  readonly names: () => NameSource;
  readonly end: Question["end"];
  /** Names in it that no container has are noted; it chooses nothing here. */
  readonly container: ContainerCondition | undefined;
  readonly onNote: (text: string) => void;
  /** Settles when a live source was listened to for long enough. */
  readonly stop: Promise<void>;
}

export function readProcesses(spec: ProcessesSpec): Promise<ProcessReading> {
  const { feed, names, end, container, onNote, stop } = spec;
  const table = new ProcessTable();
  const losses = new LossAccount();
  const share = feed.share({ end, deferPacketReads: false });
  const question: Question = {
    ...EVERYTHING,
    end,
    events: PROCESS_EVENTS,
    select: SELECT,
    decidedLater: container,
  };
  const source = names();
  let atNs: bigint | undefined;
  const take = rowResults({
    row(reader, ns) {
      atNs = ns;
      const json = reader.text("payload");
      const fields = json === "" ? {} : (JSON.parse(json) as Record<string, unknown>);
      table.take({ ns, event: reader.text("event"), host: reader.text("boot"), fields });
    },
    loss: (loss) => losses.add(loss),
    note: onNote,
  });
  return new Promise((resolve, reject) => {
    const finish = (): void => {
      subscription.unsubscribe();
      const registry = registryOf(source);
      const processes = table.processes.map((one) => ({
        ...one,
        container: containerOf(one, registry, atNs),
      }));
      resolve({ processes, losses, atNs });
    };
    const subscription = runQuestion(
      question,
      { isLive: feed.isLive, maxLagMs: 1000, borrowBatches: true },
      share,
      () => source,
    ).subscribe({
      next: take,
      error: reject,
      complete: () => queueMicrotask(finish),
    });
    void stop.then(finish);
  });
}

function registryOf(source: NameSource): Registry | undefined {
  return source.kind === "recorded" ? source.names.registry : source.followed?.registry;
}

function containerOf(
  { host, pid, namespaces }: ProcessEntry,
  registry: Registry | undefined,
  atNs: bigint | undefined,
): string {
  const machine = registry?.knownHost(host);
  const pidNs = namespaces["pid"];
  if (machine === undefined || pidNs === undefined || atNs === undefined) return "";
  return machine.instanceAt(atNs, pidNs, namespaces["mnt"] ?? 0, pid)?.container.name ?? "";
}
