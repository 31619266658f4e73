/** Trace directories as tracers, rotations and crashes leave them. */

import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { SourceError } from "../../src/base/errors.ts";
import { openTraces } from "../../src/ctf/trace-directory.ts";
import { findTraceDirectories, searchTraces } from "../../src/ctf/trace-search.ts";
import { describeLoss } from "../../src/feed/losses.ts";
import { parseTimeBound } from "../../src/source/time-bound.ts";
import { rowsOf } from "../support/query.ts";
import {
  Bytes,
  event,
  joined,
  type PacketFields,
  packet,
  record,
  STREAM,
} from "../support/tsdl.ts";

const test = suite("ctf/trace-directory");

const folders: string[] = [];
test.after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** As `PREAMBLE`, with a UUID, an instance id in the packet header, and an environment. */
function preamble(uuid: string | undefined, environment = ""): string {
  const own = uuid === undefined ? "" : `uuid = "${uuid}";`;
  return `/* CTF 1.8 */
trace { major = 1; minor = 8; byte_order = le; ${own} packet.header := struct { integer { size = 32; } magic; integer { size = 32; } stream_id; }; };
env { ${environment} };
clock { name = "monotonic"; freq = 1000000000; offset = 1000000000000000000; };
typealias integer { size = 8; } := u8;
typealias integer { size = 16; } := u16;
typealias integer { size = 32; } := u32;
typealias integer { size = 64; } := u64;
typealias integer { size = 64; map = clock.monotonic.value; } := time64;
`;
}

const UUID = "00010203-0405-0607-0809-0a0b0c0d0e0f";
const ORIGIN = 1_000_000_000_000_000_000n;

/** Writes files below a new folder; a text is metadata, bytes are a data stream. */
function folderOf(files: Readonly<Record<string, string | Uint8Array>>): string {
  const root = mkdtempSync(join(tmpdir(), "tracewire-directory-"));
  folders.push(root);
  for (const [name, content] of Object.entries(files)) {
    const path = join(root, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  }
  return root;
}

/** A packet with one event `tick` for each time, its payload the time as well. */
function ticks(times: readonly number[], fields: PacketFields = {}): Uint8Array {
  const records = times.map((time) => record(1, BigInt(time), new Bytes().u32(time).take()));
  const [begin = 0, end = begin] = [times[0], times.at(-1)];
  return packet(joined(...records), { begin: BigInt(begin), end: BigInt(end), ...fields });
}

const TICK = event(1, "tick", "u32 n;");

async function ticksOf(path: string): Promise<{ times: number[]; losses: string[] }> {
  const { rows, losses } = await rowsOf(path, { select: [{ kind: "timestamp" }] });
  const times = rows.map(({ timestamp }) => Number((timestamp as bigint) - ORIGIN));
  return { times, losses: losses.map(describeLoss) };
}

test("takes directories of one UUID for one trace, and the longest metadata for all of it", async () => {
  const metadata = preamble(UUID) + STREAM + TICK;
  const path = folderOf({
    "archives/1/ust/metadata": metadata,
    "archives/1/ust/stream_0": ticks([10, 20], { sequenceNumber: 0n }),
    "archives/2/ust/metadata": `${metadata}${event(2, "late", "u8 x;")}`,
    "archives/2/ust/stream_0": joined(
      packet(record(2, 30n, new Bytes().u8(7).take()), {
        begin: 30n,
        end: 30n,
        sequenceNumber: 1n,
      }),
    ),
  });
  const { opened, failures } = await openTraces(await findTraceDirectories(path));
  assert.equal(failures, []);
  assert.is(opened.length, 1);
  const events = [...opened[0]!.traceClass.streamClasses.get(0)!.eventClasses.values()];
  assert.equal(
    events.map(({ name }) => name),
    ["tick", "late"],
  );
  assert.equal((await ticksOf(path)).times, [10, 20, 30]);
});

test("reads packets once that several snapshots hold", async () => {
  const instance = preamble(UUID).replace(
    "integer { size = 32; } stream_id;",
    "integer { size = 16; } stream_id; integer { size = 16; } stream_instance_id;",
  );
  const path = folderOf({
    "snapshot-1/metadata": instance + STREAM + TICK,
    "snapshot-1/stream_0": joined(ticks([10]), ticks([20])),
    "snapshot-2/metadata": instance + STREAM + TICK,
    "snapshot-2/stream_0": joined(ticks([20]), ticks([30])),
  });
  assert.equal(await ticksOf(path), { times: [10, 20, 30], losses: [] });
});

test("keeps traces without a UUID apart", async () => {
  const metadata = preamble(undefined) + STREAM + TICK;
  const path = folderOf({
    "a/metadata": metadata,
    "a/stream_0": ticks([10]),
    "b/metadata": metadata,
    "b/stream_0": ticks([10]),
  });
  assert.is((await openTraces(await findTraceDirectories(path))).opened.length, 2);
  assert.equal((await ticksOf(path)).times, [10, 10]);
});

test("reads what is there of a packet that a crash cut short, and says so", async () => {
  const whole = ticks([10, 20, 30]);
  for (const [cut, times] of [
    [0, [10, 20, 30]],
    [1, [10, 20]],
    [14, [10, 20]],
    [15, [10]],
  ] as const) {
    const path = folderOf({
      metadata: preamble(UUID) + STREAM + TICK,
      stream_0: joined(ticks([5]), whole.subarray(0, whole.length - cut)),
    });
    const { times: got, losses } = await ticksOf(path);
    assert.equal(got, [5, ...times], `cut ${cut} bytes`);
    assert.is(
      losses.some((loss) => loss.includes("before the file ends")),
      cut > 0,
    );
  }
});

test("reads a packet whose end a crash left 0, within a time range too", async () => {
  const path = folderOf({
    metadata: preamble(UUID) + STREAM + TICK,
    stream_0: joined(ticks([10, 20]), ticks([30, 40], { end: 0n })),
  });
  assert.equal((await ticksOf(path)).times, [10, 20, 30, 40]);
  const { rows } = await rowsOf(path, {
    select: [],
    begin: parseTimeBound("1000000000.000000035"),
  });
  assert.is(rows.length, 1);
});

test("does not rely on the packet ends of tracers that write them too early", async () => {
  const early = (environment: string): string =>
    folderOf({
      metadata: preamble(UUID, environment) + STREAM + TICK,
      stream_0: ticks([10, 20], { end: 12n }),
    });
  const inRange = async (path: string): Promise<number> =>
    (await rowsOf(path, { select: [], begin: parseTimeBound("1000000000.000000015") })).rows.length;
  const tracer = (name: string, version: readonly number[]): string =>
    `tracer_name = "${name}"; ${["major", "minor", "patchlevel"].map((part, i) => `tracer_${part} = ${version[i] ?? 0};`).join(" ")}`;
  assert.is(await inRange(early(tracer("lttng-ust", [2, 10]))), 1);
  assert.is(await inRange(early(tracer("lttng-modules", [2, 9, 12]))), 1);
  assert.is(await inRange(early(tracer("lttng-modules", [2, 10, 9]))), 1);
  assert.is(await inRange(early(tracer("lttng-ust", [2, 11]))), 0);
  assert.is(await inRange(early(tracer("lttng-modules", [2, 9, 13]))), 0);
  assert.is(await inRange(early(tracer("lttng-modules", [2, 13, 9]))), 0);
});

test("goes on with the other traces where one is bad", async () => {
  const path = folderOf({
    "bad/metadata": "/* CTF 1.8 */\ntrace { byte_order = middle; };",
    "bad/stream_0": ticks([1]),
    "empty/metadata": "",
    "good/metadata": preamble(UUID) + STREAM + TICK,
    "good/stream_0": ticks([10]),
    "good/stream_1": new Uint8Array(0),
    "good/stream_2": Uint8Array.of(1, 2, 3),
  });
  const { times, losses } = await ticksOf(path);
  assert.equal(times, [10]);
  assert.is(losses.length, 3);
  assert.match(
    losses.join("\n"),
    /bad\/metadata: .*line 2, column 9: expected byte_order le or be/,
  );
  assert.match(
    losses.join("\n"),
    /empty\/metadata: expected complete metadata, got none with a trace and a stream class/,
  );
  assert.match(losses.join("\n"), /stream_2: packet at byte 0/);
});

test("follows links to folders, each once", async () => {
  const path = folderOf({
    "real/metadata": preamble(UUID) + STREAM + TICK,
    "real/stream_0": ticks([10]),
  });
  mkdirSync(join(path, "links"));
  symlinkSync(join(path, "real"), join(path, "links", "again"));
  symlinkSync(path, join(path, "real", "loop"));
  assert.is((await findTraceDirectories(path)).length, 1);
  assert.is((await findTraceDirectories(join(path, "links"))).length, 1);
});

test("says what it did not find", async () => {
  const fails = async (path: string, code: string): Promise<void> => {
    try {
      await findTraceDirectories(path);
      assert.unreachable("something was found");
    } catch (error) {
      assert.instance(error, SourceError);
      assert.is((error as SourceError).code, code);
    }
  };
  const path = folderOf({ "some/file": "x" });
  await fails(join(path, "nothing"), "SOURCE_NOT_FOUND");
  await fails(join(path, "some/file"), "SOURCE_NOT_DIRECTORY");
  await fails(path, "SOURCE_NO_TRACE");
});

test("a folder that is named metadata, beside data files, is said to be no file", async () => {
  const odd = { "odd/channel_0": new Uint8Array(), "odd/metadata/x": new Uint8Array() };
  const alone = folderOf(odd);
  const code = await searchTraces(alone).catch((error: SourceError) => error.code);
  assert.is(code, "SOURCE_NOT_FILE");
  const beside = folderOf({ ...odd, "whole/metadata": `${preamble(UUID)}${STREAM}` });
  const { found, unreadable } = await searchTraces(beside);
  assert.equal(found, [join(beside, "whole")]);
  assert.equal(
    unreadable.map(({ error }) => error.message),
    [`${join(beside, "odd", "metadata")}: expected a file, got a folder`],
  );
});

test.run();
