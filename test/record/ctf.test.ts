/** Recordings as CTF: each segment is a trace, all of them are one, and each record is in one of them. */

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Folders } from "../support/folder.ts";
import { needs } from "../support/needs.ts";
import { run } from "../support/program.ts";
import { random } from "../support/random.ts";
import { MAIN, projectTraces } from "../support/traces.ts";
import { Bytes, event, joined, PREAMBLE, packet, STREAM } from "../support/tsdl.ts";

const test = suite("record/ctf");
const folders = new Folders();
const project = projectTraces(test);
test.after(() => folders.removeAll());

const target = (): string => join(folders.make({}), "recording");
const record = (source: string, to: string, ...options: string[]) =>
  run(["record", source, "--to", to, "--format", "ctf", "--quiet", ...options]);
const linesOf = (source: string, ...options: string[]): string =>
  run(["tail", source, "-q", "-f", "babeltrace", ...options]).stdout;
const segmentsOf = (folder: string): string[] =>
  readdirSync(folder)
    .filter((name) => !name.startsWith("."))
    .sort();
const timesOf = (name: string): bigint[] => name.split(/[-.]/).slice(1, 3).map(BigInt);

/** Whether each stream's packets follow each other in time and number over all segments, as its index files say. */
function isGapless(folder: string): boolean {
  const last = new Map<string, { readonly end: bigint; readonly number: bigint }>();
  for (const segment of segmentsOf(folder))
    for (const file of readdirSync(join(folder, segment), { recursive: true, encoding: "utf8" })) {
      if (!file.endsWith(".idx")) continue;
      const bytes = readFileSync(join(folder, segment, file));
      const entryBytes = bytes.readUInt32BE(12);
      for (let at = 16; at < bytes.length; at += entryBytes) {
        const [begin, end] = [bytes.readBigUInt64BE(at + 24), bytes.readBigUInt64BE(at + 32)];
        const number = bytes.readBigUInt64BE(at + 64);
        const before = last.get(file);
        if (before !== undefined && (begin < before.end || number !== before.number + 1n))
          return false;
        last.set(file, { end, number });
      }
    }
  return true;
}

for (const [name, size, time] of [
  ["small", "250K", "1500ms"],
  ["lossy", "400K", "700ms"],
  ["ctf2", "20K", "100ms"],
] as const)
  test(`${name}: all segments together are the trace, and no time is in two of them`, async () => {
    const source = await project(name);
    for (const how of [
      ["--segment-size", size],
      ["--segment-time", time],
    ]) {
      const folder = target();
      record(source, folder, ...how);
      assert.ok(linesOf(folder) === linesOf(source), `${how}`);
      assert.is(run(["tail", folder, "-c"]).stderr, run(["tail", source, "-c"]).stderr);
      const names = segmentsOf(folder);
      assert.ok(names.length > 1, `${names.length} segments`);
      names.forEach((one, i) => {
        const [first, last] = timesOf(one);
        const lines = linesOf(join(folder, one)).split("\n");
        assert.ok(lines.length > 1, `${one} is a trace of its own`);
        if (i > 0) assert.ok(timesOf(names[i - 1]!)[1]! < first!);
        assert.ok(first! <= last!);
      });
    }
  });

needs(test, ["babeltrace2"])("babeltrace2 reads each segment, and all of them", async () => {
  const source = await project("small");
  const folder = target();
  record(source, folder, "--segment-size", "300K");
  const count = (path: string): number => {
    const { status, stdout } = spawnSync("babeltrace2", [path], {
      encoding: "utf8",
      maxBuffer: 1 << 28,
    });
    assert.is(status, 0, path);
    return stdout.split("\n").length - 1;
  };
  const each = segmentsOf(folder).map((name) => count(join(folder, name)));
  assert.is(
    each.reduce((sum, one) => sum + one, 0),
    count(source),
  );
  assert.is(count(folder), count(source));
});

test("of a directory that is followed, too, also where containers decide", async () => {
  const source = await project("churn");
  for (const how of [[], ["--container", "coherent-macaque,pid_ns:*", "--name-wait", "300ms"]]) {
    const expected = linesOf(source, ...how.slice(0, 2));
    assert.ok(expected.length > 1000);
    // A busy machine needs longer to read it all.
    const isWhole = ["3s", "30s"].some((duration) => {
      const folder = target();
      record(source, folder, "--follow", "--duration", duration, "--segment-time", "10s", ...how);
      return linesOf(folder) === expected;
    });
    assert.ok(isWhole, `${how}`);
  }
});

test("killed at any moment, each segment is whole and no record is there twice or missing", async () => {
  const source = await project("small");
  const all = linesOf(source);
  const below = random("kills");
  const folder = target();
  const args = ["record", source, "--to", folder, "-f", "ctf", "-q", "--segment-size", "60K"];
  for (let round = 0; round < 10; round++) {
    const child = spawn(process.execPath, [MAIN, ...args], { stdio: "ignore" });
    const exit = once(child, "exit");
    await sleep(100 + below(300));
    child.kill("SIGKILL");
    await exit;
    if (!existsSync(folder) || segmentsOf(folder).length === 0) continue;
    const lines = linesOf(folder);
    assert.ok(all.startsWith(lines), `round ${round}: a prefix of all records`);
    assert.ok(isGapless(folder), `round ${round}: packets follow each other`);
  }
  assert.is(run(args).status, 0);
  assert.ok(linesOf(folder) === all);
  assert.ok(isGapless(folder));
  assert.equal(
    readdirSync(folder).filter((name) => name.startsWith(".")),
    [],
  );
});

test("the oldest segments give way", async () => {
  const source = await project("small");
  const folder = target();
  record(source, folder, "--segment-size", "100K", "--keep", "3");
  assert.is(segmentsOf(folder).length, 3);
  assert.ok(linesOf(source).endsWith(linesOf(folder)));
});

test("where the disk takes no more, records are counted, and what is there is whole", async () => {
  const source = await project("small");
  const folder = target();
  const command = `ulimit -f 100; exec "$@"`;
  const args = ["record", source, "--to", folder, "-f", "ctf", "--segment-size", "4M"];
  const { status, stderr } = spawnSync(
    "bash",
    ["-c", command, "bash", process.execPath, MAIN, ...args],
    { encoding: "utf8", env: { ...process.env, TRACEWIRE_CODE_CACHE: "off" } },
  );
  assert.is(status, 3, stderr);
  assert.match(stderr, /EFBIG: .*; it is tried again every second/);
  const lost = Number(/(\d+) event records were not recorded/.exec(stderr)?.[1]);
  const kept = segmentsOf(folder).length === 0 ? 0 : Number(run(["tail", folder, "-c"]).stdout);
  assert.is(kept + lost, Number(run(["tail", source, "-c"]).stdout));
});

test("a packet that has to be written as several is there whole, or not at all and counted", () => {
  const stream = STREAM.replace(
    /event\.header := struct \{[^}]*\}/,
    "event.header := struct { u16 id; integer { size = 8; map = clock.monotonic.value; } timestamp; }",
  );
  // Half of the records are left out, and with them what the times of the others build on: each needs a packet.
  const records = Array.from({ length: 60 }, (_, n) =>
    new Bytes()
      .u16(0)
      .u8(200 * n, n % 2)
      .zeros(1000)
      .take(),
  );
  const source = folders.make({
    metadata: `${PREAMBLE}${stream}${event(0, "a", "u8 odd; u8 rest[1000];")}`,
    data: joined(
      ...[0n, 1n, 2n].map((n) =>
        packet(joined(...records), {
          begin: n << 16n,
          end: (n << 16n) + 30_000n,
          sequenceNumber: n,
        }),
      ),
    ),
  });
  const folder = target();
  const args = ["record", source, "--to", folder, "-f", "ctf", "--where", "odd == 1"];
  const { stderr } = spawnSync(
    "bash",
    ["-c", `ulimit -f 50; exec "$@"`, "bash", process.execPath, MAIN, ...args],
    { encoding: "utf8", env: { ...process.env, TRACEWIRE_CODE_CACHE: "off" } },
  );
  assert.match(stderr, /60 event records were not recorded/);
  assert.is(run(["tail", folder, "-c"]).stdout.trim(), "30");
});

test("columns are refused", async () => {
  const { status, stderr } = record(await project("small"), target(), "--select", "event");
  assert.is(status, 1);
  assert.match(stderr, /--select: expected files of rows/);
});

test.run();
