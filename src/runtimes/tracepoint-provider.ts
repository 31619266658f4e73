/** The program that puts records into LTTng's user-space traces; `statedump/main.c` tells how it is spoken to. */

import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { SourceError } from "../base/errors.ts";
import { lineSplitter } from "./answer.ts";
import { isThere } from "./places.ts";
import { type LocalContainer, providerLine } from "./record.ts";

/** Beside the sources, and beside the bundle. */
const FOLDERS: readonly string[] = ["../../../statedump", "../../statedump"].map((path) =>
  fileURLToPath(new URL(path, import.meta.url)),
);
const PROGRAM = "tracewire-statedump";
/** A provider that reads slower than this is given no further rounds. */
const MAX_BACKLOG_BYTES = 4 * 2 ** 20;
const GRACE_MS = 3000;

export class TracepointProvider {
  /** Rejects if the program ends by itself. */
  readonly failed: Promise<never>;
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #ended: Promise<void>;
  readonly #warn: (text: string) => void;
  #isClosing = false;
  #isHeard: boolean | undefined;

  private constructor(program: string, warn: (text: string) => void) {
    this.#warn = warn;
    this.#child = spawn(program, [], { stdio: "pipe" });
    const { stdin, stdout, stderr } = this.#child;
    stdin.on("error", () => undefined);
    stdout.setEncoding("utf8").on(
      "data",
      lineSplitter((line) => this.#answered(line)),
    );
    stderr.setEncoding("utf8").on(
      "data",
      lineSplitter((line) => warn(`${PROGRAM}: ${line}`)),
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
    const found = (program === undefined ? usual : [program]).find(isThere);
    if (found !== undefined) return new TracepointProvider(found, warn);
    const folder = FOLDERS.find((one) => isThere(`${one}/Makefile`)) ?? "statedump";
    const message = `${program ?? `${folder}/${PROGRAM}`}: expected the tracepoint provider, got nothing; build it with: make -C ${folder} (needs gcc and liblttng-ust-dev), or use --print`;
    throw new SourceError("PROVIDER_MISSING", message);
  }

  /** Tells of containers in every session that records them. */
  emit(containers: readonly LocalContainer[]): void {
    const { stdin } = this.#child;
    if (stdin.writableLength > MAX_BACKLOG_BYTES || !stdin.writable) return;
    stdin.write(`${containers.map(providerLine).join("")}\n`);
  }

  /** Ends the program when it has read everything. */
  async close(): Promise<void> {
    this.#isClosing = true;
    this.#child.stdin.end();
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), GRACE_MS);
    await this.#ended;
    clearTimeout(timer);
  }

  #answered(line: string): void {
    const isHeard = line === "listening 1";
    if (isHeard === this.#isHeard || !line.startsWith("listening ")) return;
    if (!isHeard)
      this.#warn(
        "no session records what is told; lttng enable-event --userspace 'ust_container_statedump:*'",
      );
    this.#isHeard = isHeard;
  }
}
