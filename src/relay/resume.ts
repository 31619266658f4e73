/**
 * What is remembered of a lost connection, so that the next one goes on where it ended.
 *
 * Ids mean nothing on another connection; names do: a trace is known by host, session and path, and is the same one if
 * its metadata begins as before (it holds the trace's UUID), a stream by its channel, a packet by its times. The relayd
 * still has on disk what came meanwhile.
 */

import type { StreamOrigin } from "../base/item.ts";
import type { SessionEntry } from "./messages.ts";

/** Where in a stream the last packet lay that was handed on, or the last beacon. Clock cycles. */
export interface StreamMark {
  readonly origin: StreamOrigin;
  readonly begin: bigint;
  readonly end: bigint;
}

export interface TraceMark {
  readonly path: string;
  /** How its metadata began. */
  readonly start: Uint8Array;
  /** By channel. */
  readonly streams: ReadonlyMap<string, StreamMark>;
}

interface SessionMark {
  readonly host: string;
  readonly name: string;
  readonly traces: Map<string, TraceMark>;
}

/** Bytes of metadata that are kept to know a trace by: they hold its UUID, and the clock's offset of bare text. */
export const START_BYTES = 2048;

const PACKET_MAGIC = 0x75d11d57;
/** Magic and UUID of the first metadata packet. */
const PACKET_START_BYTES = 20;

/** Whether two traces are one, by how their metadata begin. */
export function isSameStart(a: Uint8Array, b: Uint8Array): boolean {
  // Behind the first header, packets may be cut otherwise when they are sent anew.
  const length = isPacket(a) ? PACKET_START_BYTES : Math.min(a.length, b.length, START_BYTES);
  if (length < PACKET_START_BYTES || b.length < length) return false;
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return false;
  return true;
}

function isPacket(bytes: Uint8Array): boolean {
  if (bytes.length < PACKET_START_BYTES) return false;
  const view = new DataView(bytes.buffer, bytes.byteOffset, 4);
  return view.getUint32(0, true) === PACKET_MAGIC || view.getUint32(0, false) === PACKET_MAGIC;
}

export class ResumePoints {
  readonly #sessions = new Map<string, SessionMark>();

  /** Takes note of a trace of a connection that was lost. */
  add(entry: SessionEntry, trace: TraceMark): void {
    const key = keyOf(entry);
    const { host, name } = entry;
    const session = this.#sessions.get(key) ?? { host, name, traces: new Map() };
    session.traces.set(trace.path, trace);
    this.#sessions.set(key, session);
  }

  /** Takes over what another connection, lost before it could, did not come to use. */
  addAll(older: ResumePoints): void {
    for (const [key, session] of older.#sessions) {
      const known = this.#sessions.get(key);
      if (known === undefined) this.#sessions.set(key, session);
      else
        for (const [path, trace] of session.traces)
          if (!known.traces.has(path)) known.traces.set(path, trace);
    }
  }

  /** The trace of that name, which is forgotten by this. */
  take(entry: SessionEntry, path: string): TraceMark | undefined {
    const key = keyOf(entry);
    const session = this.#sessions.get(key);
    const trace = session?.traces.get(path);
    session?.traces.delete(path);
    if (session?.traces.size === 0) this.#sessions.delete(key);
    return trace;
  }

  /** The sessions, as `NAME on HOST`, of which traces did not come back and will not; forgets them. */
  takeAll(isGone: (name: string) => boolean): string[] {
    const gone: string[] = [];
    for (const [key, { host, name }] of this.#sessions) {
      if (!isGone(`${name} on ${host}`)) continue;
      gone.push(`${name} on ${host}`);
      this.#sessions.delete(key);
    }
    return gone;
  }
}

function keyOf({ host, name }: SessionEntry): string {
  return `${host}\0${name}`;
}
