/** What a machine's own runtimes report, in the registries of queries that come and go. */

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type ContainerRecord, namespaceName } from "../../src/containers/container.ts";
import { LocalNames } from "../../src/containers/local-names.ts";
import { Registry } from "../../src/containers/registry.ts";

const test = suite("containers/local-names");

const BOOT = "6c3e8216-c935-4260-a8db-3c695015c639";
const NOW = BigInt(Date.now()) * 1_000_000n;
const SECOND = 1_000_000_000n;

function record(name: string, initPid: number, pidNs: number, endNs = 0n): ContainerRecord {
  const nothing = { id: "", image: "", pod: "", podNamespace: "" };
  const init = { initPid, initVpid: 1, startNs: NOW - 60n * SECOND, endNs };
  return { name, type: "docker", pidNs, mntNs: pidNs + 1, ...nothing, ...init };
}

function who(registry: Registry, boot: string, ns: bigint, pidNs: number): string | undefined {
  const instance = registry.host(boot, "h").instanceAt(ns, pidNs, 0, undefined);
  return instance?.container.name ?? namespaceName(pidNs);
}

test("a query that joins knows who runs and who has just ended, and learns who begins", () => {
  const names = new LocalNames(BOOT, "h");
  names.report([record("a", 50, 1000), record("b", 60, 2000)]);
  names.report([record("b", 60, 2000, NOW - 2n * SECOND)]);
  const registry = new Registry();
  const release = names.follow(registry);
  assert.is(who(registry, BOOT, NOW, 1000), "a");
  assert.is(who(registry, BOOT, NOW - 3n * SECOND, 2000), "b");
  assert.is(who(registry, BOOT, NOW, 2000), "pid_ns:2000");
  names.report([record("c", 70, 3000)]);
  assert.is(who(registry, BOOT, NOW, 3000), "c");
  release();
  names.report([record("d", 80, 4000)]);
  assert.is(who(registry, BOOT, NOW, 4000), "pid_ns:4000");
});

test("other machines and boots are not named by this one's runtimes", () => {
  const names = new LocalNames(BOOT, "h");
  names.report([record("a", 50, 1000)]);
  const registry = new Registry();
  names.follow(registry);
  assert.is(who(registry, "another-boot", NOW, 1000), "pid_ns:1000");
});

test.run();
