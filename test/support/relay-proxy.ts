/** A viewer's way to a relay daemon on which packets take damage. */

import { connect, type Socket } from "node:net";
import { PROTOCOL_MINOR, ReplyBytes } from "../../src/relay/abi.ts";
import {
  attachReply,
  listSessionsReply,
  newStreamsReply,
} from "../../src/relay/decode-announcement.ts";
import {
  connectReply,
  createSessionReply,
  detachReply,
  metadataReply,
  nextIndexReply,
  packetReply,
} from "../../src/relay/decode-reply.ts";
import { requestDecoding, type UnknownRequest } from "../../src/relay/decode-request.ts";
import type { Decoding } from "../../src/relay/decoding.ts";
import type { Request } from "../../src/relay/messages.ts";
import { TestServer } from "./tcp.ts";

/** Changes a packet in place, or leaves it alone. */
export type Damage = (packet: Buffer) => void;

/** Listens, and hands everything on to the relay daemon and back; `damage` sees the body of each packet reply. */
export function damagingProxy(relaydPort: number, damage: Damage): Promise<TestServer> {
  return TestServer.listen((viewer) => relay(viewer, connect(relaydPort, "127.0.0.1"), damage));
}

/**
 * Listens, and hands everything on; cuts each connection behind so many bytes from the relay daemon, which is mostly in the
 * middle of something. `Infinity` lets it live for now.
 */
export function cuttingProxy(relaydPort: number, nextCut: () => number): Promise<TestServer> {
  return TestServer.listen((viewer) => {
    const relayd = connect(relaydPort, "127.0.0.1");
    let left = nextCut();
    relayd.on("data", (chunk) => {
      if (left === Number.POSITIVE_INFINITY) left = nextCut();
      viewer.write(chunk.subarray(0, left));
      left -= chunk.length;
      if (left <= 0) {
        viewer.end();
        relayd.destroy();
      }
    });
    viewer.on("data", (chunk) => relayd.write(chunk));
    relayd.on("error", () => viewer.destroy());
    relayd.on("close", () => viewer.end());
    viewer.on("close", () => relayd.destroy());
  });
}

function relay(viewer: Socket, relayd: Socket, damage: Damage): void {
  const asked: (Request | UnknownRequest)[] = [];
  let requests: Buffer = Buffer.alloc(0);
  let replies: Buffer = Buffer.alloc(0);
  let minor = 0;
  viewer.on("data", (chunk) => {
    relayd.write(chunk);
    requests = Buffer.concat([requests, chunk]);
    while (true) {
      const whole = firstMessage(requestDecoding(), requests);
      if (whole === undefined) break;
      asked.push(whole.message);
      requests = requests.subarray(whole.bytes);
    }
  });
  relayd.on("data", (chunk) => {
    replies = Buffer.concat([replies, chunk]);
    for (let request = asked[0]; request !== undefined; request = asked[0]) {
      const whole = firstMessage(replyTo(request, minor), replies);
      if (whole === undefined) break;
      asked.shift();
      const reply = replies.subarray(0, whole.bytes);
      if (request.kind === "connect") minor = reply.readUInt32BE(12);
      if (request.kind === "packet") damage(reply.subarray(ReplyBytes.packetHead));
      viewer.write(reply);
      replies = replies.subarray(whole.bytes);
    }
  });
  relayd.on("error", () => viewer.destroy());
  relayd.on("close", () => viewer.end());
  viewer.on("close", () => relayd.destroy());
}

/** The message that bytes begin with, and its size; `undefined` while some of it is missing. */
function firstMessage<T>(
  decoding: Decoding<T>,
  bytes: Buffer,
): { readonly message: T; readonly bytes: number } | undefined {
  let end = 0;
  let step = decoding.next();
  while (step.done !== true) {
    const begin = end;
    end += step.value;
    if (bytes.length < end) return undefined;
    step = decoding.next(bytes.subarray(begin, end));
  }
  return { message: step.value, bytes: end };
}

/** @param minor of the relay daemon */
function replyTo(request: Request | UnknownRequest, minor: number): Decoding<unknown> {
  const peer = "the relay daemon";
  switch (request.kind) {
    case "connect":
      return connectReply();
    case "list-sessions":
      return listSessionsReply(Math.min(PROTOCOL_MINOR, minor), peer);
    case "create-session":
      return createSessionReply(peer);
    case "attach-session":
      return attachReply(peer);
    case "new-streams":
      return newStreamsReply(peer);
    case "next-index":
      return nextIndexReply(peer);
    case "packet":
      return packetReply(request.length, peer);
    case "metadata":
      return metadataReply(peer);
    case "detach-session":
      return detachReply(peer);
    case "unknown":
      throw new Error(`unknown command ${request.command}`);
  }
}
