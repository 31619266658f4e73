/** LXD and Incus: one REST API over a unix socket. */

import WebSocket from "ws";
import { at, listOf, pidAt, textAt } from "./answer.ts";
import { type FoundContainer, MAX_CONTAINERS, MAX_LINE_BYTES, type Runtime } from "./runtime.ts";
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

  async list(): Promise<readonly FoundContainer[]> {
    const answer = await getJson(this.#socket, INSTANCES);
    const instances = listOf(at(answer, "metadata"), `${this.#socket}: GET ${INSTANCES}`);
    return instances.slice(0, MAX_CONTAINERS).flatMap((instance) => {
      const initPid = pidAt(instance, "state", "pid");
      const name = textAt(instance, "name");
      // A virtual machine's process is its emulator.
      if (initPid === 0 || name === "" || textAt(instance, "type") === "virtual-machine") return [];
      const project = textAt(instance, "project");
      return {
        name: project === "" || project === "default" ? name : `${project}/${name}`,
        type: this.#type,
        id: textAt(instance, "config", "volatile.uuid"),
        image: textAt(instance, "config", "image.description"),
        initPid,
        pod: "",
        podNamespace: "",
      };
    });
  }

  watch(onChange: () => void, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const socket = new WebSocket(`ws+unix://${this.#socket}:${EVENTS}`, {
        maxPayload: MAX_LINE_BYTES,
        handshakeTimeout: 5000,
      });
      const stop = (): void => socket.terminate();
      signal.addEventListener("abort", stop, { once: true });
      socket.on("message", () => onChange());
      socket.on("error", () => undefined);
      socket.on("close", () => {
        signal.removeEventListener("abort", stop);
        resolve();
      });
      if (signal.aborted) stop();
    });
  }
}
