/** `tracewire top` on a real terminal: what its screens show, what keys do, and what it leaves behind. */

import { spawnSync } from "node:child_process";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { stopChildren } from "../support/child.ts";
import { Folders } from "../support/folder.ts";
import { isGolden } from "../support/golden.ts";
import { needs } from "../support/needs.ts";
import { freePorts } from "../support/ports.ts";
import { Terminal, trimmed } from "../support/terminal.ts";
import { MAIN, recordedTrace } from "../support/traces.ts";
import { tracewire } from "../support/tracewire.ts";

const test = suite("top/screen");
const onTmux = needs(test, ["tmux"]);
const folders = new Folders();
const terminals: Terminal[] = [];
const ESCAPE = "\x1b";
const trace = await recordedTrace("small");

test.after.each(async () => {
  for (const terminal of terminals.splice(0)) terminal.close();
  await stopChildren();
});
test.after(async () => {
  folders.removeAll();
  await trace.remove();
});

function terminal(columns: number, rows: number, env: Record<string, string> = {}): Terminal {
  const one = new Terminal(columns, rows, env);
  terminals.push(one);
  return one;
}

/** A folder that has the trace under a name that does not change. */
const folder = folders.make({});
spawnSync("ln", ["-s", trace.path, `${folder}/trace`]);

/** Starts `top` on the recorded trace. */
function top(on: Terminal, args: string = ""): void {
  on.run(`cd ${folder} && clear && ${process.execPath} ${MAIN} top ./trace --utc ${args}`);
}

for (const [columns, rows] of [
  [80, 24],
  [120, 40],
] as const) {
  onTmux(`shows containers, processes, threads and events at ${columns}×${rows}`, async () => {
    const on = terminal(columns, rows);
    top(on);
    const seen = [await on.until(/recorded[\s\S]*some-redis/)];
    on.keys("Down", "Enter");
    seen.push(await on.until(/top processes.*recorded[\s\S]*PID[\s\S]*\d/));
    on.keys("Enter");
    seen.push(await on.until(/top threads.*recorded[\s\S]*TID[\s\S]*\d/));
    on.keys("Enter");
    seen.push(await on.until(/top events.*recorded[\s\S]*sched_switch/));
    on.keys("BSpace", "BSpace", "BSpace");
    await on.until(/top containers.*recorded[\s\S]*some-redis/);
    on.keys("?");
    seen.push(await on.until(/Keys/));
    isGolden(
      seen.map(trimmed).join(`${"-".repeat(columns)}\n`),
      `top/golden/drill-${columns}x${rows}.txt`,
    );
  });
}

onTmux("shows each view", async () => {
  const on = terminal(120, 16);
  top(on);
  await on.until(/recorded[\s\S]*some-redis/);
  const seen: string[] = [];
  for (const [key, view] of [
    ["4", "syscalls"],
    ["5", "files"],
    ["6", "sched"],
    ["7", "io"],
    ["8", "net"],
    ["9", "irq"],
    ["0", "memory"],
  ] as const) {
    on.keys(key);
    seen.push(await on.until(new RegExp(`top ${view} .*recorded`)));
  }
  isGolden(seen.map(trimmed).join(`${"-".repeat(120)}\n`), "top/golden/views-120x16.txt");
});

onTmux("sorts, filters with completion, and moves through time", async () => {
  const on = terminal(100, 14);
  top(on, "syscalls --every 1s");
  const seen = [await on.until(/recorded[\s\S]*openat/)];
  on.keys(">", "r");
  seen.push(await on.until(/\^ERR/));
  on.keys("Left");
  seen.push(await on.until(/PAUSED/));
  on.keys("/");
  on.type("re");
  seen.push(await on.until(/Tab: ret[\s\S]*^filter: re$/m));
  on.keys("Tab");
  on.type(" < 0");
  on.keys("Enter");
  seen.push(await on.until(/filter: ret < 0[\s\S]*openat/));
  on.keys("/", "C-u");
  on.type("ret <");
  on.keys("Enter");
  seen.push(await on.until(/query: expected[\s\S]*filter: ret <$/m));
  isGolden(seen.map(trimmed).join(`${"-".repeat(100)}\n`), "top/golden/keys-100x14.txt");
  on.keys("Escape");
  await on.until(/filter: ret < 0[\s\S]*\?help/);
});

onTmux("draws itself anew when the terminal is resized", async () => {
  const on = terminal(80, 24);
  top(on);
  await on.until(/recorded[\s\S]*some-redis/);
  on.resize(100, 12);
  const wide = await on.until(/EVENT\/s[\s\S]*0memory \?help/);
  on.resize(60, 10);
  const narrow = await on.until(/^tracewire top containers {2}\.\/trace {10,30}recorded$/m);
  isGolden(`${trimmed(wide)}${"-".repeat(60)}\n${trimmed(narrow)}`, "top/golden/resized.txt");
});

onTmux("has no colours with NO_COLOR, and has them without", async () => {
  const colored = new RegExp(`${ESCAPE}\\[[0-9;]*3[1-6]m`);
  for (const [env, expected] of [
    [{ NO_COLOR: "1" }, false],
    [{}, true],
  ] as const) {
    const on = terminal(80, 24, env);
    top(on, "threads");
    await on.until(/recorded[\s\S]*TID[\s\S]*\d/);
    assert.is(colored.test(on.screen(true)), expected);
    assert.match(on.screen(true), new RegExp(`${ESCAPE}\\[(?:1;)?7m`));
  }
});

const ENDINGS = [
  ["q", (on: Terminal) => on.keys("q"), ""],
  ["Ctrl-C", (on: Terminal) => on.keys("C-c"), ""],
  ["SIGTERM", (on: Terminal) => void spawnSync("kill", ["-TERM", programIn(on)]), ""],
  ["SIGHUP", (on: Terminal) => void spawnSync("kill", ["-HUP", programIn(on)]), ""],
  [
    "a crash",
    () => {},
    "NODE_OPTIONS=--import=data:text/javascript,setTimeout(()=>{throw/**/Error(%22boom%22)},2500)",
  ],
] as const;

/** The process that runs in a terminal's shell. */
function programIn(on: Terminal): string {
  const { stdout } = spawnSync("pgrep", ["-P", on.flag("pane_pid")], { encoding: "utf8" });
  return stdout.trim();
}

for (const [name, end, env] of ENDINGS) {
  onTmux(`leaves the terminal as it was after ${name}`, async () => {
    const on = terminal(80, 24);
    on.run("stty -a > /dev/null; echo before; stty -g | md5sum");
    await on.until(/before\n[0-9a-f]{32}/);
    on.run(
      `cd ${folder}; '${env === "" ? "true" : "env"}' '${env}' ${process.execPath} ${MAIN} top ./trace`.replace(
        "'true' ''",
        "",
      ),
    );
    await on.until(/tracewire top containers/);
    assert.equal([on.flag("alternate_on"), on.flag("cursor_flag")], ["1", "0"]);
    end(on);
    await on.until(/^before$/m);
    on.run("echo after; stty -g | md5sum");
    const screen = await on.until(/^after\n[0-9a-f]{32}/m);
    const [before, after] = [...screen.matchAll(/^[0-9a-f]{32}/gm)].map(([sum]) => sum);
    assert.is(after, before);
    assert.equal([on.flag("alternate_on"), on.flag("cursor_flag")], ["0", "1"]);
  });
}

onTmux("follows a live session to its end", async () => {
  const [port] = await freePorts(1);
  const replay = tracewire(
    "replay",
    trace.path,
    "--listen",
    `127.0.0.1:${port}`,
    "--session",
    "live",
  );
  await replay.until("listens", () => replay.stdout.includes("net://"));
  const url = /net:\S+/.exec(replay.stdout)![0];
  const on = terminal(100, 14);
  on.run(
    `clear; ${process.execPath} ${MAIN} top '${url.replace(/\/host\/.*/, "/host/*/*")}' --every 1s --utc --from beginning`,
  );
  await on.until(/top containers.*live[\s\S]*some-redis/);
  on.keys("Space");
  const paused = await on.until(/PAUSED/);
  const time = /^\d\d:\d\d:\d\d – .*$/m.exec(paused)![0];
  await new Promise((resolve) => setTimeout(resolve, 2500));
  assert.ok(on.screen().includes(time), "a paused screen stands still");
  on.keys("Space");
  const ended = await on.until(/top containers.* ended/);
  assert.not.ok(ended.includes(time), "it goes on behind the pause");
  // The last window is cut short by the end.
  on.keys("Left");
  await on.until(/ample-adder +53\.5/);
});

onTmux("opens its screen within a moment", async () => {
  const on = terminal(80, 24);
  on.run(`cd ${folder}; ${process.execPath} ${MAIN} --version; clear`);
  await on.until(/^\$\s*$/m);
  const startedAt = performance.now();
  top(on);
  while (on.flag("alternate_on") !== "1") assert.ok(performance.now() - startedAt < 10_000);
  console.log(`the screen stands after ${Math.round(performance.now() - startedAt)} ms`);
});

test.run();
