/** What a host makes of container metadata: births, records, ends, in any order and however often an inode is used again. */

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type ContainerRecord, namespaceName } from "../../src/containers/container.ts";
import { type Fork, HOST_PID_NS, Host } from "../../src/containers/host.ts";
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
    initVpid: undefined,
    startNs: undefined,
    endNs: 0n,
  };
  return { name, type: "docker", pidNs, ...nothing, ...more };
}

function fork(childTid: number, parentPidNs: number, childPidNs: number, childVtid: number): Fork {
  return { childTid, parentPidNs, childPidNs, childVtid, mntNs: 0 };
}

/** The name of the container that an event belongs to. */
function who(host: Host, ns: number, pidNs: number, mntNs = 0, tid?: number): string | undefined {
  const instance = host.instanceAt(BigInt(ns), pidNs, mntNs, tid);
  return instance?.container.name ?? (pidNs === 0 ? undefined : namespaceName(pidNs));
}

test("the initial pid namespace is the host", () => {
  assert.is(who(new Host("h"), 5, HOST_PID_NS), "[HOST]");
});

test("a namespace without a name goes by its number", () => {
  assert.is(who(new Host("h"), 5, NS), `pid_ns:${NS}`);
});

test("a record names its namespace for all that came before, too", () => {
  const host = new Host("h");
  assert.is(who(host, 5, NS), `pid_ns:${NS}`);
  host.onContainerRecord(100n, record("web", NS));
  assert.is(who(host, 5, NS), "web");
  assert.is(who(host, 500, NS), "web");
});

test("a fork into a new namespace is a birth: what the inode was before has another name", () => {
  const host = new Host("h");
  host.onContainerRecord(10n, record("old", NS));
  host.onFork(100n, fork(50, HOST_PID_NS, NS, 1));
  assert.is(who(host, 99, NS), "old");
  assert.is(who(host, 100, NS), `pid_ns:${NS}`);
  host.onContainerRecord(150n, record("new", NS, { initPid: 50 }));
  assert.is(who(host, 99, NS), "old");
  assert.is(who(host, 100, NS), "new");
});

test("a container that starts again under its name is one identity with two instances", () => {
  const host = new Host("h");
  host.onFork(10n, fork(50, HOST_PID_NS, NS, 1));
  host.onContainerRecord(20n, record("web", NS, { initPid: 50 }));
  host.onExit(30n, 50, 0);
  host.onFork(40n, fork(60, HOST_PID_NS, NS, 1));
  host.onContainerRecord(50n, record("web", NS, { initPid: 60 }));
  const web = host.containers.find(({ name }) => name === "web");
  assert.equal(
    web?.instances.map(({ initPid, from, to }) => [initPid, from, to]),
    [
      [50, 10n, 30n],
      [60, 40n, undefined],
    ],
  );
});

test("a late record of a life that is over does not name the life that has its inode now", () => {
  const host = new Host("h");
  host.onFork(10n, fork(50, HOST_PID_NS, NS, 1));
  host.onContainerRecord(20n, record("old", NS, { initPid: 50 }));
  host.onExit(30n, 50, 0);
  host.onFork(40n, fork(60, HOST_PID_NS, NS, 1));
  host.onContainerRecord(45n, record("old", NS, { initPid: 50 }));
  assert.is(who(host, 50, NS), `pid_ns:${NS}`);
  host.onContainerRecord(60n, record("new", NS, { initPid: 60 }));
  assert.is(who(host, 25, NS), "old");
  assert.is(who(host, 50, NS), "new");
});

test("without the kernel's word, another init process means another life", () => {
  const host = new Host("h");
  host.onContainerRecord(10n, record("a", NS, { initPid: 50 }));
  host.onContainerRecord(20n, record("a", NS, { initPid: 50 }));
  host.onContainerRecord(30n, record("b", NS, { initPid: 60 }));
  assert.is(who(host, 15, NS), "a");
  assert.is(who(host, 29, NS), "a");
  assert.is(who(host, 30, NS), "b");
});

test("an ended life keeps the last events of its dying tasks", () => {
  const host = new Host("h");
  host.onFork(10n, fork(50, HOST_PID_NS, NS, 1));
  host.onContainerRecord(20n, record("web", NS));
  host.onExit(30n, 50, 0);
  assert.is(who(host, 31, NS), "web");
});

test("a dying task without a namespace belongs where its fork or the state dump put it", () => {
  const host = new Host("h");
  host.onStatedump(1n, 500, 0, HOST_PID_NS, 500);
  host.onStatedump(1n, 500, 1, NS, 7);
  host.onContainerRecord(5n, record("web", NS));
  host.onFork(10n, fork(600, NS, NS, 8));
  assert.is(who(host, 20, 0, 0, 500), "web");
  assert.is(who(host, 20, 0, 0, 600), "web");
  assert.is(who(host, 20, 0, 0, 601), undefined);
});

test("a task id that is used again belongs to the task of its time", () => {
  const host = new Host("h");
  host.onFork(10n, fork(600, NS, NS, 8));
  host.onExit(20n, 600, 0);
  host.onFork(30n, fork(600, HOST_PID_NS, HOST_PID_NS, 600));
  assert.is(who(host, 15, 0, 0, 600), `pid_ns:${NS}`);
  assert.is(who(host, 35, 0, 0, 600), "[HOST]");
});

test("the state dump's deepest level is a task's own, in whatever order the levels come", () => {
  const host = new Host("h");
  host.onStatedump(1n, 500, 2, NESTED, 1);
  host.onStatedump(1n, 500, 1, NS, 30);
  host.onStatedump(1n, 500, 0, HOST_PID_NS, 500);
  assert.is(who(host, 5, 0, 0, 500), `pid_ns:${NESTED}`);
});

test("a nested namespace knows the life that it was born in", () => {
  const host = new Host("h");
  host.onFork(10n, fork(50, HOST_PID_NS, NS, 1));
  host.onContainerRecord(15n, record("outer", NS, { initPid: 50 }));
  host.onFork(20n, fork(60, NS, NESTED, 1));
  const nested = host.instanceAt(25n, NESTED, 0, undefined);
  assert.is(nested?.container.name, `pid_ns:${NESTED}`);
  assert.is(nested?.parent?.container.name, "outer");
});

test("containers of a pod share a pid namespace and are distinguished by their mounts", () => {
  const host = new Host("h");
  const pod = { pod: "shop", podNamespace: "prod" };
  host.onFork(10n, fork(50, HOST_PID_NS, NS, 1));
  host.onContainerRecord(20n, record("pause", NS, { mntNs: 1, initPid: 50, ...pod }));
  host.onContainerRecord(21n, record("app", NS, { mntNs: 2, initPid: 61, ...pod }));
  host.onContainerRecord(22n, record("sidecar", NS, { mntNs: 3, initPid: 62, ...pod }));
  host.onContainerRecord(30n, record("pause", NS, { mntNs: 1, initPid: 50, ...pod }));
  assert.is(who(host, 40, NS, 1), "pause");
  assert.is(who(host, 40, NS, 2), "app");
  assert.is(who(host, 40, NS, 3), "sidecar");
  assert.is(who(host, 40, NS), "pause");
});

test("a container in the host's pid namespace is known by its mounts alone", () => {
  const host = new Host("h");
  host.onContainerRecord(20n, record("agent", HOST_PID_NS, { mntNs: 9, initPid: 70 }));
  assert.is(who(host, 30, HOST_PID_NS, 9), "agent");
  assert.is(who(host, 30, HOST_PID_NS, 8), "[HOST]");
});

test("hosts with equal inodes never mix; traces of one boot are of one host, whatever name they give", () => {
  const registry = new Registry();
  registry.host("boot-1", "a").onContainerRecord(1n, record("web", NS));
  registry.host("boot-2", "b").onContainerRecord(1n, record("db", NS));
  const name = (boot: string, host: string): string | undefined =>
    registry.host(boot, host).instanceAt(5n, NS, 0, undefined)?.container.name;
  assert.is(name("boot-1", "a"), "web");
  assert.is(name("boot-2", "b"), "db");
  assert.is(name("boot-1", "the-container's-own-name"), "web");
});

test("ten thousand containers and a hundred thousand processes fit into 200 MiB", () => {
  const before = process.memoryUsage().heapUsed;
  const host = new Host("h");
  for (let i = 0; i < 10_000; i++) {
    const ns = NS + i;
    host.onFork(BigInt(i), fork(1_000_000 + i, HOST_PID_NS, ns, 1));
    host.onContainerRecord(BigInt(i + 1), record(`container-${i}`, ns, { initPid: 1_000_000 + i }));
    for (let n = 0; n < 10; n++) host.onFork(BigInt(i + 2), fork(i * 10 + n, ns, ns, n + 2));
  }
  const used = process.memoryUsage().heapUsed - before;
  assert.is(host.containers.length, 10_001);
  assert.is(who(host, 1_000_000, 0, 0, 54_321), "container-5432");
  assert.ok(used < 200 * (1 << 20), `${(used / (1 << 20)).toFixed(0)} MiB`);
});

const START = 1_000_000_000_000n;

test("records alone distinguish an inode's uses: by their inits, their starts and their ends", () => {
  const host = new Host("h");
  const first = { mntNs: 7, initPid: 50, initVpid: 1 };
  const at = (ms: number): number => Number(START) + ms * 1_000_000;
  const ns = (ms: number): bigint => BigInt(at(ms));
  host.onContainerRecord(ns(0), record("old", NS, first));
  host.onContainerRecord(ns(1000), record("old", NS, { ...first, endNs: ns(1000) }));
  assert.is(who(host, at(999), NS), "old");
  assert.is(who(host, at(1100), NS), `pid_ns:${NS}`, "its next use has no record yet");
  const second = { mntNs: 7, initPid: 60, initVpid: 1, startNs: ns(1080) };
  host.onContainerRecord(ns(1200), record("new", NS, second));
  assert.is(who(host, at(1100), NS), "new");
  assert.is(who(host, at(1070), NS), "new", "starts are known to some 10 ms");
  assert.is(who(host, at(900), NS), "old");
  // Its end was not recorded, and yet another init has begun there.
  host.onContainerRecord(ns(2000), record("old", NS, { ...first, initPid: 70, startNs: ns(1900) }));
  assert.is(who(host, at(1950), NS), "old");
  assert.is(who(host, at(1850), NS), "new");
  const old = host.containers.find(({ name }) => name === "old");
  assert.is(old?.instances.length, 2);
});

test("what lived between two recorded instances, and was not recorded itself, takes nothing from them", () => {
  const host = new Host("h");
  const at = (ms: number): number => Number(START) + ms * 1_000_000;
  const ns = (ms: number): bigint => BigInt(at(ms));
  const first = { initPid: 50, initVpid: 1, mntNs: 7 };
  host.onContainerRecord(ns(0), record("web", NS, first));
  host.onContainerRecord(ns(100), record("web", NS, { ...first, endNs: ns(100) }));
  assert.is(who(host, at(200), NS), `pid_ns:${NS}`);
  const second = { initPid: 60, initVpid: 1, mntNs: 7, startNs: ns(500) };
  host.onContainerRecord(ns(600), record("web", NS, second));
  assert.is(who(host, at(550), NS), "web");
  assert.is(who(host, at(200), NS), `pid_ns:${NS}`, "it was before that start");
  assert.is(who(host, at(550), NS), "web");
  assert.is(who(host, at(50), NS), "web");
});

test("one more container in the same pid namespace is distinguished by its init's number there", () => {
  const host = new Host("h");
  const pod = { pod: "p", podNamespace: "n" };
  host.onContainerRecord(10n, record("n/p/a", NS, { ...pod, mntNs: 8, initPid: 51, initVpid: 7 }));
  host.onContainerRecord(20n, record("n/p", NS, { ...pod, mntNs: 7, initPid: 50, initVpid: 1 }));
  host.onContainerRecord(30n, record("n/p/b", NS, { ...pod, mntNs: 9, initPid: 52, initVpid: 9 }));
  assert.is(who(host, 40, NS, 7), "n/p");
  assert.is(who(host, 40, NS, 8), "n/p/a");
  assert.is(who(host, 40, NS, 9), "n/p/b");
  const end = { ...pod, mntNs: 9, initPid: 52, initVpid: 9, endNs: 50n };
  host.onContainerRecord(50n, record("n/p/b", NS, end));
  assert.is(who(host, 60, NS, 9), "n/p", "its end is not the namespace's");
});

test("a container in the host's pid namespace ends without ending the host", () => {
  const host = new Host("h");
  const agent = { mntNs: 8, initPid: 51, initVpid: 51 };
  host.onContainerRecord(10n, record("agent", HOST_PID_NS, agent));
  host.onContainerRecord(50n, record("agent", HOST_PID_NS, { ...agent, endNs: 50n }));
  assert.is(who(host, 40, HOST_PID_NS, 8), "agent");
  assert.is(who(host, 60, HOST_PID_NS, 8), "[HOST]");
});

test("a live host forgets a task some time after its end, and never the one that has its number since", () => {
  for (const isLive of [true, false]) {
    const host = new Host("h", isLive);
    host.onFork(10n, fork(70, NS, NS, 5));
    host.onFork(10n, fork(71, NS, NS, 6));
    host.onExit(20n, 70, 0);
    host.onExit(21n, 71, 0);
    host.onFork(30n, fork(71, NESTED, NESTED, 2));
    assert.is(who(host, 15, 0, 0, 70), `pid_ns:${NS}`);
    if (isLive) host.forgetBefore(25n);
    assert.is(who(host, 15, 0, 0, 70), isLive ? undefined : `pid_ns:${NS}`);
    assert.is(who(host, 40, 0, 0, 71), `pid_ns:${NESTED}`);
  }
});

// --- records of processes that were ending, and records without a mount namespace

test("a record of a process that was ending while it was read names nothing", () => {
  const host = new Host("h");
  host.onContainerRecord(10n, record("redis", NS, { mntNs: 7, initPid: 50, initVpid: 1 }));
  // `docker run --pid=container:redis` is removed: nothing but its namespace's number could be read of it.
  const dying = { mntNs: 0, initPid: 90, initVpid: 0, startNs: 0n };
  host.onContainerRecord(20n, record("sidecar", NS, dying));
  assert.is(who(host, 30, NS), "redis");
  assert.is(who(host, 15, NS), "redis");
  assert.not(host.containers.some(({ name }) => name === "sidecar"));
});

test("a record says an instance's end, even if the process could not be read any more", () => {
  const host = new Host("h");
  host.onContainerRecord(10n, record("web", NS, { mntNs: 7, initPid: 50, initVpid: 1 }));
  const ended = { mntNs: 0, initPid: 50, initVpid: 0, startNs: 0n, endNs: 20n };
  host.onContainerRecord(20n, record("web", NS, ended));
  assert.is(who(host, 15, NS), "web");
  assert.is(who(host, 30, NS), `pid_ns:${NS}`);
});

test("records without a mount namespace that name one pid namespace twice show both names, and never flip", () => {
  const host = new Host("h");
  host.onContainerRecord(10n, record("web", NS));
  host.onContainerRecord(11n, record("sidecar", NS));
  const seen = new Set<string | undefined>();
  for (let ns = 20n; ns < 2000n; ns += 20n) {
    seen.add(who(host, Number(ns), NS));
    host.onContainerRecord(ns, record("sidecar", NS));
    seen.add(who(host, Number(ns), NS));
    host.onContainerRecord(ns + 1n, record("web", NS));
  }
  assert.equal([...seen], ["web|sidecar"]);
});

test("a name that is not recorded any more, while another is, was that of an instance before", () => {
  const host = new Host("h");
  for (let ns = 0n; ns < 100n; ns += 10n) host.onContainerRecord(ns, record("old", NS));
  for (let ns = 100n; ns < 300n; ns += 10n) host.onContainerRecord(ns, record("new", NS));
  assert.is(who(host, 290, NS), "new");
  assert.is(who(host, 120, NS), "old|new", "which of them it was then, nothing says");
});

test("a record that identifies the namespace's own container says more than one without", () => {
  const host = new Host("h");
  host.onContainerRecord(10n, record("web", NS, { mntNs: 7, initPid: 50, initVpid: 1, id: "5e" }));
  host.onContainerRecord(20n, record("sidecar", NS));
  assert.is(who(host, 30, NS), "web");
});

test("an ending task of a container in another's pid namespace belongs to its own container", () => {
  const host = new Host("h");
  host.onFork(5n, fork(50, HOST_PID_NS, NS, 1));
  host.onContainerRecord(10n, record("redis", NS, { mntNs: 7, initPid: 50, initVpid: 1 }));
  host.onContainerRecord(20n, record("sidecar", NS, { mntNs: 9, initPid: 60, initVpid: 12 }));
  host.onFork(30n, { ...fork(61, NS, NS, 13), mntNs: 9 });
  host.onFork(31n, { ...fork(51, NS, NS, 14), mntNs: 7 });
  assert.is(who(host, 40, 0, 0, 61), "sidecar");
  assert.is(who(host, 40, 0, 0, 51), "redis");
  // A task that has entered another mount namespace since its fork is known by its own last event.
  host.onFork(50n, { ...fork(62, NS, NS, 15), mntNs: 7 });
  host.onExit(60n, 62, 9);
  assert.is(who(host, 61, 0, 0, 62), "sidecar");
});

test("an init that moves to another mount namespace stays the same instance", () => {
  const host = new Host("h");
  const init = { initPid: 50, initVpid: 1, startNs: START };
  host.onContainerRecord(START + 10n, record("web", NS, { ...init, mntNs: 7 }));
  host.onContainerRecord(START + 20n, record("web", NS, { ...init, mntNs: 8 }));
  const web = host.containers.find(({ name }) => name === "web");
  assert.is(web?.instances.length, 1);
  assert.is(who(host, Number(START + 30n), NS, 8), "web");
});

test("no instance is its own parent", () => {
  const host = new Host("h");
  host.onFork(10n, fork(50, NS, NS, 1));
  assert.is(host.instanceAt(10n, NS, 0, undefined)?.parent, undefined);
});

test("a live host forgets instances some time after their end, and their containers with the last", () => {
  const host = new Host("h", true);
  for (let i = 0; i < 1000; i++) {
    const ns = BigInt(i * 100);
    host.onFork(ns, fork(5000 + i, HOST_PID_NS, NS + (i % 7), 1));
    host.onContainerRecord(ns + 1n, record(`job-${i}`, NS + (i % 7), { initPid: 5000 + i }));
    host.onExit(ns + 50n, 5000 + i, 0);
  }
  assert.is(host.containers.length, 1001);
  host.forgetBefore(99_000n);
  assert.equal(
    host.containers.map(({ name }) => name),
    ["[HOST]", ...Array.from({ length: 10 }, (_, i) => `job-${990 + i}`)],
  );
  assert.is(who(host, 99_150, NS + (991 % 7)), "job-991");
});

test("a look-up changes nothing", () => {
  const host = new Host("h");
  const { version } = host;
  for (let i = 0; i < 1000; i++) host.instanceAt(5n, NS + i, NS + i, i);
  assert.is(host.version, version);
  assert.is(host.containers.length, 1);
});

test.run();
