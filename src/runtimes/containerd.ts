/** containerd through its own command: the tasks of all its namespaces. */

import { at, isPlainName, messageOf, parseAnswer, pidOf, textAt } from "./answer.ts";
import { followCommand, outputOf } from "./command.ts";
import { Inspections } from "./inspections.ts";
import { placeOf } from "./kubernetes.ts";
import type { FoundContainer, Listing, ListRequest, Runtime } from "./runtime.ts";

const DOCKERS_NAMESPACE = "moby";
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

  /** @param hasDocker whether Docker itself can name its containers, which have only ids here */
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
        // Which of the known ones are this namespace's cannot be seen: all stay that no other namespace lists.
        containers.push(...known);
      }
    }
    const knownByKey = new Map(known.map((one) => [`${one.initPid} ${one.id}`, one]));
    const news = new Map<string, Task>();
    for (const task of tasks.slice(0, limits.containers)) {
      const before = knownByKey.get(`${task.pid} ${task.id}`);
      if (before === undefined) news.set(`${task.namespace} ${task.id} ${task.pid}`, task);
      else containers.push(before);
    }
    const inspected = await this.#inspections.of([...news.keys()], (key) =>
      this.#inspect(news.get(key), signal),
    );
    return {
      ...inspected,
      containers: [...new Set(containers), ...inspected.containers],
      problems: [...problems, ...inspected.problems],
    };
  }

  async watch(onChange: () => void, signal: AbortSignal): Promise<void> {
    const onLine = (line: string): void => {
      if (/\/tasks\/(start|exit|delete)\b/.test(line)) onChange();
    };
    await followCommand("ctr", ["--address", this.#socket, "events"], onLine, signal);
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

/** `TASK PID STATUS`, a line each below a head. */
function runningTasks(namespace: string, table: string): Task[] {
  return table.split("\n").flatMap((line) => {
    const [id = "", pidText = "", status] = line.trim().split(/\s+/);
    const pid = pidOf(pidText);
    return isPlainName(id) && pid !== 0 && status !== "STOPPED" ? { namespace, id, pid } : [];
  });
}
