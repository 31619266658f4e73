/** Docker's Engine API, which Podman's service implements too. */

import { SourceError } from "../base/errors.ts";
import { at, isPlainName, listOf, parseAnswer, pidAt, textAt, within } from "./answer.ts";
import { Inspections, joined } from "./inspections.ts";
import { placeOf } from "./kubernetes.ts";
import { withPidFiles } from "./pid-files.ts";
import { podmansPidFiles } from "./podman.ts";
import type {
  Announced,
  FoundContainer,
  Listing,
  ListRequest,
  OnChange,
  Runtime,
} from "./runtime.ts";
import { followLines, getJson } from "./unix-http.ts";

const PARALLEL = 16;
const PODMAN_INFO = "/v4.0.0/libpod/info";
const EVENTS = `/events?filters=${encodeURIComponent(JSON.stringify({ type: ["container"] }))}`;

export class Docker implements Runtime {
  readonly title: string;
  readonly #type: "docker" | "podman";
  readonly #socket: string;
  readonly #inspections = new Inspections(PARALLEL);

  constructor(type: "docker" | "podman", socket: string) {
    this.title = `${type} at ${socket}`;
    this.#type = type;
    this.#socket = socket;
  }

  /** Inspects new containers only: a known one, whose first process still runs, has not been restarted. */
  async list({ known, limits, signal }: ListRequest): Promise<Listing> {
    const bounds = { bytes: limits.bytes, signal };
    const what = `${this.#socket}: GET /containers/json`;
    const summaries = listOf(await getJson(this.#socket, "/containers/json", bounds), what);
    const knownById = new Map(known.map((container) => [container.id, container]));
    const containers: FoundContainer[] = [];
    const problems: string[] = [];
    const news: string[] = [];
    for (const summary of within(limits, summaries, what, problems)) {
      const id = textAt(summary, "Id");
      const before = knownById.get(id);
      if (before !== undefined)
        containers.push({ ...before, name: nameIn(summary) ?? before.name });
      else if (isPlainName(id)) news.push(id);
    }
    const inspected = await this.#inspections.of(news, (id) => this.#inspect(id, bounds));
    return joined({ containers, problems }, inspected);
  }

  async watch(onChange: OnChange, signal: AbortSignal, isTrusted: boolean): Promise<void> {
    const onLine = (line: string): void => {
      const event = eventIn(line);
      // Frequent events that start or stop no container.
      const action = textAt(event, "Action");
      if (!/^(exec_|health_status|top|attach)/.test(action)) onChange(this.#announcedBy(event));
    };
    const events = followLines(this.#socket, EVENTS, () => onChange(), onLine, signal);
    if (this.#type === "docker" || !isTrusted) return events;
    const files = getJson(this.#socket, PODMAN_INFO, { signal }).then(podmansPidFiles);
    return withPidFiles(events, [files], onChange);
  }

  /** The container that an event names, if it is starting or has a new name. */
  #announcedBy(event: unknown): Announced | undefined {
    const id = textAt(event, "Actor", "ID");
    const attributes = at(event, "Actor", "Attributes");
    const name = textAt(attributes, "name");
    if (!/^(create|start|rename)$/.test(textAt(event, "Action")) || id === "" || name === "")
      return undefined;
    const { pod, podNamespace } = placeOf(attributes);
    return { name, type: this.#type, id, image: textAt(attributes, "image"), pod, podNamespace };
  }

  async #inspect(
    id: string,
    bounds: { readonly bytes: number; readonly signal: AbortSignal },
  ): Promise<FoundContainer | undefined> {
    const path = `/containers/${id}/json`;
    const details = await getJson(this.#socket, path, bounds);
    // It was removed after the listing.
    if (details === undefined) return undefined;
    if (textAt(details, "Id") !== id || typeof at(details, "State") !== "object") {
      const message = `${this.#socket}: GET ${path}: expected Id and State of this container, got something else`;
      throw new SourceError("RUNTIME_MALFORMED", message);
    }
    const initPid = pidAt(details, "State", "Pid");
    if (initPid === 0) return undefined;
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

/** The current name. `/PARENT/ALIAS` is an alias for links from another container. */
function nameIn(summary: unknown): string | undefined {
  const names = at(summary, "Names");
  if (!Array.isArray(names)) return undefined;
  return names
    .map((name) => /^\/?([^/]+)$/.exec(typeof name === "string" ? name : "")?.[1])
    .find((name) => name !== undefined);
}

function eventIn(line: string): unknown {
  try {
    return parseAnswer(line, "event");
  } catch {
    return undefined;
  }
}
