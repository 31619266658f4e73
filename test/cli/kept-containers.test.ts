/** Container state of recorded traces that an earlier run has found: it makes queries quicker, and never changes what they print. */

import { appendFileSync, cpSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { damagesOf } from "../support/damage.ts";
import { Folders } from "../support/folder.ts";
import { type Finished, run } from "../support/program.ts";
import { projectTraces } from "../support/traces.ts";

const test = suite("cli/kept-containers");
const folders = new Folders();
test.after(() => folders.removeAll());
const traces = projectTraces(test);

/** Files that changed less than 2 s ago may change again without another time. */
const SETTLED_MS = 2100;

const keptOf = (home: string): string[] => {
  const directory = join(home, "tracewire");
  const names = readdirSync(directory).filter((name) => name.startsWith("containers-"));
  return names.map((name) => join(directory, name));
};
/** What a command prints; errors are part of it. */
function printed(home: string, args: readonly string[], off = false): string {
  const { status, stdout, stderr }: Finished = run(args, {
    XDG_CACHE_HOME: home,
    TRACEWIRE_CODE_CACHE: off ? "off" : "on",
  });
  return `${stdout}${stderr}${status}`;
}

/** Containers that start again and again, in a trace of 8 MiB. */
async function churn(): Promise<string> {
  const copy = folders.make({});
  cpSync(join(await traces("churn"), "kernel"), copy, { recursive: true });
  await sleep(SETTLED_MS);
  return copy;
}

const COMMANDS: readonly (readonly [string, (trace: string) => readonly string[]])[] = [
  ["windows", (trace) => ["query", trace, "|> count() by container every 1s", "--format", "csv"]],
  ["usage", (trace) => ["query", trace, "|> slices |> usage(dt) by container", "--format", "csv"]],
  ["rows", (trace) => ["tail", trace, "--select", "timestamp,container,event", "--limit", "5000"]],
  ["a filter", (trace) => ["tail", trace, "--container", "churn*", "--count"]],
  ["a name", (trace) => ["tail", trace, "--where", '$container.name == "nowhere"', "--count"]],
  ["the census", (trace) => ["containers", trace]],
];

test("what is found is kept once, and later runs print the same", async () => {
  const trace = await churn();
  for (const [what, args] of COMMANDS) {
    const home = folders.make({});
    const expected = printed(home, args(trace), true);
    assert.ok(expected.length > 10, what);
    for (const run of ["cold", "warm", "warm again"]) {
      assert.is(printed(home, args(trace)), expected, `${what}, ${run}`);
      assert.is(keptOf(home).length, 1, `${what}, ${run}`);
    }
  }
});

test("commands share it", async () => {
  const trace = await churn();
  const home = folders.make({});
  for (const [, args] of COMMANDS) printed(home, args(trace));
  assert.is(keptOf(home).length, 1);
});

test("a trace that has changed is read anew, whatever its size and times are", async () => {
  const trace = await churn();
  const home = folders.make({});
  const census = (): string => printed(home, ["containers", trace]);
  const before = census();
  for (const file of ["k_0", "k_1"]) {
    const path = join(trace, file);
    const bytes = readFileSync(path, "latin1");
    writeFileSync(path, bytes.replaceAll("churn", "CHURN"), "latin1");
  }
  assert.is(census(), before.replaceAll("churn", "CHURN"));
  assert.is(keptOf(home).length, 1, "nothing is kept of files that may still change");
  await sleep(SETTLED_MS);
  assert.is(census(), before.replaceAll("churn", "CHURN"));
  assert.is(keptOf(home).length, 2);
});

test("a trace with damage is looked at each time", async () => {
  const trace = await churn();
  appendFileSync(join(trace, "k_1"), "no packet");
  await sleep(SETTLED_MS);
  const home = folders.make({});
  const [first, second] = [1, 2].map(() => printed(home, ["containers", trace]));
  assert.is(second, first);
  assert.equal(keptOf(home), []);
});

test("a damaged file is left aside and made anew", async () => {
  const trace = await churn();
  const home = folders.make({});
  const census = (): string => printed(home, ["containers", trace]);
  const expected = census();
  const [file = ""] = keptOf(home);
  const good = readFileSync(file);
  for (const [i, damage] of damagesOf(good).entries()) {
    writeFileSync(file, damage);
    assert.is(census(), expected, `damage ${i}`);
    assert.ok(readFileSync(file).equals(good), `damage ${i}: made anew`);
  }
});

test("other times of the clock are other names' times", async () => {
  const trace = await churn();
  const home = folders.make({});
  const at = (...more: readonly string[]): string => printed(home, ["containers", trace, ...more]);
  const [plain, moved] = [at(), at("--clock-offset", "3600")];
  assert.is.not(moved, plain);
  assert.is(at("--clock-offset", "3600"), moved);
  assert.is(at(), plain);
  assert.is(keptOf(home).length, 2);
});

test.run();
