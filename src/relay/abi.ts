/**
 * The numbers of the live viewer protocol: commands, statuses, flags, sizes, and our caps on what a peer may announce.
 * Every integer on the wire is big-endian and unsigned; structs are packed.
 * Source: lttng-viewer-abi.h of lttng-tools 2.13–2.16; sizes measured on relayd 2.13.9 and 2.16.0.
 */

/** Where relayds listen for viewers by default. */
export const DEFAULT_LIVE_PORT = 5344;

/** The protocol major that everybody speaks. */
export const PROTOCOL_MAJOR = 2;

/** The minor we announce. A viewer that says less than 15 is not shown CTF 2 sessions. */
export const PROTOCOL_MINOR = 15;

/** From this negotiated minor on, LIST_SESSIONS replies have entries of variable size. */
export const VARIABLE_LIST_MINOR = 15;

export const Command = {
  connect: 1,
  listSessions: 2,
  attachSession: 3,
  nextIndex: 4,
  packet: 5,
  metadata: 6,
  newStreams: 7,
  createSession: 8,
  detachSession: 9,
} as const;
export type Command = (typeof Command)[keyof typeof Command];

export const ConnectionType = { command: 1, notification: 2 } as const;
export type ConnectionType = (typeof ConnectionType)[keyof typeof ConnectionType];

export const Seek = { beginning: 1, last: 2 } as const;
export type Seek = (typeof Seek)[keyof typeof Seek];

export const AttachStatus = {
  ok: 1,
  already: 2,
  unknown: 3,
  notLive: 4,
  seekError: 5,
  noViewerSession: 6,
} as const;

export const NextIndexStatus = {
  ok: 1,
  retry: 2,
  hangUp: 3,
  error: 4,
  inactive: 5,
  eof: 6,
} as const;

export const PacketStatus = { ok: 1, retry: 2, error: 3, eof: 4 } as const;

export const MetadataStatus = { ok: 1, noNew: 2, error: 3 } as const;

export const NewStreamsStatus = { ok: 1, noNew: 2, error: 3, hangUp: 4 } as const;

export const CreateSessionStatus = { ok: 1, error: 2 } as const;

export const DetachStatus = { ok: 1, unknown: 2, error: 3 } as const;

/** Bits of the flags word in GET_NEXT_INDEX and GET_PACKET replies. */
export const Flag = { newMetadata: 1, newStream: 2 } as const;

/** Bytes of the fixed parts of requests. */
export const RequestBytes = {
  header: 16,
  connect: 20,
  attachSession: 20,
  packet: 20,
  /** One u64 id: GET_NEXT_INDEX, GET_METADATA, GET_NEW_STREAMS, DETACH_SESSION. */
  id: 8,
} as const;

/** Bytes of the fixed parts of replies. */
export const ReplyBytes = {
  connect: 20,
  listHead: 4,
  listEntry: 339,
  listEntryHead: 32,
  streamsHead: 8,
  streamDescriptor: 4371,
  nextIndex: 64,
  packetHead: 12,
  metadataHead: 12,
  status: 4,
} as const;

/** Bytes of the NUL-padded character arrays, the NUL included. */
export const NameBytes = { host: 64, session: 255, path: 4096, channel: 255 } as const;

/** Sessions in one LIST_SESSIONS reply that we still believe. */
export const MAX_SESSIONS = 16_384;

/** Descriptors in one ATTACH_SESSION or GET_NEW_STREAMS reply that we still believe. */
export const MAX_STREAMS = 32_768;

/** Traces and data streams that are open at once on one connection: 128 processors, eight channels, 32 users or processes. */
export const MAX_CONNECTION_STREAMS = 32_768;

/** A host or session name in the variable list layout; LTTng's own limit is 255. */
export const MAX_NAME_BYTES = 4096;

/** One GET_METADATA reply, and all of one trace; a kernel with every event enabled sends about 5 MiB. */
export const MAX_METADATA_BYTES: number = 64 * 1024 * 1024;

/** One packet. LTTng's largest usual sub-buffers are a few MiB. */
export const MAX_PACKET_BYTES: number = 128 * 1024 * 1024;
