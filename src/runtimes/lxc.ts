/**
 * LXC has no daemon: each running container has a monitor, which listens on an abstract socket for commands.
 *
 * Any user can listen on any abstract socket, and forge lines in the kernel's list of sockets by line ends in its name. So an
 * answer counts only if the process that it names is a child of this container's monitor.
 */

import { readFileSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { basename } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { SourceError } from "../base/errors.ts";
import { pidOf, within } from "./answer.ts";
import { outputOf } from "./command.ts";
import { Inspections, joined } from "./inspections.ts";
import { parentOf } from "./process.ts";
import type { FoundContainer, Listing, ListRequest, OnChange, Runtime } from "./runtime.ts";

/** How often the command sockets are listed, in ms. */
const LOOK_MS = 200;
const PARALLEL = 8;
/** LXC uses a hash instead of a longer name. */
const MAX_SOCKET_NAME_BYTES = 105;

export class Lxc implements Runtime {
  readonly title: string;
  readonly #directory: string;
  readonly #inspections = new Inspections(PARALLEL);
  /** Apart, because names without a directory may be forged, and must not delay the others. */
  readonly #inspectionsOfOthers = new Inspections(2);

  /** @param directory where containers are configured, LXC's `-P` */
  constructor(directory: string) {
    this.title = `lxc in ${directory}`;
    this.#directory = directory.replace(/(?<=.)\/+$/, "");
  }

  async list({ known, limits, signal }: ListRequest): Promise<Listing> {
    const sockets = await commandSockets();
    const folders = await readdir(this.#directory).catch(() => []);
    const ofFolders = folders.filter((name) => sockets.has(this.#socketOf(name)));
    const names = new Set(ofFolders);
    const others = [...sockets.keys()].flatMap((path) => {
      const name = path.split("/").at(-2) ?? "";
      return path === this.#socketOf(name) && !names.has(name) ? name : [];
    });
    for (const name of others) names.add(name);
    const containers = known.filter(({ id }) => names.has(id));
    for (const { id } of containers) names.delete(id);
    const problems: string[] = [];
    const ask = (inspections: Inspections, among: readonly string[]): Promise<Listing> => {
      const news = among.filter((name) => names.has(name));
      const considered = within(limits, news, "abstract sockets", problems);
      return inspections.of(considered, (name) => this.#inspect(name, signal));
    };
    const [first, second] = await Promise.all([
      ask(this.#inspections, ofFolders),
      ask(this.#inspectionsOfOthers, others),
    ]);
    return joined({ containers, problems }, first, second);
  }

  /** Polls the kernel's list of sockets for starts and stops. (`lxc-monitor` would leave a daemon behind.) */
  async watch(onChange: OnChange, signal: AbortSignal): Promise<void> {
    let before: string | undefined;
    while (!signal.aborted) {
      const sockets = await commandSockets().catch(() => undefined);
      if (sockets === undefined) return;
      // With inodes, because a container may restart between two looks.
      const now = [...sockets].sort().join("\n");
      if (before !== undefined && now !== before) onChange();
      before = now;
      await sleep(LOOK_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  #socketOf(name: string): string {
    const path = `${this.#directory}/${name}`;
    const socket = `${path}/command`;
    return Buffer.byteLength(socket) <= MAX_SOCKET_NAME_BYTES
      ? socket
      : `lxc/${fnv1a(path)}/command`;
  }

  async #inspect(name: string, signal: AbortSignal): Promise<FoundContainer | undefined> {
    const args = ["-P", this.#directory, "-n", name, "-p", "-H"];
    const initPid = pidOf((await outputOf("lxc-info", args, signal)).trim());
    const parent = initPid === 0 ? 0 : parentOf(initPid);
    // It has exited meanwhile.
    if (parent === 0) return undefined;
    if (isMonitor(parent, this.#directory, name))
      return { name, type: "lxc", id: name, image: "", initPid, pod: "", podNamespace: "" };
    const message = `lxc-info -n ${name}: expected a child of the container's monitor, got process ${initPid}, which is none`;
    throw new SourceError("RUNTIME_REFUSED", message);
  }
}

/** Listening abstract sockets for LXC commands: inodes by name. */
async function commandSockets(): Promise<Map<string, number>> {
  const text = await readFile("/proc/net/unix", "utf8");
  const found = text.matchAll(/ 00010000 \d+ \d+ +(\d+) @(\S+\/command)$/gm);
  return new Map([...found].map(([, inode, name = ""]) => [name, Number(inode)]));
}

/** Whether a process runs as root, or as we do, and its command line is that of LXC for this container. */
function isMonitor(pid: number, directory: string, name: string): boolean {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "latin1");
    const ids = /^Uid:\s+(.*)$/m.exec(status)?.[1]?.split(/\s+/) ?? [];
    const isTrusted = (id: string): boolean => id === "0" || Number(id) === process.geteuid?.();
    if (ids.length !== 4 || !ids.every(isTrusted)) return false;
    const words = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
    // The title of a daemonized monitor; in the foreground it keeps its arguments.
    if (words[0] === `[lxc monitor] ${directory} ${name}`) return true;
    const isLxc = basename(words[0] ?? "").startsWith("lxc-");
    return isLxc && words.some((word) => [name, `-n${name}`, `--name=${name}`].includes(word));
  } catch {
    return false;
  }
}

/** 64-bit FNV-1a in hexadecimal, as LXC hashes names. */
function fnv1a(text: string): string {
  let hash = 0xcbf29ce484222325n;
  for (const byte of Buffer.from(text))
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return hash.toString(16).padStart(16, "0");
}
