/** The control group of a process, and what it may use: by cgroups(7), of either version, or both side by side. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { ControlGroup } from "../base/control-group.ts";

/** Groups above a group whose limits are its own, too. */
const MAX_DEPTH = 64;
const MAX_PATH = 4096;
/** What version 1 says where there is no limit: the largest number of whole pages, of any size. */
const NO_MEMORY_LIMIT = 2 ** 62;

/** A hierarchy of control groups, where it is mounted. */
interface Hierarchy {
  readonly isUnified: boolean;
  /** The controllers of one of version 1. */
  readonly controllers: readonly string[];
  /** Where it is mounted, and which of its groups is there. */
  readonly folder: string;
  readonly root: string;
}

/**
 * Never throws: limits that cannot be read are none.
 *
 * @param folder of the process, below where procfs is mounted
 * @returns `undefined` where the kernel has no control groups
 */
export function cgroupOf(folder: string, proc: string): ControlGroup | undefined {
  const groups = groupsOf(folder);
  if (groups.length === 0) return undefined;
  const mounts = hierarchies(proc);
  // Where both versions stand side by side, the controllers are in version 1.
  const main =
    ["memory", "cpu", "pids"].map((name) => withController(groups, name)).find(isThere) ??
    groups.find(({ isUnified }) => isUnified) ??
    groups[0]!;
  return { path: main.path, ...limitsOf(groups, mounts) };
}

interface Group {
  readonly isUnified: boolean;
  readonly controllers: readonly string[];
  readonly path: string;
}

/** Lines of /proc/PID/cgroup: `ID:CONTROLLERS:PATH`, without controllers in version 2. */
function groupsOf(folder: string): readonly Group[] {
  return linesOf(join(folder, "cgroup")).flatMap((line) => {
    const [, id, controllers, path] = /^(\d+):([^:]*):(\/.*)$/.exec(line) ?? [];
    if (path === undefined || path.length > MAX_PATH) return [];
    const isUnified = id === "0" && controllers === "";
    return [{ isUnified, controllers: (controllers ?? "").split(","), path }];
  });
}

function withController(groups: readonly Group[], name: string): Group | undefined {
  return groups.find(({ controllers }) => controllers.includes(name));
}

function isThere<T>(value: T | undefined): value is T {
  return value !== undefined;
}

/** Where hierarchies are mounted hardly ever changes, and each container makes the list of mounts longer. */
const MOUNTS_MS = 10_000;
let mounted:
  | { readonly proc: string; readonly atMs: number; readonly all: readonly Hierarchy[] }
  | undefined;

function hierarchies(proc: string): readonly Hierarchy[] {
  const atMs = performance.now();
  if (mounted?.proc !== proc || atMs - mounted.atMs > MOUNTS_MS)
    mounted = { proc, atMs, all: readHierarchies(proc) };
  return mounted.all;
}

function readHierarchies(proc: string): readonly Hierarchy[] {
  return linesOf(join(proc, "self/mountinfo")).flatMap((line) => {
    const [mount = "", rest] = line.split(" - ", 2);
    const [, , , root, folder] = mount.split(" ").map(unescaped);
    const [type, , options = ""] = rest?.split(" ") ?? [];
    const isUnified = type === "cgroup2";
    if ((!isUnified && type !== "cgroup") || root === undefined || folder === undefined) return [];
    return [{ isUnified, controllers: options.split(","), folder, root }];
  });
}

/** Blanks and backslashes in mountinfo are `\040` and the like. */
function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}

function limitsOf(
  groups: readonly Group[],
  mounts: readonly Hierarchy[],
): Omit<ControlGroup, "path"> {
  const least = (
    controller: string,
    limit: (folder: string, isUnified: boolean) => number | undefined,
  ): number => {
    const group = withController(groups, controller) ?? groups.find(({ isUnified }) => isUnified);
    const hierarchy = mounts.find(({ isUnified, controllers }) =>
      isUnified ? group?.isUnified === true : controllers.includes(controller),
    );
    if (group === undefined || hierarchy === undefined) return 0;
    const limits = foldersOf(group.path, hierarchy).flatMap((folder) => {
      return limit(folder, hierarchy.isUnified) ?? [];
    });
    return limits.length === 0 ? 0 : Math.min(...limits);
  };
  return {
    cpuMax: least("cpu", processorLimit),
    memoryMax: least("memory", memoryLimit),
    pidsMax: least("pids", (folder) => positive(wordsOf(join(folder, "pids.max"))[0])),
  };
}

/** The folders of a group and of those above it, whose limits hold for it as well. */
function foldersOf(path: string, { folder, root }: Hierarchy): readonly string[] {
  const isBelow = root === "/" || path === root || path.startsWith(`${root}/`);
  const names = (root === "/" || !isBelow ? path : path.slice(root.length))
    .split("/")
    .filter((name) => name !== "");
  // A group outside of our own cgroup namespace: its folder is nowhere to be seen.
  if (!isBelow || names.includes("..") || names.length > MAX_DEPTH) return [];
  return names.map((_, i) => join(folder, ...names.slice(0, i + 1)));
}

function processorLimit(folder: string, isUnified: boolean): number | undefined {
  const [quota, period] = isUnified
    ? wordsOf(join(folder, "cpu.max"))
    : ["cpu.cfs_quota_us", "cpu.cfs_period_us"].map((file) => wordsOf(join(folder, file))[0]);
  const [part, whole] = [positive(quota), positive(period)];
  return part === undefined || whole === undefined
    ? undefined
    : Math.max(1, Math.round((1000 * part) / whole));
}

function memoryLimit(folder: string, isUnified: boolean): number | undefined {
  const file = isUnified ? "memory.max" : "memory.limit_in_bytes";
  const bytes = positive(wordsOf(join(folder, file))[0]);
  return bytes !== undefined && bytes < NO_MEMORY_LIMIT ? bytes : undefined;
}

/** A positive number; `undefined` for `max`, `-1` and whatever else. */
function positive(word: string | undefined): number | undefined {
  const number = word !== undefined && /^\d{1,20}$/.test(word) ? Number(word) : 0;
  return number > 0 ? number : undefined;
}

function wordsOf(file: string): readonly string[] {
  return linesOf(file)[0]?.trim().split(/\s+/) ?? [];
}

function linesOf(file: string): readonly string[] {
  try {
    return readFileSync(file, "utf8").split("\n");
  } catch {
    return [];
  }
}
