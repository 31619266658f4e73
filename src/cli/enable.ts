/** `tracewire enable`: `lttng` commands that record only what happens in a container, printed or run. */

import { spawnSync } from "node:child_process";
import { SourceError } from "../base/errors.ts";
import { type ContainerCondition, namedBy } from "../filter/container-condition.ts";
import { Finder } from "../runtimes/finder.ts";
import {
  type RecordedNamespace,
  type RecordingRule,
  recordingCommands,
  shellText,
} from "../runtimes/lttng-commands.ts";
import type { NamedPlaces } from "../runtimes/place-kinds.ts";
import { runtimePlaces } from "../runtimes/places.ts";
import { readProcess } from "../runtimes/process.ts";
import { followContainers } from "./enable-follow.ts";
import { distinct, isMeant, namespaceOf } from "./enable-namespaces.ts";
import { ExitCode, warn } from "./report.ts";

export interface EnableOptions extends NamedPlaces {
  readonly container: readonly string[];
  readonly pid: readonly string[];
  readonly kernel?: true;
  readonly userspace?: true;
  readonly session?: string;
  readonly channel?: string;
  readonly run?: true;
  readonly follow?: true;
  readonly onlyNamed?: true;
}

export async function enable(events: readonly string[], options: EnableOptions): Promise<void> {
  const { session, channel } = options;
  const domain = options.kernel === true ? "kernel" : "userspace";
  if (options.follow === true) {
    await followContainers({ domain, session, channel, events }, conditionOf(options), options);
    return;
  }
  const namespaces = [...fromProcesses(options.pid), ...(await fromContainers(options))];
  if (namespaces.length === 0)
    throw new SourceError("ENABLE_NOTHING", "enable: expected --container or --pid, got neither");
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

/** @throws SourceError `ENABLE_FOLLOW`: what is followed are containers */
function conditionOf({ container, pid }: EnableOptions): ContainerCondition {
  const condition = namedBy(container);
  if (condition === undefined || pid.length > 0)
    throw new SourceError(
      "ENABLE_FOLLOW",
      `--follow: expected --container only, got ${pid.length > 0 ? "--pid" : "none"}`,
    );
  return condition;
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
async function fromContainers(options: EnableOptions): Promise<readonly RecordedNamespace[]> {
  const names = options.container;
  const condition = namedBy(names);
  if (condition === undefined) return [];
  const finder = new Finder({
    places: runtimePlaces(options, options.onlyNamed === true),
    periodMs: 1000,
    onContainers: () => {},
    onProblem: warn,
  });
  const all = await finder.once();
  finder.stop();
  const found = all.filter((one) => isMeant(condition, one));
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
