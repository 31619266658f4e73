import { readSync } from "node:fs";
import { type StoredPacket, shrunk } from "../ctf/trace-directory.ts";

/**
 * Reads a packet where it lies, as a thread does that has nothing else to do meanwhile.
 *
 * @param bytes as many as the packet has
 * @throws SourceError `SOURCE_TRUNCATED`
 */
export function readStoredPacket(file: number, packet: StoredPacket, bytes: Uint8Array): void {
  for (let filled = 0; filled < packet.bytes; ) {
    const left = packet.bytes - filled;
    const read = readSync(file, bytes, filled, left, packet.byteOffset + filled);
    if (read === 0) throw shrunk(packet, filled);
    filled += read;
  }
}
