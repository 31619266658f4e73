/** Podman through its command, where its service is not running. */

import { join } from "node:path";
import { at, isPlainName, listOf, parseAnswer, pidAt, textAt, within } from "./answer.ts";
import { followCommand, outputOf } from "./command.ts";
import { type PidFiles, withPidFiles } from "./pid-files.ts";
import type { Announced, Listing, ListRequest, OnChange, Runtime } from "./runtime.ts";

export class PodmanCommand implements Runtime {
  readonly title = "podman";
  readonly #hasService: () => boolean;

  /** @param hasService whether Podman's service is running, which is asked instead */
  constructor(hasService: () => boolean) {
    this.#hasService = hasService;
  }

  async list({ known, limits, signal }: ListRequest): Promise<Listing> {
    if (this.#hasService()) return { containers: known, problems: [], isPending: false };
    const text = await outputOf("podman", ["ps", "--no-trunc", "--format", "json"], signal);
    const listed = listOf(text.trim() === "" ? [] : parseAnswer(text, "podman ps"), "podman ps");
    const problems: string[] = [];
    const containers = within(limits, listed, "podman ps", problems).flatMap((one) => {
      const id = textAt(one, "Id");
      const names = at(one, "Names");
      const initPid = pidAt(one, "Pid");
      if (initPid === 0 || id === "") return [];
      return {
        name: (Array.isArray(names) && textAt(names, "0")) || id.slice(0, 12),
        type: at(one, "IsInfra") === true ? "sandbox" : "podman",
        id,
        image: textAt(one, "Image"),
        initPid,
        pod: textAt(one, "PodName"),
        podNamespace: "",
      };
    });
    return { containers, problems, isPending: false };
  }

  async watch(onChange: OnChange, signal: AbortSignal): Promise<void> {
    if (this.#hasService()) return;
    const onLine = (line: string): void => {
      const event = jsonIn(line);
      const status = textAt(event, "Status");
      if (!/^(exec|health_status)/.test(status)) onChange(announcedBy(event, status));
    };
    const args = ["events", "--format", "json", "--filter", "type=container"];
    const events = followCommand("podman", args, onLine, signal);
    const info = outputOf("podman", ["info", "--format", "json"], signal).then(jsonIn);
    await withPidFiles(events, [info.then(podmansPidFiles)], onChange);
  }
}

/** @param info output of `podman info` or `GET /libpod/info` */
export function podmansPidFiles(info: unknown): PidFiles | undefined {
  const root = textAt(info, "store", "runRoot");
  const driver = textAt(info, "store", "graphDriverName");
  if (!root.startsWith("/") || !isPlainName(driver)) return undefined;
  return { folder: join(root, `${driver}-containers`), file: "userdata/pidfile" };
}

/** The container that an event names, if it is starting or has a new name. */
function announcedBy(event: unknown, status: string): Announced | undefined {
  const id = textAt(event, "ID");
  const name = textAt(event, "Name");
  if (!/^(create|init|start|rename)$/.test(status) || id === "" || name === "") return undefined;
  const image = textAt(event, "Image");
  return { name, type: "podman", id, image, pod: "", podNamespace: "" };
}

function jsonIn(text: string): unknown {
  try {
    return parseAnswer(text, "podman");
  } catch {
    return undefined;
  }
}
