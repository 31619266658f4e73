import type { UnknownRequest } from "../../src/relay/decode-request.ts";
import {
  encodeAttachReply,
  encodeConnectReply,
  encodeCreateSessionReply,
  encodeDetachReply,
  encodeListSessionsReply,
  encodeMetadataReply,
  encodeNewStreamsReply,
  encodeNextIndexReply,
  encodePacketReply,
} from "../../src/relay/encode-reply.ts";
import type {
  AttachReply,
  IndexFlags,
  MetadataReply,
  NewStreamsReply,
  NextIndexReply,
  PacketReply,
  Request,
  SessionEntry,
  StreamDescriptor,
} from "../../src/relay/messages.ts";
import type { Answer } from "./memory-relayd.ts";

/**
 * What a relayd has to say, by id: each list is given out from its front and its last element is repeated. Without a
 * list: sessions attach with no stream, streams have no more, metadata is missing, packets are filled with their offset.
 */
export interface Scenario {
  readonly sessions?: readonly (readonly SessionEntry[])[];
  readonly attach?: Record<number, AttachReply>;
  readonly newStreams?: Record<number, readonly NewStreamsReply[]>;
  readonly metadata?: Record<number, readonly MetadataReply[]>;
  readonly indexes?: Record<number, readonly NextIndexReply[]>;
  readonly packet?: (request: Request & { kind: "packet" }) => PacketReply;
}

export function session(id: number, more: Partial<SessionEntry> = {}): SessionEntry {
  const format = "ctf-1.8";
  return {
    id: BigInt(id),
    liveTimerUs: 200_000,
    clients: 0,
    streams: 0,
    host: "h",
    name: "s",
    format,
    ...more,
  };
}

export function dataStream(id: number, trace = 1): StreamDescriptor {
  const [path, channel] = [`ust/${trace}`, `channel_${id}`];
  return { id: BigInt(id), traceId: BigInt(trace), isMetadata: false, path, channel };
}

export function metadataStream(id: number, trace = 1): StreamDescriptor {
  return { ...dataStream(id, trace), isMetadata: true, channel: "metadata" };
}

const NO_FLAGS: IndexFlags = { newMetadata: false, newStream: false };

export const retry: NextIndexReply = { kind: "retry", ...NO_FLAGS };
export const hangUp: NextIndexReply = { kind: "hang-up", ...NO_FLAGS };

export function inactive(timestamp: number): NextIndexReply {
  return { kind: "inactive", ...NO_FLAGS, timestamp: BigInt(timestamp), streamClass: 0n };
}

/** An index of a packet of `bytes` bytes at `offset`. */
export function packetAt(
  offset: number,
  bytes = 16,
  flags: Partial<IndexFlags> = {},
): NextIndexReply {
  const bits = BigInt(bytes) * 8n;
  const index = {
    offset: BigInt(offset),
    packetBits: bits,
    contentBits: bits,
    begin: 0n,
    end: 0n,
    discarded: 0n,
    streamClass: 0n,
  };
  return { kind: "ok", ...NO_FLAGS, ...flags, index };
}

/** An index of a packet at the offset `begin` that covers the time from there to `end`. */
export function packetBetween(begin: number, end: number): NextIndexReply {
  const reply = packetAt(begin);
  if (reply.kind !== "ok") return reply;
  return { ...reply, index: { ...reply.index, begin: BigInt(begin), end: BigInt(end) } };
}

export function text(content: string): MetadataReply {
  return { kind: "ok", bytes: Buffer.from(content) };
}
export const noNew: MetadataReply = { kind: "no-new" };
export const gone: MetadataReply = { kind: "error" };

export function play(scenario: Scenario): (request: Request | UnknownRequest) => Answer {
  const places = new Map<string, number>();
  const next = <T>(name: string, list: readonly T[] | undefined): T | undefined => {
    const place = places.get(name) ?? 0;
    places.set(name, place + 1);
    return list?.[Math.min(place, list.length - 1)];
  };
  const { sessions = [[session(1)]], attach, newStreams, metadata, indexes, packet } = scenario;
  return (request) => {
    switch (request.kind) {
      case "connect":
        return encodeConnectReply({ viewerSession: 1n, major: 2, minor: 15 });
      case "create-session":
        return encodeCreateSessionReply({ kind: "ok" });
      case "list-sessions":
        return encodeListSessionsReply(next("list", sessions) ?? [], 15);
      case "attach-session":
        return encodeAttachReply(attach?.[Number(request.session)] ?? { kind: "ok", streams: [] });
      case "new-streams": {
        const id = Number(request.session);
        return encodeNewStreamsReply(next(`new ${id}`, newStreams?.[id]) ?? { kind: "hang-up" });
      }
      case "metadata": {
        const id = Number(request.stream);
        return encodeMetadataReply(next(`metadata ${id}`, metadata?.[id]) ?? gone);
      }
      case "next-index": {
        const id = Number(request.stream);
        return encodeNextIndexReply(next(`index ${id}`, indexes?.[id]) ?? hangUp);
      }
      case "packet":
        return encodePacketReply(
          packet?.(request) ?? {
            kind: "ok",
            bytes: new Uint8Array(request.length).fill(Number(request.offset)),
          },
        );
      case "detach-session":
        return encodeDetachReply({ kind: "ok" });
      case "unknown":
        return "close";
    }
  };
}
