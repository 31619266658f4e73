/** `tracewire enable --follow`: rules follow the containers of each runtime, in a channel of their own or one that is there. */

import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { buildApplication } from "../support/application.ts";
import type { Child } from "../support/child.ts";
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
import { MAIN } from "../support/traces.ts";
import { tracewire } from "../support/tracewire.ts";

const test = suite("real/enable-follow");
const onLttng = needsLttng(test);
const lttng = sharedLttng(test);
const RIGHTS = process.getuid?.() === 0 ? [] : ["permission-of-root"];
const COMMON = ["setpriv", "/bin/busybox", ...RIGHTS];

type Type = RealRuntime["type"];
const PROGRAMS: Readonly<Record<Type, readonly string[]>> = {
  docker: ["dockerd", "docker", "containerd", "runc"],
  podman: ["podman", "conmon", "runc"],
  lxc: ["lxc-start", "lxc-stop", "lxc-info"],
};
const TYPES = ["docker", "podman", "lxc"] as const;
const on = Object.fromEntries(
  TYPES.map((type) => [
    type,
    needs(test, [...PROGRAMS[type], ...COMMON]) === test ? onLttng : test.skip,
  ]),
) as Record<Type, typeof onLttng>;

/** Containers of one runtime, some of which are followed, in a folder of their own. */
class Stage {
  readonly #folder = mkdtempSync(join(tmpdir(), "tracewire-enable-"));
  readonly #contained: Contained[] = [];
  readonly #lttng: Lttng;
  runtime!: RealRuntime;
  /** Where the runtime is. */
  #place: readonly string[] = [];

  constructor(lttng: Lttng) {
    this.#lttng = lttng;
  }

  async open(type: Type): Promise<void> {
    const folder = join(this.#folder, type);
    for (const name of [folder, join(this.#folder, "apps")]) mkdirSync(name);
    await buildApplication(this.#folder);
    if (type === "lxc") {
      this.runtime = new LxcRuntime(this.#lttng, folder);
      this.#place = ["--lxc", folder];
      return;
    }
    const Runtime = type === "docker" ? DockerRuntime : PodmanRuntime;
    const started = await Runtime.started(this.#lttng, folder);
    this.runtime = started;
    this.#place = [`--${type}`, started.socket];
  }

  async contained(name: string): Promise<Contained> {
    const contained = new Contained(join(this.#folder, "apps"), name, join(this.#folder, "app"));
    this.#contained.push(contained);
    await this.runtime.run(contained);
    await contained.begun(1);
    return contained;
  }

  /** Follows containers by event rules. */
  follow(...args: string[]): Child {
    const command = ["enable", ...args, "--follow", "--only-named", ...this.#place];
    return this.#lttng.run(process.execPath, [MAIN, ...command]);
  }

  async close(): Promise<void> {
    await this.runtime?.close();
    for (const contained of this.#contained) contained.close();
    // Podman cleans up behind its containers for a while.
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }
}

async function staged(
  type: Type,
  body: (stage: Stage, daemons: Lttng) => Promise<void>,
): Promise<void> {
  const daemons = await lttng();
  const stage = new Stage(daemons);
  try {
    await stage.open(type);
    await body(stage, daemons);
  } finally {
    await stage.close();
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

for (const type of TYPES) {
  on[type](`${type}: rules follow a container that starts again, and record nothing else`, () =>
    staged(type, async (stage, daemons) => {
      const session = `followed-${type}`;
      await daemons.createSession(session, { events: [], isStarted: false });
      const follow = stage.follow(
        "tracewire_test:*",
        "--run",
        "--session",
        session,
        "--container",
        "web*",
      );
      await follow.until("follows", () => follow.stderr.includes("following containers"));
      await daemons.lttng("start", session);
      const web = await stage.contained("web");
      const other = await stage.contained("other");
      await ruled(follow, 1, 1);
      await web.tick(10);
      await other.tick(10);
      // A namespace inode of the one that ended may be the next one's.
      await stage.runtime.stop("web");
      await ruled(follow, 2, 0);
      await stage.runtime.stop("other");
      await stage.runtime.start("other");
      await other.begun(2);
      await other.tick(10);
      await stage.runtime.start("web");
      await web.begun(2);
      await ruled(follow, 3, 1);
      await web.tick(20);
      // One more, while the first goes on; then the first ends while the second goes on.
      const second = await stage.contained("web-2");
      await ruled(follow, 4, 2);
      await second.tick(5);
      await stage.runtime.stop("web");
      await ruled(follow, 5, 1);
      await second.tick(7);
      follow.process.kill("SIGINT");
      assert.is((await follow.end()).code, 0, follow.stderr);
      await second.tick(100);
      await daemons.end(session);
      const counts = await countByTag(daemons.stored(session));
      const printed = [JSON.stringify([...counts]), follow.stdout, follow.stderr].join("\n");
      assert.equal([...counts.keys()].sort(), ["web", "web-2"], printed);
      assert.ok(isAbout(counts.get("web"), 30, 2), printed);
      assert.ok(isAbout(counts.get("web-2"), 12, 1), printed);
    }),
  );
}

on.lxc(
  "--channel: in a channel of a running session, beside its other rules, whose rule of that name is replaced",
  () =>
    staged("lxc", async (stage, daemons) => {
      await daemons.createSession("running", { events: [], isStarted: false });
      const channel = ["--session", "running", "--userspace"];
      await daemons.lttng("enable-channel", ...channel, "mine");
      await daemons.lttng("add-context", ...channel, "--channel", "mine", "--type", "pid_ns");
      await daemons.lttng("enable-event", ...channel, "--channel", "mine", "tracewire_test:tick");
      await daemons.lttng("start", "running");
      const before = await stage.contained("early");
      await before.tick(3);
      const follow = stage.follow(
        "tracewire_test:tick",
        "--run",
        "--session",
        "running",
        "--channel",
        "mine",
        "--container",
        "web",
      );
      await follow.until("follows", () => follow.stderr.includes("following containers"));
      const web = await stage.contained("web");
      await ruled(follow, 1, 1);
      await web.tick(10);
      await before.tick(50);
      follow.process.kill("SIGINT");
      assert.is((await follow.end()).code, 0, follow.stderr);
      assert.not.match(follow.stdout, /enable-channel|add-context/);
      await web.tick(50);
      await daemons.end("running");
      const counts = await countByTag(daemons.stored("running"));
      const printed = [JSON.stringify([...counts]), follow.stdout, follow.stderr].join("\n");
      assert.ok(isAbout(counts.get("early"), 3, 1), printed);
      assert.ok(isAbout(counts.get("web"), 10, 1), printed);
    }),
);

on.lxc("--kernel: prints the commands, in lttng's grammar, as containers come and go", () =>
  staged("lxc", async (stage) => {
    const follow = stage.follow(
      "sched_switch",
      "syscalls",
      "--kernel",
      "--session",
      "s",
      "--container",
      "web",
    );
    await follow.until("follows", () => follow.stderr.includes("following containers"));
    await stage.contained("web");
    const printed = (count: number): Promise<void> =>
      follow.until(`printed ${count}`, () => lines().length >= count);
    const lines = (): readonly string[] => follow.stdout.trim().split("\n");
    await printed(4);
    await stage.runtime.stop("web");
    await printed(6);
    follow.process.kill("SIGINT");
    assert.is((await follow.end()).code, 0, follow.stderr);
    const rule = "--kernel --session s --channel tracewire";
    const filter = /--filter '\$ctx\.pid_ns == (\d+)'$/;
    const [channel, contexts = "", first = "", second = "", ...ends] = lines();
    assert.is(channel, "lttng enable-channel --kernel --session s tracewire");
    assert.match(
      contexts,
      /^lttng add-context --kernel --session s --channel tracewire( --type \w+)+$/,
    );
    assert.is(first.replace(filter, ""), `lttng enable-event ${rule} sched_switch `);
    assert.is(second.replace(filter, ""), `lttng enable-event ${rule} --syscall --all `);
    assert.is(filter.exec(first)?.[1], filter.exec(second)?.[1]);
    assert.equal(ends, [
      `lttng disable-event ${rule} sched_switch`,
      `lttng disable-event ${rule} --syscall --all-events`,
    ]);
  }),
);

test.run();
