/** What is asked of a CTF recording, and what it reports. */

import type { DecodeError } from "../base/errors.ts";
import type { StreamOrigin, TraceOrigin } from "../base/item.ts";
import type { TraceClass } from "../ctf/trace-class.ts";
import type { PacketSelector } from "../cut/packet-selector.ts";
import type { RecordingEvents } from "./disk-stall.ts";

export interface CtfRecordingSpec {
  readonly folder: string;
  /** A segment ends when it has so many bytes. */
  readonly segmentBytes: number;
  /** Segments end at whole multiples of so many ns; `undefined`: by size alone. */
  readonly segmentNs: bigint | undefined;
  readonly maxBytes: number | undefined;
  readonly maxSegments: number | undefined;
  /** How long a silent stream may hold the others up, ms. */
  readonly maxLagMs: number;
  /** How long packets wait for the names of their containers, ms. */
  readonly nameWaitMs: number;
  /** A trace's folder below the segment's; traces of one folder are one that came over several connections. */
  readonly placeOf: (trace: TraceOrigin) => string;
  readonly selector: (traceClass: TraceClass) => PacketSelector;
}

export interface CtfRecordingEvents extends RecordingEvents {
  /** A packet that cannot be read to its end. */
  undecodable(stream: StreamOrigin, error: DecodeError): void;
}
