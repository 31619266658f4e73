/** containerd through its own command: tasks of all its namespaces. */

import { at, isPlainName, parseAnswer, pidOf, textAt } from "./answer.ts";
import { followCommand, outputOf } from "./command.ts";
import { placeOf } from "./kubernetes.ts";
import { type FoundContainer, MAX_CONTAINERS, type Runtime } from "./runtime.ts";

const DOCKERS_NAMESPACE = "moby";

interface Task {
  readonly id: string;
  readonly pid: number;
}

export class Containerd implements Runtime {
  readonly title: string;
  readonly #socket: string;
  readonly #hasDocker: () => boolean;
  /** What is known of tasks; a container's labels stay while it runs. */
  #known = new Map<string, FoundContainer>();

  /** @param hasDocker whether Docker itself can name its containers, which are here by their ids alone */
  constructor(socket: string, hasDocker: () => boolean) {
    this.#hasDocker = hasDocker;
    this.title = `containerd at ${socket}`;
    this.#socket = socket;
  }

  async list(): Promise<readonly FoundContainer[]> {
    const namespaces = (await this.#ctr("namespaces", "ls", "-q")).split("\n").filter(isPlainName);
    const known = new Map<string, FoundContainer>();
    for (const namespace of namespaces) {
      if (namespace === DOCKERS_NAMESPACE && this.#hasDocker()) continue;
      const tasks = runningTasks(await this.#ctr("-n", namespace, "tasks", "ls"));
      for (const { id, pid } of tasks.slice(0, MAX_CONTAINERS)) {
        const key = `${namespace} ${id} ${pid}`;
        known.set(key, this.#known.get(key) ?? (await this.#containerOf(namespace, id, pid)));
      }
    }
    this.#known = known;
    return [...known.values()];
  }

  async watch(onChange: () => void, signal: AbortSignal): Promise<void> {
    const tell = (line: string): void => {
      if (/\/tasks\/(start|exit|delete)\b/.test(line)) onChange();
    };
    await followCommand("ctr", ["--address", this.#socket, "events"], tell, signal);
  }

  async #containerOf(namespace: string, id: string, initPid: number): Promise<FoundContainer> {
    const text = await this.#ctr("-n", namespace, "containers", "info", id);
    const details = parseAnswer(text, `ctr containers info ${id}`);
    const labels = at(details, "Labels");
    const { pod, podNamespace, name } = placeOf(labels);
    const isSandbox = textAt(labels, "io.cri-containerd.kind") === "sandbox";
    return {
      name: name || textAt(labels, "nerdctl/name") || id,
      type: isSandbox ? "sandbox" : pod === "" ? "containerd" : "cri",
      id,
      image: textAt(details, "Image"),
      initPid,
      pod,
      podNamespace,
    };
  }

  #ctr(...args: string[]): Promise<string> {
    return outputOf("ctr", ["--address", this.#socket, ...args]);
  }
}

/** `TASK PID STATUS`, a line each below a head. */
function runningTasks(table: string): Task[] {
  return table.split("\n").flatMap((line) => {
    const [id = "", pidText = "", status] = line.trim().split(/\s+/);
    const pid = pidOf(pidText);
    return isPlainName(id) && pid !== 0 && status !== "STOPPED" ? { id, pid } : [];
  });
}
