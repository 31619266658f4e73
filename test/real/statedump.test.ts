/** The tracepoint provider: which records reach a trace, whatever its input. */

import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Child } from "../support/child.ts";
import { needsLttng, sharedLttng } from "../support/lttng.ts";
import { needs } from "../support/needs.ts";
import { MAIN, PROJECT } from "../support/traces.ts";
import { tracewire } from "../support/tracewire.ts";

const test = suite("real/statedump");
const hasMake = needs(test, ["make"]) === test;
const run = hasMake ? needsLttng(test) : test.skip;
const daemons = sharedLttng(test);

const FOLDER = join(PROJECT, "statedump");
const FIELDS = {
  name: "web",
  type: "docker",
  pidNs: "4026532600",
  mntNs: "4026532601",
  netNs: "0",
  cgroupNs: "4294967295",
  id: "id",
  image: "",
  pid: "4711",
  pod: "p",
  namespace: "n",
  vpid: "1",
  startNs: "5",
  endNs: "0",
  cgroup: "/kubepods.slice/one",
  cpuMax: "1500",
  memoryMax: "536870912",
  pidsMax: "0",
};

function line(name: string, more: Partial<typeof FIELDS> = {}): string {
  return Object.values({ ...FIELDS, name, ...more }).join("\t");
}

run("emits whole records, cuts long texts, and skips everything else", async () => {
  const lttng = await daemons();
  await new Child("make", ["-C", FOLDER]).output();
  const provider = lttng.run(join(FOLDER, "tracewire-statedump"), []);
  provider.send("");
  await provider.until("answered the round", () => provider.lines.length === 1);
  assert.equal(provider.lines, ["listening 0"]);
  const session = { events: ["ust_container_statedump:*"], liveTimerUs: 0 };
  await lttng.createSession("records", session);

  const numbers =
    /^line \d+: expected a name in field 1, numbers in 5, 6, 14 and 16 to 18, numbers above 0 in 3, /;
  const refused: readonly (readonly [line: string, reason: RegExp])[] = [
    [line("no", { pid: "-1" }), numbers],
    [line("no", { pid: "99999999999" }), numbers],
    [line("no", { pid: "" }), numbers],
    [line("no", { cpuMax: "max" }), numbers],
    ...(["pidNs", "mntNs", "pid", "vpid", "startNs"] as const).map(
      (field) => [line("no", { [field]: "0" }), numbers] as const,
    ),
    [line(""), numbers],
    ["no\tdocker", /expected 18 fields, got 2$/],
    [line("no", { image: "x".repeat(70_000) }), /expected at most 65535 bytes, got more$/],
    [`\0${line("no")}`, /expected text, got a NUL$/],
  ];
  provider.send(line("web"));
  for (const [text] of refused) provider.send(text);
  provider.send(line("ü".repeat(3000), { image: "y".repeat(5000) }));
  provider.send(`${line("more")}\tand\tmore`);
  provider.send(line("last"));
  provider.send("");
  await provider.until("ended the round", () => provider.lines.length === 2);
  provider.process.stdin?.end(`${line("cut", { endNs: "17" })}`);
  await provider.output();
  assert.equal(provider.lines, ["listening 0", "listening 1"]);
  const reasons = provider.stderr.trim().split("\n");
  assert.is(reasons.length, refused.length, provider.stderr);
  refused.forEach(([, reason], i) => {
    assert.ok(reasons[i]?.startsWith(`line ${i + 3}: `));
    assert.match(reasons[i] ?? "", reason);
  });
  await lttng.end("records");
  const tail = tracewire(
    "tail",
    lttng.stored("records"),
    "--format",
    "ndjson",
    "--select",
    "payload",
  );
  const records = (await tail.output())
    .trim()
    .split("\n")
    .map((text) => JSON.parse(text).payload);
  assert.equal(records[0], {
    container_name: "web",
    container_type: "docker",
    pid_ns: 4026532600,
    mnt_ns: 4026532601,
    net_ns: 0,
    cgroup_ns: 4294967295,
    id: "id",
    image: "",
    init_pid: 4711,
    pod: "p",
    namespace: "n",
    init_vpid: 1,
    start_ns: 5,
    end_ns: 0,
    cgroup: "/kubepods.slice/one",
    cpu_max: 1500,
    memory_max: 536870912,
    pids_max: 0,
  });
  assert.is(records[1].container_name, "ü".repeat(511));
  assert.is(records[1].image, "y".repeat(1023));
  assert.is(records.at(-1).container_name, "last", "the line without an end may have been cut");
  assert.is(records.length, 4);
});

run("says how to build the provider where it is missing, and that no session records", async () => {
  const missing = tracewire("statedump", "--only-named", "--provider", "/nowhere/provider");
  assert.is((await missing.end()).code, 1);
  assert.match(
    missing.stderr,
    /\/nowhere\/provider: .*build it with: make -C .*statedump .*--print/,
  );
  const lttng = await daemons();
  const silent = lttng.run(process.execPath, [MAIN, "statedump", "--once", "--only-named"]);
  await silent.output();
  assert.match(
    silent.stderr,
    /no session records container metadata; lttng enable-event --userspace/,
  );
});

test.run();
