/** Kubernetes' runtimes (containerd, CRI-O) through crictl: containers and the sandboxes of pods. */

import { at, isPlainName, listOf, messageOf, parseAnswer, pidAt, textAt } from "./answer.ts";
import { outputOf } from "./command.ts";
import { Inspections } from "./inspections.ts";
import { placeOf } from "./kubernetes.ts";
import type { FoundContainer, Listing, ListRequest, Runtime } from "./runtime.ts";

const PARALLEL = 8;

interface Listed {
  readonly inspect: "inspect" | "inspectp";
  readonly summary: unknown;
}

export class Cri implements Runtime {
  readonly title: string;
  readonly #socket: string;
  readonly #inspections = new Inspections(PARALLEL);

  constructor(socket: string) {
    this.title = `CRI at ${socket}`;
    this.#socket = socket;
  }

  /** Each start makes a new id: what is known of one is not asked again. */
  async list({ known, limits, signal }: ListRequest): Promise<Listing> {
    const problems: string[] = [];
    const containers = new Map<string, FoundContainer>();
    const news = new Map<string, Listed>();
    const take = async (inspect: Listed["inspect"], isOfThis: (type: string) => boolean) => {
      const ofThis = known.filter(({ type }) => isOfThis(type));
      try {
        const knownById = new Map(ofThis.map((one) => [one.id, one]));
        for (const summary of (await this.#summaries(inspect, signal)).slice(
          0,
          limits.containers,
        )) {
          const id = textAt(summary, "id");
          const before = knownById.get(id);
          if (before !== undefined) containers.set(id, before);
          else if (isPlainName(id)) news.set(id, { inspect, summary });
        }
      } catch (error) {
        problems.push(messageOf(error));
        for (const one of ofThis) containers.set(one.id, one);
        return error;
      }
      return undefined;
    };
    const failures = [
      await take("inspect", (type) => type !== "sandbox"),
      await take("inspectp", (type) => type === "sandbox"),
    ];
    if (failures.every((failure) => failure !== undefined)) throw failures[0];
    const inspected = await this.#inspections.of([...news.keys()], (id) =>
      this.#inspect(id, news.get(id), signal),
    );
    return {
      ...inspected,
      containers: [...containers.values(), ...inspected.containers],
      problems: [...problems, ...inspected.problems],
    };
  }

  async #summaries(inspect: Listed["inspect"], signal: AbortSignal): Promise<readonly unknown[]> {
    const isPods = inspect === "inspectp";
    const args = isPods
      ? ["pods", "--output", "json", "--state", "ready"]
      : ["ps", "--output", "json"];
    const answer = await this.#crictl(args, signal);
    return listOf(at(answer, isPods ? "items" : "containers") ?? [], `crictl ${args[0]}`);
  }

  async #inspect(
    id: string,
    listed: Listed | undefined,
    signal: AbortSignal,
  ): Promise<FoundContainer | undefined> {
    if (listed === undefined) return undefined;
    const { inspect, summary } = listed;
    const details = await this.#crictl([inspect, "--output", "json", id], signal);
    return containerOf(id, summary, details, inspect === "inspectp");
  }

  async #crictl(args: readonly string[], signal: AbortSignal): Promise<unknown> {
    const endpoint = ["--runtime-endpoint", `unix://${this.#socket}`];
    const text = await outputOf("crictl", [...endpoint, ...args], signal);
    return parseAnswer(text, `crictl ${args[0]}`);
  }
}

/** `undefined` if it has no process (yet). */
function containerOf(
  id: string,
  summary: unknown,
  details: unknown,
  isSandbox: boolean,
): FoundContainer | undefined {
  const initPid = pidAt(details, "info", "pid");
  if (initPid === 0) return undefined;
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
