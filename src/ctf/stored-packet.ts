/** Packets where they lie in their files. */

import { read } from "node:fs";
import { promisify } from "node:util";
import { SourceError } from "../base/errors.ts";
import type { StreamOrigin } from "../base/item.ts";
import { fileError, type OpenFiles, readAt } from "./data-files.ts";
import type { PacketEntry } from "./packet-entry.ts";
import type { PacketHeader } from "./packet-header.ts";

/** A packet of a stream that may span several files (tracefile rotation). */
export interface StoredPacket extends PacketEntry {
  readonly path: string;
  /** Of its file, while that is held open: what is read so is this file, wherever it was moved, and even if it was deleted. */
  readonly fd?: number | undefined;
}

/** A packet of an open file. */
export interface HeldPlace extends StoredPacket {
  readonly fd: number;
}

/** An open file, which stays so for those who hold it. */
export interface HeldFile {
  /** Keeps it open until `release`. */
  hold(): void;
  release(): void;
}

/** A packet of a file that may be moved or deleted: its descriptor is good while the item is handled, and while the file is held. */
export interface HeldPacketItem {
  readonly kind: "held-packet";
  readonly stream: StreamOrigin;
  readonly packet: HeldPlace;
  /** As it was when the packet was found. */
  readonly header: PacketHeader;
  readonly file: HeldFile;
}

/**
 * Reads a packet, as a thread does that has nothing else to do meanwhile.
 *
 * @param bytes as many as the packet has
 * @throws SourceError `SOURCE_TRUNCATED`, `SOURCE_UNREADABLE`, `SOURCE_NOT_FILE`
 */
export function readStoredPacket(files: OpenFiles, packet: StoredPacket, bytes: Uint8Array): void {
  readFrom(descriptorOf(files, packet), packet, bytes);
}

/** As `readStoredPacket`, from a file that is open. */
export function readHeldPacket(packet: HeldPlace, bytes: Uint8Array): void {
  readFrom(packet.fd, packet, bytes);
}

function readFrom(fd: number, packet: StoredPacket, bytes: Uint8Array): void {
  const filled = readAt(packet.path, fd, bytes, packet.byteOffset);
  if (filled < bytes.length) throw shrunk(packet, filled);
}

/** @throws SourceError `SOURCE_UNREADABLE`, `SOURCE_NOT_FILE` */
export function descriptorOf(files: OpenFiles, { path, fd }: StoredPacket): number {
  return fd ?? files.fd(path);
}

/** A packet's header with the whole times that its place in the stream gives it. */
export function withPlace(header: PacketHeader, { begin, end }: StoredPacket): PacketHeader {
  return header.begin === begin && header.end === end ? header : { ...header, begin, end };
}

const readAsync = promisify(read);

/** As `readStoredPacket`, while this thread does something else. */
export async function fetchStoredPacket(
  files: OpenFiles,
  packet: StoredPacket,
  bytes: Uint8Array,
): Promise<Uint8Array> {
  const { path, byteOffset } = packet;
  const fd = descriptorOf(files, packet);
  for (let filled = 0; filled < bytes.length; ) {
    const left = bytes.length - filled;
    const { bytesRead } = await readAsync(fd, bytes, filled, left, byteOffset + filled).catch(
      (error: unknown) => {
        throw fileError(path, error);
      },
    );
    if (bytesRead === 0) throw shrunk(packet, filled);
    filled += bytesRead;
  }
  return bytes;
}

/** A packet is not where it was found: so many of its bytes are there. */
function shrunk({ path, byteOffset, bytes }: StoredPacket, got: number): SourceError {
  return new SourceError(
    "SOURCE_TRUNCATED",
    `${path}: expected ${bytes} bytes at ${byteOffset}, got ${got}: the file shrank while it was read`,
  );
}
