import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Offset of the clock of every tiny trace, ns. */
export const OFFSET_NS = 1_700_000_000_000_000_000n;

/** Events by their clock values; a packet without events is only a header. */
export interface TinyPacket {
  readonly begin: bigint;
  readonly end: bigint;
  readonly events: readonly bigint[];
}

/** Trace path → stream name → packets. */
export type TinySession = Record<string, Record<string, readonly TinyPacket[]>>;

/** Writes the traces below a new directory, runs `use`, and removes them. */
export async function withTinySession(
  session: TinySession,
  use: (directory: string) => Promise<void>,
): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "tracewire-replay-"));
  try {
    for (const [path, streams] of Object.entries(session)) {
      mkdirSync(join(directory, path), { recursive: true });
      writeFileSync(join(directory, path, "metadata"), metadataText(path));
      for (const [i, [name, packets]] of Object.entries(streams).entries()) {
        const bytes = packets.map((packet, n) => packetBytes(packet, i, n));
        writeFileSync(join(directory, path, name), Buffer.concat(bytes));
      }
    }
    await use(directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function metadataText(path: string): string {
  const uint = (size: number, map = ""): string =>
    `integer { size = ${size}; align = 8; signed = false; ${map} }`;
  const clock = "map = clock.monotonic.value;";
  return `/* CTF 1.8 */
trace {
  major = 1; minor = 8; byte_order = le;
  packet.header := struct { ${uint(32)} magic; ${uint(32)} stream_id; ${uint(64)} stream_instance_id; };
};
env { hostname = "tiny-host"; domain = "${path.split("/")[0]}"; trace_name = "tiny"; };
clock {
  name = "monotonic";
  freq = 1000000000;
  /* clock value offset from Epoch is: offset * (1/freq) */
  offset = ${OFFSET_NS};
};
stream {
  id = 0;
  packet.context := struct {
    ${uint(64, clock)} timestamp_begin; ${uint(64, clock)} timestamp_end;
    ${uint(64)} content_size; ${uint(64)} packet_size; ${uint(64)} events_discarded;
  };
  event.header := struct { ${uint(32)} id; ${uint(64, clock)} timestamp; };
};
event { id = 0; name = "tick"; stream_id = 0; fields := struct { ${uint(32)} n; }; };
`;
}

/** 56 bytes of header and context, 16 bytes for each event, padded to 128 bytes. */
function packetBytes(packet: TinyPacket, instance: number, number: number): Buffer {
  const content = 56 + 16 * packet.events.length;
  const bytes = Buffer.alloc(Math.ceil(content / 128) * 128);
  bytes.writeUInt32LE(0xc1fc1fc1, 0); // magic
  bytes.writeUInt32LE(0, 4); // stream_id
  bytes.writeBigUInt64LE(BigInt(instance), 8); // stream_instance_id
  bytes.writeBigUInt64LE(packet.begin, 16); // timestamp_begin
  bytes.writeBigUInt64LE(packet.end, 24); // timestamp_end
  bytes.writeBigUInt64LE(BigInt(content * 8), 32); // content_size
  bytes.writeBigUInt64LE(BigInt(bytes.length * 8), 40); // packet_size
  bytes.writeBigUInt64LE(7n, 48); // events_discarded
  for (const [i, timestamp] of packet.events.entries()) {
    bytes.writeUInt32LE(0, 56 + 16 * i); // id
    bytes.writeBigUInt64LE(timestamp, 60 + 16 * i); // timestamp
    bytes.writeUInt32LE(number, 68 + 16 * i); // n
  }
  return bytes;
}
