/** `tracewire enable` with a session daemon of its own: the rules are accepted, and record only the namespace. */

import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { recordingCommands, shellText } from "../../src/runtimes/lttng-commands.ts";
import { changeCommands } from "../../src/runtimes/rule-changes.ts";
import { buildApplication } from "../support/application.ts";
import type { Child } from "../support/child.ts";
import { Contained, DockerRuntime, FIRST_TICKS } from "../support/contained.ts";
import { type Lttng, needsLttng, sharedLttng } from "../support/lttng.ts";
import { needs } from "../support/needs.ts";
import { run } from "../support/program.ts";
import { MAIN } from "../support/traces.ts";
import { tracewire } from "../support/tracewire.ts";

const test = suite("real/enable");
const onLttng = needsLttng(test);
const lttng = sharedLttng(test);
const RIGHTS = process.getuid?.() === 0 ? [] : ["permission-of-root"];
const DOCKER = ["dockerd", "docker", "containerd", "runc", "setpriv", "/bin/busybox"];
const onDocker = needs(test, [...DOCKER, ...RIGHTS]) === test ? onLttng : test.skip;

onLttng("records events of the namespace only", async () => {
  const daemons = await lttng();
  await daemons.createSession("enabled", { events: [], isStarted: false });
  await daemons.lttng("enable-channel", "--session", "enabled", "--userspace", "channel");
  const inside = await daemons.application("inside", { isContained: true });
  const outside = await daemons.application("outside");
  // Its init runs in a pid namespace of its own; the daemons' mount of /proc may hide it from here.
  const namespace = { type: "pid_ns", inode: Number(inside.pidNamespace) } as const;
  const rule = {
    domain: "userspace",
    session: "enabled",
    channel: "channel",
    events: ["tracewire_test:*"],
  } as const;
  for (const [program = "", ...args] of recordingCommands(rule, [namespace]))
    await daemons.run(program, ["--no-sessiond", ...args]).output();
  await daemons.lttng("start", "enabled");
  await inside.emit("tick", 50);
  await outside.emit("tick", 50);
  await daemons.end("enabled");
  const tail = tracewire(
    "tail",
    daemons.stored("enabled"),
    "--format",
    "ndjson",
    "--select",
    "event,pid_ns",
  );
  const rows = (await tail.output())
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  assert.is(rows.length, 50);
  assert.equal([...new Set(rows.map(({ pid_ns }) => pid_ns))], [namespace.inode]);
});

/** Two containers of Docker, of which one is followed, in a folder of their own. */
class Stage {
  readonly #folder = mkdtempSync(join(tmpdir(), "tracewire-enable-"));
  readonly #contained: Contained[] = [];
  readonly #lttng: Lttng;
  docker!: DockerRuntime;

  constructor(lttng: Lttng) {
    this.#lttng = lttng;
  }

  async open(): Promise<void> {
    for (const name of ["docker", "apps"]) mkdirSync(join(this.#folder, name));
    await buildApplication(this.#folder);
    this.docker = await DockerRuntime.started(this.#lttng, join(this.#folder, "docker"));
  }

  async contained(name: string): Promise<Contained> {
    const contained = new Contained(join(this.#folder, "apps"), name, join(this.#folder, "app"));
    this.#contained.push(contained);
    await this.docker.run(contained);
    await contained.begun(1);
    return contained;
  }

  /** Follows containers by event rules in a session of their name. */
  follow(...args: string[]): Child {
    const places = ["--docker", this.docker.socket, "--only-named"];
    const command = ["enable", "tracewire_test:*", "--session", "followed", "--follow", "--run"];
    return this.#lttng.run(process.execPath, [MAIN, ...command, ...places, ...args]);
  }

  async close(): Promise<void> {
    await this.docker?.close();
    for (const contained of this.#contained) contained.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Waits until the last rules are those of so many namespaces, after so many changes. */
function ruled(follow: Child, changes: number, namespaces: number): Promise<void> {
  return follow.until(`made change ${changes}`, () => {
    const records = [...follow.stderr.matchAll(/^recording (.*)$/gm)].map(([, what = ""]) => what);
    const last = records.at(-1) ?? "";
    const count = last === "nothing" ? 0 : last.split(", ").length;
    return records.length >= changes && count === namespaces;
  });
}

async function countByTag(trace: string): Promise<ReadonlyMap<string, number>> {
  const tail = tracewire("tail", trace, "--format", "csv", "--select", "event,payload.tag");
  const counts = new Map<string, number>();
  for (const row of (await tail.output()).trim().split("\n").slice(1)) {
    const [, tag = ""] = row.split(",");
    counts.set(tag, (counts.get(tag) ?? 0) + 1);
  }
  return counts;
}

/** Of what an application emits at its start, none to all may be recorded, which is up to the machine's load. */
function isAbout(count: number | undefined, asked: number, starts: number): boolean {
  return count !== undefined && count >= asked && count <= asked + starts * FIRST_TICKS;
}

onDocker("rules follow a container that starts again, and record nothing else", async () => {
  const daemons = await lttng();
  const stage = new Stage(daemons);
  try {
    await stage.open();
    await daemons.createSession("followed", { events: [], isStarted: false });
    const follow = stage.follow("--container", "web*");
    await follow.until("follows", () => follow.stderr.includes("following containers"));
    await daemons.lttng("start", "followed");
    const web = await stage.contained("web");
    const other = await stage.contained("other");
    await ruled(follow, 1, 1);
    await web.tick(10);
    await other.tick(10);
    // A namespace inode of the one that ended may be the next one's.
    await stage.docker.stop("web");
    await ruled(follow, 2, 0);
    await stage.docker.stop("other");
    await stage.docker.start("other");
    await other.begun(2);
    await other.tick(10);
    await stage.docker.start("web");
    await web.begun(2);
    await ruled(follow, 3, 1);
    await web.tick(20);
    // One more, while the first goes on; then the first ends while the second goes on.
    const second = await stage.contained("web-2");
    await ruled(follow, 4, 2);
    await second.tick(5);
    await stage.docker.stop("web");
    await ruled(follow, 5, 1);
    await second.tick(7);
    follow.process.kill("SIGINT");
    assert.is((await follow.end()).code, 0, follow.stderr);
    await second.tick(100);
    await daemons.end("followed");
    const counts = await countByTag(daemons.stored("followed"));
    const printed = [JSON.stringify([...counts]), follow.stdout, follow.stderr].join("\n");
    assert.equal([...counts.keys()].sort(), ["web", "web-2"], printed);
    assert.ok(isAbout(counts.get("web"), 30, 2), printed);
    assert.ok(isAbout(counts.get("web-2"), 12, 1), printed);
  } finally {
    await stage.close();
  }
});

onLttng("what lttng refuses ends it with the command that failed", async () => {
  const daemons = await lttng();
  const args = ["enable", "a:*", "--container", "web", "--follow", "--run", "--session", "none"];
  const follow = daemons.run(process.execPath, [MAIN, ...args]);
  assert.is((await follow.end()).code, 1, follow.stderr);
  const failed = "lttng enable-channel --userspace --session none tracewire: ";
  assert.ok(follow.stderr.includes(failed), follow.stderr);
});

test("rules change by as little as lttng can", () => {
  const rule = {
    domain: "userspace",
    session: undefined,
    channel: "c",
    events: ["a:*", "b:x"],
  } as const;
  const [one, two] = [4026532572, 4026532600].map((inode) => ({ type: "pid_ns", inode }) as const);
  const change = (before: (typeof one)[], after: (typeof one)[]): readonly string[] =>
    changeCommands(rule, before as never, after as never).map(shellText);
  const enabled = (event: string, filter: string): string =>
    `lttng enable-event --userspace --channel c ${event} --filter '${filter}'`;
  const disabled = (event: string): string =>
    `lttng disable-event --userspace --channel c ${event}`;
  const [ofOne, ofTwo] = ["$ctx.pid_ns == 4026532572", "$ctx.pid_ns == 4026532600"] as const;
  const star = "'a:*'";
  assert.equal(change([], [one]), [enabled(star, ofOne), enabled("b:x", ofOne)]);
  assert.equal(change([one], [one, two]), [enabled(star, ofTwo), enabled("b:x", ofTwo)]);
  assert.equal(change([one], [one]), []);
  assert.equal(change([one, two], [two]), [
    ...[disabled(star), enabled(star, ofTwo)],
    ...[disabled("b:x"), enabled("b:x", ofTwo)],
  ]);
  assert.equal(change([one], []), [disabled(star), disabled("b:x")]);
});

test("commands of the kernel are in lttng's grammar", () => {
  const rule = {
    domain: "kernel",
    session: "my s",
    channel: undefined,
    events: ["syscalls", "sched_switch"],
  } as const;
  const commands = recordingCommands(rule, [
    { type: "pid_ns", inode: 4026532572 },
    { type: "mnt_ns", inode: 4026532600 },
  ]).map(shellText);
  const filter = "--filter '$ctx.pid_ns == 4026532572 || $ctx.mnt_ns == 4026532600'";
  assert.equal(commands, [
    `lttng enable-event --kernel --session 'my s' --syscall --all ${filter}`,
    `lttng enable-event --kernel --session 'my s' sched_switch ${filter}`,
    "lttng add-context --kernel --session 'my s' --type pid_ns --type mnt_ns --type procname --type pid --type tid --type vpid --type vtid",
  ]);
});

test("the namespace of a process is found, and what is none is refused", () => {
  const { stdout, status } = run(["enable", "a:b", "--pid", String(process.pid), "--session", "s"]);
  assert.is(status, 0);
  assert.match(
    stdout,
    /^lttng enable-event --userspace --session s a:b --filter '\$ctx\.pid_ns == \d+'\n/,
  );
  assert.match(
    run(["enable", "a:b", "--pid", "0"]).stderr,
    /expected a process of this machine, got 0/,
  );
  assert.match(run(["enable", "a:b"]).stderr, /expected --container or --pid/);
  assert.match(
    run(["enable", "a:b", "--follow", "--pid", "1"]).stderr,
    /--follow: expected --container only, got --pid/,
  );
});

test.run();
