/** Where the fields of a packet's header and context lie that change when records are left out. */

import { wordToBigInt } from "../base/bits.ts";
import { SourceError } from "../base/errors.ts";
import { FieldCursor, readHeader, Slots } from "../ctf/field-cursor.ts";
import type { PacketHeader } from "../ctf/packet-header.ts";
import type { IntegerClass, Role, TraceClass } from "../ctf/trace-class.ts";
import { writeInteger } from "./bits.ts";

interface Place {
  readonly fieldClass: IntegerClass;
  readonly bit: number;
}

export class PacketFields {
  readonly #places = new Map<Role, Place[]>();
  readonly #path: string;
  /** Where the UUID stands as bytes, if it does. */
  #uuidByte: number | undefined;
  /**
   * The begin that the packet itself says, where it says all 64 bits: other readers read the first record's time behind this one, also
   * where an earlier record of the original made it later than it should be.
   */
  wholeBegin: bigint | undefined;

  constructor(bytes: Uint8Array, header: PacketHeader, traceClass: TraceClass, path: string) {
    this.#path = path;
    const slots = new Slots(traceClass.slotCount);
    const cursor = new FieldCursor(bytes, slots, 0, header.headerBits);
    const { packetContext } = header.streamClass;
    for (const scope of [traceClass.packetHeader, packetContext]) {
      if (scope === undefined) continue;
      readHeader(scope, cursor, {
        integer: (fieldClass, word) => {
          const bit = fieldClass.coding === "leb128" ? -1 : cursor.bit - fieldClass.size;
          for (const role of fieldClass.roles)
            this.#places.set(role, [...(this.#places.get(role) ?? []), { fieldClass, bit }]);
          const isBegin = fieldClass.roles.includes("default-clock-timestamp");
          if (isBegin && fieldClass.size === 64) this.wholeBegin = wordToBigInt(word, false);
        },
        blob: ({ roles }, { length }) => {
          if (roles.includes("metadata-stream-uuid")) this.#uuidByte = (cursor.bit >>> 3) - length;
        },
      });
    }
  }

  has(role: Role): boolean {
    return this.#places.has(role);
  }

  /** Bits of the narrowest field with a role; 64 if there is none. */
  width(role: Role): number {
    return Math.min(64, ...(this.#places.get(role) ?? []).map(({ fieldClass }) => fieldClass.size));
  }

  /** Writes the trace's UUID where the header has one: as 16 integers, or as bytes. */
  writeUuid(bytes: Uint8Array, uuid: Uint8Array): void {
    for (const [i, { fieldClass, bit }] of (
      this.#places.get("metadata-stream-uuid") ?? []
    ).entries())
      if (bit >= 0) writeInteger(bytes, bit, fieldClass, BigInt(uuid[i % uuid.length]!));
    if (this.#uuidByte !== undefined) bytes.set(uuid, this.#uuidByte);
  }

  /**
   * Writes a value into every field with a role; fields of times get its lowest bits.
   * @throws SourceError `CUT_HEADER` where it does not fit
   */
  write(bytes: Uint8Array, role: Role, value: bigint): void {
    for (const { fieldClass, bit } of this.#places.get(role) ?? []) {
      const isTime = role.endsWith("timestamp") || role.startsWith("discarded");
      const written = isTime ? BigInt.asUintN(fieldClass.size, value) : value;
      if (bit >= 0 && writeInteger(bytes, bit, fieldClass, written)) continue;
      const got =
        bit < 0 ? "one of variable length" : `${fieldClass.size} bits for ${value.toString()}`;
      throw new SourceError(
        "CUT_HEADER",
        `${this.#path}: cut: expected a ${role} field that a new value fits, got ${got}`,
      );
    }
  }
}
