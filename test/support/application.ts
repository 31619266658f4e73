import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Child } from "./child.ts";
import type { Lttng } from "./lttng.ts";
import { PROJECT } from "./traces.ts";

const SOURCES = join(PROJECT, "test/real/app");

/** The test application, compiled for this machine. */
export class Program {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async build(): Promise<Program> {
    const folder = mkdtempSync(join(tmpdir(), "tracewire-app-"));
    const files = ["app.c", "tp.c"].map((name) => join(SOURCES, name));
    const flags = ["-O1", `-I${SOURCES}`, "-o", join(folder, "app")];
    await new Child("gcc", [...flags, ...files, "-llttng-ust", "-ldl"]).output();
    return new Program(folder);
  }

  /** Starts it, and waits until its events can be recorded. */
  async start(
    lttng: Lttng,
    tag: string,
    options: { readonly isContained?: boolean; readonly delayUs?: number } = {},
  ): Promise<Application> {
    const command = [join(this.#folder, "app"), tag, String(options.delayUs ?? 0)];
    if (options.isContained) {
      command.unshift("unshare", "--fork", "--pid", "--mount-proc", "--uts", "--ipc", "--net");
    }
    const [program = "", ...args] = command;
    const child = lttng.run(program, args);
    await child.until("told its namespace", () => child.lines.length > 0);
    return new Application(child);
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** A traced process that emits what it is told to. */
export class Application {
  /** Inode number of its pid namespace. */
  readonly pidNamespace: string;
  readonly #child: Child;

  constructor(child: Child) {
    this.#child = child;
    this.pidNamespace = /^pid_ns (\d+)$/.exec(child.lines[0] ?? "")?.[1] ?? "";
  }

  /** Emits, and waits until it is done. See `app.c` for the kinds. */
  async emit(kind: "tick" | "kinds" | "empty" | "bare", count: number): Promise<void> {
    const answers = this.#child.lines.length;
    this.#child.send(`${kind} ${count}`);
    await this.#child.until(`emitted ${kind}`, () => this.#child.lines.length > answers);
  }

  /** Lets it end by itself. Gives back how many events it has emitted. */
  async end(): Promise<number> {
    this.#child.process.stdin?.end();
    const output = await this.#child.output();
    return Number(/^emitted (\d+)$/m.exec(output)?.[1]);
  }
}
