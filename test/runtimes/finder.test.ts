/** All runtimes together, over real processes: which containers are recorded, when, and by which name. */

import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync, readlinkSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { cgroupOf } from "../../src/runtimes/cgroup.ts";
import { Finder } from "../../src/runtimes/finder.ts";
import type { RuntimePlace } from "../../src/runtimes/places.ts";
import { fieldsOf, type LocalContainer, providerLine } from "../../src/runtimes/record.ts";
import type {
  Announced,
  FoundContainer,
  Listing,
  OnChange,
  Runtime,
} from "../../src/runtimes/runtime.ts";
import { eventually } from "../support/child.ts";
import { mayUnshare } from "../support/namespace.ts";
import { needs } from "../support/needs.ts";

const test = suite("runtimes/finder");
const children: ChildProcess[] = [];
/** Children of shells that end before them. */
const strays: number[] = [];
test.after.each(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  for (const pid of strays.splice(0)) process.kill(pid, "SIGKILL");
});

function started(program: string, ...args: string[]): ChildProcess {
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "ignore"] });
  children.push(child);
  return child;
}

function processId(): number {
  return started("sleep", "60").pid!;
}

function container(name: string, initPid: number, type = "docker"): FoundContainer {
  return { name, type, id: `id-of-${name}`, image: "", initPid, pod: "", podNamespace: "" };
}

/** A runtime that answers what the test wants. */
class ScriptedRuntime implements Runtime {
  readonly title: string;
  answer: () => Promise<readonly FoundContainer[]>;
  announce: (announced?: Announced) => void = () => {};
  questions = 0;

  constructor(title: string, ...found: FoundContainer[]) {
    this.title = title;
    this.answer = () => Promise.resolve(found);
  }

  async list(): Promise<Listing> {
    this.questions++;
    return { containers: await this.answer(), problems: [], isPending: false };
  }

  watch(onChange: OnChange, signal: AbortSignal): Promise<void> {
    this.announce = onChange;
    return new Promise((resolve) => signal.addEventListener("abort", () => resolve()));
  }
}

function finderOf(runtimes: readonly Runtime[], periodMs: number) {
  const rounds: LocalContainer[][] = [];
  const problems: string[] = [];
  const places = (): RuntimePlace[] =>
    runtimes.map((runtime) => ({ runtime, path: "/", isNamed: true, isUserOwned: false }));
  const finder = new Finder({
    places,
    periodMs,
    onContainers: (containers) => rounds.push([...containers]),
    onProblem: (text) => problems.push(text),
  });
  return { finder, rounds, problems };
}

function inodeOf(pid: number, kind: string): number {
  return Number(/\d+/.exec(readlinkSync(`/proc/${pid}/ns/${kind}`))?.[0]);
}

const HOUR_MS = 3_600_000;

test("records what the kernel knows of each init", async () => {
  const pid = processId();
  const { finder } = finderOf([new ScriptedRuntime("docker", container("web", pid))], HOUR_MS);
  const before = BigInt(Date.now()) * 1_000_000n;
  const [web] = await finder.once();
  const { start_ns, ...fields } = fieldsOf(web!);
  const group = cgroupOf(`/proc/${pid}`, "/proc");
  assert.equal(fields, {
    container_name: "web",
    container_type: "docker",
    pid_ns: inodeOf(pid, "pid"),
    mnt_ns: inodeOf(pid, "mnt"),
    net_ns: inodeOf(pid, "net"),
    cgroup_ns: inodeOf(pid, "cgroup"),
    id: "id-of-web",
    image: "",
    init_pid: pid,
    pod: "",
    namespace: "",
    init_vpid: pid,
    end_ns: "0",
    cgroup: group?.path ?? "",
    cpu_max: group?.cpuMax ?? 0,
    memory_max: group?.memoryMax ?? 0,
    pids_max: group?.pidsMax ?? 0,
  });
  const age = before - BigInt(start_ns!);
  assert.ok(age > -1_000_000_000n && age < 60_000_000_000n, `started ${age} ns ago`);
});

test("a container that several runtimes know has the first one's name; equal names are made distinct", async () => {
  const [a, b, c] = [processId(), processId(), processId()];
  const runtimes = [
    new ScriptedRuntime("docker", container("web", a)),
    new ScriptedRuntime("podman", container("web", b, "podman"), container("web", c, "podman")),
    new ScriptedRuntime("containerd", container("4f2a", a, "containerd")),
  ];
  const found = await finderOf(runtimes, HOUR_MS).finder.once();
  assert.equal(
    found.map(({ name, initPid }) => [name, initPid]),
    [
      ["web", a],
      ["podman/web", b],
      ["podman/web/id-of-web", c],
    ],
  );
});

test("starts and ends are recorded at once where they are announced, an end with its time", async () => {
  const [a, b] = [processId(), processId()];
  const runtime = new ScriptedRuntime("docker", container("a", a));
  const { finder, rounds } = finderOf([runtime], HOUR_MS);
  const following = finder.follow();
  await eventually("the first one is recorded", () => rounds.length || undefined);
  runtime.answer = () => Promise.resolve([container("b", b)]);
  runtime.announce();
  await eventually("the change is recorded", () => rounds[1]);
  finder.stop();
  await following;
  assert.equal(
    rounds.map((round) => round.map(({ name, endNs }) => [name, endNs !== 0n])),
    [
      [["a", false]],
      [
        ["a", true],
        ["b", false],
      ],
    ],
  );
});

test("an init that has exited has ended, whatever its runtime says, and is asked about anew", async () => {
  const a = processId();
  const runtime = new ScriptedRuntime("docker", container("a", a));
  const { finder, rounds } = finderOf([runtime], 20);
  const following = finder.follow();
  await eventually("it is recorded", () => rounds.length || undefined);
  process.kill(a, "SIGKILL");
  await eventually("its end is recorded", () => rounds.flat().find(({ endNs }) => endNs !== 0n));
  const count = rounds.length;
  const again = processId();
  runtime.answer = () => Promise.resolve([container("a", again)]);
  await eventually("its next start is recorded", () => rounds[count]);
  finder.stop();
  await following;
  assert.equal(
    rounds.slice(count).map((round) => round.map(({ name, endNs }) => [name, endNs])),
    rounds.slice(count).map(() => [["a", 0n]]),
    "the end only once",
  );
});

test("a runtime that fails or stalls is reported once, and delays no other", async () => {
  const good = new ScriptedRuntime("good", container("a", processId()));
  const bad = new ScriptedRuntime("bad");
  let failures = 0;
  bad.answer = () => Promise.reject(new Error(`nonsense ${failures++}\x1b[2J`));
  const stalled = new ScriptedRuntime("stalled");
  const { promise, resolve } = stall();
  stalled.answer = () => promise;
  const { finder, rounds, problems } = finderOf([stalled, bad, good], 20);
  const following = finder.follow();
  await eventually("the good one is recorded again and again", () => rounds[2]);
  await eventually("the bad one has failed several times", () => failures > 3 || undefined);
  bad.answer = () => Promise.resolve([]);
  bad.announce();
  await eventually("the bad one answers", () => problems[1]);
  assert.equal(problems, ["bad: nonsense 0\\x1b[2J", "bad: answers again"]);
  resolve();
  finder.stop();
  await following;
});

function stall(): { promise: Promise<readonly FoundContainer[]>; resolve: () => void } {
  let resolve: () => void = () => {};
  const promise = new Promise<readonly FoundContainer[]>((settle) => {
    resolve = () => settle([]);
  });
  return { promise, resolve };
}

test("what is known stays while its process runs, though the runtime fails or vanishes", async () => {
  const [a, b] = [processId(), processId()];
  const runtime = new ScriptedRuntime("docker", container("a", a), container("b", b));
  const { finder, rounds } = finderOf([runtime], 20);
  const following = finder.follow();
  await eventually("both are recorded", () => rounds[0]);
  runtime.answer = () => Promise.reject(new Error("gone for an update"));
  const count = rounds.length;
  await eventually("some rounds pass", () => rounds[count + 5]);
  process.kill(b, "SIGKILL");
  const end = await eventually("the one's end is recorded", () =>
    rounds.flat().find(({ endNs }) => endNs !== 0n),
  );
  finder.stop();
  await following;
  assert.is(end.name, "b");
  assert.equal(
    rounds.slice(0, count + 5).map((round) => round.map(({ name, endNs }) => name + endNs)),
    Array.from({ length: count + 5 }, () => ["a0", "b0"]),
  );
});

test("a name stays while others come, go and are known to more runtimes or fewer", async () => {
  const [web, other] = [processId(), processId()];
  const docker = new ScriptedRuntime("docker", container("web", other));
  const podman = new ScriptedRuntime("podman", container("web", web, "podman"));
  const low = new ScriptedRuntime("containerd", container("4f2a", web, "containerd"));
  const { finder, rounds } = finderOf([docker, podman, low], 20);
  const following = finder.follow();
  const next = async (what: string): Promise<void> => {
    const count = rounds.length;
    await eventually(what, () => rounds[count + 3]);
  };
  await next("all are recorded");
  docker.answer = () => Promise.resolve([]);
  await next("its namesake has gone");
  podman.answer = () => Promise.resolve([]);
  await next("only a runtime without names lists it");
  low.answer = () => Promise.reject(new Error("no more"));
  await next("and that fails too");
  docker.answer = () => Promise.resolve([container("web", other)]);
  await next("its namesake is back");
  finder.stop();
  await following;
  const names = rounds.flat().flatMap(({ name, initPid }) => (initPid === web ? name : []));
  assert.equal([...new Set(names)], ["podman/web"]);
});

test("a renamed container is recorded at once by its new name", async () => {
  const pid = processId();
  const runtime = new ScriptedRuntime("docker", container("old", pid));
  const { finder, rounds } = finderOf([runtime], HOUR_MS);
  const following = finder.follow();
  await eventually("it is recorded", () => rounds[0]);
  runtime.answer = () => Promise.resolve([{ ...container("old", pid), name: "new" }]);
  runtime.announce();
  await eventually("its name is recorded", () => rounds[1]);
  finder.stop();
  await following;
  assert.equal(
    rounds.map((round) => round.map(({ name, endNs }) => name + endNs)),
    [["old0"], ["new0"]],
  );
});

test("a number that is another process's by now does not start the container again", async () => {
  const pid = processId();
  const runtime = new ScriptedRuntime("docker", container("web", pid));
  const { finder, rounds } = finderOf([runtime], 20);
  const following = finder.follow();
  await eventually("it is recorded", () => rounds[0]);
  runtime.answer = () => Promise.reject(new Error("stalled from now on"));
  process.kill(pid, "SIGKILL");
  await eventually("its end is recorded", () => rounds.flat().find(({ endNs }) => endNs !== 0n));
  const count = rounds.length;
  const reused = await reuse(pid);
  await new Promise((resolve) => setTimeout(resolve, 200));
  finder.stop();
  await following;
  assert.is(rounds.length, count, `process ${reused} is no container`);
});

/** A process with a number that another one had. The kernel lets root choose the next one. */
async function reuse(pid: number): Promise<number> {
  if (process.getuid?.() !== 0) return 0;
  const script = "echo $(($0 - 1)) > /proc/sys/kernel/ns_last_pid; sleep 60 & echo $!; wait";
  return eventually(`a process with the number ${pid}`, async () => {
    const child = started("sh", "-c", script, String(pid));
    const text = await new Promise((resolve) => child.stdout!.once("data", resolve));
    strays.push(Number(text));
    return Number(text) === pid ? pid : undefined;
  });
}

test("a container that has ended before its runtime lists it is recorded, with its end", async () => {
  const pid = processId();
  const docker = new ScriptedRuntime("docker");
  const containerd = new ScriptedRuntime("containerd");
  const { finder, rounds } = finderOf([docker, containerd], 50);
  const following = finder.follow();
  await eventually("both are asked", () => (docker.questions && containerd.questions) || undefined);
  const { initPid, ...announced } = container("short", pid);
  docker.announce(announced);
  containerd.announce({ id: announced.id, initPid });
  process.kill(pid, "SIGKILL");
  await eventually("its end is recorded", () => rounds.flat().find(({ endNs }) => endNs !== 0n));
  // The runtime's own announcement of the start comes after the end.
  docker.announce(announced);
  const count = docker.questions;
  await eventually("some rounds pass", () => docker.questions > count + 3 || undefined);
  finder.stop();
  await following;
  assert.equal(
    rounds.flat().map(({ name, type, endNs }) => [name, type, endNs !== 0n]),
    [
      ["short", "docker", false],
      ["short", "docker", true],
    ],
  );
});

test("a container that is announced runs before its runtime lists it, and as long as that does", async () => {
  const pid = processId();
  const docker = new ScriptedRuntime("docker");
  const containerd = new ScriptedRuntime("containerd");
  const { finder, rounds } = finderOf([docker, containerd], 30);
  const following = finder.follow();
  await eventually("both are asked", () => (docker.questions && containerd.questions) || undefined);
  const { initPid, ...announced } = container("web", pid);
  containerd.announce({ id: announced.id, initPid });
  docker.announce(announced);
  await eventually("it is recorded", () => rounds[3]);
  docker.answer = () => Promise.resolve([container("web", pid)]);
  const count = rounds.length;
  await eventually("it is recorded on", () => rounds[count + 3]);
  finder.stop();
  await following;
  assert.ok(rounds.flat().every(({ name, endNs }) => name === "web" && endNs === 0n));
  assert.is(new Set(rounds.flat().map(({ startNs }) => startNs)).size, 1);
});

test("what one runtime calls a container is not what another does", async () => {
  const pid = processId();
  const [docker, podman] = [new ScriptedRuntime("docker"), new ScriptedRuntime("podman")];
  const { finder, rounds } = finderOf([docker, podman], HOUR_MS);
  const following = finder.follow();
  await eventually("both are asked", () => (docker.questions && podman.questions) || undefined);
  const { initPid, ...announced } = container("right", pid);
  podman.announce({ ...announced, name: "wrong", type: "podman" });
  docker.announce(announced);
  podman.announce({ id: announced.id, initPid });
  await eventually("it is recorded", () => rounds[0]);
  finder.stop();
  await following;
  assert.equal(
    rounds.flat().map(({ name }) => name),
    ["right"],
  );
});

test("a runtime that announces without pause is asked with pauses", async () => {
  const noisy = new ScriptedRuntime("noisy");
  const { finder } = finderOf([noisy], HOUR_MS);
  const following = finder.follow();
  await eventually("it is asked", () => noisy.questions || undefined);
  const timer = setInterval(() => noisy.announce(), 0);
  const before = noisy.questions;
  await new Promise((resolve) => setTimeout(resolve, 300));
  clearInterval(timer);
  finder.stop();
  await following;
  const asked = noisy.questions - before;
  assert.ok(asked > 2 && asked <= 31, `asked ${asked} times in 0.3 s`);
});

const runUnshare = mayUnshare() ? needs(test, ["unshare", "nsenter", "sh"]) : test.skip;

runUnshare("an init that enters another mount namespace is the same container", async () => {
  const child = started("unshare", "--user", "--map-root-user", "--mount", "sh", "-c", "echo; cat");
  await new Promise((resolve) => child.stdout!.once("data", resolve));
  const shell = started("sh", "-c", "read line; exec unshare --user --map-root-user --mount cat");
  const pid = shell.pid!;
  const runtime = new ScriptedRuntime("docker", container("web", pid));
  const { finder, rounds } = finderOf([runtime], 20);
  const following = finder.follow();
  await eventually("it is recorded", () => rounds[0]);
  const before = inodeOf(pid, "mnt");
  shell.stdin!.write("go\n");
  await eventually("it has another", () => (inodeOf(pid, "mnt") === before ? undefined : true));
  const after = inodeOf(pid, "mnt");
  await eventually("that is recorded", () => rounds.flat().find(({ mntNs }) => mntNs === after));
  finder.stop();
  await following;
  assert.ok(rounds.flat().every(({ name, endNs }) => name === "web" && endNs === 0n));
  const starts = new Set(rounds.flat().map(({ startNs }) => startNs));
  assert.is(starts.size, 1, "its start is the same");
});

runUnshare("no record of a dying init lacks anything, however often one is read", async () => {
  const fields = [
    "pid_ns",
    "mnt_ns",
    "net_ns",
    "cgroup_ns",
    "init_pid",
    "init_vpid",
    "start_ns",
  ] as const;
  for (let round = 0; round < 20; round++) {
    const holder = started(
      "unshare",
      ..."--user --map-root-user --pid --mount --fork".split(" "),
      "sh",
      "-c",
      "echo $$; exec sleep 60",
    );
    await new Promise((resolve) => holder.stdout!.once("data", resolve));
    const children = readFileSync(`/proc/${holder.pid}/task/${holder.pid}/children`, "utf8");
    const pid = Number(children.trim());
    const runtime = new ScriptedRuntime("docker", container("web", pid));
    const { finder, rounds } = finderOf([runtime], 1);
    const following = finder.follow();
    await eventually("it is recorded", () => rounds[0]);
    process.kill(pid, "SIGKILL");
    await eventually("its end is recorded", () => rounds.flat().find(({ endNs }) => endNs !== 0n));
    finder.stop();
    await following;
    for (const record of rounds.flat().map(fieldsOf))
      assert.equal(
        fields.filter((name) => !(Number(record[name]) > 0)),
        [],
      );
    assert.is(new Set(rounds.flat().map(({ pidNs, mntNs }) => `${pidNs} ${mntNs}`)).size, 1);
  }
});

test("no name can break a record's line, or exceeds what the tracer takes", async () => {
  const found = [
    container("a\tb\nc\u0000d", processId()),
    container(`${"ü".repeat(600)}`, processId()),
  ];
  const [one, two] = await finderOf(
    [new ScriptedRuntime("docker", ...found)],
    HOUR_MS,
  ).finder.once();
  const line = providerLine(one!);
  assert.is(line.split("\n").length, 2);
  assert.equal(line.split("\t").length, 18);
  assert.is(line.split("\t")[0], "a b c d");
  assert.is(two?.name, "ü".repeat(511));
});

test.run();
