/**
 * What Trace Compass's reader expects of a trace, by the rules of its classes CTFTrace, CTFIndexFile,
 * StreamInputPacketIndex and CTFStreamInputReader (org.eclipse.tracecompass.ctf.core, 5.2).
 */

import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { readPacketHeader } from "../../src/ctf/packet-header.ts";
import { openRecorded } from "../../src/ctf/recorded.ts";
import type { FieldClass } from "../../src/ctf/trace-class.ts";
import type { TraceDirectory } from "../../src/ctf/trace-directory.ts";
import { Folders } from "../support/folder.ts";
import { MAIN, projectTraces } from "../support/traces.ts";
import { Bytes, joined, PREAMBLE, packet, record, STREAM } from "../support/tsdl.ts";

const test = suite("cut/trace-compass");
const folders = new Folders();
const project = projectTraces(test);
test.after(() => folders.removeAll());

const CLASSES = `event { name = "a"; id = 0; stream_id = 0; };\nevent { name = "b"; id = 1; stream_id = 0; };\n`;
/** The stream id of two bytes is padded before the packet context, of which a time is aligned to eight. */
const PADDED = `${PREAMBLE.replace("{ size = 32; } stream_id", "{ size = 16; } stream_id")}${STREAM.replace(
  "time64 timestamp_begin",
  "integer { size = 64; align = 64; map = clock.monotonic.value; } timestamp_begin",
)}${CLASSES}`;
const PLAIN = `${PREAMBLE}${STREAM}${CLASSES}`;

/** Writes a trace of a source with a command; gives its folder. */
function written(command: "cut" | "convert" | "record", source: string, ...args: string[]): string {
  const to = join(folders.make(), "to");
  const { status, stderr } = spawnSync(
    process.execPath,
    [MAIN, command, source, "--to", to, "-q", ...args],
    { encoding: "utf8" },
  );
  // 3: the tracer discarded events.
  assert.ok(status === 0 || status === 3, stderr);
  return to;
}

const WRITERS: readonly ((source: string) => string)[] = [
  (source) => written("cut", source),
  (source) => written("cut", source, "--bare", "--event", "*sched*", "--event", "lab:*"),
  (source) => written("convert", source, "--format", "ctf"),
  (source) => written("record", source, "--format", "ctf", "--segment-size", "1MiB"),
];

/** A packet that holds records of event classes, by their ids, of a time and the nine behind it. */
function recordsAt(begin: number, discarded: number, ids: readonly number[]): Uint8Array {
  const records = ids.map((id, i) => record(id, BigInt(begin + i), new Uint8Array()));
  const times = { begin: BigInt(begin), end: BigInt(begin + 9) };
  return packet(joined(...records), { ...times, discarded: BigInt(discarded) });
}

/** A packet that says its own size, of content at a byte and of the packet behind that. */
function sized(bytes: Uint8Array, at: number): Uint8Array {
  const size = new Bytes().u64(BigInt(bytes.length * 8)).take();
  bytes.set(joined(size, size), at);
  return bytes;
}

/** Bits of a field as Trace Compass adds them up, where it knows them. */
function sumOfSizes(fieldClass: FieldClass | undefined): number {
  switch (fieldClass?.kind) {
    case "integer":
    case "float":
      return fieldClass.size;
    case "blob":
      return fieldClass.length.kind === "static" ? 8 * fieldClass.length.count : Infinity;
    case "array":
      return fieldClass.length.kind === "static"
        ? fieldClass.length.count * sumOfSizes(fieldClass.element)
        : Infinity;
    case "structure":
      return fieldClass.members.reduce((sum, member) => sum + sumOfSizes(member.fieldClass), 0);
    default:
      return Infinity;
  }
}

/** Packets of the streams that have an index. */
function* indexedPackets({ path, streams }: TraceDirectory): Generator<Uint8Array> {
  for (const stream of streams) {
    const data = readFileSync(stream.path);
    const indexes = readdirSync(path).includes("index") ? readdirSync(join(path, "index")) : [];
    if (!indexes.includes(`${basename(stream.path)}.idx`)) continue;
    const index = readFileSync(join(path, "index", `${basename(stream.path)}.idx`));
    assert.equal(
      [0, 4, 8, 12].map((at) => index.readUInt32BE(at)),
      [0xc1f1dcc1, 1, 1, 72],
    );
    for (let at = 16; at < index.length; at += 72)
      yield data.subarray(Number(index.readBigUInt64BE(at)));
  }
}

for (const name of ["small", "lossy", "ctf18", "ctf2", "filter-lab"] as const)
  test(`${name}: the sizes of header and context lead to the first record of each packet that has an index`, async () => {
    for (const write of WRITERS) {
      let packets = 0;
      for (const trace of (await openRecorded([write(await project(name))])).opened) {
        const { traceClass } = trace;
        for (const bytes of indexedPackets(trace)) {
          const { headerBits, streamClass } = readPacketHeader(bytes, traceClass);
          const sum = sumOfSizes(traceClass.packetHeader) + sumOfSizes(streamClass.packetContext);
          assert.is(sum, headerBits);
          packets++;
        }
      }
      assert.ok(packets > 0, `${write}`);
    }
  });

test("a stream whose packets have padding, a text or nothing before their first record has no index", () => {
  const data = recordsAt(0, 0, [0, 1]);
  const named = joined(data.subarray(0, 8), Uint8Array.of(0x78, 0), data.subarray(8));
  const sources: readonly [boolean, string, Uint8Array][] = [
    [true, PLAIN, data],
    [false, PADDED, data],
    [false, PLAIN.replace("struct { time64", "struct { string name; time64"), sized(named, 26)],
    [false, PLAIN.replace(/packet\.header := struct.*?; \};/, ""), sized(data.slice(8), 16)],
  ];
  for (const [hasIndex, metadata, bytes] of sources) {
    const source = folders.make({ metadata, data: bytes });
    for (const write of WRITERS) {
      const files = readdirSync(write(source), { recursive: true, encoding: "utf8" });
      assert.is(files.filter((file) => file.endsWith(".idx")).length, hasIndex ? 1 : 0, metadata);
    }
  }
});

test("without an index, packets without a record stand at the beginning and the end only", async () => {
  const packets = [
    recordsAt(0, 0, [0, 1]),
    recordsAt(10, 5, [1, 1]),
    recordsAt(20, 7, [1]),
    recordsAt(30, 7, [0, 0, 1]),
    recordsAt(40, 9, [1]),
  ];
  const source = folders.make({ metadata: PADDED, data: joined(...packets) });
  const discarded = async (events: string): Promise<(bigint | undefined)[]> => {
    const { opened } = await openRecorded([written("cut", source, "--event", events)]);
    return opened.flatMap(({ streams, traceClass }) =>
      streams.flatMap(({ path, packets }) =>
        packets.map(
          ({ byteOffset }) =>
            readPacketHeader(readFileSync(path).subarray(byteOffset), traceClass).discardedEvents,
        ),
      ),
    );
  };
  assert.equal(await discarded("a"), [0n, 7n, 9n]);
  assert.equal(await discarded("b"), [0n, 5n, 7n, 7n, 9n]);
});

test("each file beside the metadata is a stream", async () => {
  for (const write of WRITERS) {
    const to = write(await project("small"));
    const { opened } = await openRecorded([to]);
    assert.ok(opened.length > 0);
    for (const { path, streams } of opened) {
      const files = readdirSync(path, { withFileTypes: true });
      const names = files.filter((file) => file.isFile() && !file.name.startsWith("."));
      assert.equal(
        names.map((file) => file.name).sort(),
        [...streams.map((stream) => basename(stream.path)), "metadata"].sort(),
        dirname(path),
      );
    }
  }
});

test.run();
