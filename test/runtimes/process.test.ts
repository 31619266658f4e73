/** Processes in /proc: read completely or not at all; and who owns them. */

import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type ProcessReading, readProcess, startTicksOf } from "../../src/runtimes/process.ts";
import { idsOf, ownershipOf } from "../../src/runtimes/process-owner.ts";
import { SharedNamespaces } from "../../src/runtimes/shared-namespaces.ts";
import { mayUnshare } from "../support/namespace.ts";
import { needs } from "../support/needs.ts";

const test = suite("runtimes/process");
const folders: string[] = [];
const children: ChildProcess[] = [];
test.after.each(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

interface FakeTask {
  readonly command?: string;
  readonly state?: string;
  readonly threads?: number;
  readonly start?: number;
  readonly flags?: number;
  readonly vpids?: string;
  readonly uids?: string;
  readonly map?: string;
  readonly namespaces?: Readonly<Record<string, number>>;
}

const ALL = { pid: 4026532600, mnt: 4026532601, net: 4026532602, cgroup: 4026532603 };

function folderOf(prefix: string): string {
  const folder = mkdtempSync(join(tmpdir(), prefix));
  folders.push(folder);
  return folder;
}

/** A /proc with process 4711, whose files say what the test wants. */
function fakeProc(task: FakeTask, ...threads: readonly FakeTask[]): string {
  const proc = folderOf("tracewire-proc-");
  writeFileSync(join(proc, "uptime"), "1000.00 900.00\n");
  write(join(proc, "self"), {});
  write(join(proc, "4711"), task);
  threads.forEach((thread, i) => {
    write(join(proc, "4711/task", String(4711 + i)), thread);
  });
  return proc;
}

function write(folder: string, task: FakeTask): void {
  const { command = "init", state = "S", threads = 1, start = 5000, flags = 4194560 } = task;
  const { vpids = "4711\t1", uids = "0\t0\t0\t0", map = "0 0 4294967295", namespaces = ALL } = task;
  mkdirSync(join(folder, "ns"), { recursive: true });
  const before = `1 1 1 0 -1 ${flags} 1 2 3 4 5 6 7 8 20 0`;
  const stat = `4711 (${command}) ${state} ${before} ${threads} 0 ${start} 1000 100\n`;
  writeFileSync(join(folder, "stat"), stat);
  writeFileSync(join(folder, "status"), `Name:\tinit\nUid:\t${uids}\nNStgid:\t${vpids}\n`);
  writeFileSync(join(folder, "uid_map"), `${map}\n`);
  for (const [kind, inode] of Object.entries(namespaces))
    symlinkSync(`${kind}:[${inode}]`, join(folder, "ns", kind));
}

function kindOf(task: FakeTask, ...threads: readonly FakeTask[]): ProcessReading["kind"] {
  return readProcess(4711, fakeProc(task, ...threads)).kind;
}

test("reads namespaces, number and start; the command may hold anything", () => {
  const reading = readProcess(4711, fakeProc({ command: "a) S 1 (b\n) Z 3" }));
  assert.is(reading.kind, "running");
  if (reading.kind !== "running") return;
  const { startNs, ...facts } = reading.facts;
  assert.equal(facts, {
    startTicks: 5000,
    pidNs: ALL.pid,
    mntNs: ALL.mnt,
    netNs: ALL.net,
    cgroupNs: ALL.cgroup,
    initVpid: 1,
    group: undefined,
  });
  // Boot was 1000 s ago, the start 50 s after it.
  const age = BigInt(Date.now()) * 1_000_000n - startNs;
  assert.ok(age >= 950_000_000_000n && age < 952_000_000_000n, `${age} ns`);
});

for (const missing of ["pid", "mnt", "net", "cgroup"] as const)
  test(`a process without its ${missing} namespace is exiting: nothing of it counts`, () => {
    const { [missing]: _, ...namespaces } = ALL;
    assert.is(kindOf({ namespaces }), "changing");
    assert.is(kindOf({ namespaces, state: "Z" }), "gone");
  });

test("zombies, dead tasks and released numbers are gone", () => {
  assert.is(kindOf({ state: "Z" }), "gone");
  assert.is(kindOf({ state: "X" }), "gone");
  assert.is(kindOf({ vpids: "4711\t0" }), "changing");
  assert.is(readProcess(4712, fakeProc({})).kind, "gone");
});

for (const file of ["stat", "status"])
  test(`half of ${file} is no process`, () => {
    const proc = fakeProc({});
    const path = join(proc, "4711", file);
    writeFileSync(path, readFileSync(path, "utf8").slice(0, 20));
    assert.is.not(readProcess(4711, proc).kind, "running");
  });

test("a main thread that has ended alone leaves a process that runs", () => {
  const main = { state: "Z", threads: 2, namespaces: { pid: ALL.pid } };
  const reading = readProcess(4711, fakeProc(main, main, { state: "S", threads: 2 }));
  assert.is(reading.kind === "running" && reading.facts.mntNs, ALL.mnt);
  assert.is(kindOf(main, main, { state: "Z", namespaces: {} }), "changing", "all are exiting");
});

test("a kernel without a kind of namespaces has 0 for it; one without pids by namespace is reported", () => {
  const { cgroup: _, ...namespaces } = ALL;
  const proc = fakeProc({ namespaces });
  rmSync(join(proc, "self/ns/cgroup"));
  const reading = readProcess(4711, proc);
  assert.is(reading.kind === "running" && reading.facts.cgroupNs, 0);
  writeFileSync(join(proc, "4711/status"), "Name:\tinit\nUid:\t0\t0\t0\t0\n");
  const old = readProcess(4711, proc);
  assert.match(old.kind === "unreadable" ? old.reason : "", /expected Linux 4\.1 or later/);
});

test("nothing of a process counts that is exiting, though it has its namespaces still", () => {
  // Its control group may be the root's already.
  assert.is(readProcess(4711, fakeProc({ flags: 4194560 | 4 })).kind, "changing");
});

const runUnshare = mayUnshare() ? needs(test, ["unshare"]) : test.skip;

runUnshare("a process that is killed while it is read is whole or gone", async () => {
  let readings = 0;
  for (let round = 0; round < 40; round++) {
    const options = "--user --map-root-user --pid --mount --fork".split(" ");
    const holder = spawn("unshare", [...options, "sh", "-c", "echo; exec sleep 60"], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    children.push(holder);
    await new Promise((resolve) => holder.stdout.once("data", resolve));
    const pid = Number(readFileSync(`/proc/${holder.pid}/task/${holder.pid}/children`, "utf8"));
    const before = readProcess(pid);
    process.kill(pid, "SIGKILL");
    for (let reading = before; reading.kind !== "gone"; reading = readProcess(pid)) {
      if (reading.kind !== "changing") assert.equal(withoutClock(reading), withoutClock(before));
      readings++;
    }
    assert.is(startTicksOf(pid), undefined);
  }
  console.log(`${readings} readings of dying processes`);
});

/** A start in ns is computed from clocks that differ a little each time. */
function withoutClock(reading: ProcessReading): unknown {
  return reading.kind === "running" ? { ...reading.facts, startNs: 0n } : reading.kind;
}

const runPython = needs(test, ["python3"]);

runPython("a process is the same while its threads execute other programs", async () => {
  // A thread that is not the main one executes: the main one is a zombie for a moment, and the other takes its place.
  const script = `
import os, sys, threading
if len(sys.argv) < 3: print(flush=True)
count = int(sys.argv[1])
again = lambda: os.execv(sys.executable, [sys.executable, "-c", os.environ["SCRIPT"], str(count - 1), "-"])
if count > 0:
    for _ in range(4): threading.Thread(target=lambda: threading.Event().wait(), daemon=True).start()
    threading.Thread(target=again).start()
    threading.Event().wait()
`;
  const child = spawn("python3", ["-c", script, "20"], {
    env: { ...process.env, SCRIPT: script },
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.push(child);
  await new Promise((resolve) => child.stdout.once("data", resolve));
  const startTicks = startTicksOf(child.pid!);
  let isOver = false;
  child.once("exit", () => {
    isOver = true;
  });
  let isGone = false;
  let readings = 0;
  while (!isOver) {
    for (let i = 0; i < 50; i++, readings++) {
      const now = startTicksOf(child.pid!);
      isGone ||= now === undefined;
      if (now === undefined) continue;
      assert.is(now, startTicks);
      assert.not(isGone, "it was taken for gone");
      assert.is.not(readProcess(child.pid!).kind, "unreadable");
    }
    await nextTurn();
  }
  console.log(`${readings} readings`);
});

const CASES: readonly (readonly [what: string, task: FakeTask, isOwn: boolean])[] = [
  [
    "the user's own id and ids lent by root",
    { uids: "1000 1000 1000 1000", map: "0 1000 1\n1 100000 65536" },
    true,
  ],
  [
    "a user of the container",
    { uids: "100032 100032 100032 100032", map: "0 1000 1\n1 100000 65536" },
    true,
  ],
  ["only lent ids", { uids: "100000 100000 100000 100000", map: "0 100000 65536" }, true],
  ["the user's id in the initial namespace", { uids: "1000 1000 1000 1000" }, false],
  ["root in the initial namespace", {}, false],
  [
    "root's container that has the user's id among its own",
    { uids: "1000 1000 1000 1000", map: "0 1000000 1000\n1000 1000 1\n1001 1001001 64535" },
    false,
  ],
  ["another user's ids", { uids: "1001 1001 1001 1001", map: "0 1001 1" }, false],
  [
    "ids beyond what is lent",
    { uids: "100000 100000 100000 100000", map: "0 100000 65537" },
    false,
  ],
  ["a set-user-id program of another", { uids: "1000 0 0 0", map: "0 1000 1" }, false],
  ["a namespace without ids yet", { uids: "1000 1000 1000 1000", map: "" }, false],
  ["nonsense", { uids: "1000", map: "x" }, false],
];

for (const [what, task, isOwn] of CASES)
  test(`is ${isOwn ? "" : "not "}a user's own process: ${what}`, () => {
    const folder = folderOf("tracewire-ids-");
    const [subuid, passwd] = [join(folder, "subuid"), join(folder, "passwd")];
    writeFileSync(
      subuid,
      "bob:500000:65536\nalice:100000:65536\n# x\n1000:300000:10\nalice:0:1000\nalice:x:1\n",
    );
    writeFileSync(passwd, "root:x:0:0::/root:/bin/sh\nalice:x:1000:1000::/home/alice:/bin/sh\n");
    const ids = idsOf(1000, subuid, passwd);
    assert.equal(ids, [
      { first: 1000, count: 1 },
      { first: 100000, count: 65536 },
      { first: 300000, count: 10 },
    ]);
    const proc = fakeProc(task);
    assert.is(ownershipOf(ids, 4711, 5000, proc), isOwn ? "own" : "foreign");
    assert.is(ownershipOf(ids, 4711, 5001, proc), "gone", "another process has this number");
    assert.is(ownershipOf(ids, 4712, 5000, proc), "gone");
  });

test("a user's process is in namespaces of others if they were there before", () => {
  const proc = folderOf("tracewire-proc-");
  writeFileSync(join(proc, "uptime"), "1000.00 900.00\n");
  const mine = { uids: "1000 1000 1000 1000", map: "0 1000 1" };
  const host = { ...ALL, pid: 1, mnt: 2 };
  write(join(proc, "1"), { start: 0, namespaces: host });
  const tasks: Readonly<Record<string, FakeTask>> = {
    inHost: { ...mine, namespaces: host },
    withMount: { ...mine, namespaces: { ...host, mnt: 12 } },
    withPids: { ...mine, namespaces: { ...host, pid: 13 } },
    own: { ...mine, namespaces: { ...host, pid: 14, mnt: 15 } },
    child: { ...mine, start: 5001, namespaces: { ...host, pid: 14, mnt: 15 } },
    // An administrator looks into it.
    entered: { start: 5002, namespaces: { ...host, pid: 14, mnt: 15 } },
  };
  const pids = Object.keys(tasks).map((name, i) => [name, 100 + i] as const);
  for (const [name, pid] of pids) write(join(proc, String(pid)), tasks[name]!);
  const namespaces = new SharedNamespaces(proc);
  const ids = [{ first: 1000, count: 1 }];
  const found = pids.filter(([name, pid]) =>
    namespaces.holdOthers(ids, pid, tasks[name]?.start ?? 5000),
  );
  assert.equal(
    found.map(([name]) => name),
    ["inHost", "withMount", "withPids"],
  );
  const [, [, inMount], , [, own]] = pids as [unknown, [string, number], unknown, [string, number]];
  assert.is(namespaces.holdOthers(ids, own, 5000, [14, 2]), true, "it was in the host's before");
  assert.is(namespaces.holdOthers([], inMount, 5000), true);
  assert.is(namespaces.holdOthers(ids, 999, 5000), true, "there is no such process");
});

test("without a list of lent ids, a user has one", () => {
  assert.equal(idsOf(1000, "/nowhere", "/nowhere"), [{ first: 1000, count: 1 }]);
});

test.run();
