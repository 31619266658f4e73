import type { Position } from "./text.ts";

/**
 * What is wrong with something from outside. Usual conditions (retry, hang-up, end) are values, never errors.
 *
 * Messages say what was read, what was expected, what came and where. `code` is stable and meant for programs.
 */
export abstract class TraceError extends Error {
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** A peer broke the live viewer protocol, cannot be reached, or refused what was asked. */
export class ProtocolError extends TraceError {
  /** `host:port` of the peer, when one was involved. */
  readonly peer: string | undefined;

  constructor(code: string, message: string, options?: ErrorOptions & { peer?: string }) {
    super(code, message, options);
    this.peer = options?.peer;
  }
}

/** Metadata that cannot be read. `position` counts lines and columns from 1 in the joined text. */
export class MetadataError extends TraceError {
  readonly position: Position | undefined;

  constructor(code: string, message: string, options?: ErrorOptions & { position?: Position }) {
    super(code, message, options);
    this.position = options?.position;
  }
}

/** Packet bytes that do not fit their trace class. `bitOffset` counts from the packet's first bit. */
export class DecodeError extends TraceError {
  readonly bitOffset: number;

  constructor(code: string, message: string, bitOffset: number, options?: ErrorOptions) {
    super(code, message, options);
    this.bitOffset = bitOffset;
  }
}

/** A filter expression that cannot be compiled. `start` and `end` are offsets in the expression. */
export class FilterError extends TraceError {
  readonly start: number;
  readonly end: number;
  /** What could have stood there instead, for messages and editors. */
  readonly expected: readonly string[];

  constructor(
    code: string,
    message: string,
    span: { start: number; end: number },
    options?: ErrorOptions & { expected?: readonly string[] },
  ) {
    super(code, message, options);
    this.start = span.start;
    this.end = span.end;
    this.expected = options?.expected ?? [];
  }
}

/** A source that cannot be opened or followed: no such directory, no trace inside, unknown session. */
export class SourceError extends TraceError {}

/** Something is larger than a limit that the message names. */
export class LimitError extends TraceError {}

/** A result stream that cannot go on: bad request, slow or vanished client. */
export class FeedError extends TraceError {
  /** WebSocket close code or HTTP status. */
  readonly status: number;

  constructor(code: string, message: string, status: number, options?: ErrorOptions) {
    super(code, message, options);
    this.status = status;
  }
}
