/** The network between page and server, which can be cut, and the browser, which can be stopped as by a laptop's lid. */

import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

export class Wire {
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer((socket) => this.#join(socket));
  readonly #port: number;
  #isCut = false;
  /** Bytes that a page may still get; undefined for any number. */
  #left: number | undefined;

  constructor(url: string) {
    this.#port = Number(new URL(url).port);
  }

  /** The address for the page. */
  async open(): Promise<string> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  cut(): void {
    this.#isCut = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  mend(): void {
    this.#isCut = false;
    this.#left = undefined;
  }

  /** Behind so many bytes nothing reaches a page until the wire is mended. */
  allow(bytes: number): void {
    this.#left = bytes;
  }

  get isSpent(): boolean {
    return this.#left !== undefined && this.#left < 0;
  }

  close(): void {
    this.cut();
    this.#server.close();
  }

  #join(socket: Socket): void {
    if (this.#isCut) return void socket.destroy();
    const to = connect(this.#port, "127.0.0.1");
    for (const [one, other] of [
      [socket, to],
      [to, socket],
    ] as const) {
      this.#sockets.add(one);
      one
        .on("error", () => other.destroy())
        .on("close", () => {
          this.#sockets.delete(one);
          other.destroy();
        });
    }
    socket.pipe(to);
    to.on("data", (bytes) => this.#pass(bytes, to, socket));
    to.on("end", () => socket.end());
  }

  #pass(bytes: Buffer, from: Socket, to: Socket): void {
    if (this.#left !== undefined) {
      this.#left -= bytes.length;
      if (this.#left < 0) {
        // What a broken network holds is lost with its connection.
        from.pause();
        return;
      }
    }
    if (to.write(bytes)) return;
    from.pause();
    to.once("drain", () => from.resume());
  }
}

/** Stops every process of the browsers that this one has started; answers how to let them go on. */
export function closeLid(): () => void {
  const pids = browserProcesses();
  if (pids.length === 0) throw new Error("no browser runs");
  for (const pid of pids) signal(pid, "SIGSTOP");
  return () => {
    for (const pid of pids) signal(pid, "SIGCONT");
  };
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // A tab of an earlier test has ended.
  }
}

function browserProcesses(): readonly number[] {
  const all = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const [, pid, comm, parent] =
          /^(\d+) \((.*)\) \S (\d+)/s.exec(readFileSync(`/proc/${name}/stat`, "utf8")) ?? [];
        return [{ pid: Number(pid), comm: comm ?? "", parent: Number(parent) }];
      } catch {
        return [];
      }
    });
  const ours = new Set([process.pid]);
  // Parents have been there before their children, whatever their numbers.
  for (let size = 0; size !== ours.size; ) {
    size = ours.size;
    for (const { pid, parent } of all) if (ours.has(parent)) ours.add(pid);
  }
  return all.filter(({ pid, comm }) => ours.has(pid) && /chrom/.test(comm)).map(({ pid }) => pid);
}
