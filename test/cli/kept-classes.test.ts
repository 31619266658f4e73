/**
 * Classes of large metadata that an earlier run has read, and those that it has met records of: they make commands start sooner, and
 * never change what these print.
 */

import { appendFileSync, cpSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { MetadataReader } from "../../src/ctf/metadata.ts";
import { damagesOf } from "../support/damage.ts";
import { Folders } from "../support/folder.ts";
import { type Finished, run } from "../support/program.ts";
import { projectTraces } from "../support/traces.ts";

const test = suite("cli/kept-classes");
const folders = new Folders();
test.after(() => folders.removeAll());
const traces = projectTraces(test);

const keptOf = (home: string, kind = "classes-"): string[] => {
  const directory = join(home, "tracewire");
  const names = readdirSync(directory).filter((name) => name.startsWith(kind));
  return names.map((name) => join(directory, name));
};
const tail = (home: string, trace: string, ...more: readonly string[]): Finished =>
  run(["tail", trace, "--limit", "2000", ...more], { XDG_CACHE_HOME: home });

/** Event classes as a kernel has them: over a thousand, of which a trace uses some. */
const UNUSED: string = Array.from(
  { length: 1000 },
  (_, i) =>
    `event { name = "unused_${i}"; id = ${5000 + i}; stream_id = 0; fields := struct { integer { size = 32; } _number; }; };\n`,
).join("");

/** A kernel's trace with large metadata, and what a run without anything kept prints of it. */
async function kernelTrace(): Promise<{ readonly kernel: string; readonly text: string }> {
  const kernel = folders.make({});
  cpSync(join(await traces("small"), "kernel"), kernel, { recursive: true });
  const path = join(kernel, "metadata");
  const reader = new MetadataReader();
  reader.append(readFileSync(path));
  writeFileSync(path, reader.text + UNUSED);
  const { stdout, status, stderr } = run(["tail", kernel, "--limit", "2000"], {
    TRACEWIRE_CODE_CACHE: "off",
  });
  assert.is(status, 0, stderr);
  assert.ok(stdout.length > 100_000);
  return { kernel, text: stdout };
}

test("a kernel's classes are kept once, and later runs print the same", async () => {
  const { kernel, text } = await kernelTrace();
  const home = folders.make({});
  for (const what of ["cold", "warm", "warm again"]) {
    assert.is(tail(home, kernel).stdout, text, what);
    assert.is(keptOf(home).length, 1, what);
  }
  const columns = ["--format", "csv", "--where", "cpu_id == 0"];
  const other = tail(folders.make({}), kernel, ...columns);
  assert.is(tail(home, kernel, ...columns).stdout, other.stdout);
});

test("a damaged file is left aside and made anew", async () => {
  const { kernel, text } = await kernelTrace();
  const home = folders.make({});
  tail(home, kernel);
  const [file = ""] = keptOf(home);
  const good = readFileSync(file);
  for (const [i, damage] of damagesOf(good).entries()) {
    writeFileSync(file, damage);
    assert.is(tail(home, kernel).stdout, text, `damage ${i}`);
    assert.ok(readFileSync(file).length > good.length / 2, `damage ${i}: made anew`);
  }
});

test("metadata that differ are read as they are", async () => {
  const { kernel, text } = await kernelTrace();
  const home = folders.make({});
  assert.is(tail(home, kernel).stdout, text);
  const path = join(kernel, "metadata");
  const metadata = readFileSync(path, "latin1");
  const renamed = metadata.replaceAll("sched_switch", "sched_hctiws");
  assert.is.not(renamed, metadata);
  writeFileSync(path, renamed, "latin1");
  assert.is(tail(home, kernel).stdout, text.replaceAll("sched_switch", "sched_hctiws"));
  assert.is(keptOf(home).length, 2);
});

test("text that is wrong is an error each time", async () => {
  const { kernel } = await kernelTrace();
  const home = folders.make({});
  tail(home, kernel);
  appendFileSync(join(kernel, "metadata"), "event {");
  const errors = [1, 2].map(() => tail(home, kernel).stderr);
  assert.match(errors[0]!, /metadata/);
  assert.is(errors[1], errors[0]);
});

test("which classes records were met of is kept, and damaged files do no harm", async () => {
  const { kernel, text } = await kernelTrace();
  const home = folders.make({});
  assert.is(tail(home, kernel, "--event", "sched_*").status, 0);
  const [file = ""] = keptOf(home, "met-");
  const few = readFileSync(file);
  const wanted = [
    "--event",
    "syscall_*",
    "--event",
    "sched_*",
    "--format",
    "csv",
    "--select",
    "event,cpu_id",
  ];
  const rows = tail(folders.make({}), kernel, ...wanted).stdout;
  // One that knows no class but those of the first packets, one that knows all, and ones that know nothing.
  for (const [i, bytes] of [few, few, ...damagesOf(few)].entries()) {
    if (i !== 1) writeFileSync(file, bytes);
    assert.is(tail(home, kernel).stdout, text, `text ${i}`);
    assert.is(tail(home, kernel, ...wanted).stdout, rows, `columns ${i}`);
    if (i > 1) assert.not(readFileSync(file).equals(bytes), `${i}: made anew`);
  }
});

test("old files give way", async () => {
  const { kernel } = await kernelTrace();
  const home = folders.make({});
  const path = join(kernel, "metadata");
  const metadata = readFileSync(path, "latin1");
  for (let i = 10; i < 30; i++) {
    writeFileSync(path, metadata.replaceAll("sched_switch", `sched_swit${i}`), "latin1");
    tail(home, kernel, "--limit", "1");
  }
  assert.is(keptOf(home).length, 16);
});

test.run();
