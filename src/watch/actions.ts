/** What an alert does: runs a command, or sends a request. Either may fail or hang without stopping the watch. */

import { spawn } from "node:child_process";

/** What is said of an alert. */
export interface Alert {
  readonly state: "raised" | "cleared";
  readonly query: string;
  readonly time: string;
  readonly rows: readonly unknown[];
  readonly row_count: number;
  readonly suppressed: number;
}

const MOST_RUNNING = 4;
const REQUEST_MS = 10_000;

export class Actions {
  readonly #command: string | undefined;
  readonly #webhook: string | undefined;
  readonly #onProblem: (text: string) => void;
  readonly #running = new Set<Promise<void>>();

  constructor(
    command: string | undefined,
    webhook: string | undefined,
    onProblem: (text: string) => void,
  ) {
    this.#command = command;
    this.#webhook = webhook;
    this.#onProblem = onProblem;
  }

  run(alert: Alert): void {
    if (this.#running.size >= MOST_RUNNING) {
      this.#onProblem(`alert: ${MOST_RUNNING} actions are still running; this one is left out`);
      return;
    }
    const work = [
      ...(this.#command === undefined ? [] : [this.#execute(this.#command, alert)]),
      ...(this.#webhook === undefined ? [] : [this.#send(this.#webhook, alert)]),
    ];
    for (const one of work) {
      this.#running.add(one);
      void one.finally(() => this.#running.delete(one));
    }
  }

  /** Settles when what is running has ended. */
  async ended(): Promise<void> {
    await Promise.all(this.#running);
  }

  /** The command is the user's own; rows reach it as JSON on its input and never as part of its text. */
  #execute(command: string, alert: Alert): Promise<void> {
    return new Promise((resolve) => {
      const env = {
        ...process.env,
        TRACEWIRE_STATE: alert.state,
        TRACEWIRE_ROWS: String(alert.row_count),
        TRACEWIRE_TIME: alert.time,
      };
      const child = spawn("/bin/sh", ["-c", command], {
        env,
        stdio: ["pipe", "inherit", "inherit"],
      });
      // A command need not read its input.
      child.stdin.on("error", () => undefined);
      child.on("error", (error) => this.#onProblem(`--exec: ${error.message}`));
      child.on("close", (code, signal) => {
        if (code !== 0) this.#onProblem(`--exec: ended with ${signal ?? `status ${code}`}`);
        resolve();
      });
      child.stdin.end(`${JSON.stringify(alert)}\n`);
    });
  }

  async #send(url: string, alert: Alert): Promise<void> {
    try {
      const answer = await fetch(url, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(alert),
        signal: AbortSignal.timeout(REQUEST_MS),
      });
      await answer.body?.cancel();
      if (!answer.ok) this.#onProblem(`--webhook: ${url} answered ${answer.status}`);
    } catch (error) {
      this.#onProblem(`--webhook: ${url}: ${whyUnsent(error)}`);
    }
  }
}

/** `fetch` says "fetch failed", and why in its cause: of several addresses, a list of causes without a message. */
function whyUnsent(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  if (!(cause instanceof Error)) return error.message;
  return cause.message || String((cause as NodeJS.ErrnoException).code ?? error.message);
}
