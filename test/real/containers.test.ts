/** Real runtimes, real tracer: names reach the trace through `tracewire statedump`, and events their containers. */

import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { serve } from "../../src/server/server.ts";
import { buildApplication } from "../support/application.ts";
import { Child } from "../support/child.ts";
import {
  Contained,
  DockerRuntime,
  FIRST_TICKS,
  LxcRuntime,
  PodmanRuntime,
  type RealRuntime,
} from "../support/contained.ts";
import { type Lttng, needsLttng, sharedLttng } from "../support/lttng.ts";
import { needs } from "../support/needs.ts";
import { MAIN, PROJECT } from "../support/traces.ts";
import { attachedTail, babeltraceLines, tracewire } from "../support/tracewire.ts";

const test = suite("real/containers");
const RUNTIMES = [
  "dockerd",
  "docker",
  "containerd",
  "ctr",
  "podman",
  "runc",
  "conmon",
  "lxc-start",
];
const RIGHTS = process.getuid?.() === 0 ? [] : ["permission-of-root"];
const hasRuntimes =
  needs(test, [...RUNTIMES, ...RIGHTS, "/bin/busybox", "make", "setpriv"]) === test;
const run = hasRuntimes ? needsLttng(test) : test.skip;
const daemons = sharedLttng(test);

const EVENTS = ["tracewire_test:*", "ust_container_statedump:*"];
const CONTEXTS = ["pid_ns", "mnt_ns", "vpid", "vtid"];
const COLUMNS = "container,payload.tag,payload.number";

/** Everything of one test, in a folder of its own. */
class Stage {
  readonly folder: string = mkdtempSync(join(tmpdir(), "tracewire-containers-"));
  readonly #lttng: Lttng;
  readonly #contained: Contained[] = [];
  #program = "";
  docker!: DockerRuntime;
  podman!: PodmanRuntime;
  lxc!: LxcRuntime;

  constructor(lttng: Lttng) {
    this.#lttng = lttng;
  }

  async open(): Promise<void> {
    await new Child("make", ["-C", join(PROJECT, "statedump")]).output();
    this.#program = await buildApplication(this.folder);
    for (const name of ["docker", "podman", "lxc", "apps"]) mkdirSync(join(this.folder, name));
    this.docker = await DockerRuntime.started(this.#lttng, join(this.folder, "docker"));
    this.podman = await PodmanRuntime.started(this.#lttng, join(this.folder, "podman"));
    this.lxc = new LxcRuntime(this.#lttng, join(this.folder, "lxc"));
  }

  async contained(runtime: RealRuntime, name: string): Promise<Contained> {
    const contained = new Contained(join(this.folder, "apps"), name, this.#program);
    await runtime.run(contained);
    this.#contained.push(contained);
    await contained.begun(1);
    return contained;
  }

  statedump(...args: string[]): Child {
    const { docker, podman, lxc } = this;
    const places = [
      ...["--docker", docker.socket, "--podman", podman.socket, "--lxc", lxc.directory],
      ...["--containerd", docker.containerdSocket, "--only-named"],
    ];
    return this.#lttng.run(process.execPath, [MAIN, "statedump", ...places, ...args]);
  }

  async close(): Promise<void> {
    for (const runtime of [this.lxc, this.podman, this.docker]) await runtime?.close();
    for (const contained of this.#contained) contained.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** `container,tag,number` of the ticks that a tail has printed. */
function ticksOf(tail: Child): string[] {
  return tail.lines.slice(1);
}

/** Events counted by control group are those counted by container, whose record says which group it is in. */
async function countsByGroup(trace: string): Promise<void> {
  const rowsOf = async (text: string): Promise<Record<string, unknown>[]> => {
    const query = tracewire("query", trace, text, "--format", "ndjson");
    return (await query.output())
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
  };
  const [event, record] = ["tracewire_test:tick", "ust_container_statedump:*"];
  const groups = new Map<unknown, unknown>();
  for (const { name, group } of await rowsOf(
    `$event.name == "${record}" |> select container_name as name, payload.cgroup as group`,
  ))
    groups.set(name, group);
  const byContainer = await rowsOf(`$event.name == "${event}" |> n = count() by container, cgroup`);
  assert.ok(byContainer.length >= 5);
  for (const { container, cgroup } of byContainer) assert.is(cgroup, groups.get(container));
  const [first] = byContainer;
  const ofGroup = await rowsOf(
    `$event.name == "${event}" && $container.cgroup == "${first!["cgroup"]}" |> n = count()`,
  );
  const same = byContainer.filter(({ cgroup }) => cgroup === first!["cgroup"]);
  assert.is(
    ofGroup[0]!["n"],
    same.reduce((sum, { n }) => sum + Number(n), 0),
  );
}

run("emits one record for each container, also if several runtimes know it", async () => {
  const stage = new Stage(await daemons());
  try {
    await stage.open();
    await stage.contained(stage.docker, "d-one");
    await stage.contained(stage.podman, "p-one");
    await stage.contained(stage.lxc, "l-one");
    const printed = await stage.statedump("--print", "--once").output();
    const records = printed
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    assert.equal(
      records.map((one) => [one.container_name, one.container_type, one.init_vpid]),
      [
        ["d-one", "docker", 1],
        ["p-one", "podman", 1],
        ["l-one", "lxc", 1],
      ],
    );
  } finally {
    await stage.close();
  }
});

run(
  "each event goes to its container, from the first one on, across starts and restarts",
  async () => {
    const lttng = await daemons();
    const stage = new Stage(lttng);
    try {
      await stage.open();
      for (const session of ["everyone", "named"])
        await lttng.createSession(session, { events: EVENTS, contexts: CONTEXTS });
      const dump = stage.statedump("--period", "1s");
      await dump.until("began", () => dump.stderr.includes("emitting container records"));

      const one = await stage.contained(stage.docker, "d-one");
      const two = await stage.contained(stage.podman, "p-one");
      const three = await stage.contained(stage.lxc, "l-one");
      const common = ["--format", "csv", "--from", "beginning"];
      const ticks = ["--event", "tracewire_test:tick"];
      const select = ["--select", COLUMNS];
      const everyone = await attachedTail(lttng.url("everyone"), ...common, ...ticks, ...select);
      const only = ["--container", "d-one"];
      const named = await attachedTail(lttng.url("named"), ...common, ...ticks, ...select, ...only);
      for (const each of [one, two, three]) await each.tick(20);

      // One that is born while everybody looks, and each that stops and starts again, at once.
      await stage.contained(stage.docker, "d-two");
      for (const [runtime, each] of [
        [stage.docker, one],
        [stage.podman, two],
        [stage.lxc, three],
      ] as const) {
        await runtime.stop(each.name);
        await runtime.start(each.name);
        await each.begun(2);
        await each.tick(10);
      }
      await stage.docker.stop("d-two");
      const five = await stage.contained(stage.docker, "d-three");
      await five.tick(7);

      for (const session of ["everyone", "named"]) await lttng.end(session);
      await Promise.all([everyone.output(), named.output()]);
      dump.process.kill("SIGINT");
      await dump.output();

      const stored = (await babeltraceLines(lttng.stored("everyone"))).flatMap((line) => {
        const [, number, tag] =
          /tracewire_test:tick:.*number = (\d+), tag = "(.*?)"/.exec(line) ?? [];
        return tag === undefined ? [] : [`${tag},${tag},${number}`];
      });
      const restarted = 20 + 10 + 2 * FIRST_TICKS;
      const total = 3 * restarted + FIRST_TICKS + FIRST_TICKS + 7;
      assert.is(stored.length, total);
      assert.equal(ticksOf(everyone), stored);
      assert.equal(
        ticksOf(named),
        stored.filter((line) => line.startsWith("d-one,")),
      );
      await countsByGroup(lttng.stored("everyone"));
    } finally {
      await stage.close();
    }
  },
);

run(
  "a server on the same machine names containers without container records in the trace",
  async () => {
    const lttng = await daemons();
    const stage = new Stage(lttng);
    try {
      await stage.open();
      await lttng.createSession("silent", { contexts: CONTEXTS });
      const one = await stage.contained(stage.docker, "d-one");
      const three = await stage.contained(stage.lxc, "l-one");
      const { docker, podman, lxc } = stage;
      const containers = {
        docker: [docker.socket],
        podman: [podman.socket],
        lxc: [lxc.directory],
        containerd: [docker.containerdSocket],
      };
      const url = lttng.url("silent");
      const server = await serve([url], { port: 0, from: "beginning", containers });
      try {
        const query = `format=csv&events=tracewire_test:tick&container=d-*&select=${COLUMNS}`;
        const answer = await fetch(`${server.url}/v1/query?${query}`);
        const text = answer.text();
        await one.tick(20);
        await three.tick(20);
        await docker.stop("d-one");
        await docker.start("d-one");
        await one.begun(2);
        await stage.contained(docker, "d-two");
        await lttng.end("silent");
        const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
        const ticks = (name: string, count: number): string[] =>
          numbers(count).map((number) => `${name},${name},${number}`);
        assert.equal((await text).trim().split(/\r?\n/).slice(1), [
          ...ticks("d-one", FIRST_TICKS + 20),
          ...ticks("d-one", FIRST_TICKS),
          ...ticks("d-two", FIRST_TICKS),
        ]);
      } finally {
        await server.close();
      }
    } finally {
      await stage.close();
    }
  },
);

test.run();
