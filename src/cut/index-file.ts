/** LTTng's index of a data file, version 1.1: what `ctf/packet-index.ts` reads. All big endian. */

import { INDEX_MAGIC } from "../ctf/packet-index.ts";

/** What an index says of a packet. Sizes are bits, times clock cycles. */
export interface IndexEntry {
  readonly byteOffset: number;
  readonly packetBits: number;
  readonly contentBits: number;
  readonly begin: bigint;
  readonly end: bigint;
  readonly discardedEvents: bigint;
  readonly streamClass: number;
  readonly instance: bigint;
  readonly number: bigint;
}

const HEADER_BYTES = 16;
const ENTRY_BYTES = 72;

/** Bytes of an index of so many packets. */
export function indexBytes(packets: number): number {
  return HEADER_BYTES + packets * ENTRY_BYTES;
}

export function indexHeader(): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  for (const [i, word] of [INDEX_MAGIC, 1, 1, ENTRY_BYTES].entries()) view.setUint32(4 * i, word);
  return bytes;
}

export function indexEntry(entry: IndexEntry): Uint8Array {
  const bytes = new Uint8Array(ENTRY_BYTES);
  const view = new DataView(bytes.buffer);
  const words = [
    BigInt(entry.byteOffset),
    BigInt(entry.packetBits),
    BigInt(entry.contentBits),
    entry.begin,
    entry.end,
    entry.discardedEvents,
    BigInt(entry.streamClass),
    entry.instance,
    entry.number,
  ];
  for (const [i, word] of words.entries()) view.setBigUint64(8 * i, word);
  return bytes;
}

/** Number and discarded events of the last packet of an index; `undefined` where it has none. */
export function lastIndexed(
  bytes: Uint8Array,
): Pick<IndexEntry, "number" | "discardedEvents"> | undefined {
  const packets = Math.floor((bytes.length - HEADER_BYTES) / ENTRY_BYTES);
  if (packets < 1) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset + indexBytes(packets - 1), ENTRY_BYTES);
  return { discardedEvents: view.getBigUint64(40), number: view.getBigUint64(64) };
}
