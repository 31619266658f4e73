/** The program that emits records into LTTng's user-space traces; `statedump/main.c` describes its input. */

import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { SourceError } from "../base/errors.ts";
import { printable } from "../base/printable.ts";
import { lineSplitter } from "./answer.ts";
import { exists } from "./places.ts";
import { type LocalContainer, providerLine } from "./record.ts";
import { RecordWriter } from "./record-writer.ts";

/** Seen from the compiled sources, and from the bundle. */
const FOLDERS: readonly string[] = ["../../../statedump", "../../statedump"].map((path) =>
  fileURLToPath(new URL(path, import.meta.url)),
);
const PROGRAM = "tracewire-statedump";
const GRACE_MS = 3000;
/** Characters of one warning that is passed on. */
const MAX_LINE = 500;

export class TracepointProvider {
  /** Rejects if the program ends by itself. */
  readonly failed: Promise<never>;
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #ended: Promise<void>;
  readonly #warn: (text: string) => void;
  readonly #writer: RecordWriter;
  #isClosing = false;
  #isRecorded: boolean | undefined;

  private constructor(program: string, warn: (text: string) => void) {
    this.#warn = warn;
    this.#child = spawn(program, [], { stdio: "pipe" });
    const { stdin, stdout, stderr } = this.#child;
    stdin.on("error", () => undefined);
    const textOf = (containers: readonly LocalContainer[]): string =>
      `${containers.map(providerLine).join("")}\n`;
    this.#writer = new RecordWriter(stdin, textOf, (isBehind) => {
      warn(`${PROGRAM} ${isBehind ? "does not read: dropping records" : "reads again"}`);
    });
    stdout.setEncoding("utf8").on(
      "data",
      lineSplitter((line) => this.#onAnswer(line)),
    );
    stderr.setEncoding("utf8").on(
      "data",
      lineSplitter((line) => warn(`${PROGRAM}: ${printable(line, MAX_LINE)}`)),
    );
    let onFailure: (error: SourceError) => void = () => {};
    this.failed = new Promise((_, reject) => {
      onFailure = reject;
    });
    this.failed.catch(() => undefined);
    this.#ended = new Promise((resolve) => {
      const end = (reason: string): void => {
        resolve();
        if (this.#isClosing) return;
        onFailure(new SourceError("PROVIDER_ENDED", `${program}: ended by itself (${reason})`));
      };
      this.#child.on("error", (error) => end(error.message));
      this.#child.on("close", (code, signal) => end(signal ?? `exit code ${code}`));
    });
  }

  /**
   * @param program its path; by default where `make -C statedump` puts it
   * @throws SourceError `PROVIDER_MISSING`
   */
  static start(program: string | undefined, warn: (text: string) => void): TracepointProvider {
    const usual = FOLDERS.map((folder) => `${folder}/${PROGRAM}`);
    const found = (program === undefined ? usual : [program]).find(exists);
    if (found !== undefined) return new TracepointProvider(found, warn);
    const folder = FOLDERS.find((one) => exists(`${one}/Makefile`)) ?? "statedump";
    const message = `${program ?? `${folder}/${PROGRAM}`}: expected the tracepoint provider, got nothing; build it with: make -C ${folder} (needs gcc and liblttng-ust-dev), or use --print`;
    throw new SourceError("PROVIDER_MISSING", message);
  }

  /** Emits records into every session that records the event. */
  emit(containers: readonly LocalContainer[]): void {
    this.#writer.write(containers);
  }

  /** Ends the program when it has read everything. */
  async close(): Promise<void> {
    this.#isClosing = true;
    this.#child.stdin.end();
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), GRACE_MS);
    await this.#ended;
    clearTimeout(timer);
  }

  #onAnswer(line: string): void {
    const isRecorded = line === "listening 1";
    if (isRecorded === this.#isRecorded || !line.startsWith("listening ")) return;
    if (!isRecorded)
      this.#warn(
        "no session records container metadata; lttng enable-event --userspace 'ust_container_statedump:*'",
      );
    this.#isRecorded = isRecorded;
  }
}
