import { Command, RequestBytes } from "./abi.ts";
import type { Request } from "./messages.ts";
import { viewOf } from "./wire.ts";

/** Viewers send all ones where the relayd will assign an id. */
const NO_ID = 0xffff_ffff_ffff_ffffn;

/**
 * A whole command in one buffer, to be written at once: a relayd blocks all its viewers while one of them is in the
 * middle of a command.
 *
 * | offset | size | header field |
 * | ---: | ---: | --- |
 * | 0 | 8 | payload bytes |
 * | 8 | 4 | command |
 * | 12 | 4 | command version, 0 |
 *
 * @see lttng-viewer-abi.h, lttng_viewer_cmd
 */
export function encodeRequest(request: Request): Uint8Array {
  switch (request.kind) {
    case "connect":
      return connect(request);
    case "list-sessions":
      return command(Command.listSessions, 0).bytes;
    case "attach-session":
      return attachSession(request);
    case "next-index":
      return ofId(Command.nextIndex, request.stream);
    case "packet":
      return packet(request);
    case "metadata":
      return ofId(Command.metadata, request.stream);
    case "new-streams":
      return ofId(Command.newStreams, request.session);
    case "create-session":
      return command(Command.createSession, 0).bytes;
    case "detach-session":
      return ofId(Command.detachSession, request.session);
  }
}

/**
 * | offset | size | field |
 * | ---: | ---: | --- |
 * | 0 | 8 | viewer session id, all ones |
 * | 8 | 4 | major |
 * | 12 | 4 | minor |
 * | 16 | 4 | connection type |
 */
function connect(request: Request & { kind: "connect" }): Uint8Array {
  const { bytes, payload } = command(Command.connect, RequestBytes.connect);
  payload.setBigUint64(0, NO_ID);
  payload.setUint32(8, request.major);
  payload.setUint32(12, request.minor);
  payload.setUint32(16, request.type);
  return bytes;
}

/**
 * | offset | size | field |
 * | ---: | ---: | --- |
 * | 0 | 8 | session id |
 * | 8 | 8 | offset, unused |
 * | 16 | 4 | seek |
 */
function attachSession(request: Request & { kind: "attach-session" }): Uint8Array {
  const { bytes, payload } = command(Command.attachSession, RequestBytes.attachSession);
  payload.setBigUint64(0, request.session);
  payload.setUint32(16, request.seek);
  return bytes;
}

/**
 * | offset | size | field |
 * | ---: | ---: | --- |
 * | 0 | 8 | stream id |
 * | 8 | 8 | offset, bytes |
 * | 16 | 4 | length, bytes |
 */
function packet(request: Request & { kind: "packet" }): Uint8Array {
  const { bytes, payload } = command(Command.packet, RequestBytes.packet);
  payload.setBigUint64(0, request.stream);
  payload.setBigUint64(8, request.offset);
  payload.setUint32(16, request.length);
  return bytes;
}

/** The payload of the commands that name one stream or session: its id. */
function ofId(number: Command, id: bigint): Uint8Array {
  const { bytes, payload } = command(number, RequestBytes.id);
  payload.setBigUint64(0, id);
  return bytes;
}

function command(number: Command, payloadBytes: number): { bytes: Uint8Array; payload: DataView } {
  const bytes = new Uint8Array(RequestBytes.header + payloadBytes);
  const header = viewOf(bytes);
  header.setBigUint64(0, BigInt(payloadBytes));
  header.setUint32(8, number);
  return { bytes, payload: viewOf(bytes.subarray(RequestBytes.header)) };
}
