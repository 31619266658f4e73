/** All runtimes together, over real processes: who is told of, when, and by which name. */

import { type ChildProcess, spawn } from "node:child_process";
import { readlinkSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Finder } from "../../src/runtimes/finder.ts";
import type { RuntimePlace } from "../../src/runtimes/places.ts";
import { fieldsOf, type LocalContainer, providerLine } from "../../src/runtimes/record.ts";
import type { FoundContainer, Runtime } from "../../src/runtimes/runtime.ts";
import { eventually } from "../support/child.ts";

const test = suite("runtimes/finder");
const children: ChildProcess[] = [];
test.after.each(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
});

function processId(): number {
  const child = spawn("sleep", ["60"], { stdio: "ignore" });
  children.push(child);
  return child.pid!;
}

function container(name: string, initPid: number, type = "docker"): FoundContainer {
  return { name, type, id: `id-of-${name}`, image: "", initPid, pod: "", podNamespace: "" };
}

/** A runtime that answers what the test says. */
class ToldRuntime implements Runtime {
  readonly title: string;
  answer: () => Promise<readonly FoundContainer[]>;
  announce: () => void = () => {};

  constructor(title: string, ...found: FoundContainer[]) {
    this.title = title;
    this.answer = () => Promise.resolve(found);
  }

  list(): Promise<readonly FoundContainer[]> {
    return this.answer();
  }

  watch(onChange: () => void, signal: AbortSignal): Promise<void> {
    this.announce = onChange;
    return new Promise((resolve) => signal.addEventListener("abort", () => resolve()));
  }
}

function finderOf(runtimes: readonly Runtime[], periodMs: number) {
  const told: LocalContainer[][] = [];
  const problems: string[] = [];
  const finder = new Finder({
    places: runtimes.map((runtime): RuntimePlace => ({ runtime, path: "/", isNamed: true })),
    periodMs,
    onContainers: (containers) => told.push([...containers]),
    onProblem: (text) => problems.push(text),
  });
  return { finder, told, problems };
}

const HOUR_MS = 3_600_000;

test("tells what the kernel knows of each init", async () => {
  const pid = processId();
  const { finder } = finderOf([new ToldRuntime("docker", container("web", pid))], HOUR_MS);
  const before = BigInt(Date.now()) * 1_000_000n;
  const [web] = await finder.once();
  const inode = (kind: string): number =>
    Number(/\d+/.exec(readlinkSync(`/proc/${pid}/ns/${kind}`))?.[0]);
  const { start_ns, ...fields } = fieldsOf(web!);
  assert.equal(fields, {
    container_name: "web",
    container_type: "docker",
    pid_ns: inode("pid"),
    mnt_ns: inode("mnt"),
    net_ns: inode("net"),
    cgroup_ns: inode("cgroup"),
    id: "id-of-web",
    image: "",
    init_pid: pid,
    pod: "",
    namespace: "",
    init_vpid: pid,
    end_ns: "0",
  });
  const age = before - BigInt(start_ns!);
  assert.ok(age > -1_000_000_000n && age < 60_000_000_000n, `started ${age} ns ago`);
});

test("who is known to several goes by the first one's name; equal names are told apart", async () => {
  const [a, b, c] = [processId(), processId(), processId()];
  const runtimes = [
    new ToldRuntime("docker", container("web", a)),
    new ToldRuntime("podman", container("web", b, "podman"), container("web", c, "podman")),
    new ToldRuntime("containerd", container("4f2a", a, "containerd")),
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

test("starts and stops are told at once where they are announced, a stop with its time", async () => {
  const [a, b] = [processId(), processId()];
  const runtime = new ToldRuntime("docker", container("a", a));
  const { finder, told } = finderOf([runtime], HOUR_MS);
  const following = finder.follow();
  await eventually("the first one is told", async () => told.length || undefined);
  runtime.answer = () => Promise.resolve([container("b", b)]);
  runtime.announce();
  await eventually("the change is told", async () => told[1]);
  finder.stop();
  await following;
  assert.equal(
    told.map((round) => round.map(({ name, endNs }) => [name, endNs !== 0n])),
    [
      [["a", false]],
      [
        ["a", true],
        ["b", false],
      ],
    ],
  );
});

test("an init that is gone has ended, whatever its runtime says", async () => {
  const a = processId();
  const { finder, told } = finderOf([new ToldRuntime("docker", container("a", a))], 20);
  const following = finder.follow();
  await eventually("it is told", async () => told.length || undefined);
  process.kill(a, "SIGKILL");
  await eventually("its end is told", async () => told.flat().find(({ endNs }) => endNs !== 0n));
  const rounds = told.length;
  finder.stop();
  await following;
  assert.is(told.slice(rounds).flat().length, 0, "and only once");
});

test("one that fails or stalls is told once, and holds nobody up", async () => {
  const a = processId();
  const good = new ToldRuntime("good", container("a", a));
  const bad = new ToldRuntime("bad");
  bad.answer = () => Promise.reject(new Error("nonsense"));
  const stalled = new ToldRuntime("stalled");
  const { promise, resolve } = stall();
  stalled.answer = () => promise;
  const { finder, told, problems } = finderOf([stalled, bad, good], 20);
  const following = finder.follow();
  await eventually("the good one is told again and again", async () =>
    told.length >= 3 ? true : undefined,
  );
  bad.answer = () => Promise.resolve([]);
  bad.announce();
  await eventually("the bad one is well again", async () =>
    problems.length > 1 ? true : undefined,
  );
  assert.equal(problems, ["bad: nonsense", "bad: answers again"]);
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

test("no name can break a record's line", async () => {
  const found = container("a\tb\nc\u0000d", processId());
  const [one] = await finderOf([new ToldRuntime("docker", found)], HOUR_MS).finder.once();
  const line = providerLine(one!);
  assert.is(line.split("\n").length, 2);
  assert.equal(line.split("\t").length, 14);
  assert.is(line.split("\t")[0], "a b c d");
});

test.run();
