/** A viewer's way to a relay daemon on which packets take damage. */

import { connect, type Socket } from "node:net";
import { Command, ReplyBytes, RequestBytes } from "../../src/relay/abi.ts";
import { TestServer } from "./tcp.ts";

/** Changes a packet in place, or leaves it alone. */
export type Damage = (packet: Buffer) => void;

const PAYLOAD_BYTES: Readonly<Record<number, number>> = {
  [Command.connect]: RequestBytes.connect,
  [Command.attachSession]: RequestBytes.attachSession,
  [Command.packet]: RequestBytes.packet,
  [Command.nextIndex]: RequestBytes.id,
  [Command.metadata]: RequestBytes.id,
  [Command.newStreams]: RequestBytes.id,
  [Command.detachSession]: RequestBytes.id,
};

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
  const asked: number[] = [];
  let requests: Buffer = Buffer.alloc(0);
  let replies: Buffer = Buffer.alloc(0);
  viewer.on("data", (chunk) => {
    relayd.write(chunk);
    requests = Buffer.concat([requests, chunk]);
    while (requests.length >= RequestBytes.header) {
      const command = requests.readUInt32BE(8);
      const length = RequestBytes.header + (PAYLOAD_BYTES[command] ?? 0);
      if (requests.length < length) break;
      asked.push(command);
      requests = requests.subarray(length);
    }
  });
  relayd.on("data", (chunk) => {
    replies = Buffer.concat([replies, chunk]);
    while (true) {
      const command = asked[0];
      const length = command === undefined ? undefined : replyBytes(command, replies);
      if (length === undefined || replies.length < length) break;
      asked.shift();
      const reply = replies.subarray(0, length);
      if (command === Command.packet) damage(reply.subarray(ReplyBytes.packetHead));
      viewer.write(reply);
      replies = replies.subarray(length);
    }
  });
  relayd.on("error", () => viewer.destroy());
  relayd.on("close", () => viewer.end());
  viewer.on("close", () => relayd.destroy());
}

/** How long a reply is; `undefined` while its head is not there. Knows relay daemons up to 2.14. */
function replyBytes(command: number, bytes: Buffer): number | undefined {
  const headed = (head: number, body: () => number): number | undefined =>
    bytes.length < head ? undefined : head + body();
  const isOk = (at: number): boolean => bytes.readUInt32BE(at) === 1;
  switch (command) {
    case Command.connect:
      return ReplyBytes.connect;
    case Command.nextIndex:
      return ReplyBytes.nextIndex;
    case Command.listSessions:
      return headed(ReplyBytes.listHead, () => bytes.readUInt32BE(0) * ReplyBytes.listEntry);
    case Command.attachSession:
    case Command.newStreams:
      return headed(ReplyBytes.streamsHead, () =>
        isOk(0) ? bytes.readUInt32BE(4) * ReplyBytes.streamDescriptor : 0,
      );
    case Command.packet:
      return headed(ReplyBytes.packetHead, () => (isOk(0) ? bytes.readUInt32BE(4) : 0));
    case Command.metadata:
      return headed(ReplyBytes.metadataHead, () => (isOk(8) ? bytes.readUInt32BE(4) : 0));
    default:
      return ReplyBytes.status;
  }
}
