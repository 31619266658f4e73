/** `tracewire enable` with a session daemon of its own: the rules are accepted, and record only the namespace. */

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { recordingCommands, shellText } from "../../src/runtimes/lttng-commands.ts";
import { changeCommands } from "../../src/runtimes/rule-changes.ts";
import { needsLttng, sharedLttng } from "../support/lttng.ts";
import { run } from "../support/program.ts";
import { MAIN } from "../support/traces.ts";
import { tracewire } from "../support/tracewire.ts";

const test = suite("real/enable");
const onLttng = needsLttng(test);
const lttng = sharedLttng(test);

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
