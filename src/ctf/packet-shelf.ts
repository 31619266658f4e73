/**
 * Packets that several readings of the same traces share. Queries that start together and take turns are nearly equally far: each
 * packet is read for the first of them, and stays for a while for the others.
 */

import { pageAligned } from "../wasm/page-aligned.ts";
import type { OpenFiles } from "./data-files.ts";
import { fetchStoredPacket, type StoredPacket } from "./stored-packet.ts";

const SHELF_BYTES = 16 * 1024 * 1024;
/** With fewer places, readings would take them from each other. */
const MIN_PLACES = 8;
const MIN_PLACE_BYTES = 64 * 1024;
/** Shelves of a thread that have places at a time; readings of other traces share nothing meanwhile. */
const MAX_SHELVES = 4;
let shelves = 0;

/** A packet that is lent to a reading. */
export interface LentPacket {
  /** Settles when it is read. Other readings may have the same bytes: they must not be changed. */
  readonly bytes: Promise<Uint8Array>;
  /** To be called once, after `bytes` has settled, when the reading has done with them. */
  release(): void;
}

interface Place {
  readonly room: Uint8Array;
  /** Readings that have what lies here. */
  users: number;
}

interface Shelved {
  readonly place: Place;
  readonly bytes: Promise<Uint8Array>;
}

/** The packets of some traces: equal packets are the same objects. */
export class PacketShelf {
  #readings = 0;
  /** Bytes of a place; 0 while there are none. */
  #placeBytes = 0;
  #free: Place[] = [];
  /** In the order in which they were last asked for. */
  readonly #shelved = new Map<StoredPacket, Shelved>();
  readonly #shelfBytes: number;

  /** @param shelfBytes what stays for others */
  constructor(shelfBytes: number = SHELF_BYTES) {
    this.#shelfBytes = shelfBytes;
  }

  /**
   * A reading begins.
   * @param largest bytes of its largest packet
   */
  enter(largest: number): void {
    this.#readings++;
    if (this.#readings === 1 || this.#placeBytes > 0) return;
    const bytes = Math.max(MIN_PLACE_BYTES, 2 ** Math.ceil(Math.log2(Math.max(largest, 1))));
    const places = this.#shelfBytes / bytes;
    if (places < MIN_PLACES || shelves >= MAX_SHELVES) return;
    shelves++;
    const rooms = pageAligned(this.#shelfBytes);
    this.#placeBytes = bytes;
    for (let i = 0; i < places; i++)
      this.#free.push({ room: rooms.subarray(i * bytes, (i + 1) * bytes), users: 0 });
  }

  /** A reading ends, which has released what it had. */
  leave(): void {
    this.#readings--;
    if (this.#readings > 0 || this.#placeBytes === 0) return;
    shelves--;
    this.#placeBytes = 0;
    this.#free = [];
    this.#shelved.clear();
  }

  /**
   * Lends a packet, which is read unless it is here.
   * @param files of the reading, open until the packet is read
   * @returns `undefined` where no other reading goes on, or no place is free: the reading reads the packet for itself
   */
  take(files: OpenFiles, packet: StoredPacket): LentPacket | undefined {
    const found = this.#shelved.get(packet);
    if (found !== undefined) {
      this.#shelved.delete(packet);
      this.#shelved.set(packet, found);
      return this.#lend(packet, found);
    }
    if (this.#readings === 1 || packet.bytes > this.#placeBytes) return undefined;
    const place = this.#free.pop() ?? this.#oldest();
    if (place === undefined) return undefined;
    const bytes = fetchStoredPacket(files, packet, place.room.subarray(0, packet.bytes));
    const shelved = { place, bytes };
    this.#shelved.set(packet, shelved);
    // The next reading tries again, with files of its own.
    bytes.catch(() => this.#forget(packet, shelved));
    return this.#lend(packet, shelved);
  }

  #lend(packet: StoredPacket, shelved: Shelved): LentPacket {
    const { place, bytes } = shelved;
    place.users++;
    const release = (): void => {
      place.users--;
      if (place.users === 0 && this.#shelved.get(packet) !== shelved) this.#free.push(place);
    };
    return { bytes, release };
  }

  /** Takes the place of the least recently asked-for packet that no reading has. */
  #oldest(): Place | undefined {
    for (const [packet, { place }] of this.#shelved) {
      if (place.users > 0) continue;
      this.#shelved.delete(packet);
      return place;
    }
    return undefined;
  }

  #forget(packet: StoredPacket, shelved: Shelved): void {
    if (this.#shelved.get(packet) === shelved) this.#shelved.delete(packet);
  }
}
