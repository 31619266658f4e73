/** Whole traces as files of another kind: every row once, however many threads make them. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { slicesOf } from "../../src/convert/slices.ts";
import { openRecorded } from "../../src/ctf/recorded.ts";
import { Folders } from "../support/folder.ts";
import { run } from "../support/program.ts";
import { projectTraces } from "../support/traces.ts";
import { joined, PREAMBLE, packet, record, STREAM } from "../support/tsdl.ts";

const test = suite("convert/convert");
const folders = new Folders();
const project = projectTraces(test);
test.after(() => folders.removeAll());

const target = (name = "out"): string => join(folders.make({}), name);
const linesOf = (folder: string): string =>
  readdirSync(folder)
    .sort()
    .map((name) => readFileSync(join(folder, name), "utf8"))
    .join("");
const rowsOf = (...args: string[]): string => run(["tail", ...args, "-q", "-f", "ndjson"]).stdout;

test("files of slices have every row once, in order, and so has one file", async () => {
  const source = await project("small");
  const [many, one] = [target(), target("out.ndjson")];
  const size = ["--segment-size", "200K", "--format", "ndjson"];
  const { status, stdout } = run([
    "convert",
    source,
    "--to",
    many,
    ...size,
    "--select",
    "timestamp,event,payload",
  ]);
  assert.equal([status, stdout], [0, ""]);
  assert.ok(readdirSync(many).length > 3);
  assert.ok(linesOf(many) === rowsOf(source, "--select", "timestamp,event,payload"));
  assert.is(run(["convert", source, "--to", one]).status, 0);
  const rows = readFileSync(one, "utf8");
  assert.ok(rows.includes('"container":"some-redis"'), "container names are recorded in the rows");
  assert.is(rows.split("\n").length, rowsOf(source).split("\n").length);
});

test("Arrow and Parquet are asked further, with what was lost between the slices counted once", async () => {
  const source = await project("lossy");
  for (const format of ["arrow", "parquet"]) {
    const to = target();
    const { status, stderr } = run([
      "convert",
      source,
      "--to",
      to,
      "-f",
      format,
      "--segment-size",
      "400K",
    ]);
    assert.is(status, 3, "events were lost");
    const lost = /lost: (\d+) events/.exec(stderr)?.[1];
    assert.match(run(["tail", source, "-c"]).stderr, new RegExp(`lost: ${lost} events`));
    const select = ["--select", "timestamp,event,pid_ns"];
    assert.ok(rowsOf(to, ...select) === rowsOf(source, ...select));
    assert.is(
      run(["tail", to, "--container", "some-redis", "-c"]).stdout,
      run(["tail", source, "--container", "some-redis", "-c"]).stdout,
    );
  }
});

test("CTF has the packets as they are", async () => {
  for (const name of ["small", "lossy", "ctf2"] as const) {
    const source = await project(name);
    const to = target();
    assert.is(run(["convert", source, "--to", to, "--format", "ctf"]).status, 0);
    assert.ok(rowsOf(to) === rowsOf(source), name);
    assert.is(
      run(["tail", to, "-c"]).stderr,
      run(["tail", source, "-c"]).stderr,
      "the same losses",
    );
  }
});

test("events outside the times of their packets are in the rows, too", async () => {
  const event = (time: bigint) => record(0, time, new Uint8Array());
  const source = folders.make({
    metadata: `${PREAMBLE}${STREAM}event { name = "a"; id = 0; stream_id = 0; };\n`,
    data: joined(
      packet(event(10n), { begin: 10n, end: 20n }),
      packet(joined(event(30n), event(5n)), { begin: 30n, end: 40n, sequenceNumber: 1n }),
    ),
  });
  assert.is(slicesOf(await openRecorded([source]), 1).length, 2);
  const to = target();
  const { status, stderr } = run([
    "convert",
    source,
    "--to",
    to,
    "-f",
    "csv",
    "--segment-size",
    "1",
  ]);
  assert.is(status, 0, stderr);
  assert.match(stderr, /outside the times of their packets/);
  assert.is(linesOf(to).trim().split("\n").length, 1 + 3);
});

test("what cannot be converted is said, and nothing is left", async () => {
  const source = await project("small");
  const fails = (expected: RegExp, ...args: string[]): void => {
    const { status, stderr } = run(["convert", ...args]);
    assert.is(status, 1);
    assert.match(stderr, expected);
  };
  const folder = folders.make({});
  fails(/expected --format ctf, arrow/, source, "--to", join(folder, "out"));
  fails(/expected no such file/, source, "--to", folder, "-f", "arrow");
  fails(/nosuch/, source, "--to", join(folder, "out"), "-f", "arrow", "--select", "nosuch");
  fails(
    /expected recorded traces/,
    "net://localhost/a/b",
    "--to",
    join(folder, "out"),
    "-f",
    "arrow",
  );
  assert.equal(readdirSync(folder), []);
});

test.run();
