/** Containers of real runtimes, with or without a traced application that emits from its first moment on and when asked to. */

import { execFileSync } from "node:child_process";
import {
  closeSync,
  constants,
  copyFileSync,
  mkdirSync,
  openSync,
  readFileSync,
  symlinkSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { type Child, eventually, linesOf } from "./child.ts";
import { accepts } from "./ports.ts";

/** Starts programs where the test's daemons run. */
export interface Runner {
  run(program: string, args: readonly string[]): Child;
}

/** Ticks that an application emits before there can be a record of its container. */
export const FIRST_TICKS = 5;

/** Of the machine, for an application that is linked to its libraries. */
const SHARED = ["/usr", "/lib", "/lib64"];

/** A root file system with a static busybox. */
export function makeRoot(directory: string): string {
  for (const name of [
    "bin",
    "dev",
    "etc",
    "lib",
    "lib64",
    "proc",
    "run",
    "sys",
    "tmp",
    "usr",
    "var/run/lttng",
    "w",
  ])
    mkdirSync(join(directory, name), { recursive: true });
  copyFileSync("/bin/busybox", join(directory, "bin/busybox"));
  for (const name of ["sh", "cat", "echo"]) symlinkSync("busybox", join(directory, "bin", name));
  return directory;
}

/** Input and output of an application in a container: a folder that the container sees as `/w`. */
export class Contained {
  readonly name: string;
  readonly folder: string;
  readonly #input: number;

  constructor(folder: string, name: string, program: string) {
    this.name = name;
    this.folder = join(folder, name);
    mkdirSync(this.folder);
    execFileSync("mkfifo", [join(this.folder, "in")]);
    copyFileSync(program, join(this.folder, "app"));
    // Held for reading too, so that opening it for reading does not wait.
    this.#input = openSync(join(this.folder, "in"), constants.O_RDWR);
  }

  /** What the container runs. */
  get script(): string {
    return `{ echo tick ${FIRST_TICKS}; cat; } < /w/in | /w/app ${this.name} 0 >> /w/out`;
  }

  /** Host directories by where the container has them. */
  get mounts(): readonly (readonly [host: string, inside: string])[] {
    return [
      ...SHARED.map((path) => [path, path] as const),
      ["/run/lttng", "/var/run/lttng"],
      [this.folder, "/w"],
    ];
  }

  /** Waits until the application has begun so many times. */
  async begun(times: number): Promise<void> {
    await this.#said(new RegExp(`^tick ${FIRST_TICKS}$`), times);
  }

  async tick(count: number): Promise<void> {
    const line = `tick ${count}`;
    const before = this.#answers(new RegExp(`^${line}$`)).length;
    writeSync(this.#input, `${line}\n`);
    await this.#said(new RegExp(`^${line}$`), before + 1);
  }

  close(): void {
    closeSync(this.#input);
  }

  async #said(pattern: RegExp, times: number): Promise<void> {
    await eventually(`${this.name} answers`, async () =>
      this.#answers(pattern).length >= times ? true : undefined,
    );
  }

  #answers(pattern: RegExp): string[] {
    try {
      const text = readFileSync(join(this.folder, "out"), "utf8");
      return linesOf(text).filter((line) => pattern.test(line));
    } catch {
      return [];
    }
  }
}

/** A runtime with its own folder, beside any other on this machine. */
export interface RealRuntime {
  readonly type: "docker" | "podman" | "lxc";
  run(contained: Contained): Promise<void>;
  stop(name: string): Promise<void>;
  start(name: string): Promise<void>;
  close(): Promise<void>;
}

/** A program that ends with the test, however that ends. */
function daemon(runner: Runner, signal: string, program: string, args: readonly string[]): Child {
  return runner.run("setpriv", ["--pdeathsig", signal, "--", program, ...args]);
}

export class DockerRuntime implements RealRuntime {
  readonly type = "docker";
  readonly socket: string;
  readonly containerdSocket: string;
  readonly #runner: Runner;
  readonly #daemon: Child;

  private constructor(runner: Runner, folder: string, options: readonly string[]) {
    this.#runner = runner;
    this.socket = join(folder, "d.sock");
    this.containerdSocket = join(folder, "exec/containerd/containerd.sock");
    this.#daemon = daemon(runner, "TERM", "dockerd", [
      ...["--data-root", join(folder, "data"), "--exec-root", join(folder, "exec")],
      ...["-H", `unix://${this.socket}`, "--pidfile", join(folder, "pid")],
      ...["--iptables=false", "--bridge=none", "--storage-driver=vfs", ...options],
    ]);
  }

  /** @param options further ones of the daemon */
  static async started(
    runner: Runner,
    folder: string,
    options: readonly string[] = [],
  ): Promise<DockerRuntime> {
    const docker = new DockerRuntime(runner, folder, options);
    await docker.#daemon.until("listened", () => docker.#daemon.stderr.includes("API listen on"));
    const root = makeRoot(join(folder, "root"));
    const archive = join(folder, "root.tar");
    execFileSync("tar", ["-C", root, "-cf", archive, "."]);
    await docker.command("import", archive, "bb:1");
    return docker;
  }

  async run({ name, mounts, script }: Contained): Promise<void> {
    const volumes = mounts.flatMap(([host, inside]) => ["-v", `${host}:${inside}`]);
    const env = ["-e", "LTTNG_UST_REGISTER_TIMEOUT=-1"];
    const options = ["--network", "none", "--name", name, ...env, ...volumes];
    await this.command("run", "-d", ...options, "bb:1", "/bin/sh", "-c", script);
  }

  async stop(name: string): Promise<void> {
    await this.command("stop", "--time", "0", name);
  }

  async start(name: string): Promise<void> {
    await this.command("start", name);
  }

  async close(): Promise<void> {
    this.#daemon.process.kill("SIGTERM");
    await this.#daemon.end();
  }

  /** The output of a command of docker's. */
  command(...args: string[]): Promise<string> {
    return this.#runner.run("docker", ["-H", `unix://${this.socket}`, ...args]).output();
  }
}

export class PodmanRuntime implements RealRuntime {
  readonly type = "podman";
  readonly socket: string;
  readonly #runner: Runner;
  /** For containers that need no folders of their own. */
  readonly root: string;
  readonly #folder: string;
  readonly #options: readonly string[];
  readonly #service: Child;

  private constructor(runner: Runner, folder: string) {
    this.#runner = runner;
    this.#folder = folder;
    this.socket = join(folder, "p.sock");
    this.root = makeRoot(join(folder, "root"));
    this.#options = [
      ...["--root", join(folder, "data"), "--runroot", join(folder, "run")],
      ...["--tmpdir", join(folder, "tmp"), "--runtime", "runc", "--cgroup-manager", "cgroupfs"],
    ];
    const service = ["system", "service", "--time", "0", `unix://${this.socket}`];
    this.#service = daemon(runner, "KILL", "podman", [...this.#options, ...service]);
  }

  static async started(runner: Runner, folder: string): Promise<PodmanRuntime> {
    const podman = new PodmanRuntime(runner, folder);
    await eventually("podman listens", () => accepts(podman.socket).then((is) => is || undefined));
    return podman;
  }

  async run({ name, mounts, script }: Contained): Promise<void> {
    const root = makeRoot(join(this.#folder, `root-${name}`));
    const volumes = mounts.flatMap(([host, inside]) => ["-v", `${host}:${inside}`]);
    const limits = ["--ulimit", "nofile=512:512", "--ulimit", "nproc=512:512"];
    const env = ["-e", "LTTNG_UST_REGISTER_TIMEOUT=-1"];
    const options = ["--network=none", ...limits, "--name", name, ...env, ...volumes];
    await this.command("run", "-d", ...options, "--rootfs", root, "/bin/sh", "-c", script);
  }

  async stop(name: string): Promise<void> {
    await this.command("stop", "--time", "0", name);
  }

  async start(name: string): Promise<void> {
    await this.command("start", name);
  }

  async close(): Promise<void> {
    await this.command("rm", "--all", "--force", "--time", "0");
    this.#service.process.kill("SIGTERM");
    await this.#service.end();
  }

  /** The output of a command of podman's. */
  command(...args: string[]): Promise<string> {
    return this.#runner.run("podman", [...this.#options, ...args]).output();
  }
}

export class LxcRuntime implements RealRuntime {
  readonly type = "lxc";
  readonly directory: string;
  readonly #runner: Runner;
  readonly #running = new Map<string, Child>();
  readonly #known = new Map<string, Contained>();

  constructor(runner: Runner, folder: string) {
    this.#runner = runner;
    this.directory = folder;
  }

  async run(contained: Contained): Promise<void> {
    const { name, mounts } = contained;
    const folder = join(this.directory, name);
    makeRoot(join(folder, "root"));
    const lines = [
      `lxc.rootfs.path = dir:${join(folder, "root")}`,
      "lxc.net.0.type = none",
      `lxc.uts.name = ${name}`,
      "lxc.environment = LTTNG_UST_REGISTER_TIMEOUT=-1",
      "lxc.mount.auto = proc:rw",
      "lxc.mount.entry = tmpfs dev/shm tmpfs create=dir 0 0",
      ...mounts.map(
        ([host, inside]) => `lxc.mount.entry = ${host} ${inside.slice(1)} none bind,create=dir 0 0`,
      ),
    ];
    const file = openSync(join(folder, "config"), "w");
    writeSync(file, `${lines.join("\n")}\n`);
    closeSync(file);
    this.#known.set(name, contained);
    await this.start(name);
  }

  async start(name: string): Promise<void> {
    const config = join(this.directory, name, "config");
    const { script } = this.#known.get(name)!;
    const options = ["-n", name, "-P", this.directory, "-f", config, "-F"];
    const args = [...options, "--", "/bin/sh", "-c", script];
    this.#running.set(name, daemon(this.#runner, "KILL", "lxc-start", args));
  }

  async stop(name: string): Promise<void> {
    await this.#runner.run("lxc-stop", ["-n", name, "-P", this.directory, "--kill"]).output();
    await this.#running.get(name)?.end();
    this.#running.delete(name);
  }

  async close(): Promise<void> {
    for (const name of [...this.#running.keys()]) await this.stop(name);
  }
}
