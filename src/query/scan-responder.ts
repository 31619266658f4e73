import { TraceError } from "../base/errors.ts";
import { PacketScanner } from "./packet-scanner.ts";
import type { FromWorker, ToWorker } from "./scan-task.ts";

/** What a worker answers, whichever thread it is in. */
export class ScanResponder {
  #scanner: PacketScanner | undefined;

  answer(message: ToWorker): FromWorker | undefined {
    try {
      if (message.kind === "scan")
        return { kind: "scanned", outcomes: this.#scanner?.scan(message) ?? [] };
      this.close();
      this.#scanner = new PacketScanner(message);
      return undefined;
    } catch (error) {
      const code = error instanceof TraceError ? error.code : undefined;
      const text = error instanceof Error ? error.message : `${error}`;
      return { kind: "failed", code, message: text };
    }
  }

  close(): void {
    this.#scanner?.close();
    this.#scanner = undefined;
  }
}
