/** Podman where its service does not listen: through its command. */

import { at, listOf, parseAnswer, pidAt, textAt } from "./answer.ts";
import { followCommand, outputOf } from "./command.ts";
import type { Listing, ListRequest, Runtime } from "./runtime.ts";

export class PodmanCommand implements Runtime {
  readonly title = "podman";
  readonly #hasService: () => boolean;

  /** @param hasService whether Podman's service can be asked instead, which costs less */
  constructor(hasService: () => boolean) {
    this.#hasService = hasService;
  }

  async list({ known, limits, signal }: ListRequest): Promise<Listing> {
    if (this.#hasService()) return { containers: known, problems: [], isPending: false };
    const text = await outputOf("podman", ["ps", "--no-trunc", "--format", "json"], signal);
    const listed = listOf(text.trim() === "" ? [] : parseAnswer(text, "podman ps"), "podman ps");
    const containers = listed.slice(0, limits.containers).flatMap((one) => {
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
    return { containers, problems: [], isPending: false };
  }

  async watch(onChange: () => void, signal: AbortSignal): Promise<void> {
    const args = ["events", "--format", "{{.Status}}", "--filter", "type=container"];
    const onLine = (status: string): void => {
      if (!/^(exec|health_status)/.test(status)) onChange();
    };
    if (this.#hasService()) return;
    await followCommand("podman", args, onLine, signal);
  }
}
