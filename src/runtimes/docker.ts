/** Docker's Engine API, which Podman's service speaks too. */

import { at, isPlainName, listOf, parseAnswer, pidAt, textAt } from "./answer.ts";
import { placeOf } from "./kubernetes.ts";
import { type FoundContainer, LIST_LIMIT_MS, MAX_CONTAINERS, type Runtime } from "./runtime.ts";
import { followLines, getJson } from "./unix-http.ts";

/** So many questions are under way at once. */
const PARALLEL = 8;
const EVENTS = `/events?filters=${encodeURIComponent(JSON.stringify({ type: ["container"] }))}`;

export class Docker implements Runtime {
  readonly title: string;
  readonly #type: "docker" | "podman";
  readonly #socket: string;

  constructor(type: "docker" | "podman", socket: string) {
    this.title = `${type} at ${socket}`;
    this.#type = type;
    this.#socket = socket;
  }

  async list(): Promise<readonly FoundContainer[]> {
    const signal = AbortSignal.timeout(LIST_LIMIT_MS);
    const what = `${this.#socket}: GET /containers/json`;
    const summaries = listOf(await getJson(this.#socket, "/containers/json", signal), what);
    const ids = summaries
      .slice(0, MAX_CONTAINERS)
      .map((summary) => textAt(summary, "Id"))
      .filter(isPlainName)
      .values();
    const found: FoundContainer[] = [];
    const ask = async (): Promise<void> => {
      for (const id of ids) {
        const container = this.#containerOf(
          await getJson(this.#socket, `/containers/${id}/json`, signal),
        );
        if (container !== undefined) found.push(container);
      }
    };
    await Promise.all(Array.from({ length: PARALLEL }, ask));
    return found;
  }

  async watch(onChange: () => void, signal: AbortSignal): Promise<void> {
    const tell = (line: string): void => {
      if (!isUnimportant(line)) onChange();
    };
    await followLines(this.#socket, EVENTS, tell, signal);
  }

  /** `undefined` if it does not run, or has gone since it was listed. */
  #containerOf(details: unknown): FoundContainer | undefined {
    const initPid = pidAt(details, "State", "Pid");
    const id = textAt(details, "Id");
    if (initPid === 0 || id === "") return undefined;
    const { pod, podNamespace } = placeOf(at(details, "Config", "Labels"));
    return {
      name: textAt(details, "Name").replace(/^\//, "") || id.slice(0, 12),
      type: this.#type,
      id,
      image: textAt(details, "Config", "Image"),
      initPid,
      pod,
      podNamespace,
    };
  }
}

/** Health checks and commands in containers come often, and start or stop none. */
function isUnimportant(line: string): boolean {
  try {
    return /^(exec_|health_status|top|attach)/.test(textAt(parseAnswer(line, "event"), "Action"));
  } catch {
    return false;
  }
}
