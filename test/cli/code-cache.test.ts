/** The cache of compiled code: it makes commands start warm, and never changes what they do. */

import { execFileSync } from "node:child_process";
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Folders } from "../support/folder.ts";
import { type Finished, run } from "../support/program.ts";
import { recordedTrace } from "../support/traces.ts";

const test = suite("cli/code-cache");
const folders = new Folders();
test.after(() => folders.removeAll());

const version = (home: string, env: Readonly<Record<string, string>> = {}): Finished =>
  run(["--version"], { XDG_CACHE_HOME: home, ...env });
const filesOf = (home: string): string[] => {
  const directory = join(home, "tracewire");
  return readdirSync(directory).map((name) => join(directory, name));
};
const theFileOf = (home: string): string => {
  const files = filesOf(home);
  assert.is(files.length, 1, `${files}`);
  return files[0]!;
};

/** A home of caches that one run has filled. */
function warmHome(): string {
  const home = folders.make({});
  assert.is(version(home).status, 0);
  return home;
}

test("a run leaves what it compiled, for its user alone; the next takes it as it is", () => {
  const home = warmHome();
  const file = theFileOf(home);
  assert.is(statSync(join(home, "tracewire")).mode & 0o777, 0o700);
  assert.is(statSync(file).mode & 0o777, 0o600);
  const before = statSync(file).mtimeMs;
  assert.is(version(home).stdout, version(folders.make({})).stdout);
  assert.is(statSync(file).mtimeMs, before, "written once");
});

test("a command and its threads print the same cold and warm", async () => {
  const home = folders.make({});
  const trace = await recordedTrace("small");
  const tail = (env: Readonly<Record<string, string>>): Finished =>
    run(["tail", trace.path, "--workers", "2"], { XDG_CACHE_HOME: home, ...env });
  const without = tail({ TRACEWIRE_CODE_CACHE: "off" });
  assert.ok(without.stdoutBytes.length > 10_000);
  for (const what of ["cold", "warm", "warm again"]) {
    const { status, stdoutBytes } = tail({});
    assert.is(status, without.status, what);
    assert.ok(Buffer.from(stdoutBytes).equals(without.stdoutBytes), what);
    for (const kind of ["cli-tail-", "units-"])
      assert.ok(
        readdirSync(join(home, "tracewire")).some((name) => name.startsWith(kind)),
        kind,
      );
  }
  await trace.remove();
});

test("a cache that is not whole, or of another program, is left aside and made anew", () => {
  const home = warmHome();
  const file = theFileOf(home);
  const good = readFileSync(file);
  const damages: readonly (readonly [string, () => void])[] = [
    ["empty", () => truncateSync(file, 0)],
    ["cut in its header", () => truncateSync(file, 9)],
    ["cut in its data", () => truncateSync(file, good.length - 1)],
    [
      "a pipe",
      () => {
        rmSync(file);
        execFileSync("mkfifo", [file]);
      },
    ],
    ...[0, 4, 8, 16, good.length >> 1, good.length - 1].map(
      (place) =>
        [
          `bit ${place * 8} turned`,
          () => {
            const bytes = Buffer.from(good);
            bytes[place]! ^= 1;
            writeFileSync(file, bytes);
          },
        ] as const,
    ),
  ];
  for (const [what, damage] of damages) {
    damage();
    const { status, stdout, stderr } = version(home);
    assert.is(status, 0, `${what}: ${stderr}`);
    assert.match(stdout, /^\d+\.\d+\.\d+\n$/, what);
    assert.ok(statSync(file).size > good.length / 2, `${what}: made anew`);
  }
});

test("a directory that others may use, or a link, is not used", () => {
  const open = folders.make({});
  mkdirSync(join(open, "tracewire"));
  chmodSync(join(open, "tracewire"), 0o777);
  const linked = folders.make({});
  symlinkSync(folders.make({}), join(linked, "tracewire"));
  for (const home of [open, linked]) {
    assert.is(version(home).status, 0);
    assert.equal(readdirSync(join(home, "tracewire")), []);
  }
});

test("no cache when switched off, after a wrong command line, or where nothing can be written", () => {
  const home = folders.make({});
  assert.is(version(home, { TRACEWIRE_CODE_CACHE: "off" }).status, 0);
  assert.is(run(["tial"], { XDG_CACHE_HOME: home }).status, 2);
  assert.equal(readdirSync(home), []);
  assert.is(version("/dev/null").status, 0);
});

test.run();
