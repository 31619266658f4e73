/** Containers that systemd's machine manager knows: systemd-nspawn's, and those that other managers register. */

import { isPlainName, listOf, parseAnswer, pidOf, textAt } from "./answer.ts";
import { outputOf } from "./command.ts";
import { type FoundContainer, MAX_CONTAINERS, type Runtime } from "./runtime.ts";

export class Machines implements Runtime {
  readonly title = "systemd-machined";

  async list(): Promise<readonly FoundContainer[]> {
    const text = await outputOf("machinectl", ["list", "--output=json", "--no-pager"]);
    const machines = listOf(
      text.trim() === "" ? [] : parseAnswer(text, "machinectl list"),
      "machinectl list",
    );
    const found: FoundContainer[] = [];
    for (const machine of machines.slice(0, MAX_CONTAINERS)) {
      const name = textAt(machine, "machine");
      if (textAt(machine, "class") !== "container" || !isPlainName(name)) continue;
      const shown = await outputOf("machinectl", ["show", name, "--property=Leader"]);
      const initPid = pidOf(/^Leader=(\d+)$/m.exec(shown)?.[1]);
      if (initPid === 0) continue;
      const type = textAt(machine, "service") || "systemd-nspawn";
      const image = textAt(machine, "os");
      found.push({ name, type, id: name, image, initPid, pod: "", podNamespace: "" });
    }
    return found;
  }
}
