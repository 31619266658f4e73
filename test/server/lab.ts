/** A server over a recorded trace, and clients that remember what they got. */

import { request } from "node:http";
import { type Table, tableFromIPC } from "apache-arrow";
import { type ClientOptions, WebSocket } from "ws";
import { type ReplayOptions, type ReplayServer, replay } from "../../src/replay/server.ts";
import { type RunningServer, type ServeOptions, serve } from "../../src/server/server.ts";
import { recordedTrace } from "../support/traces.ts";

/** Events of the trace `small`. */
export const SMALL_ROWS = 17_202;

/** Columns that make a batch of few rows, so that there are many batches. */
export const MANY_BATCHES: readonly string[] = [
  "timestamp",
  ...Array.from({ length: 12 }, () => "payload"),
];

/** Serves the trace `small` as a recorded one. */
export async function withRecorded(
  work: (server: RunningServer, directory: string) => Promise<void>,
  options: ServeOptions = {},
): Promise<void> {
  const trace = await recordedTrace("small");
  try {
    const server = await serve([trace.path], { port: 0, ...options });
    try {
      await work(server, trace.path);
    } finally {
      await server.close();
    }
  } finally {
    await trace.remove();
  }
}

/** Replays the trace `small`, whole and at once by default. */
export async function withReplay(
  work: (relayd: ReplayServer, url: string, directory: string) => Promise<void>,
  options: ReplayOptions = {},
): Promise<void> {
  const trace = await recordedTrace("small");
  const relayd = await replay([trace.path], { speed: "max", session: "small", ...options });
  try {
    await work(relayd, relayd.urls[0]!, trace.path);
  } finally {
    await relayd.close();
    await trace.remove();
  }
}

/** Serves a replayed session from its beginning. */
export async function withLive(
  work: (server: RunningServer, relayd: ReplayServer) => Promise<void>,
  options: ReplayOptions = {},
  serveOptions: ServeOptions = {},
): Promise<void> {
  await withReplay(async (relayd, url) => {
    const server = await serve([url], { port: 0, from: "beginning", ...serveOptions });
    try {
      await work(server, relayd);
    } finally {
      await server.close();
    }
  }, options);
}

export interface Reply {
  readonly status: number;
  readonly type: string;
  readonly body: Buffer;
}

export function bearer(token: string): Record<string, string> {
  return { Authorization: `Bearer ${token}` };
}

/** `fetch` does not let its caller choose `Host` and `Origin`. */
export function get(
  server: RunningServer,
  path: string,
  headers: Record<string, string> = {},
  method: string = "GET",
  content?: string,
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const asked = request(`${server.url}${path}`, { headers, method, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        const type = response.headers["content-type"] ?? "";
        resolve({ status: response.statusCode ?? 0, type, body: Buffer.concat(chunks) });
      });
    });
    asked.on("error", reject);
    asked.end(content);
  });
}

export function table({ body }: { readonly body: Uint8Array }): Table {
  return tableFromIPC(body);
}

export interface TextFrame {
  readonly type: string;
  readonly [name: string]: unknown;
}

/** A WebSocket and its frames. */
export class Client {
  readonly socket: WebSocket;
  readonly binary: Buffer[] = [];
  readonly frames: TextFrame[] = [];
  closeCode: number | undefined;
  #wake: () => void = () => {};

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on("message", (data, isBinary) => {
      if (isBinary) this.binary.push(data as Buffer);
      else this.frames.push(JSON.parse(data.toString()) as TextFrame);
      this.#wake();
    });
    socket.on("close", (code) => {
      this.closeCode = code;
      this.#wake();
    });
    socket.on("error", () => this.#wake());
  }

  /** Rejects with the HTTP status if the server refuses. */
  static open(
    server: RunningServer,
    protocols: string[] = ["tracewire.v1"],
    options: ClientOptions = {},
  ): Promise<Client> {
    const url = `${server.url.replace("http", "ws")}/v1/query`;
    const socket = new WebSocket(url, protocols, { perMessageDeflate: false, ...options });
    const client = new Client(socket);
    return new Promise((resolve, reject) => {
      socket.on("open", () => resolve(client));
      socket.on("unexpected-response", (_, response) => {
        response.resume();
        socket.terminate();
        reject(new Error(`status ${response.statusCode}`));
      });
    });
  }

  static async ask(server: RunningServer, query: Record<string, unknown>): Promise<Client> {
    const client = await Client.open(server);
    client.say(query);
    return client;
  }

  say(message: unknown): void {
    this.socket.send(JSON.stringify(message));
  }

  /** Waits until something that came makes it true. */
  async until(isTrue: () => boolean): Promise<void> {
    while (!isTrue()) {
      if (this.closeCode !== undefined) throw new Error(`closed: ${JSON.stringify(this.frames)}`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** The last thing that the server says before it closes. */
  async last(): Promise<TextFrame> {
    while (this.closeCode === undefined) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.frames.at(-1) ?? { type: "nothing" };
  }

  get rows(): number {
    return table({ body: Buffer.concat(this.binary) }).numRows;
  }
}
