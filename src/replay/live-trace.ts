import type { RecordedStream, RecordedTrace } from "./recording.ts";

/** One line of the session list: the traces of one host and domain. */
export interface Entry {
  readonly id: bigint;
  readonly host: string;
  readonly traces: readonly RecordedTrace[];
}

/** A CTF trace as announced in one pass. */
export interface LiveTrace {
  readonly id: bigint;
  readonly entry: Entry;
  readonly recorded: RecordedTrace;
  readonly metadataStream: bigint;
  readonly streams: LiveStream[];
  wasMetadataSent: boolean;
}

/** One of its data streams, and how far it was read. */
export interface LiveStream {
  readonly id: bigint;
  readonly trace: LiveTrace;
  readonly recorded: RecordedStream;
  /** Number of the packet whose index is next. */
  next: number;
  /** The file that offsets refer to: that of the last index. */
  path: string | undefined;
  /** Nothing earlier will be a bound again. */
  bound: bigint;
  hasEnded: boolean;
}

/** A recorded trace under new ids, nothing of it read yet. */
export function liveTrace(entry: Entry, recorded: RecordedTrace, nextId: () => bigint): LiveTrace {
  const streams: LiveStream[] = [];
  const id = nextId();
  const metadataStream = nextId();
  const trace = { id, entry, recorded, metadataStream, streams, wasMetadataSent: false };
  for (const source of recorded.streams) {
    streams.push({
      id: nextId(),
      trace,
      recorded: source,
      next: 0,
      path: undefined,
      bound: 0n,
      hasEnded: false,
    });
  }
  return trace;
}

/** Every data stream was read to its end. */
export function hasEnded(trace: LiveTrace): boolean {
  return trace.streams.every((stream) => stream.hasEnded);
}
