/** Kubernetes' runtimes (containerd, CRI-O) through crictl: containers and the sandboxes of pods. */

import { messageOf } from "../base/system-error.ts";
import { at, isPlainName, listOf, parseAnswer, pidAt, textAt, within } from "./answer.ts";
import { outputOf } from "./command.ts";
import { Inspections, joined } from "./inspections.ts";
import { placeOf } from "./kubernetes.ts";
import type { FoundContainer, Listing, ListRequest, Runtime } from "./runtime.ts";

const PARALLEL = 8;

/** Containers, and sandboxes of pods. */
const KINDS = ["inspect", "inspectp"] as const;

interface Listed {
  readonly inspect: (typeof KINDS)[number];
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

  /** Each start has a new id, so that known containers need not be inspected again. */
  async list({ known, limits, signal }: ListRequest): Promise<Listing> {
    const outcomes = await Promise.allSettled(KINDS.map((kind) => this.#summaries(kind, signal)));
    const [first, ...others] = outcomes;
    if (first?.status === "rejected" && others.every(({ status }) => status === "rejected"))
      throw first.reason;
    const problems: string[] = [];
    const containers: FoundContainer[] = [];
    const news = new Map<string, Listed>();
    outcomes.forEach((outcome, i) => {
      const inspect = KINDS[i] ?? "inspect";
      const ofKind = known.filter(({ type }) => (type === "sandbox") === (inspect === "inspectp"));
      if (outcome.status === "rejected") {
        problems.push(messageOf(outcome.reason));
        containers.push(...ofKind);
        return;
      }
      const knownById = new Map(ofKind.map((one) => [one.id, one]));
      for (const summary of within(limits, outcome.value, `crictl ${inspect}`, problems)) {
        const id = textAt(summary, "id");
        const before = knownById.get(id);
        if (before !== undefined) containers.push(before);
        else if (isPlainName(id)) news.set(id, { inspect, summary });
      }
    });
    const inspected = await this.#inspections.of([...news.keys()], (id) =>
      this.#inspect(id, news.get(id), signal),
    );
    return joined({ containers, problems }, inspected);
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
