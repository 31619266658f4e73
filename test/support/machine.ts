/** A folder and a mount namespace with its own `/run`, so that runtimes can be at their usual places without being the machine's. */

import { chmodSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Child } from "./child.ts";
import { DockerRuntime, PodmanRuntime, type Runner } from "./contained.ts";
import { Namespace } from "./namespace.ts";
import { MAIN } from "./traces.ts";

export class Machine implements Runner {
  readonly folder: string = mkdtempSync(join(tmpdir(), "tracewire-machine-"));
  readonly #namespace: Namespace;
  readonly #runtimes: { close(): Promise<void> }[] = [];

  private constructor(namespace: Namespace) {
    this.#namespace = namespace;
  }

  static async open(): Promise<Machine> {
    const machine = new Machine(await Namespace.open([], process.env));
    // Users have folders in it.
    chmodSync(machine.folder, 0o755);
    return machine;
  }

  run(program: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env): Child {
    return this.#namespace.run(program, args, env);
  }

  /** `tracewire statedump`. */
  statedump(...args: string[]): Child {
    return this.run(process.execPath, [MAIN, "statedump", ...args]);
  }

  /** @param isUsual whether it listens at the usual place too */
  async docker(isUsual: boolean = false): Promise<DockerRuntime> {
    const docker = await DockerRuntime.started(
      this,
      this.subfolder("docker"),
      isUsual ? ["-H", "unix:///var/run/docker.sock"] : [],
    );
    this.#runtimes.push(docker);
    return docker;
  }

  async podman(): Promise<PodmanRuntime> {
    const podman = await PodmanRuntime.started(this, this.subfolder("podman"));
    this.#runtimes.push(podman);
    return podman;
  }

  subfolder(name: string): string {
    const folder = join(this.folder, name);
    mkdirSync(folder);
    return folder;
  }

  async close(): Promise<void> {
    for (const runtime of this.#runtimes.reverse()) await runtime.close();
    await this.#namespace.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
