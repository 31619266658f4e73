import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { createInterface } from "node:readline";
import { Child } from "./child.ts";

/** Without root's rights, a user namespace lends them. */
const AS_ROOT: readonly string[] = process.getuid?.() === 0 ? [] : ["--user", "--map-root-user"];
const INTO_ROOT: readonly string[] = AS_ROOT.length === 0 ? [] : ["--user"];

const PREPARE = `
read -r pid rest < /proc/self/stat
mount -t proc proc /proc
mount -t tmpfs none /run
mkdir /run/lttng
mount -t tmpfs none /dev/shm`;

/** Whether this machine lets us make such namespaces. */
export function mayUnshare(): boolean {
  return spawnSync("unshare", unshareArgs(`set -e${PREPARE}`), { stdio: "ignore" }).status === 0;
}

/**
 * A mount and pid namespace with a `/run` and a `/dev/shm` of its own, which is where the session daemon has its
 * sockets and shared memory, whatever `LTTNG_HOME` says, when it runs as root.
 *
 * Its first process waits for the end of its input: when we close that or end, in any way, the kernel ends every
 * process inside.
 */
export class Namespace {
  readonly #holder: ChildProcess;
  readonly #pid: number;

  private constructor(holder: ChildProcess, pid: number) {
    this.#holder = holder;
    this.#pid = pid;
  }

  /** @param script shell commands that start what belongs inside, in the background */
  static async open(script: string, env: NodeJS.ProcessEnv): Promise<Namespace> {
    const holder = spawn(
      "unshare",
      unshareArgs(`set -e${PREPARE}\n${script}\necho "$pid"\nread -r end || exit 0`),
      { env, stdio: ["pipe", "pipe", "inherit"] },
    );
    const pid = await new Promise<number>((resolve, reject) => {
      createInterface({ input: holder.stdout! }).once("line", (line) => resolve(Number(line)));
      holder.once("error", reject);
      holder.once("close", () => reject(new Error("the namespace could not be made")));
    });
    return new Namespace(holder, pid);
  }

  /** A program that runs inside. */
  run(program: string, args: readonly string[], env: NodeJS.ProcessEnv): Child {
    const target = ["--target", String(this.#pid), ...INTO_ROOT, "--mount", "--pid"];
    return new Child("nsenter", [...target, "--", program, ...args], env);
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#holder.once("close", resolve));
    if (this.#holder.exitCode !== null || this.#holder.signalCode !== null) return;
    this.#holder.stdin?.destroy();
    const timer = setTimeout(() => this.#holder.kill("SIGKILL"), 5000);
    await closed;
    clearTimeout(timer);
  }
}

function unshareArgs(script: string): string[] {
  return [...AS_ROOT, "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", script];
}
