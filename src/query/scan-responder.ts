import { TraceError } from "../base/errors.ts";
import type { Segment } from "../scan/kernel/memory/chunk.ts";
import { compiledScanner, type OpenScanner } from "./open-scanner.ts";
import type { FromWorker, ToWorker } from "./scan-task.ts";

/** What a worker answers. */
export class ScanResponder {
  #scanner: OpenScanner<Segment> | undefined;

  answer(message: ToWorker): FromWorker | undefined {
    try {
      if (message.kind === "scan") return this.#scan(message);
      this.#scanner?.close();
      this.#scanner = compiledScanner(message);
      return undefined;
    } catch (error) {
      return failed(error);
    }
  }

  #scan({ packets, released }: ToWorker & { kind: "scan" }): FromWorker {
    this.#scanner?.release(released);
    const outcomes = packets.map((task) => this.#scanner!.scan(task, Number.POSITIVE_INFINITY));
    return { kind: "scanned", outcomes };
  }
}

/** What a worker says that cannot go on. */
export function failed(error: unknown): FromWorker<never> {
  const code = error instanceof TraceError ? error.code : undefined;
  const message = error instanceof Error ? error.message : `${error}`;
  return { kind: "failed", code, message };
}
