import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { ChunkQueue } from "../../src/relay/chunk-queue.ts";
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
import { Decoder, type Decoding } from "../../src/relay/decoding.ts";
import type {
  AttachReply,
  MetadataReply,
  NewStreamsReply,
  NextIndexReply,
  PacketReply,
  Request,
} from "../../src/relay/messages.ts";

/** A file of test/data/live, from wherever the compiled test lies. */
export function liveData(name: string): URL {
  return new URL(`../../../test/data/live/${name}`, import.meta.url);
}

/** A reply: its very bytes, and what they say. */
export interface Recorded<T> {
  readonly bytes: Uint8Array;
  readonly reply: T;
}

/** A recorded conversation, sorted by what was asked; in the order of asking where that can change the answer. */
export interface Recording {
  readonly connect: Uint8Array;
  readonly list: Uint8Array;
  readonly attach: Map<bigint, Recorded<AttachReply>>;
  readonly newStreams: Map<bigint, Recorded<NewStreamsReply>[]>;
  readonly metadata: Map<bigint, Recorded<MetadataReply>[]>;
  readonly indexes: Map<bigint, Recorded<NextIndexReply>[]>;
  /** By `packetKey`. */
  readonly packets: Map<string, Recorded<PacketReply>>;
}

export function packetKey(request: Request & { kind: "packet" }): string {
  return `${request.stream} ${request.offset}+${request.length}`;
}

const PEER = "recording";

/** Reads requests and replies in step, to the last byte of either. */
export function readRecording(name: string): Recording {
  const requests = queueOf(readFileSync(liveData(`${name}.c2s.bin`)));
  /** What viewer and relayd both speak. */
  let minor = 0;
  const replies = gunzipSync(readFileSync(liveData(`${name}.s2c.bin.gz`)));
  const queue = queueOf(replies);
  const recording: Recording & { connect: Uint8Array; list: Uint8Array } = {
    connect: new Uint8Array(0),
    list: new Uint8Array(0),
    attach: new Map(),
    newStreams: new Map(),
    metadata: new Map(),
    indexes: new Map(),
    packets: new Map(),
  };
  const next = <T>(decoding: Decoding<T>): Recorded<T> => {
    const start = replies.length - queue.length;
    const reply = mustTake(queue, decoding);
    return { reply, bytes: replies.subarray(start, replies.length - queue.length) };
  };
  while (requests.length > 0) {
    const request: Request | UnknownRequest = mustTake(requests, requestDecoding());
    switch (request.kind) {
      case "connect": {
        const { reply, bytes } = next(connectReply());
        recording.connect = bytes;
        minor = Math.min(request.minor, reply.minor);
        break;
      }
      case "list-sessions":
        recording.list = next(listSessionsReply(minor, PEER)).bytes;
        break;
      case "create-session":
        next(createSessionReply(PEER));
        break;
      case "attach-session":
        recording.attach.set(request.session, next(attachReply(PEER)));
        break;
      case "new-streams":
        append(recording.newStreams, request.session, next(newStreamsReply(PEER)));
        break;
      case "metadata":
        append(recording.metadata, request.stream, next(metadataReply(PEER)));
        break;
      case "next-index":
        append(recording.indexes, request.stream, next(nextIndexReply(PEER)));
        break;
      case "packet":
        recording.packets.set(packetKey(request), next(packetReply(request.length, PEER)));
        break;
      case "detach-session":
        next(detachReply(PEER));
        break;
      case "unknown":
        throw new Error(`the recording holds command ${request.command}`);
    }
  }
  if (queue.length > 0) throw new Error(`${queue.length} bytes of replies are left over`);
  return recording;
}

function queueOf(bytes: Uint8Array): ChunkQueue {
  const queue = new ChunkQueue();
  queue.push(bytes);
  return queue;
}

function mustTake<T>(queue: ChunkQueue, decoding: Decoding<T>): T {
  const value = new Decoder(decoding).take(queue);
  if (value === undefined) throw new Error("the recording ends inside a message");
  return value;
}

function append<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}
