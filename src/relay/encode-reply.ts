/**
 * Replies → bytes: what a relayd writes. The mirror of `decode-reply.ts`, where the layouts are drawn; for each reply,
 * `decode(encode(reply))` gives the reply back.
 */

import {
  AttachStatus,
  CreateSessionStatus,
  DetachStatus,
  Flag,
  MetadataStatus,
  NameBytes,
  NewStreamsStatus,
  NextIndexStatus,
  PacketStatus,
  ReplyBytes,
  VARIABLE_LIST_MINOR,
} from "./abi.ts";
import type {
  AttachReply,
  ConnectReply,
  CreateSessionReply,
  DetachReply,
  MetadataReply,
  NewStreamsReply,
  NextIndexReply,
  PacketReply,
  SessionEntry,
  StreamDescriptor,
} from "./messages.ts";
import { bytesOf, putName, viewOf } from "./wire.ts";

export function encodeConnectReply(reply: ConnectReply): Uint8Array {
  const { bytes, view } = zeroed(ReplyBytes.connect);
  view.setBigUint64(0, reply.viewerSession);
  view.setUint32(8, reply.major);
  view.setUint32(12, reply.minor);
  return bytes;
}

/** `minor` is the negotiated one, which decides the layout of the entries. */
export function encodeListSessionsReply(
  sessions: readonly SessionEntry[],
  minor: number,
): Uint8Array {
  const head = zeroed(ReplyBytes.listHead);
  head.view.setUint32(0, sessions.length);
  return joined([
    head.bytes,
    ...sessions.map(minor >= VARIABLE_LIST_MINOR ? variableEntry : fixedEntry),
  ]);
}

function fixedEntry(session: SessionEntry): Uint8Array {
  const { bytes, view } = zeroed(ReplyBytes.listEntry);
  putEntryNumbers(view, session);
  putName(bytes, 20, NameBytes.host, session.host);
  putName(bytes, 84, NameBytes.session, session.name);
  return bytes;
}

function variableEntry(session: SessionEntry): Uint8Array {
  const host = bytesOf(session.host);
  const name = bytesOf(session.name);
  const { bytes, view } = zeroed(ReplyBytes.listEntryHead);
  putEntryNumbers(view, session);
  view.setUint32(20, host.length);
  view.setUint32(24, name.length);
  view.setUint32(28, session.format === "ctf-2" ? 1 : 0);
  return joined([bytes, host, name]);
}

function putEntryNumbers(view: DataView, session: SessionEntry): void {
  view.setBigUint64(0, session.id);
  view.setUint32(8, session.liveTimerUs);
  view.setUint32(12, session.clients);
  view.setUint32(16, session.streams);
}

export function encodeCreateSessionReply(reply: CreateSessionReply): Uint8Array {
  return statusOnly(CreateSessionStatus[reply.kind]);
}

const ATTACH_STATUS = {
  ok: AttachStatus.ok,
  already: AttachStatus.already,
  unknown: AttachStatus.unknown,
  "not-live": AttachStatus.notLive,
  "seek-error": AttachStatus.seekError,
  "no-viewer-session": AttachStatus.noViewerSession,
} as const;

export function encodeAttachReply(reply: AttachReply): Uint8Array {
  return streamsReply(ATTACH_STATUS[reply.kind], reply.kind === "ok" ? reply.streams : []);
}

const NEW_STREAMS_STATUS = {
  ok: NewStreamsStatus.ok,
  "no-new": NewStreamsStatus.noNew,
  error: NewStreamsStatus.error,
  "hang-up": NewStreamsStatus.hangUp,
} as const;

export function encodeNewStreamsReply(reply: NewStreamsReply): Uint8Array {
  return streamsReply(NEW_STREAMS_STATUS[reply.kind], reply.kind === "ok" ? reply.streams : []);
}

function streamsReply(status: number, streams: readonly StreamDescriptor[]): Uint8Array {
  const { bytes, view } = zeroed(ReplyBytes.streamsHead);
  view.setUint32(0, status);
  view.setUint32(4, streams.length);
  return joined([bytes, ...streams.map(descriptor)]);
}

function descriptor(stream: StreamDescriptor): Uint8Array {
  const { bytes, view } = zeroed(ReplyBytes.streamDescriptor);
  view.setBigUint64(0, stream.id);
  view.setBigUint64(8, stream.traceId);
  view.setUint32(16, stream.isMetadata ? 1 : 0);
  putName(bytes, 20, NameBytes.path, stream.path);
  putName(bytes, 4116, NameBytes.channel, stream.channel);
  return bytes;
}

const METADATA_STATUS = {
  ok: MetadataStatus.ok,
  "no-new": MetadataStatus.noNew,
  error: MetadataStatus.error,
} as const;

export function encodeMetadataReply(reply: MetadataReply): Uint8Array {
  const body = reply.kind === "ok" ? reply.bytes : new Uint8Array(0);
  const { bytes, view } = zeroed(ReplyBytes.metadataHead);
  view.setBigUint64(0, BigInt(body.length));
  view.setUint32(8, METADATA_STATUS[reply.kind]);
  return joined([bytes, body]);
}

const NEXT_INDEX_STATUS = {
  ok: NextIndexStatus.ok,
  retry: NextIndexStatus.retry,
  "hang-up": NextIndexStatus.hangUp,
  error: NextIndexStatus.error,
  inactive: NextIndexStatus.inactive,
} as const;

export function encodeNextIndexReply(reply: NextIndexReply): Uint8Array {
  const { bytes, view } = zeroed(ReplyBytes.nextIndex);
  if (reply.kind === "ok") {
    view.setBigUint64(0, reply.index.offset);
    view.setBigUint64(8, reply.index.packetBits);
    view.setBigUint64(16, reply.index.contentBits);
    view.setBigUint64(24, reply.index.begin);
    view.setBigUint64(32, reply.index.end);
    view.setBigUint64(40, reply.index.discarded);
    view.setBigUint64(48, reply.index.streamClass);
  } else if (reply.kind === "inactive") {
    view.setBigUint64(32, reply.timestamp);
    view.setBigUint64(48, reply.streamClass);
  }
  view.setUint32(56, NEXT_INDEX_STATUS[reply.kind]);
  view.setUint32(
    60,
    (reply.newMetadata ? Flag.newMetadata : 0) | (reply.newStream ? Flag.newStream : 0),
  );
  return bytes;
}

export function encodePacketReply(reply: PacketReply): Uint8Array {
  const body = reply.kind === "ok" ? reply.bytes : new Uint8Array(0);
  const { bytes, view } = zeroed(ReplyBytes.packetHead);
  view.setUint32(0, PacketStatus[reply.kind]);
  view.setUint32(4, body.length);
  return joined([bytes, body]);
}

export function encodeDetachReply(reply: DetachReply): Uint8Array {
  return statusOnly(DetachStatus[reply.kind]);
}

function statusOnly(status: number): Uint8Array {
  const { bytes, view } = zeroed(ReplyBytes.status);
  view.setUint32(0, status);
  return bytes;
}

function zeroed(size: number): { bytes: Uint8Array; view: DataView } {
  const bytes = new Uint8Array(size);
  return { bytes, view: viewOf(bytes) };
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
}
