/** Users of a machine apart: accounts that exist in its mount namespace only, with sockets of their own, honest or not. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Child, eventually } from "./child.ts";
import { makeRoot, type Runner } from "./contained.ts";

/** A container that a made-up service answers; anything may be said of it. */
export interface Claim {
  readonly Id: string;
  readonly Name: string;
  readonly Pid: number;
}

/** Answers as Docker and Podman do, whatever its arguments say. */
const SERVICE = `
const [path, json] = process.argv.slice(1);
const claims = JSON.parse(json);
require("node:http").createServer((request, response) => {
  if (request.url === "/containers/json") response.end(JSON.stringify(claims));
  const claim = claims.find(({ Id }) => request.url === "/containers/" + Id + "/json");
  if (claim) response.end(JSON.stringify({ ...claim, State: { Pid: claim.Pid } }));
  else if (request.url.startsWith("/events")) {
    response.write("\\n");
    for (const { Id, Name } of claims) {
      const Actor = { ID: Id, Attributes: { name: Name } };
      response.write(JSON.stringify({ Type: "container", Action: "create", Actor }) + "\\n");
    }
  } else if (request.url !== "/containers/json") response.writeHead(500).end("\\x1b]0;owned\\x07\\x9b31m");
}).listen(path, () => console.log("listening"));
`;

export class User {
  readonly uid: number;
  readonly folder: string;
  readonly #runner: Runner;

  /** @param folder the user's own */
  constructor(runner: Runner, uid: number, folder: string) {
    this.#runner = runner;
    this.uid = uid;
    this.folder = folder;
  }

  get socket(): string {
    return `/run/user/${this.uid}/podman/podman.sock`;
  }

  /** A program that the user runs, which ends with the test. */
  run(program: string, ...args: string[]): Child {
    const ids = ["--reuid", String(this.uid), "--regid", String(this.uid), "--clear-groups"];
    const places = [`HOME=${this.folder}`, `XDG_RUNTIME_DIR=/run/user/${this.uid}`];
    const env = ["env", "-i", ...places, `PATH=${process.env["PATH"]}`];
    const options = [...ids, "--pdeathsig", "KILL", "--"];
    return this.#runner.run("setpriv", [...options, ...env, program, ...args]);
  }

  /** Serves claims at a path, by default where the user's Podman would. */
  async claims(claims: readonly Claim[], path: string = this.socket): Promise<Child> {
    const service = this.run(process.execPath, "-e", SERVICE, path, JSON.stringify(claims));
    await service.until("listened", () => service.lines.length > 0);
    return service;
  }

  /** The id of a process of the user's, on the host: the first one of namespaces of its own. */
  async namespaced(): Promise<number> {
    const kinds = ["--user", "--map-root-user", "--pid", "--mount", "--fork", "--kill-child"];
    const child = this.run("unshare", ...kinds, "sh", "-c", "echo; exec sleep 600");
    await child.until("started", () => child.lines.length > 0);
    return firstChildOf(child);
  }

  /** A process in a user namespace of its own, and in the other namespaces of those before it but for some kinds. */
  async mapped(...kinds: readonly string[]): Promise<number> {
    const all = ["--user", "--map-root-user", ...kinds];
    const child = this.run("unshare", ...all, "sh", "-c", "echo; exec sleep 600");
    await child.until("started", () => child.lines.length > 0);
    return child.process.pid!;
  }
}

/** Makes users: accounts, home and runtime folders, and ids lent for user namespaces. */
export async function makeUsers(
  runner: Runner,
  folder: string,
  uids: Readonly<Record<string, number>>,
): Promise<User[]> {
  const lines = Object.entries(uids).flatMap(([name, uid], i) => {
    const home = join(folder, name);
    const lent = `${name}:${700_000 + i * 65_536}:65536`;
    return [
      `echo '${name}:x:${uid}:${uid}::${home}:/bin/sh' >> passwd`,
      `echo '${name}:x:${uid}:' >> group`,
      `echo ${lent} >> subuid`,
      `install -d -m 700 -o ${uid} -g ${uid} ${home} /run/user/${uid} /run/user/${uid}/podman`,
    ];
  });
  const script = [
    `set -e; chmod 755 ${folder}; cd ${folder}; mkdir -p /run/user`,
    "cp /etc/passwd passwd; cp /etc/group group; : > subuid",
    ...lines,
    "mount --bind passwd /etc/passwd; mount --bind group /etc/group",
    "mount --bind subuid /etc/subuid; mount --bind subuid /etc/subgid",
  ];
  await runner.run("sh", ["-c", script.join("\n")]).output();
  return Object.entries(uids).map(([name, uid]) => new User(runner, uid, join(folder, name)));
}

/** The child of a program that has started one. */
export function firstChildOf(program: Child): number {
  return childrenOf(program)[0] ?? 0;
}

/** Children of all threads of a program. */
function childrenOf({ process: { pid } }: Child): number[] {
  const tasks = `/proc/${pid}/task`;
  return readdirSync(tasks).flatMap((tid) => {
    const text = readFileSync(join(tasks, tid, "children"), "utf8");
    return text.split(" ").map(Number).filter(Boolean);
  });
}

/** A user's real Podman, without root. */
export class RootlessPodman {
  readonly #user: User;
  readonly #service: Child;
  readonly #root: string;

  private constructor(user: User, root: string) {
    this.#user = user;
    this.#root = root;
    const service = ["system", "service", "--time", "0", `unix://${user.socket}`];
    this.#service = this.#podman(...service);
  }

  /** @param runner root's, to prepare a root file system that the user owns */
  static async started(runner: Runner, user: User): Promise<RootlessPodman> {
    const root = makeRoot(join(user.folder, "root"));
    await runner.run("chown", ["-R", `${user.uid}:${user.uid}`, user.folder]).output();
    const podman = new RootlessPodman(user, root);
    await eventually("the user's Podman listens", async () => {
      const { ending, stderr } = podman.#service;
      if (ending !== undefined) throw new Error(`the user's Podman has ended: ${stderr}`);
      const reached = await runner.run("test", ["-S", user.socket]).end();
      return reached.code === 0 || undefined;
    });
    return podman;
  }

  /** The id of a container's first process. */
  async run(name: string, ...options: string[]): Promise<number> {
    const limits = ["--ulimit", "nofile=512:512", "--ulimit", "nproc=512:512"];
    const all = [...limits, "--network=none", "--name", name, ...options, "--rootfs", this.#root];
    await this.#podman("run", "-d", ...all, "/bin/busybox", "sleep", "600").output();
    return Number(await this.#podman("inspect", "-f", "{{.State.Pid}}", name).output());
  }

  async close(): Promise<void> {
    await this.#podman("rm", "--all", "--force", "--time", "0").output();
    // Without root, Podman runs in a child that has entered the user's namespaces; a process apart keeps these.
    const file = `/run/user/${this.#user.uid}/libpod/tmp/pause.pid`;
    const keeper = Number(await this.#user.run("cat", file).output());
    for (const pid of [...childrenOf(this.#service), keeper]) process.kill(pid, "SIGKILL");
    this.#service.process.kill("SIGKILL");
    await this.#service.end();
  }

  #podman(...args: string[]): Child {
    const runtime = ["--runtime", "runc", "--cgroup-manager", "cgroupfs"];
    return this.#user.run("podman", ...runtime, "--storage-driver", "vfs", ...args);
  }
}
