import { Command, RequestBytes } from "./abi.ts";
import type { Decoding } from "./decoding.ts";
import type { Request } from "./messages.ts";
import { viewOf } from "./wire.ts";

/** A command number that the protocol does not have; how long its payload would be is unknown too. */
export interface UnknownRequest {
  readonly kind: "unknown";
  readonly command: number;
}

/**
 * Reads one command as a relayd does: the payload size follows from the command, the announced one is ignored.
 * The mirror of `encodeRequest`, with the same tables.
 */
export function* requestDecoding(): Decoding<Request | UnknownRequest> {
  const command = viewOf(yield RequestBytes.header).getUint32(8);
  switch (command) {
    case Command.connect: {
      const payload = viewOf(yield RequestBytes.connect);
      return {
        kind: "connect",
        major: payload.getUint32(8),
        minor: payload.getUint32(12),
        type: payload.getUint32(16),
      };
    }
    case Command.listSessions:
      return { kind: "list-sessions" };
    case Command.attachSession: {
      const payload = viewOf(yield RequestBytes.attachSession);
      return {
        kind: "attach-session",
        session: payload.getBigUint64(0),
        seek: payload.getUint32(16),
      };
    }
    case Command.nextIndex:
      return { kind: "next-index", stream: idIn(yield RequestBytes.id) };
    case Command.packet: {
      const payload = viewOf(yield RequestBytes.packet);
      return {
        kind: "packet",
        stream: payload.getBigUint64(0),
        offset: payload.getBigUint64(8),
        length: payload.getUint32(16),
      };
    }
    case Command.metadata:
      return { kind: "metadata", stream: idIn(yield RequestBytes.id) };
    case Command.newStreams:
      return { kind: "new-streams", session: idIn(yield RequestBytes.id) };
    case Command.createSession:
      return { kind: "create-session" };
    case Command.detachSession:
      return { kind: "detach-session", session: idIn(yield RequestBytes.id) };
    default:
      return { kind: "unknown", command };
  }
}

function idIn(payload: Uint8Array): bigint {
  return viewOf(payload).getBigUint64(0);
}
