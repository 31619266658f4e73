/** Podman where none of its services listens: through its command. */

import { at, listOf, parseAnswer, pidAt, textAt } from "./answer.ts";
import { followCommand, outputOf } from "./command.ts";
import type { FoundContainer, Runtime } from "./runtime.ts";

export class PodmanCommand implements Runtime {
  readonly title = "podman";

  async list(): Promise<readonly FoundContainer[]> {
    const text = await outputOf("podman", ["ps", "--no-trunc", "--format", "json"]);
    const listed = text.trim() === "" ? [] : parseAnswer(text, "podman ps");
    return listOf(listed, "podman ps").flatMap((one) => {
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
  }

  async watch(onChange: () => void, signal: AbortSignal): Promise<void> {
    const args = ["events", "--format", "{{.Status}}", "--filter", "type=container"];
    const tell = (status: string): void => {
      if (!/^(exec|health_status)/.test(status)) onChange();
    };
    await followCommand("podman", args, tell, signal);
  }
}
