/** Small TSDL texts and packets, with their layout in sight. */

import { MetadataReader } from "../../src/ctf/metadata.ts";
import type { TraceClass } from "../../src/ctf/trace-class.ts";

/** Parses a whole text; throws if it is not complete. */
export function traceClassOf(text: string): TraceClass {
  const reader = new MetadataReader();
  reader.append(new TextEncoder().encode(text));
  return reader.finish();
}

/** The declarations that the texts of these tests begin with. */
export const PREAMBLE = `/* CTF 1.8 */
trace { major = 1; minor = 8; byte_order = le; packet.header := struct { integer { size = 32; } magic; integer { size = 32; } stream_id; }; };
clock { name = "monotonic"; freq = 1000000000; offset = 1000000000000000000; };
typealias integer { size = 8; } := u8;
typealias integer { size = 16; } := u16;
typealias integer { size = 32; } := u32;
typealias integer { size = 64; } := u64;
typealias integer { size = 32; signed = true; } := i32;
typealias integer { size = 64; map = clock.monotonic.value; } := time64;
typealias integer { size = 8; encoding = UTF8; } := char8;
`;

/** Stream 0: a packet context with sizes and times, an event header of a 16-bit id and a 64-bit time. */
export const STREAM = `stream {
  id = 0;
  packet.context := struct { time64 timestamp_begin; time64 timestamp_end; u64 content_size; u64 packet_size; u64 packet_seq_num; u64 events_discarded; u32 cpu_id; };
  event.header := struct { u16 id; time64 timestamp; };
};
`;

export function event(id: number, name: string, fields: string): string {
  return `event { name = "${name}"; id = ${id}; stream_id = 0; fields := struct { ${fields} }; };\n`;
}

/** Appends little-endian values one after the other. */
export class Bytes {
  readonly #bytes: number[] = [];

  get length(): number {
    return this.#bytes.length;
  }

  u8(...values: number[]): this {
    this.#bytes.push(...values.map((value) => value & 0xff));
    return this;
  }

  u16(value: number): this {
    return this.u8(value, value >> 8);
  }

  u32(value: number): this {
    return this.u8(value, value >> 8, value >> 16, value >> 24);
  }

  u64(value: bigint): this {
    for (let i = 0n; i < 64n; i += 8n) this.u8(Number((value >> i) & 0xffn));
    return this;
  }

  text(value: string): this {
    return this.u8(...new TextEncoder().encode(value));
  }

  zeros(count: number): this {
    return this.u8(...new Array<number>(count).fill(0));
  }

  take(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }
}

export interface PacketFields {
  readonly begin?: bigint;
  readonly end?: bigint;
  readonly sequenceNumber?: bigint;
  readonly discarded?: bigint;
  readonly cpuId?: number;
  /** Bytes behind the content. */
  readonly padding?: number;
}

/** A packet of stream 0 around event records. */
export function packet(records: Uint8Array, fields: PacketFields = {}): Uint8Array {
  const {
    begin = 0n,
    end = 0n,
    sequenceNumber = 0n,
    discarded = 0n,
    cpuId = 0,
    padding = 0,
  } = fields;
  const contentBytes = 8 + 6 * 8 + 4 + records.length;
  return new Bytes()
    .u32(0xc1fc1fc1) // magic
    .u32(0) // stream_id
    .u64(begin) // timestamp_begin
    .u64(end) // timestamp_end
    .u64(BigInt(contentBytes * 8)) // content_size
    .u64(BigInt((contentBytes + padding) * 8)) // packet_size
    .u64(sequenceNumber) // packet_seq_num
    .u64(discarded) // events_discarded
    .u32(cpuId) // cpu_id
    .u8(...records)
    .zeros(padding)
    .take();
}

/** One event record of stream 0. */
export function record(id: number, time: bigint, payload: Uint8Array): Uint8Array {
  return new Bytes()
    .u16(id)
    .u64(time)
    .u8(...payload)
    .take();
}

export function joined(...parts: Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/** The text in metadata packets of `size` bytes each, as LTTng 2.13 writes them. */
export function packetized(bytes: Uint8Array, size: number, littleEndian: boolean): Uint8Array {
  const packets: Uint8Array[] = [];
  for (let from = 0; from < bytes.length; from += size - 37) {
    const content = bytes.subarray(from, from + size - 37);
    const packet = new Uint8Array(size);
    const view = new DataView(packet.buffer);
    view.setUint32(0, 0x75d11d57, littleEndian); // magic
    view.setUint32(24, (37 + content.length) * 8, littleEndian); // content_size, bits
    view.setUint32(28, size * 8, littleEndian); // packet_size, bits
    view.setUint8(35, 1); // major
    view.setUint8(36, 8); // minor
    packet.set(content, 37);
    packets.push(packet);
  }
  return Uint8Array.from(packets.flatMap((packet) => [...packet]));
}
