import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { createInterface } from "node:readline";
import { Child } from "./child.ts";

/** Without root's rights, a user namespace lends them. */
const NEEDS_USER = process.getuid?.() !== 0;
const UNSHARE: readonly string[] = NEEDS_USER
  ? ["--user", "--map-root-user", "--mount"]
  : ["--mount"];
const ENTER: readonly string[] = NEEDS_USER
  ? ["--user", "--preserve-credentials", "--mount"]
  : ["--mount"];

const PREPARE = `set -e
mount -t tmpfs none /run
mkdir /run/lttng
mount -t tmpfs none /dev/shm`;

/** After the end of the input: ends the daemons, the ones that do not obey the hard way. */
const END = `
echo ready $daemons
set +e
read -r line
[ -n "$daemons" ] || exit 0
kill $daemons 2> /dev/null
(sleep 5; kill -9 $daemons) 2> /dev/null &
wait $daemons
kill $!`;

/** Whether this machine lets us make such namespaces. */
export function mayUnshare(): boolean {
  const args = [...UNSHARE, "sh", "-c", PREPARE];
  return spawnSync("unshare", args, { stdio: "ignore" }).status === 0;
}

/**
 * A mount namespace with a `/run` and a `/dev/shm` of its own, which is where the session daemon has its sockets and
 * shared memory, whatever `LTTNG_HOME` says, when it runs as root.
 *
 * A shell holds it, and ends the daemons when its input closes: also when the test's process dies.
 */
export class Namespace {
  /** Process ids of the daemons, in the order given. */
  readonly daemons: readonly number[];
  readonly #holder: ChildProcess;

  private constructor(holder: ChildProcess, daemons: readonly number[]) {
    this.#holder = holder;
    this.daemons = daemons;
  }

  /** @param daemons shell commands, each of them for one daemon in the foreground */
  static async open(daemons: readonly string[], env: NodeJS.ProcessEnv): Promise<Namespace> {
    const starts = daemons.map((daemon) => `${daemon} & daemons="$daemons $!"`);
    const script = [PREPARE, ...starts, END].join("\n");
    const holder = spawn("unshare", [...UNSHARE, "sh", "-c", script], {
      env,
      stdio: ["pipe", "pipe", "inherit"],
    });
    const ready = await new Promise<string>((resolve, reject) => {
      createInterface({ input: holder.stdout! }).once("line", resolve);
      holder.once("error", reject);
      holder.once("close", () => reject(new Error("the namespace cannot be made")));
    });
    return new Namespace(holder, ready.split(" ").slice(1).map(Number));
  }

  /** A program that runs inside. */
  run(program: string, args: readonly string[], env: NodeJS.ProcessEnv): Child {
    const target = ["--target", String(this.#holder.pid), ...ENTER];
    return new Child("nsenter", [...target, "--", program, ...args], env);
  }

  async close(): Promise<void> {
    if (this.#holder.exitCode !== null || this.#holder.signalCode !== null) return;
    const closed = new Promise((resolve) => this.#holder.once("exit", resolve));
    this.#holder.stdin?.destroy();
    await closed;
  }
}
