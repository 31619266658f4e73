/**
 * Bytes → the replies that announce sessions and streams: list, attach, new streams. Counts are checked, and entries
 * are read one by one, so that an invented count allocates nothing.
 * Source: lttng-viewer-abi.h; relayd 2.13.9 and 2.16.0, measured.
 */

import {
  AttachStatus,
  MAX_NAME_BYTES,
  MAX_SESSIONS,
  MAX_STREAMS,
  NameBytes,
  NewStreamsStatus,
  ReplyBytes,
  VARIABLE_LIST_MINOR,
} from "./abi.ts";
import type { Decoding } from "./decoding.ts";
import type { AttachReply, NewStreamsReply, SessionEntry, StreamDescriptor } from "./messages.ts";
import { badReply, badStatus, tooLong } from "./reply-errors.ts";
import { nameIn, textOf, viewOf } from "./wire.ts";

/**
 * A u32 count, then the entries in the layout of the negotiated minor.
 *
 * @throws ProtocolError `REPLY_TOO_LONG`, `BAD_REPLY`
 */
export function* listSessionsReply(minor: number, peer: string): Decoding<SessionEntry[]> {
  const reading = `reading the reply to LIST_SESSIONS from ${peer}`;
  const count = viewOf(yield ReplyBytes.listHead).getUint32(0);
  if (count > MAX_SESSIONS) throw tooLong(reading, "sessions", count, MAX_SESSIONS, peer);
  const sessions: SessionEntry[] = [];
  for (let i = 0; i < count; i++) {
    sessions.push(
      minor >= VARIABLE_LIST_MINOR ? yield* variableEntry(reading, peer) : yield* fixedEntry(),
    );
  }
  return sessions;
}

/**
 * Up to minor 14, 339 bytes:
 *
 * | offset | size | field |
 * | ---: | ---: | --- |
 * | 0 | 8 | session id |
 * | 8 | 4 | live timer, µs |
 * | 12 | 4 | clients |
 * | 16 | 4 | streams |
 * | 20 | 64 | host name |
 * | 84 | 255 | session name |
 */
function* fixedEntry(): Decoding<SessionEntry> {
  const bytes = yield ReplyBytes.listEntry;
  const view = viewOf(bytes);
  return {
    ...entryNumbers(view),
    host: nameIn(bytes, 20, NameBytes.host),
    name: nameIn(bytes, 84, NameBytes.session),
    format: "ctf-1.8",
  };
}

/**
 * From minor 15, 32 bytes and two names without NUL:
 *
 * | offset | size | field |
 * | ---: | ---: | --- |
 * | 0 | 20 | as before |
 * | 20 | 4 | host name bytes |
 * | 24 | 4 | session name bytes |
 * | 28 | 4 | trace format: 0 CTF 1.8, 1 CTF 2 |
 * | 32 | | host name, session name |
 */
function* variableEntry(reading: string, peer: string): Decoding<SessionEntry> {
  const view = viewOf(yield ReplyBytes.listEntryHead);
  const hostBytes = view.getUint32(20);
  const nameBytes = view.getUint32(24);
  const format = view.getUint32(28);
  const longest = Math.max(hostBytes, nameBytes);
  if (longest > MAX_NAME_BYTES)
    throw tooLong(reading, "bytes of name", longest, MAX_NAME_BYTES, peer);
  if (format > 1) throw badReply(reading, "trace format 0 or 1", format, peer);
  const numbers = entryNumbers(view);
  return {
    ...numbers,
    host: textOf(yield hostBytes),
    name: textOf(yield nameBytes),
    format: format === 0 ? "ctf-1.8" : "ctf-2",
  };
}

function entryNumbers(
  view: DataView,
): Pick<SessionEntry, "id" | "liveTimerUs" | "clients" | "streams"> {
  return {
    id: view.getBigUint64(0),
    liveTimerUs: view.getUint32(8),
    clients: view.getUint32(12),
    streams: view.getUint32(16),
  };
}

/** A u32 status, a u32 count; with status OK, that many stream descriptors. */
export function* attachReply(peer: string): Decoding<AttachReply> {
  const head = viewOf(yield ReplyBytes.streamsHead);
  const status = head.getUint32(0);
  switch (status) {
    case AttachStatus.ok:
      return { kind: "ok", streams: yield* descriptors("ATTACH_SESSION", head.getUint32(4), peer) };
    case AttachStatus.already:
      return { kind: "already" };
    case AttachStatus.unknown:
      return { kind: "unknown" };
    case AttachStatus.notLive:
      return { kind: "not-live" };
    case AttachStatus.seekError:
      return { kind: "seek-error" };
    case AttachStatus.noViewerSession:
      return { kind: "no-viewer-session" };
    default:
      throw badStatus("ATTACH_SESSION", 6, status, peer);
  }
}

/** The same shape as an attach reply, with other statuses. */
export function* newStreamsReply(peer: string): Decoding<NewStreamsReply> {
  const head = viewOf(yield ReplyBytes.streamsHead);
  const status = head.getUint32(0);
  switch (status) {
    case NewStreamsStatus.ok:
      return {
        kind: "ok",
        streams: yield* descriptors("GET_NEW_STREAMS", head.getUint32(4), peer),
      };
    case NewStreamsStatus.noNew:
      return { kind: "no-new" };
    case NewStreamsStatus.error:
      return { kind: "error" };
    case NewStreamsStatus.hangUp:
      return { kind: "hang-up" };
    default:
      throw badStatus("GET_NEW_STREAMS", 4, status, peer);
  }
}

/**
 * 4371 bytes each, read one by one so that an invented count allocates nothing:
 *
 * | offset | size | field |
 * | ---: | ---: | --- |
 * | 0 | 8 | stream id |
 * | 8 | 8 | CTF trace id |
 * | 16 | 4 | 1 for a metadata stream |
 * | 20 | 4096 | path |
 * | 4116 | 255 | channel |
 */
function* descriptors(command: string, count: number, peer: string): Decoding<StreamDescriptor[]> {
  const reading = `reading the reply to ${command} from ${peer}`;
  if (count > MAX_STREAMS) throw tooLong(reading, "streams", count, MAX_STREAMS, peer);
  const streams: StreamDescriptor[] = [];
  for (let i = 0; i < count; i++) {
    const bytes = yield ReplyBytes.streamDescriptor;
    const view = viewOf(bytes);
    const isMetadata = view.getUint32(16);
    if (isMetadata > 1) throw badReply(reading, "metadata flag 0 or 1", isMetadata, peer);
    streams.push({
      id: view.getBigUint64(0),
      traceId: view.getBigUint64(8),
      isMetadata: isMetadata === 1,
      path: nameIn(bytes, 20, NameBytes.path),
      channel: nameIn(bytes, 4116, NameBytes.channel),
    });
  }
  return streams;
}
