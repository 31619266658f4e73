/** LXC without a daemon: its containers, by its command. */

import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { pidOf } from "./answer.ts";
import { outputOf } from "./command.ts";
import type { FoundContainer, Runtime } from "./runtime.ts";

/** How often the command sockets are looked at, in ms. */
const LOOK_MS = 200;

export class Lxc implements Runtime {
  readonly title: string;
  readonly #directory: string;

  /** @param directory where containers are configured, LXC's `-P` */
  constructor(directory: string) {
    this.title = `lxc in ${directory}`;
    this.#directory = directory;
  }

  async list(): Promise<readonly FoundContainer[]> {
    const args = ["-P", this.#directory, "--active", "--fancy", "--fancy-format", "PID,NAME"];
    const table = await outputOf("lxc-ls", args);
    return table.split("\n").flatMap((line) => {
      const [, pidText, name] = /^(\d+)\s+(\S.*?)\s*$/.exec(line) ?? [];
      const initPid = pidOf(pidText);
      if (initPid === 0 || name === undefined) return [];
      return { name, type: "lxc", id: name, image: "", initPid, pod: "", podNamespace: "" };
    });
  }

  /**
   * Every running container has an abstract socket for commands, so that the kernel's list of sockets tells of starts and
   * stops. (`lxc-monitor` would leave a daemon behind.)
   */
  async watch(onChange: () => void, signal: AbortSignal): Promise<void> {
    let before: string | undefined;
    while (!signal.aborted) {
      const sockets = await commandSockets().catch(() => undefined);
      if (sockets === undefined) return;
      if (before !== undefined && sockets !== before) onChange();
      before = sockets;
      await sleep(LOOK_MS, undefined, { signal }).catch(() => undefined);
    }
  }
}

async function commandSockets(): Promise<string> {
  const text = await readFile("/proc/net/unix", "utf8");
  // Those that listen, with their inodes, since a name may be gone and back between two looks.
  return (text.match(/(?<= 00010000 \d+ \d+ +)\d+ @\S+\/command$/gm) ?? []).sort().join("\n");
}
