/** Control groups of processes: where they are, and what they may use, of either version of the kernel's interface. */

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { ControlGroup } from "../../src/base/control-group.ts";
import { cgroupOf } from "../../src/runtimes/cgroup.ts";

const test = suite("runtimes/cgroup");
const folders: string[] = [];
test.after.each(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

interface Machine {
  /** `/proc/4711/cgroup`. */
  readonly groups: string;
  /** Of each mount: root, options of its file system, and where it is. */
  readonly mounts: readonly (readonly [
    root: string,
    type: string,
    options: string,
    folder: string,
  ])[];
  /** Files below where they are mounted. */
  readonly files?: Readonly<Record<string, string>>;
}

function groupOn({ groups, mounts, files = {} }: Machine): ControlGroup | undefined {
  const root = mkdtempSync(join(tmpdir(), "tracewire-cgroup-"));
  folders.push(root);
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  write("proc/4711/cgroup", groups);
  const line = (one: Machine["mounts"][number], i: number): string => {
    const [from, type, options, folder] = one;
    const at = join(root, folder).replaceAll(" ", "\\040");
    return `${30 + i} 23 0:28 ${from} ${at} rw,relatime shared:9 - ${type} ${type} rw,${options}\n`;
  };
  write("proc/self/mountinfo", mounts.map(line).join(""));
  for (const [path, text] of Object.entries(files)) write(path, text);
  return cgroupOf(join(root, "proc/4711"), join(root, "proc"));
}

const UNIFIED = [["/", "cgroup2", "nsdelegate", "sys/fs/cgroup"]] as const;
const NO_LIMITS = { cpuMax: 0, memoryMax: 0, pidsMax: 0 };

test("version 2: the path, and the least limits of the group and of those above it", () => {
  const group = groupOn({
    groups: "0::/machine.slice/libpod-4f2a.scope/container\n",
    mounts: UNIFIED,
    files: {
      "sys/fs/cgroup/machine.slice/memory.max": "1073741824\n",
      "sys/fs/cgroup/machine.slice/cpu.max": "max 100000\n",
      "sys/fs/cgroup/machine.slice/libpod-4f2a.scope/memory.max": "536870912\n",
      "sys/fs/cgroup/machine.slice/libpod-4f2a.scope/cpu.max": "150000 100000\n",
      "sys/fs/cgroup/machine.slice/libpod-4f2a.scope/container/memory.max": "max\n",
      "sys/fs/cgroup/machine.slice/libpod-4f2a.scope/container/pids.max": "2048\n",
    },
  });
  assert.equal(group, {
    path: "/machine.slice/libpod-4f2a.scope/container",
    cpuMax: 1500,
    memoryMax: 512 * 2 ** 20,
    pidsMax: 2048,
  });
});

test("version 1: each controller has a hierarchy of its own; -1 and whole address spaces are no limits", () => {
  const mounts = ["memory", "cpu,cpuacct", "pids"].map(
    (name) => ["/", "cgroup", name, `sys/fs/cgroup/${name}`] as const,
  );
  const groups = "3:memory:/docker/4f2a\n2:cpu,cpuacct:/docker/4f2a\n1:pids:/\n0::/\n";
  const folder = (controllers: string): string => `sys/fs/cgroup/${controllers}/docker/4f2a`;
  const files = {
    [`${folder("memory")}/memory.limit_in_bytes`]: "9223372036854771712\n",
    [`${folder("cpu,cpuacct")}/cpu.cfs_quota_us`]: "50000\n",
    [`${folder("cpu,cpuacct")}/cpu.cfs_period_us`]: "100000\n",
    "sys/fs/cgroup/pids/pids.max": "77\n",
  };
  const group = groupOn({ groups, mounts, files });
  assert.equal(group, { path: "/docker/4f2a", cpuMax: 500, memoryMax: 0, pidsMax: 0 });
  const endless = { ...files, [`${folder("cpu,cpuacct")}/cpu.cfs_quota_us`]: "-1\n" };
  assert.is(groupOn({ groups, mounts, files: endless })?.cpuMax, 0);
});

test("mounted with a group as its root, and at a place with a blank", () => {
  const mounts = [["/user.slice", "cgroup2", "rw", "my groups"]] as const;
  const files = { "my groups/web/memory.max": "4096\n", "memory.max": "1\n" };
  assert.is(groupOn({ groups: "0::/user.slice/web\n", mounts, files })?.memoryMax, 4096);
  assert.is(groupOn({ groups: "0::/system.slice/web\n", mounts, files })?.memoryMax, 0);
});

test("a path that leads out of our own namespace has no folder here", () => {
  const files = { "sys/memory.max": "1\n", "memory.max": "1\n" };
  const group = groupOn({ groups: "0::/../..\n", mounts: UNIFIED, files });
  assert.equal(group, { path: "/../..", ...NO_LIMITS });
});

for (const [groups, path] of [
  ["", undefined],
  ["0::relative\n", undefined],
  ["nonsense\n\n:::\n", undefined],
  [`0::/${"x".repeat(5000)}\n`, undefined],
  [`0::${"/x".repeat(500)}\n`, "/x".repeat(500)],
  ["0::/a:b (deleted)\n", "/a:b (deleted)"],
  ["9:name=systemd:/init.scope\n", "/init.scope"],
] as const)
  test(`reads ${JSON.stringify(groups.slice(0, 30))}`, () => {
    const expected = path === undefined ? undefined : { path, ...NO_LIMITS };
    assert.equal(groupOn({ groups, mounts: UNIFIED }), expected);
  });

test("limits that are no numbers are none", () => {
  for (const text of ["", "max", "-5", "1e9", "0x10", "9".repeat(40)]) {
    const files = { "sys/fs/cgroup/a/memory.max": text, "sys/fs/cgroup/a/cpu.max": `${text} 100` };
    assert.equal(groupOn({ groups: "0::/a\n", mounts: UNIFIED, files }), {
      path: "/a",
      ...NO_LIMITS,
    });
  }
});

test("this process is in one of the groups that the kernel says", () => {
  const lines = readFileSync("/proc/self/cgroup", "utf8").split("\n");
  const path = cgroupOf("/proc/self", "/proc")?.path;
  if (lines[0] !== "")
    assert.ok(
      lines.some((line) => line.endsWith(`:${path}`)),
      path,
    );
});

test.run();
