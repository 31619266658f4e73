import { join } from "node:path";
import { Child } from "./child.ts";
import { PROJECT } from "./traces.ts";

/** Runs a program in a namespace of each kind that changes what a traced application says of itself. */
export const CONTAINED: readonly string[] = [
  ...["unshare", "--fork", "--kill-child", "--pid", "--mount-proc", "--uts", "--ipc", "--net"],
];

/** Compiles a test application for this machine; gives back the program's path. The process is called `app`. */
export async function buildApplication(
  folder: string,
  name: "app" | "filter-app" = "app",
): Promise<string> {
  const sources = join(PROJECT, "test/real", name);
  const program = join(folder, "app");
  const files = ["app.c", "tp.c"].map((file) => join(sources, file));
  const flags = ["-O1", `-I${sources}`, "-o", program];
  await new Child("gcc", [...flags, ...files, "-llttng-ust", "-ldl"]).output();
  return program;
}

/** A traced process that emits on command. */
export class Application {
  /** Inode number of its pid namespace. */
  readonly pidNamespace: string;
  readonly #child: Child;

  private constructor(child: Child) {
    this.#child = child;
    this.pidNamespace = /^pid_ns (\d+)$/.exec(child.lines[0] ?? "")?.[1] ?? "";
  }

  /** Waits until its events can be recorded. */
  static async started(child: Child): Promise<Application> {
    await child.until("printed its namespace", () => child.lines.length > 0);
    return new Application(child);
  }

  /** Emits, and waits until it is done. See `app.c` for the kinds. */
  async emit(kind: "tick" | "kinds" | "empty" | "bare" | "request", count: number): Promise<void> {
    const answers = this.#child.lines.length;
    this.#child.send(`${kind} ${count}`);
    await this.#child.until(`emitted ${kind}`, () => this.#child.lines.length > answers);
  }

  /** Ends it as a crash does. */
  kill(): void {
    this.#child.process.kill("SIGKILL");
  }

  /** Lets it end by itself. Gives back how many events it has emitted. */
  async end(): Promise<number> {
    this.#child.process.stdin?.end();
    const output = await this.#child.output();
    return Number(/^emitted (\d+)$/m.exec(output)?.[1]);
  }
}
