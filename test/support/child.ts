import { type ChildProcess, spawn } from "node:child_process";

export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Long enough for a busy machine; nothing waits this long unless it hangs. */
const PATIENCE_MS = 120_000;

const running = new Set<Child>();

/** A child process with its outputs as text, and ways to wait for what it says. Starts at once. */
export class Child {
  readonly process: ChildProcess;
  readonly ended: Promise<Ending>;
  stdout = "";
  stderr = "";
  ending: Ending | undefined;
  readonly #title: string;
  readonly #watchers = new Set<() => void>();

  constructor(program: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env) {
    this.#title = [program, ...args].join(" ");
    this.process = spawn(program, args, { env, stdio: "pipe" });
    this.process.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.stdout += text;
      this.#notify();
    });
    this.process.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.stderr += text;
      this.#notify();
    });
    // A child that ends before it has read its input is no trouble of the test's.
    this.process.stdin?.on("error", () => undefined);
    running.add(this);
    this.ended = new Promise((resolve) => {
      const onEnd = (code: number | null, signal: NodeJS.Signals | null): void => {
        this.ending ??= { code, signal };
        running.delete(this);
        this.#notify();
        resolve(this.ending);
      };
      this.process.on("error", (error) => {
        this.stderr += String(error);
        onEnd(null, null);
      });
      this.process.on("close", onEnd);
    });
  }

  get lines(): string[] {
    return linesOf(this.stdout);
  }

  /** Waits until the child has said enough. */
  until(what: string, isSo: () => boolean, patienceMs: number = PATIENCE_MS): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (error: Error | undefined): void => {
        clearTimeout(timer);
        this.#watchers.delete(look);
        if (error === undefined) resolve();
        else reject(error);
      };
      const look = (): void => {
        if (isSo()) settle(undefined);
        else if (this.ending !== undefined) settle(this.#failure(`ended before it ${what}`));
      };
      const timer = setTimeout(
        () => settle(this.#failure(`has not ${what} after ${patienceMs / 1000} s`)),
        patienceMs,
      );
      this.#watchers.add(look);
      look();
    });
  }

  /** Waits for the end. */
  async end(patienceMs: number = PATIENCE_MS): Promise<Ending> {
    await this.until("ended", () => this.ending !== undefined, patienceMs);
    return this.ended;
  }

  /** Waits for the end, which must be a good one, with data lost (3) or not; gives back what it printed. */
  async output(): Promise<string> {
    const { code } = await this.end();
    if (code !== 0 && code !== 3) throw this.#failure("failed");
    return this.stdout;
  }

  send(line: string): void {
    this.process.stdin?.write(`${line}\n`);
  }

  /** Ends the process: by the end of its input, and if that does not help, the hard way. */
  async stop(): Promise<void> {
    this.process.stdin?.destroy();
    if (this.ending === undefined && this.process.exitCode === null) {
      const exited = new Promise((resolve) => this.process.once("exit", resolve));
      const timer = setTimeout(() => this.process.kill("SIGKILL"), 1000);
      await exited;
      clearTimeout(timer);
    }
    // A grandchild may still hold the pipes.
    this.process.stdout?.destroy();
    this.process.stderr?.destroy();
    await this.ended;
  }

  #notify(): void {
    for (const look of [...this.#watchers]) look();
  }

  #failure(what: string): Error {
    const { code = "none", signal = "none" } = this.ending ?? {};
    const tail = (text: string): string => text.slice(-2000);
    return new Error(
      `${this.#title}: ${what} (exit code ${code}, signal ${signal})\n${tail(this.stdout)}\n${tail(this.stderr)}`,
    );
  }
}

export function linesOf(text: string): string[] {
  return text.split("\n").slice(0, -1);
}

/** Ends what a test has left running. */
export async function stopChildren(): Promise<void> {
  await Promise.all([...running].map((child) => child.stop()));
}

/** Asks again and again, until there is an answer. */
export async function eventually<T>(
  what: string,
  ask: () => Promise<T | undefined> | T | undefined,
  patienceMs: number = PATIENCE_MS,
): Promise<T> {
  const deadline = Date.now() + patienceMs;
  while (true) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (Date.now() > deadline) throw new Error(`not within ${patienceMs / 1000} s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
