/** LXD and Incus: one REST API over a unix socket. */

import WebSocket from "ws";
import { at, listOf, pidAt, textAt, within } from "./answer.ts";
import {
  type FoundContainer,
  type Listing,
  type ListRequest,
  MAX_LINE_BYTES,
  type OnChange,
  type Runtime,
} from "./runtime.ts";
import { getJson } from "./unix-http.ts";

const INSTANCES = "/1.0/instances?recursion=2&all-projects=true";
const EVENTS = "/1.0/events?type=lifecycle&all-projects=true";

export class Lxd implements Runtime {
  readonly title: string;
  readonly #type: "lxd" | "incus";
  readonly #socket: string;

  constructor(type: "lxd" | "incus", socket: string) {
    this.title = `${type} at ${socket}`;
    this.#type = type;
    this.#socket = socket;
  }

  async list({ known, limits, signal }: ListRequest): Promise<Listing> {
    const answer = await getJson(this.#socket, INSTANCES, { bytes: limits.bytes, signal });
    const instances = listOf(at(answer, "metadata"), `${this.#socket}: GET ${INSTANCES}`);
    const problems: string[] = [];
    const considered = within(limits, instances, this.title, problems);
    const containers = considered.flatMap((instance) => {
      const found = this.#containerOf(instance);
      if (found === undefined || found.initPid !== 0) return found ?? [];
      // The state of a busy instance is null: it is still running.
      const isUnknown = at(instance, "state") === null && textAt(instance, "status") === "Running";
      return (isUnknown && known.find(({ name }) => name === found.name)) || [];
    });
    return { containers, problems, isPending: false };
  }

  watch(onChange: OnChange, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const socket = new WebSocket(`ws+unix://${this.#socket}:${EVENTS}`, {
        maxPayload: MAX_LINE_BYTES,
        handshakeTimeout: 5000,
      });
      const stop = (): void => socket.terminate();
      signal.addEventListener("abort", stop, { once: true });
      socket.on("open", () => onChange());
      socket.on("message", () => onChange());
      socket.on("error", () => undefined);
      socket.on("close", () => {
        signal.removeEventListener("abort", stop);
        resolve();
      });
      if (signal.aborted) stop();
    });
  }

  /** With process id 0 if it is not running; `undefined` for a virtual machine, whose process is its emulator. */
  #containerOf(instance: unknown): FoundContainer | undefined {
    const name = textAt(instance, "name");
    if (name === "" || textAt(instance, "type") === "virtual-machine") return undefined;
    const project = textAt(instance, "project");
    return {
      name: project === "" || project === "default" ? name : `${project}/${name}`,
      type: this.#type,
      id: textAt(instance, "config", "volatile.uuid"),
      image: textAt(instance, "config", "image.description"),
      initPid: pidAt(instance, "state", "pid"),
      pod: "",
      podNamespace: "",
    };
  }
}
