/** Recordings: segments that are whole by themselves, each row once, whatever happens to the process or the disk. */

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Folders } from "../support/folder.ts";
import { run } from "../support/program.ts";
import { random } from "../support/random.ts";
import { MAIN, recordedTrace } from "../support/traces.ts";

const test = suite("record/record");
const folders = new Folders();
const trace = await recordedTrace("small");
test.after(async () => {
  folders.removeAll();
  await trace.remove();
});

/** Every row of the trace as a line, as one run writes them. */
const LINES = run(["tail", trace.path, "--quiet", "--format", "ndjson"])
  .stdout.split("\n")
  .slice(0, -1);

const target = (): string => join(folders.make({}), "recording");
const record = (to: string, ...options: string[]) =>
  run(["record", trace.path, "--to", to, "--format", "ndjson", "--quiet", ...options]);

const segmentsOf = (folder: string): string[] =>
  readdirSync(folder)
    .filter((name) => !name.startsWith("."))
    .sort();
const linesOf = (folder: string): string[] =>
  segmentsOf(folder).flatMap((name) =>
    readFileSync(join(folder, name), "utf8").split("\n").slice(0, -1),
  );
const timesOf = (name: string): bigint[] => name.split(/[-.]/).slice(1, 3).map(BigInt);

test("segments by size have every row once, in order, and are named by their times", () => {
  const folder = target();
  const { status, stdout } = record(folder, "--segment-size", "200K");
  assert.equal([status, stdout], [0, ""]);
  const names = segmentsOf(folder);
  assert.ok(names.length > 2, `${names.length} segments`);
  assert.equal(linesOf(folder), LINES);
  names.forEach((name, i) => {
    const [first, last] = timesOf(name);
    assert.ok(first! <= last!);
    if (i > 0) assert.ok(timesOf(names[i - 1]!)[1]! < first!, "no time is in two segments");
  });
});

test("segments by time end at whole multiples of it", () => {
  const folder = target();
  record(folder, "--segment-time", "500ms");
  assert.equal(linesOf(folder), LINES);
  const step = 500_000_000n;
  const pieces = segmentsOf(folder).map((name) => timesOf(name).map((ns) => ns / step));
  for (const [first, last] of pieces) assert.is(first, last);
  assert.is(new Set(pieces.map(([first]) => first)).size, pieces.length);
});

test("started again, a recording goes on behind its last row; one that is whole gets nothing more", () => {
  const folder = target();
  record(folder, "--segment-size", "100K");
  const all = segmentsOf(folder);
  // As if the last two had not been written before a crash, and one had been begun.
  spawnSync(
    "rm",
    all.slice(-2).map((name) => join(folder, name)),
  );
  spawnSync("touch", [join(folder, ".part-99.ndjson")]);
  const { stderr } = run(["record", trace.path, "--to", folder, "--format", "ndjson"]);
  assert.match(stderr, /goes on behind its last row/);
  assert.equal(linesOf(folder), LINES);
  assert.not.ok(existsSync(join(folder, ".part-99.ndjson")));
  const before = segmentsOf(folder);
  record(folder);
  assert.equal(segmentsOf(folder), before);
});

test("killed at any moment, no segment is broken and no row is there twice or missing", async () => {
  const below = random("kills");
  const folder = target();
  const args = [
    "record",
    trace.path,
    "--to",
    folder,
    "--format",
    "ndjson",
    "--quiet",
    "--segment-size",
    "40K",
  ];
  for (let round = 0; round < 12; round++) {
    const child = spawn(process.execPath, [MAIN, ...args], { stdio: "ignore" });
    const exit = once(child, "exit");
    await sleep(80 + below(250));
    child.kill("SIGKILL");
    await exit;
    if (existsSync(folder)) {
      const lines = linesOf(folder);
      assert.equal(lines, LINES.slice(0, lines.length));
    }
  }
  assert.is(run(args).status, 0);
  assert.equal(linesOf(folder), LINES);
});

test("the oldest segments give way beyond a number or a size", () => {
  const [kept, small] = [target(), target()];
  record(kept, "--segment-size", "100K", "--keep", "3");
  assert.is(segmentsOf(kept).length, 3);
  const lines = linesOf(kept);
  assert.equal(lines, LINES.slice(-lines.length));
  record(small, "--segment-size", "100K", "--max-size", "500K");
  const sizes = segmentsOf(small).map((name) => statSync(join(small, name)).size);
  const all = sizes.reduce((sum, size) => sum + size, 0);
  assert.ok(all <= 500 << 10, `${all} bytes`);
});

for (const [format, blocks] of [
  ["ndjson", 5000],
  ["arrow", 3000],
] as const)
  test(`${format}: where the disk takes no more, rows are counted, and what it has taken is whole`, () => {
    const folder = target();
    const command = `ulimit -f ${blocks}; exec "$@"`;
    const args = [
      "record",
      trace.path,
      "--to",
      folder,
      "--format",
      format,
      "--segment-size",
      "64M",
    ];
    const { status, stderr } = spawnSync(
      "bash",
      ["-c", command, "bash", process.execPath, MAIN, ...args],
      {
        encoding: "utf8",
        env: { ...process.env, TRACEWIRE_CODE_CACHE: "off" },
      },
    );
    assert.is(status, 3, stderr);
    assert.match(stderr, /EFBIG: file too large, write; it is tried again every second/);
    const lost = Number(/(\d+) rows were not recorded/.exec(stderr)?.[1]);
    const kept =
      format === "ndjson" ? linesOf(folder).length : Number(run(["tail", folder, "-c"]).stdout);
    assert.ok(kept > 0, "up to where the disk was full");
    assert.is(kept + lost, LINES.length);
    assert.equal(
      readdirSync(folder).filter((name) => name.startsWith(".")),
      [],
    );
  });

test("a folder that cannot be made is an error at once", () => {
  const { status, stderr } = record("/proc/nothing/here");
  assert.is(status, 1);
  assert.match(stderr, /^error: .*\/proc\/nothing/);
});

test.run();
