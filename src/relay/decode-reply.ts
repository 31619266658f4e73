/**
 * Bytes → replies, one `Decoding` for each command; list, attach and new streams are in `decode-announcement.ts`.
 * Lengths and statuses are checked before anything is allocated for them; `encode-reply.ts` is the mirror.
 * Source: lttng-viewer-abi.h; relayd 2.13.9 and 2.16.0, measured.
 */

import {
  CreateSessionStatus,
  DetachStatus,
  Flag,
  MAX_METADATA_BYTES,
  MetadataStatus,
  NextIndexStatus,
  PacketStatus,
  ReplyBytes,
} from "./abi.ts";
import type { Decoding } from "./decoding.ts";
import type {
  ConnectReply,
  CreateSessionReply,
  DetachReply,
  MetadataReply,
  NextIndexReply,
  PacketReply,
} from "./messages.ts";
import { badReply, badStatus, tooLong } from "./reply-errors.ts";
import { viewOf } from "./wire.ts";

/**
 * | offset | size | field |
 * | ---: | ---: | --- |
 * | 0 | 8 | viewer session id |
 * | 8 | 4 | major |
 * | 12 | 4 | minor of the relayd itself |
 * | 16 | 4 | 0 |
 */
export function* connectReply(): Decoding<ConnectReply> {
  const view = viewOf(yield ReplyBytes.connect);
  return {
    viewerSession: view.getBigUint64(0),
    major: view.getUint32(8),
    minor: view.getUint32(12),
  };
}

/** A u32 status. */
export function* createSessionReply(peer: string): Decoding<CreateSessionReply> {
  const status = viewOf(yield ReplyBytes.status).getUint32(0);
  if (status === CreateSessionStatus.ok) return { kind: "ok" };
  if (status === CreateSessionStatus.error) return { kind: "error" };
  throw badStatus("CREATE_SESSION", 2, status, peer);
}

/**
 * | offset | size | field |
 * | ---: | ---: | --- |
 * | 0 | 8 | length |
 * | 8 | 4 | status |
 * | 12 | length | with status OK, metadata in the tracer's form and byte order |
 */
export function* metadataReply(peer: string): Decoding<MetadataReply> {
  const head = viewOf(yield ReplyBytes.metadataHead);
  const length = head.getBigUint64(0);
  const status = head.getUint32(8);
  switch (status) {
    case MetadataStatus.ok:
      if (length > BigInt(MAX_METADATA_BYTES)) {
        const reading = `reading the reply to GET_METADATA from ${peer}`;
        throw tooLong(reading, "bytes", length, MAX_METADATA_BYTES, peer);
      }
      return { kind: "ok", bytes: yield Number(length) };
    case MetadataStatus.noNew:
      return { kind: "no-new" };
    case MetadataStatus.error:
      return { kind: "error" };
    default:
      throw badStatus("GET_METADATA", 3, status, peer);
  }
}

/**
 * Always 64 bytes:
 *
 * | offset | size | field | unit |
 * | ---: | ---: | --- | --- |
 * | 0 | 8 | offset | bytes in the current trace file |
 * | 8 | 8 | packet size | bits |
 * | 16 | 8 | content size | bits |
 * | 24 | 8 | begin | clock cycles |
 * | 32 | 8 | end | clock cycles |
 * | 40 | 8 | events discarded | cumulative |
 * | 48 | 8 | CTF stream class id | |
 * | 56 | 4 | status | |
 * | 60 | 4 | flags | |
 */
export function* nextIndexReply(peer: string): Decoding<NextIndexReply> {
  const view = viewOf(yield ReplyBytes.nextIndex);
  const status = view.getUint32(56);
  const bits = view.getUint32(60);
  const flags = {
    newMetadata: (bits & Flag.newMetadata) !== 0,
    newStream: (bits & Flag.newStream) !== 0,
  };
  switch (status) {
    case NextIndexStatus.ok:
      return {
        kind: "ok",
        ...flags,
        index: {
          offset: view.getBigUint64(0),
          packetBits: view.getBigUint64(8),
          contentBits: view.getBigUint64(16),
          begin: view.getBigUint64(24),
          end: view.getBigUint64(32),
          discarded: view.getBigUint64(40),
          streamClass: view.getBigUint64(48),
        },
      };
    case NextIndexStatus.retry:
      return { kind: "retry", ...flags };
    // EOF is in the header file but no relayd sends it; it could only mean the same.
    case NextIndexStatus.hangUp:
    case NextIndexStatus.eof:
      return { kind: "hang-up", ...flags };
    case NextIndexStatus.error:
      return { kind: "error", ...flags };
    case NextIndexStatus.inactive:
      return {
        kind: "inactive",
        ...flags,
        timestamp: view.getBigUint64(32),
        streamClass: view.getBigUint64(48),
      };
    default:
      throw badStatus("GET_NEXT_INDEX", 6, status, peer);
  }
}

/**
 * | offset | size | field |
 * | ---: | ---: | --- |
 * | 0 | 4 | status |
 * | 4 | 4 | length |
 * | 8 | 4 | flags, 0 since 2.8 |
 * | 12 | length | with status OK, the bytes |
 *
 * `length` is what was asked for: a relayd gives all or nothing.
 */
export function* packetReply(length: number, peer: string): Decoding<PacketReply> {
  const head = viewOf(yield ReplyBytes.packetHead);
  const status = head.getUint32(0);
  switch (status) {
    case PacketStatus.ok: {
      const announced = head.getUint32(4);
      if (announced !== length) {
        const reading = `reading the reply to GET_PACKET from ${peer}`;
        throw badReply(reading, `${length} bytes`, announced, peer);
      }
      return { kind: "ok", bytes: yield length };
    }
    // Neither RETRY nor EOF is ever sent; whatever they meant, these bytes are not to be had.
    case PacketStatus.retry:
    case PacketStatus.error:
    case PacketStatus.eof:
      return { kind: "error" };
    default:
      throw badStatus("GET_PACKET", 4, status, peer);
  }
}

/** A u32 status. */
export function* detachReply(peer: string): Decoding<DetachReply> {
  const status = viewOf(yield ReplyBytes.status).getUint32(0);
  if (status === DetachStatus.ok) return { kind: "ok" };
  if (status === DetachStatus.unknown) return { kind: "unknown" };
  if (status === DetachStatus.error) return { kind: "error" };
  throw badStatus("DETACH_SESSION", 3, status, peer);
}
