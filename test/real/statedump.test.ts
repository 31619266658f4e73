/** The tracepoint provider: what reaches a trace of what it is told, however it is told. */

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
const NUMBERS_OF_NS = ["4026532600", "4026532601", "0", "4294967295"];

function line(name: string, more: { readonly image?: string; readonly pid?: string } = {}): string {
  const { image = "", pid = "4711" } = more;
  const texts = [name, "docker"];
  return [...texts, ...NUMBERS_OF_NS, "id", image, pid, "p", "n", "1", "5", "0"].join("\t");
}

run("records what is told, cuts long texts, and passes over what is no record", async () => {
  const lttng = await daemons();
  await new Child("make", ["-C", FOLDER]).output();
  const provider = lttng.run(join(FOLDER, "tracewire-statedump"), []);
  provider.send("");
  await provider.until("said that nobody listens", () => provider.lines.length === 1);
  assert.equal(provider.lines, ["listening 0"]);
  const session = { events: ["ust_container_statedump:*"], liveTimerUs: 0 };
  await lttng.createSession("records", session);

  for (const told of [
    line("web"),
    line("no", { pid: "-1" }),
    line("no", { pid: "99999999999" }),
    line("no", { pid: "" }),
    "no\tdocker",
    line("no", { image: "x".repeat(70_000) }),
    line("ü".repeat(3000), { image: "y".repeat(5000) }),
    `${line("more")}\tand\tmore`,
    line("last"),
    "",
  ])
    provider.send(told);
  await provider.until("ended the round", () => provider.lines.length === 2);
  provider.process.stdin?.end();
  await provider.output();
  assert.equal(provider.lines, ["listening 0", "listening 1"]);
  assert.equal(provider.stderr.trim().split("\n"), [
    "line 3: expected numbers in fields 3 to 6, 9 and 12 to 14",
    "line 4: expected numbers in fields 3 to 6, 9 and 12 to 14",
    "line 5: expected numbers in fields 3 to 6, 9 and 12 to 14",
    "line 6: expected 14 fields, got 2",
    "line 7: expected at most 65535 bytes, got more",
  ]);
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
  });
  assert.is(records[1].container_name, "ü".repeat(511));
  assert.is(records[1].image, "y".repeat(1023));
  assert.is(records.at(-1).container_name, "last");
});

run("says how to build the provider where it is not, and that nobody records", async () => {
  const missing = tracewire("statedump", "--only-named", "--provider", "/nowhere/provider");
  assert.is((await missing.end()).code, 1);
  assert.match(
    missing.stderr,
    /\/nowhere\/provider: .*build it with: make -C .*statedump .*--print/,
  );
  const lttng = await daemons();
  const silent = lttng.run(process.execPath, [MAIN, "statedump", "--once", "--only-named"]);
  await silent.output();
  assert.match(silent.stderr, /no session records what is told; lttng enable-event --userspace/);
});

test.run();
