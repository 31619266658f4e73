/** A relay daemon over recorded traces: listens, and gives each viewer a session that is replayed. */

import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { SourceError } from "../base/errors.ts";
import { ChunkQueue } from "../relay/chunk-queue.ts";
import { requestDecoding } from "../relay/decode-request.ts";
import { Decoder } from "../relay/decoding.ts";
import { printLiveUrl } from "../relay/url.ts";
import { loadRecording } from "./recording.ts";
import { MINOR, ReplayRelayd, type ViewerState } from "./relayd.ts";

export interface ReplayOptions {
  /** Where to listen. Default `127.0.0.1`. */
  readonly host?: string | undefined;
  /** Default 0: any free port. */
  readonly port?: number | undefined;
  /** How many times faster than it was recorded, or `"max"`. Default 1. */
  readonly speed?: number | "max" | undefined;
  /** Begins anew after the end, with clocks that go on. Default `false`. */
  readonly loop?: boolean | undefined;
  /** Default: the trace's own name, or the directory's. */
  readonly session?: string | undefined;
  /** Whether the first event is to happen when a viewer attaches. Default `false`. */
  readonly shiftToNow?: boolean | undefined;
  /** Whether loops leave no pause for buffers that were opened before the first event; not for babeltrace2. Default `false`. */
  readonly overlap?: boolean | undefined;
  /** Milliseconds since any fixed moment. */
  readonly now?: (() => number) | undefined;
  /** Nanoseconds since the Unix epoch. */
  readonly epochNs?: (() => bigint) | undefined;
}

export interface ReplayServer {
  readonly port: number;
  /** One URL for each traced host, ready for `follow`. */
  readonly urls: readonly string[];
  close(): Promise<void>;
}

/** Requests that wait while one is answered; a viewer that sends more is not read meanwhile. */
const MAX_WAITING_BYTES = 64 * 1024;

/**
 * Serves recorded traces as an lttng-relayd of protocol 2.13 serves live ones: one session, with an entry for each
 * tracing domain and one viewer for each entry. A run begins when a viewer attaches and ends with its last detaching.
 *
 * @throws SourceError, MetadataError when a directory cannot be replayed; whatever listening throws
 */
export async function replay(
  directories: readonly string[],
  options: ReplayOptions = {},
): Promise<ReplayServer> {
  const { host = "127.0.0.1", port = 0, speed = 1, loop = false, shiftToNow = false } = options;
  if (speed !== "max" && !(speed > 0)) throw new RangeError(`speed: expected > 0, got ${speed}`);
  const recording = await loadRecording(directories);
  if (recording.traces.length === 0) throw new SourceError("SOURCE_NO_TRACE", "nothing to replay");
  const relayd = new ReplayRelayd(recording, options.session ?? recording.sessionName, {
    speed,
    loop,
    shiftToNow,
    overlap: options.overlap ?? false,
    now: options.now ?? (() => performance.now()),
    epochNs: options.epochNs ?? (() => BigInt(Date.now()) * 1_000_000n),
  });
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    serve(relayd, socket);
  });
  server.listen(port, host);
  await once(server, "listening");
  const bound = portOf(server);
  const hosts = [...new Set(relayd.entries.map((entry) => entry.host))];
  return {
    port: bound,
    urls: hosts.map((target) =>
      printLiveUrl({ host, port: bound, selection: { target, session: relayd.sessionName } }),
    ),
    close: async () => {
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
      await relayd.close();
    },
  };
}

/** Answers one viewer, request by request, in order. */
function serve(relayd: ReplayRelayd, socket: Socket): void {
  const viewer: ViewerState = {
    isConnected: false,
    minor: MINOR,
    hasViewerSession: false,
    attached: new Set(),
  };
  const received = new ChunkQueue();
  let decoder = new Decoder(requestDecoding());
  let isAnswering = false;

  const answerAll = async (): Promise<void> => {
    for (;;) {
      const request = decoder.take(received);
      if (request === undefined) return;
      decoder = new Decoder(requestDecoding());
      const { bytes, close } = await relayd.answer(viewer, request);
      if (socket.destroyed) return;
      if (close) {
        socket.end(bytes);
        return;
      }
      if (!socket.write(bytes)) await drained(socket);
      if (received.length <= MAX_WAITING_BYTES) socket.resume();
    }
  };

  socket.on("data", (chunk: Uint8Array) => {
    received.push(chunk);
    if (received.length > MAX_WAITING_BYTES) socket.pause();
    if (isAnswering) return;
    isAnswering = true;
    answerAll()
      .catch(() => socket.destroy())
      .finally(() => {
        isAnswering = false;
      });
  });
  socket.on("error", () => undefined);
  socket.on("close", () => relayd.leave(viewer));
}

/** Resolves when the socket takes more, or never will. */
function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const finish = (): void => {
      socket.removeListener("drain", finish);
      socket.removeListener("close", finish);
      resolve();
    };
    socket.on("drain", finish);
    socket.on("close", finish);
  });
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === "string") {
    throw new TypeError("a TCP server has an address object");
  }
  return address.port;
}
