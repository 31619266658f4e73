/** Packets that are held in their files, read in the query's own thread, one after the other. */

import { SourceError } from "../base/errors.ts";
import { unread } from "../ctf/recorded.ts";
import { readHeldPacket } from "../ctf/stored-packet.ts";
import type { DecodedItem } from "../feed/decoded-item.ts";
import { roomFor } from "../wasm/page-aligned.ts";

export type HeldPacket = DecodedItem & { kind: "held-packet" };

export class HeldReader {
  #buffer = new Uint8Array(0);

  /** The packet with its bytes, which are borrowed until the next one; or the loss of it. */
  read(item: HeldPacket): DecodedItem & { kind: "packet" | "loss" } {
    const { file: _, packet, ...rest } = item;
    this.#buffer = roomFor(this.#buffer, packet.bytes);
    const bytes = this.#buffer.subarray(0, packet.bytes);
    try {
      readHeldPacket(packet, bytes);
    } catch (error) {
      if (!(error instanceof SourceError)) throw error;
      return { kind: "loss", loss: unread(item.stream, error) };
    }
    return { ...rest, kind: "packet", bytes };
  }
}
