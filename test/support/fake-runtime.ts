/** Runtimes that this machine does not have: scripted answers, over a real unix socket or from a command on the PATH. */

import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createHttpServer, type RequestListener } from "node:http";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import {
  type FoundContainer,
  type Listing,
  type Runtime,
  SYSTEM_LIMITS,
} from "../../src/runtimes/runtime.ts";

/** One question to a runtime about which some containers are known. */
export function listingOf(
  runtime: Runtime,
  known: readonly FoundContainer[] = [],
  limits: { readonly bytes: number; readonly containers: number } = SYSTEM_LIMITS,
): Promise<Listing> {
  return runtime.list({ known, limits, signal: new AbortController().signal });
}

export async function containersOf(
  runtime: Runtime,
  known: readonly FoundContainer[] = [],
): Promise<readonly FoundContainer[]> {
  return (await listingOf(runtime, known)).containers;
}

export class FakeMachine {
  readonly folder: string = mkdtempSync(join(tmpdir(), "tracewire-runtimes-"));
  readonly #servers: Server[] = [];
  readonly #sockets = new Set<Socket>();
  readonly #path: string | undefined = process.env["PATH"];

  /** An HTTP server on a socket of this name; gives the socket's path. */
  async http(name: string, answer: RequestListener): Promise<string> {
    return this.listen(name, createHttpServer(answer));
  }

  /** A server on a socket of this name that handles connections as the test wants. */
  async raw(name: string, speak: (socket: Socket) => void): Promise<string> {
    return this.listen(name, createServer(speak));
  }

  async listen(name: string, server: Server): Promise<string> {
    const path = join(this.folder, name);
    this.#servers.push(server);
    server.on("connection", (socket) => {
      this.#sockets.add(socket);
      socket.on("error", () => undefined).on("close", () => this.#sockets.delete(socket));
    });
    await new Promise<void>((resolve) => server.listen(path, resolve));
    return path;
  }

  /** A command of this name; `script` is for a POSIX shell. */
  command(name: string, script: string): void {
    const file = join(this.folder, name);
    writeFileSync(file, `#!/bin/sh\n${script}\n`);
    chmodSync(file, 0o755);
    process.env["PATH"] = `${this.folder}${delimiter}${this.#path}`;
  }

  async close(): Promise<void> {
    process.env["PATH"] = this.#path;
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(
      this.#servers.map((server) => new Promise((resolve) => server.close(resolve))),
    );
    rmSync(this.folder, { recursive: true, force: true });
  }
}
