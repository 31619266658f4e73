/** Snapshots of one session hold the same packets again. */

import { SourceError } from "../base/errors.ts";
import { OpenFiles, readAt } from "./data-files.ts";
import type { StoredPacket } from "./stored-packet.ts";

/** What is compared at either end of two packets that look the same: times, counters and events are there. */
const COMPARED_BYTES = 4096;

/** A stream's packets in time order, each once. */
export function withoutCopies(packets: readonly StoredPacket[]): readonly StoredPacket[] {
  if (packets.every(({ path }) => path === packets[0]!.path)) return packets;
  const files = new OpenFiles();
  try {
    const kept: StoredPacket[] = [];
    for (const packet of packets) if (!hasCopy(packet, kept, files)) kept.push(packet);
    return kept;
  } finally {
    files.close();
  }
}

/** Whether one of the packets that begin at the same time is the same. */
function hasCopy(packet: StoredPacket, kept: readonly StoredPacket[], files: OpenFiles): boolean {
  if (packet.begin === undefined) return false;
  for (let i = kept.length - 1; i >= 0 && kept[i]!.begin === packet.begin; i--)
    if (isCopy(packet, kept[i]!, files)) return true;
  return false;
}

function isCopy(a: StoredPacket, b: StoredPacket, files: OpenFiles): boolean {
  const isAlike = a.begin === b.begin && a.end === b.end && a.bytes === b.bytes;
  if (!isAlike || a.path === b.path || a.begin === undefined || a.end === undefined) return false;
  return [0, Math.max(0, a.bytes - COMPARED_BYTES)].every((from) => {
    const [left, right] = [a, b].map((packet) => bytesOf(packet, from, files));
    return left !== undefined && right !== undefined && left.equals(right);
  });
}

/** Some bytes of a packet; nothing where its file cannot be read. */
function bytesOf(
  { path, byteOffset, bytes }: StoredPacket,
  from: number,
  files: OpenFiles,
): Buffer | undefined {
  const part = Buffer.alloc(Math.min(COMPARED_BYTES, bytes - from));
  try {
    return part.subarray(0, readAt(path, files.fd(path), part, byteOffset + from));
  } catch (error) {
    if (error instanceof SourceError) return undefined;
    throw error;
  }
}
