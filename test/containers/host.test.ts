/** What a host makes of what traces tell: births, records, ends, in any order and however often an inode is used again. */

import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { ContainerRecord } from "../../src/containers/container.ts";
import { HOST_PID_NS, Host } from "../../src/containers/host.ts";
import { Registry } from "../../src/containers/registry.ts";

const test = suite("containers/host");

const NS = 4_026_532_600;
const NESTED = 4_026_532_700;

function record(name: string, pidNs: number, more: Partial<ContainerRecord> = {}): ContainerRecord {
  const nothing = {
    mntNs: 0,
    initPid: 0,
    id: "",
    image: "",
    pod: "",
    podNamespace: "",
    initVpid: 0,
    startNs: 0n,
    endNs: 0n,
  };
  return { name, type: "docker", pidNs, ...nothing, ...more };
}

/** The name of the container that an event belongs to. */
function who(host: Host, ns: number, pidNs: number, mntNs = 0, tid?: number): string | undefined {
  return host.resolve(BigInt(ns), pidNs, mntNs, tid)?.container.name;
}

test("the initial pid namespace is the host", () => {
  assert.is(who(new Host("h"), 5, HOST_PID_NS), "[HOST]");
});

test("a namespace that nobody has named goes by its number", () => {
  assert.is(who(new Host("h"), 5, NS), `pid_ns:${NS}`);
});

test("a record names its namespace for all that came before, too", () => {
  const host = new Host("h");
  assert.is(who(host, 5, NS), `pid_ns:${NS}`);
  host.recorded(100n, record("web", NS));
  assert.is(who(host, 5, NS), "web");
  assert.is(who(host, 500, NS), "web");
});

test("a fork into a new namespace is a birth: what the inode was before has another name", () => {
  const host = new Host("h");
  host.recorded(10n, record("old", NS));
  host.forked(100n, 50, HOST_PID_NS, NS, 1);
  assert.is(who(host, 99, NS), "old");
  assert.is(who(host, 100, NS), `pid_ns:${NS}`);
  host.recorded(150n, record("new", NS, { initPid: 50 }));
  assert.is(who(host, 99, NS), "old");
  assert.is(who(host, 100, NS), "new");
});

test("a container that starts again under its name is one identity with two lives", () => {
  const host = new Host("h");
  host.forked(10n, 50, HOST_PID_NS, NS, 1);
  host.recorded(20n, record("web", NS, { initPid: 50 }));
  host.exited(30n, 50);
  host.forked(40n, 60, HOST_PID_NS, NS, 1);
  host.recorded(50n, record("web", NS, { initPid: 60 }));
  const web = host.containers.find(({ name }) => name === "web");
  assert.equal(
    web?.lives.map(({ initPid, from, to }) => [initPid, from, to]),
    [
      [50, 10n, 30n],
      [60, 40n, undefined],
    ],
  );
});

test("a late record of a life that is over does not name the life that has its inode now", () => {
  const host = new Host("h");
  host.forked(10n, 50, HOST_PID_NS, NS, 1);
  host.recorded(20n, record("old", NS, { initPid: 50 }));
  host.exited(30n, 50);
  host.forked(40n, 60, HOST_PID_NS, NS, 1);
  host.recorded(45n, record("old", NS, { initPid: 50 }));
  assert.is(who(host, 50, NS), `pid_ns:${NS}`);
  host.recorded(60n, record("new", NS, { initPid: 60 }));
  assert.is(who(host, 25, NS), "old");
  assert.is(who(host, 50, NS), "new");
});

test("without the kernel's word, another init process means another life", () => {
  const host = new Host("h");
  host.recorded(10n, record("a", NS, { initPid: 50 }));
  host.recorded(20n, record("a", NS, { initPid: 50 }));
  host.recorded(30n, record("b", NS, { initPid: 60 }));
  assert.is(who(host, 15, NS), "a");
  assert.is(who(host, 29, NS), "a");
  assert.is(who(host, 30, NS), "b");
});

test("an ended life keeps the last events of its dying tasks", () => {
  const host = new Host("h");
  host.forked(10n, 50, HOST_PID_NS, NS, 1);
  host.recorded(20n, record("web", NS));
  host.exited(30n, 50);
  assert.is(who(host, 31, NS), "web");
});

test("a dying task without a namespace belongs where its fork or the state dump put it", () => {
  const host = new Host("h");
  host.dumped(1n, 500, 0, HOST_PID_NS, 500);
  host.dumped(1n, 500, 1, NS, 7);
  host.recorded(5n, record("web", NS));
  host.forked(10n, 600, NS, NS, 8);
  assert.is(who(host, 20, 0, 0, 500), "web");
  assert.is(who(host, 20, 0, 0, 600), "web");
  assert.is(who(host, 20, 0, 0, 601), undefined);
});

test("a task id that is used again belongs to the task of its time", () => {
  const host = new Host("h");
  host.forked(10n, 600, NS, NS, 8);
  host.exited(20n, 600);
  host.forked(30n, 600, HOST_PID_NS, HOST_PID_NS, 600);
  assert.is(who(host, 15, 0, 0, 600), `pid_ns:${NS}`);
  assert.is(who(host, 35, 0, 0, 600), "[HOST]");
});

test("the state dump's deepest level is a task's own, in whatever order the levels come", () => {
  const host = new Host("h");
  host.dumped(1n, 500, 2, NESTED, 1);
  host.dumped(1n, 500, 1, NS, 30);
  host.dumped(1n, 500, 0, HOST_PID_NS, 500);
  assert.is(who(host, 5, 0, 0, 500), `pid_ns:${NESTED}`);
});

test("a nested namespace knows the life that it was born in", () => {
  const host = new Host("h");
  host.forked(10n, 50, HOST_PID_NS, NS, 1);
  host.recorded(15n, record("outer", NS, { initPid: 50 }));
  host.forked(20n, 60, NS, NESTED, 1);
  const nested = host.resolve(25n, NESTED, 0, undefined);
  assert.is(nested?.container.name, `pid_ns:${NESTED}`);
  assert.is(nested?.parent?.container.name, "outer");
});

test("containers of a pod share a pid namespace and are told apart by their mounts", () => {
  const host = new Host("h");
  const pod = { pod: "shop", podNamespace: "prod" };
  host.forked(10n, 50, HOST_PID_NS, NS, 1);
  host.recorded(20n, record("pause", NS, { mntNs: 1, initPid: 50, ...pod }));
  host.recorded(21n, record("app", NS, { mntNs: 2, initPid: 61, ...pod }));
  host.recorded(22n, record("sidecar", NS, { mntNs: 3, initPid: 62, ...pod }));
  host.recorded(30n, record("pause", NS, { mntNs: 1, initPid: 50, ...pod }));
  assert.is(who(host, 40, NS, 1), "pause");
  assert.is(who(host, 40, NS, 2), "app");
  assert.is(who(host, 40, NS, 3), "sidecar");
  assert.is(who(host, 40, NS), "pause");
});

test("a container in the host's pid namespace is known by its mounts alone", () => {
  const host = new Host("h");
  host.recorded(20n, record("agent", HOST_PID_NS, { mntNs: 9, initPid: 70 }));
  assert.is(who(host, 30, HOST_PID_NS, 9), "agent");
  assert.is(who(host, 30, HOST_PID_NS, 8), "[HOST]");
});

test("hosts with equal inodes never mix; traces of one boot are of one host, whatever name they give", () => {
  const registry = new Registry();
  registry.host("boot-1", "a").recorded(1n, record("web", NS));
  registry.host("boot-2", "b").recorded(1n, record("db", NS));
  const name = (boot: string, host: string): string | undefined =>
    registry.host(boot, host).resolve(5n, NS, 0, undefined)?.container.name;
  assert.is(name("boot-1", "a"), "web");
  assert.is(name("boot-2", "b"), "db");
  assert.is(name("boot-1", "the-container's-own-name"), "web");
});

test("ten thousand containers and a hundred thousand processes fit into 200 MiB", () => {
  const before = process.memoryUsage().heapUsed;
  const host = new Host("h");
  for (let i = 0; i < 10_000; i++) {
    const ns = NS + i;
    host.forked(BigInt(i), 1_000_000 + i, HOST_PID_NS, ns, 1);
    host.recorded(BigInt(i + 1), record(`container-${i}`, ns, { initPid: 1_000_000 + i }));
    for (let n = 0; n < 10; n++) host.forked(BigInt(i + 2), i * 10 + n, ns, ns, n + 2);
  }
  const used = process.memoryUsage().heapUsed - before;
  assert.is(host.containers.length, 10_001);
  assert.is(who(host, 1_000_000, 0, 0, 54_321), "container-5432");
  assert.ok(used < 200 * (1 << 20), `${(used / (1 << 20)).toFixed(0)} MiB`);
});

const START = 1_000_000_000_000n;

test("records alone tell an inode's uses apart: by their inits, their starts and their ends", () => {
  const host = new Host("h");
  const first = { mntNs: 7, initPid: 50, initVpid: 1 };
  const at = (ms: number): number => Number(START) + ms * 1_000_000;
  const ns = (ms: number): bigint => BigInt(at(ms));
  host.recorded(ns(0), record("old", NS, first));
  host.recorded(ns(1000), record("old", NS, { ...first, endNs: ns(1000) }));
  assert.is(who(host, at(999), NS), "old");
  assert.is(who(host, at(1100), NS), `pid_ns:${NS}`, "nobody knows yet who has it now");
  const second = { mntNs: 7, initPid: 60, initVpid: 1, startNs: ns(1080) };
  host.recorded(ns(1200), record("new", NS, second));
  assert.is(who(host, at(1100), NS), "new");
  assert.is(who(host, at(1070), NS), "new", "starts are told to some 10 ms");
  assert.is(who(host, at(900), NS), "old");
  // Nobody has told its end, and yet another init has begun there.
  host.recorded(ns(2000), record("old", NS, { ...first, initPid: 70, startNs: ns(1900) }));
  assert.is(who(host, at(1950), NS), "old");
  assert.is(who(host, at(1850), NS), "new");
  const old = host.containers.find(({ name }) => name === "old");
  assert.is(old?.lives.length, 2);
});

test("what lived between two told lives, and nobody told of, takes nothing from them", () => {
  const host = new Host("h");
  const at = (ms: number): number => Number(START) + ms * 1_000_000;
  const ns = (ms: number): bigint => BigInt(at(ms));
  const first = { initPid: 50, initVpid: 1, mntNs: 7 };
  host.recorded(ns(0), record("web", NS, first));
  host.recorded(ns(100), record("web", NS, { ...first, endNs: ns(100) }));
  assert.is(who(host, at(200), NS), `pid_ns:${NS}`);
  const second = { initPid: 60, initVpid: 1, mntNs: 7, startNs: ns(500) };
  host.recorded(ns(600), record("web", NS, second));
  assert.is(who(host, at(550), NS), "web");
  assert.is(who(host, at(200), NS), `pid_ns:${NS}`, "it was before that start");
  assert.is(who(host, at(550), NS), "web");
  assert.is(who(host, at(50), NS), "web");
});

test("one more container in the same pid namespace is told apart by its init's number there", () => {
  const host = new Host("h");
  const pod = { pod: "p", podNamespace: "n" };
  host.recorded(10n, record("n/p/a", NS, { ...pod, mntNs: 8, initPid: 51, initVpid: 7 }));
  host.recorded(20n, record("n/p", NS, { ...pod, mntNs: 7, initPid: 50, initVpid: 1 }));
  host.recorded(30n, record("n/p/b", NS, { ...pod, mntNs: 9, initPid: 52, initVpid: 9 }));
  assert.is(who(host, 40, NS, 7), "n/p");
  assert.is(who(host, 40, NS, 8), "n/p/a");
  assert.is(who(host, 40, NS, 9), "n/p/b");
  const end = { ...pod, mntNs: 9, initPid: 52, initVpid: 9, endNs: 50n };
  host.recorded(50n, record("n/p/b", NS, end));
  assert.is(who(host, 60, NS, 9), "n/p", "its end is not the namespace's");
});

test("a container in the host's pid namespace ends without ending the host", () => {
  const host = new Host("h");
  const agent = { mntNs: 8, initPid: 51, initVpid: 51 };
  host.recorded(10n, record("agent", HOST_PID_NS, agent));
  host.recorded(50n, record("agent", HOST_PID_NS, { ...agent, endNs: 50n }));
  assert.is(who(host, 40, HOST_PID_NS, 8), "agent");
  assert.is(who(host, 60, HOST_PID_NS, 8), "[HOST]");
});

test("a live host forgets a task some time after its end, and never the one that has its number since", () => {
  const MINUTE = 60_000_000_000;
  for (const isLive of [true, false]) {
    const host = new Host("h", isLive);
    host.forked(10n, 70, NS, NS, 5);
    host.forked(10n, 71, NS, NS, 6);
    host.exited(20n, 70);
    host.exited(21n, 71);
    host.forked(30n, 71, NESTED, NESTED, 2);
    assert.is(who(host, 15, 0, 0, 70), `pid_ns:${NS}`);
    for (let tid = 1000; tid < 2000; tid++) host.exited(BigInt(MINUTE + tid), tid);
    assert.is(who(host, 15, 0, 0, 70), isLive ? undefined : `pid_ns:${NS}`);
    assert.is(who(host, MINUTE, 0, 0, 71), `pid_ns:${NESTED}`);
  }
});

test.run();
