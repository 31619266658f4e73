/** `tracewire enable`: `lttng` commands that record only what happens in a container, printed or run. */

import { spawnSync } from "node:child_process";
import { SourceError } from "../base/errors.ts";
import { holds, namedBy } from "../filter/container-condition.ts";
import { Finder } from "../runtimes/finder.ts";
import {
  type RecordedNamespace,
  type RecordingRule,
  recordingCommands,
  shellText,
} from "../runtimes/lttng-commands.ts";
import { runtimePlaces } from "../runtimes/places.ts";
import { readProcess } from "../runtimes/process.ts";
import { ExitCode, warn } from "./report.ts";

export interface EnableOptions {
  readonly container: readonly string[];
  readonly pid: readonly string[];
  readonly kernel?: true;
  readonly userspace?: true;
  readonly session?: string;
  readonly channel?: string;
  readonly run?: true;
}

export async function enable(events: readonly string[], options: EnableOptions): Promise<void> {
  const namespaces = [...fromProcesses(options.pid), ...(await fromContainers(options.container))];
  if (namespaces.length === 0)
    throw new SourceError("ENABLE_NOTHING", "enable: expected --container or --pid, got neither");
  const { session, channel } = options;
  const domain = options.kernel === true ? "kernel" : "userspace";
  const rule: RecordingRule = { domain, session, channel, events };
  for (const words of recordingCommands(rule, distinct(namespaces))) {
    process.stdout.write(`${shellText(words)}\n`);
    if (options.run !== true) continue;
    const [program = "", ...args] = words;
    const { status, error } = spawnSync(program, args, { stdio: ["ignore", "inherit", "inherit"] });
    if (error !== undefined) throw new SourceError("ENABLE_LTTNG", `lttng: ${error.message}`);
    if (status !== 0) {
      process.exitCode = ExitCode.failed;
      return;
    }
  }
}

/** @throws SourceError `ENABLE_PROCESS` */
function fromProcesses(pids: readonly string[]): readonly RecordedNamespace[] {
  return pids.map((text) => {
    const facts = /^\d{1,10}$/.test(text) ? readProcess(Number(text)) : undefined;
    if (facts?.kind !== "running")
      throw new SourceError(
        "ENABLE_PROCESS",
        `--pid: expected a process of this machine, got ${text}`,
      );
    return namespaceOf(facts.facts);
  });
}

/** @throws SourceError `ENABLE_CONTAINER` */
async function fromContainers(names: readonly string[]): Promise<readonly RecordedNamespace[]> {
  const condition = namedBy(names);
  if (condition === undefined) return [];
  const finder = new Finder({
    places: runtimePlaces({}, false),
    periodMs: 1000,
    onContainers: () => {},
    onProblem: warn,
  });
  const all = await finder.once();
  finder.stop();
  const found = all.filter((one) =>
    holds(condition, { ...one, namespace: one.podNamespace, cgroup: one.group?.path }),
  );
  if (found.length === 0) {
    const known =
      all.length === 0 ? "none is running" : `there are ${all.map(({ name }) => name).join(", ")}`;
    throw new SourceError(
      "ENABLE_CONTAINER",
      `--container: expected a running container, got ${names.join(", ")}; ${known}`,
    );
  }
  return found.map(namespaceOf);
}

/** A container that shares the pid namespace of this process's is known by its mounts. */
function namespaceOf({
  pidNs,
  mntNs,
}: {
  readonly pidNs: number;
  readonly mntNs: number;
}): RecordedNamespace {
  const own = readProcess(process.pid);
  const isShared = own.kind === "running" && own.facts.pidNs === pidNs && own.facts.mntNs !== mntNs;
  return isShared ? { type: "mnt_ns", inode: mntNs } : { type: "pid_ns", inode: pidNs };
}

function distinct(namespaces: readonly RecordedNamespace[]): readonly RecordedNamespace[] {
  return [...new Map(namespaces.map((one) => [`${one.type} ${one.inode}`, one])).values()];
}
