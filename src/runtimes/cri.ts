/** Kubernetes' runtimes (containerd, CRI-O) through crictl: containers and the sandboxes of pods. */

import { at, isPlainName, listOf, parseAnswer, pidAt, textAt } from "./answer.ts";
import { outputOf } from "./command.ts";
import { placeOf } from "./kubernetes.ts";
import { type FoundContainer, MAX_CONTAINERS, type Runtime } from "./runtime.ts";

export class Cri implements Runtime {
  readonly title: string;
  readonly #socket: string;
  /** What is known by id; in CRI each start makes a new id. */
  #known = new Map<string, FoundContainer>();

  constructor(socket: string) {
    this.title = `CRI at ${socket}`;
    this.#socket = socket;
  }

  async list(): Promise<readonly FoundContainer[]> {
    const containers = await this.#list("containers", "ps");
    const sandboxes = await this.#list("items", "pods", "--state", "ready");
    const known = new Map<string, FoundContainer>();
    for (const summary of containers) await this.#learn(known, summary, "inspect");
    for (const summary of sandboxes) await this.#learn(known, summary, "inspectp");
    this.#known = known;
    return [...known.values()];
  }

  async #list(key: string, command: string, ...args: string[]): Promise<readonly unknown[]> {
    const listed = listOf(at(await this.#crictl(command, ...args), key) ?? [], `crictl ${command}`);
    return listed.slice(0, MAX_CONTAINERS);
  }

  async #learn(
    known: Map<string, FoundContainer>,
    summary: unknown,
    inspect: "inspect" | "inspectp",
  ): Promise<void> {
    const id = textAt(summary, "id");
    if (!isPlainName(id)) return;
    const before = this.#known.get(id);
    const found = before ?? containerOf(id, summary, await this.#crictl(inspect, id), inspect);
    if (found !== undefined) known.set(id, found);
  }

  async #crictl(command: string, ...args: string[]): Promise<unknown> {
    const all = [
      "--runtime-endpoint",
      `unix://${this.#socket}`,
      command,
      "--output",
      "json",
      ...args,
    ];
    return parseAnswer(await outputOf("crictl", all), `crictl ${command}`);
  }
}

/** `undefined` if no process is told of it. */
function containerOf(
  id: string,
  summary: unknown,
  details: unknown,
  inspect: "inspect" | "inspectp",
): FoundContainer | undefined {
  const initPid = pidAt(details, "info", "pid");
  if (initPid === 0) return undefined;
  const isSandbox = inspect === "inspectp";
  const own = { "io.kubernetes.container.name": textAt(summary, "metadata", "name") };
  const labels = { ...own, ...Object(at(summary, "labels")) };
  const sandbox = {
    "io.kubernetes.pod.name": textAt(summary, "metadata", "name"),
    "io.kubernetes.pod.namespace": textAt(summary, "metadata", "namespace"),
  };
  const { name, pod, podNamespace } = placeOf(isSandbox ? sandbox : labels);
  return {
    name: name || textAt(summary, "metadata", "name") || id,
    type: isSandbox ? "sandbox" : "cri",
    id,
    image: textAt(details, "status", "image", "image") || textAt(summary, "image", "image"),
    initPid,
    pod,
    podNamespace,
  };
}
