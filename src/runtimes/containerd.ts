/** containerd through `ctr`: the tasks of all its namespaces. */

import { dirname, join } from "node:path";
import { messageOf } from "../base/system-error.ts";
import { at, isPlainName, parseAnswer, pidAt, pidOf, textAt, within } from "./answer.ts";
import { followCommand, outputOf } from "./command.ts";
import { Inspections, joined } from "./inspections.ts";
import { placeOf } from "./kubernetes.ts";
import { type PidFiles, withPidFiles } from "./pid-files.ts";
import type {
  Announced,
  FoundContainer,
  Listing,
  ListRequest,
  OnChange,
  Runtime,
} from "./runtime.ts";

const DOCKERS_NAMESPACE = "moby";
/** Where containerd keeps the bundles of running containers, in its state directory. */
const TASKS = "io.containerd.runtime.v2.task";
const PARALLEL = 8;

interface Task {
  readonly namespace: string;
  readonly id: string;
  readonly pid: number;
}

export class Containerd implements Runtime {
  readonly title: string;
  readonly #socket: string;
  readonly #hasDocker: () => boolean;
  readonly #inspections = new Inspections(PARALLEL);

  /** @param hasDocker whether Docker can be asked for its containers, which containerd knows by id only */
  constructor(socket: string, hasDocker: () => boolean) {
    this.#hasDocker = hasDocker;
    this.title = `containerd at ${socket}`;
    this.#socket = socket;
  }

  async list({ known, limits, signal }: ListRequest): Promise<Listing> {
    const listed = await this.#ctr(signal, "namespaces", "ls", "-q");
    const containers: FoundContainer[] = [];
    const problems: string[] = [];
    const tasks: Task[] = [];
    for (const namespace of listed.split("\n").filter(isPlainName)) {
      if (namespace === DOCKERS_NAMESPACE && this.#hasDocker()) continue;
      try {
        const table = await this.#ctr(signal, "-n", namespace, "tasks", "ls");
        tasks.push(...runningTasks(namespace, table));
      } catch (error) {
        problems.push(messageOf(error));
        // Any of the known containers may belong to this namespace: all of them stay.
        containers.push(...known);
      }
    }
    const knownByKey = new Map(known.map((one) => [`${one.initPid} ${one.id}`, one]));
    const news = new Map<string, Task>();
    for (const task of within(limits, tasks, "ctr tasks ls", problems)) {
      const before = knownByKey.get(`${task.pid} ${task.id}`);
      if (before === undefined) news.set(`${task.namespace} ${task.id} ${task.pid}`, task);
      else containers.push(before);
    }
    const inspected = await this.#inspections.of([...news.keys()], (key) =>
      this.#inspect(news.get(key), signal),
    );
    return joined({ containers: [...new Set(containers)], problems }, inspected);
  }

  async watch(onChange: OnChange, signal: AbortSignal): Promise<void> {
    const onLine = (line: string): void => {
      const [, topic, details = ""] = /\/tasks\/(create|start|exit|delete) (.*)$/.exec(line) ?? [];
      if (topic === "create") onChange(createdTask(details));
      else if (topic !== undefined) onChange();
    };
    const events = followCommand("ctr", ["--address", this.#socket, "events"], onLine, signal);
    // Docker's events name its containers. The containerd that dockerd starts has its state in a subdirectory.
    const state = dirname(this.#socket);
    const folders = [state, join(state, "daemon")].map((one) =>
      join(one, TASKS, DOCKERS_NAMESPACE),
    );
    const places = folders.map((folder): PidFiles => ({ folder, file: "init.pid" }));
    await withPidFiles(events, places, onChange);
  }

  async #inspect(task: Task | undefined, signal: AbortSignal): Promise<FoundContainer | undefined> {
    if (task === undefined) return undefined;
    const { namespace, id, pid } = task;
    const text = await this.#ctr(signal, "-n", namespace, "containers", "info", id);
    const details = parseAnswer(text, `ctr containers info ${id}`);
    const labels = at(details, "Labels");
    const { pod, podNamespace, name } = placeOf(labels);
    const isSandbox = textAt(labels, "io.cri-containerd.kind") === "sandbox";
    return {
      name: name || textAt(labels, "nerdctl/name") || id,
      type: isSandbox ? "sandbox" : pod === "" ? "containerd" : "cri",
      id,
      image: textAt(details, "Image"),
      initPid: pid,
      pod,
      podNamespace,
    };
  }

  #ctr(signal: AbortSignal, ...args: string[]): Promise<string> {
    return outputOf("ctr", ["--address", this.#socket, ...args], signal);
  }
}

/** A created task has a process in the container's namespaces, which waits for the task's start. */
function createdTask(details: string): Announced | undefined {
  try {
    const event = parseAnswer(details, "event");
    const initPid = pidAt(event, "pid");
    return initPid === 0 ? undefined : { id: textAt(event, "container_id"), initPid };
  } catch {
    return undefined;
  }
}

/** Parses a table with the columns `TASK PID STATUS` and a header. */
function runningTasks(namespace: string, table: string): Task[] {
  return table.split("\n").flatMap((line) => {
    const [id = "", pidText = "", status] = line.trim().split(/\s+/);
    const pid = pidOf(pidText);
    return isPlainName(id) && pid !== 0 && status !== "STOPPED" ? { namespace, id, pid } : [];
  });
}
