/** Conditions on containers that an expression can decide exactly, and those that it cannot. */

import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { ContainerRecord } from "../../src/containers/container.ts";
import { Registry } from "../../src/containers/registry.ts";
import { openFeed } from "../../src/feed/feed.ts";
import { named } from "../../src/filter/container-condition.ts";
import { print } from "../../src/filter/print.ts";
import { exactPart } from "../../src/operators/contain/exact-pushdown.ts";
import { RecordedNames } from "../../src/operators/contain/recorded-names.ts";
import { recordedTrace } from "../support/traces.ts";

const test = suite("operators/exact-pushdown");
const trace = await recordedTrace("churn");
const feed = openFeed([trace.path], { from: "beginning" });
const names = new RecordedNames(feed);
await new Promise<void>((ready, failed) => names.follow({ ready, failed }));
const traceClasses = [...names.traceClasses];

test.after(() => trace.remove());

const part = (name: string, registry: Registry = names.registry) => {
  const found = exactPart(named(name), registry, traceClasses);
  return found && { text: print(found.expression), container: found.container };
};

test("a container that was always there is its namespace, and its tasks that die", () => {
  assert.equal(part("some-redis")?.text, "$ctx.pid_ns == 4026532220");
  const { text, container } = part("thirsty_meninsky") ?? {};
  assert.is(container?.name, "thirsty_meninsky");
  assert.match(
    String(text),
    /^\$ctx\.pid_ns == 4026532284 \|\| \$ctx\.pid_ns == 0 && \$ctx\.tid\? in \(\d+(, \d+){6}\)$/,
  );
});

test("one that was seen to be born has its namespace from then on", () => {
  const text = String(part("new-gecko")?.text);
  assert.match(text, /^\$ctx\.pid_ns == 4026532600 && \$event\.timestamp >= 1795338019187739978/);
});

test("nothing is exact of unknown names, of many tasks, of containers that may be unseen, or of two machines", () => {
  for (const name of ["no-such", "[HOST]", "pid_ns:*"]) assert.is(part(name), undefined, name);
  const registry = new Registry();
  const record = (name: string, pidNs: number): ContainerRecord => ({
    ...{ name, type: "docker", pidNs, mntNs: 0, initPid: 0, id: "", image: "", pod: "" },
    ...{ podNamespace: "", initVpid: undefined, startNs: undefined, endNs: 0n },
  });
  registry.host("boot", "a").onContainerRecord(1n, record("web", 4_026_532_900));
  assert.is(part("web", registry)?.text, "$ctx.pid_ns == 4026532900");
  registry.host("other boot", "b").onContainerRecord(1n, record("db", 4_026_532_900));
  assert.is(part("web", registry), undefined);
});

test("nothing is exact where the end of a container is only reported", () => {
  const registry = new Registry();
  const host = registry.host("boot", "a");
  const about = { type: "docker", pidNs: 4_026_532_900, mntNs: 0, initPid: 7, id: "", image: "" };
  const rest = { pod: "", podNamespace: "", initVpid: 1, startNs: undefined };
  host.onContainerRecord(10n, { name: "web", ...about, ...rest, endNs: 0n });
  assert.ok(part("web", registry));
  host.onContainerRecord(20n, { name: "web", ...about, ...rest, endNs: 19n });
  assert.is(part("web", registry), undefined);
});

test.run();
