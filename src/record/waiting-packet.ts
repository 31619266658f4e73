/** Packets of a CTF recording that wait until all streams are as far as they are. */

import type { PacketHeader } from "../ctf/packet-header.ts";

/** A packet that is not written yet. */
export interface WaitingPacket {
  readonly bytes: Uint8Array;
  /** Its times are right where its bytes have parts of them only. */
  readonly header: PacketHeader;
  readonly beginNs: bigint | undefined;
  readonly endNs: bigint | undefined;
  readonly arrivedMs: number;
  /** Records up to here are written. */
  untilNs: bigint | undefined;
  /** The time of the last of them, clock cycles; `undefined` while none is. */
  writtenClock: bigint | undefined;
}

/**
 * Where the rest of a packet begins, clock cycles: no two packets of a stream begin at one time, nor one within another.
 * @param resumeNs records up to here were recorded before this recording went on
 * @param first the time of the first record that is written now
 */
export function nextBegin(
  { writtenClock, header, beginNs }: WaitingPacket,
  resumeNs: bigint | undefined,
  first: bigint | undefined,
): bigint | undefined {
  if (writtenClock === undefined) {
    const isRest = resumeNs !== undefined && beginNs !== undefined && beginNs <= resumeNs;
    return isRest ? (first ?? header.end) : undefined;
  }
  const next = writtenClock + 1n;
  return header.end !== undefined && header.end < next ? header.end : next;
}
