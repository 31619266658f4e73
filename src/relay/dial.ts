import { connect, type OnReadOpts, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { ProtocolError } from "../base/errors.ts";
import { systemReason } from "../base/system-error.ts";
import { printPeer } from "./url.ts";

/** Bytes that are read at once. */
const READ_BYTES = 256 * 1024;

export interface DialOptions {
  readonly timeoutMs: number;
  readonly family?: 4 | 6 | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** How a byte stream to a relayd is opened. Its chunks are borrowed: valid while they are handled. */
export type Dial = (host: string, port: number, options: DialOptions) => Promise<Duplex>;

/**
 * Opens a TCP connection.
 *
 * @throws ProtocolError `CONNECT_REFUSED`, `CONNECT_TIMEOUT`, `CONNECT_FAILED`; or the signal's reason
 */
export const dialTcp: Dial = (host, port, { timeoutMs, family, signal }) =>
  new Promise((resolve, reject) => {
    const peer = printPeer(host, port);
    if (signal?.aborted) return reject(signal.reason);
    const socket: Socket = connect({
      host,
      port,
      ...(family && { family }),
      noDelay: true,
      onread: intoOneBuffer(() => socket),
    });
    const settle = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
      socket.removeListener("error", onError);
      socket.removeListener("connect", onConnect);
    };
    const fail = (error: unknown): void => {
      settle();
      // A socket that fails once more while it is torn down must not end the process.
      socket.on("error", () => undefined);
      socket.destroy();
      reject(error);
    };
    const onConnect = (): void => {
      settle();
      resolve(socket);
    };
    const onError = (error: NodeJS.ErrnoException): void => {
      const code = error.code ?? "";
      const why = systemReason(error) || code;
      fail(
        new ProtocolError(
          code === "ECONNREFUSED" ? "CONNECT_REFUSED" : "CONNECT_FAILED",
          `cannot connect to ${peer}: ${why}`,
          { peer, cause: error },
        ),
      );
    };
    const onAbort = (): void => fail(signal?.reason);
    const timer = setTimeout(() => {
      const message = `cannot connect to ${peer}: no answer within ${timeoutMs / 1000} s`;
      fail(new ProtocolError("CONNECT_TIMEOUT", message, { peer }));
    }, timeoutMs);
    socket.on("connect", onConnect);
    socket.on("error", onError);
    signal?.addEventListener("abort", onAbort);
  });

/** Reads always into the same memory: a fresh chunk for each read costs more than the reading. */
function intoOneBuffer(socket: () => Socket): OnReadOpts {
  const callback = (bytes: number, buffer: Uint8Array): boolean => {
    socket().emit("data", buffer.subarray(0, bytes));
    return true;
  };
  return { buffer: new Uint8Array(READ_BYTES), callback };
}
