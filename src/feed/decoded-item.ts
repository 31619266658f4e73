import type { FollowState, StreamOrigin, TraceOrigin } from "../base/item.ts";
import type { PacketHeader } from "../ctf/packet-header.ts";
import type { HeldFile, HeldPlace, StoredPacket } from "../ctf/stored-packet.ts";
import type { TraceClass } from "../ctf/trace-class.ts";
import type { Loss } from "./losses.ts";

/** Source items with metadata parsed, packet headers read and times in nanoseconds: what queries are fed with. */
export type DecodedItem =
  /** `startNs`: a query that joins late misses packets that others were given before, so that its rows begin behind those. */
  | {
      readonly kind: "trace";
      readonly trace: TraceOrigin;
      readonly startNs?: bigint | undefined;
    }
  | { readonly kind: "trace-class"; readonly trace: TraceOrigin; readonly traceClass: TraceClass }
  | { readonly kind: "stream"; readonly stream: StreamOrigin }
  /** `bytes` is borrowed: valid only while the item is being handled. */
  | {
      readonly kind: "packet";
      readonly stream: StreamOrigin;
      readonly bytes: Uint8Array;
      readonly header: PacketHeader;
      readonly traceClass: TraceClass;
      /** `undefined` where the packet has no times. */
      readonly beginNs: bigint | undefined;
      readonly endNs: bigint | undefined;
    }
  /** A packet of a recorded trace that is still to be read. */
  | {
      readonly kind: "stored-packet";
      readonly stream: StreamOrigin;
      readonly packet: StoredPacket;
      readonly beginNs: bigint | undefined;
    }
  /** A packet that is still to be read, but is in the account. Its descriptor is good while the item is handled or its file held. */
  | {
      readonly kind: "held-packet";
      readonly stream: StreamOrigin;
      readonly packet: HeldPlace;
      readonly file: HeldFile;
      readonly header: PacketHeader;
      readonly traceClass: TraceClass;
      readonly beginNs: bigint | undefined;
      readonly endNs: bigint | undefined;
    }
  /** All that was there when the sources were opened has come. */
  | { readonly kind: "caught-up"; readonly source: string }
  /** Nothing earlier than `ns` will come from this stream, or from any stream of this source. */
  | { readonly kind: "bound"; readonly stream: StreamOrigin; readonly ns: bigint }
  | { readonly kind: "source-bound"; readonly source: string; readonly ns: bigint }
  /** When the source begins, whatever of it is read; nothing where it has no times. */
  | {
      readonly kind: "begin";
      readonly source: string;
      readonly ns: bigint;
      /** When its last packet ends. */
      readonly lastNs: bigint | undefined;
    }
  | { readonly kind: "loss"; readonly loss: Loss }
  | {
      readonly kind: "note";
      readonly source: string;
      readonly text: string;
      readonly state?: FollowState | undefined;
    }
  | { readonly kind: "stream-end"; readonly stream: StreamOrigin }
  | { readonly kind: "trace-end"; readonly trace: TraceOrigin }
  | { readonly kind: "end"; readonly source: string };
