/**
 * Processes as /proc shows them, read whole or not at all.
 *
 * /proc is no snapshot. An exiting task loses its namespaces one by one while its pid namespace, start and command can still
 * be read, and its number may be another process's by the next read. So a process is its number and its start; everything
 * is read between two looks at the start, and what was not the same before and after does not count.
 */

import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";

export interface ProcessFacts {
  /** Clock ticks from boot to its start: with the process id, which process it is. */
  readonly startTicks: number;
  /** When it started, in ns since the Unix epoch, to 10 ms. */
  readonly startNs: bigint;
  /** Inode numbers; 0 only where the kernel has no such namespaces. */
  readonly pidNs: number;
  readonly mntNs: number;
  readonly netNs: number;
  readonly cgroupNs: number;
  /** Its process id in its own pid namespace: 1 unless it shares that of others. */
  readonly initVpid: number;
}

export type ProcessReading =
  | { readonly kind: "running"; readonly facts: ProcessFacts }
  /** It does not exist, or is exiting. */
  | { readonly kind: "gone" }
  /** It runs, but what it is cannot be read. */
  | { readonly kind: "unreadable"; readonly reason: string };

const GONE: ProcessReading = { kind: "gone" };
const KINDS = ["pid", "mnt", "net", "cgroup"] as const;
const NS_PER_TICK = 10_000_000n;
/** Of a process that changes its namespaces while they are read. */
const ATTEMPTS = 3;

/** @param proc where procfs is mounted */
export function readProcess(pid: number, proc: string = "/proc"): ProcessReading {
  try {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const stat = statOf(pid, proc);
      const folder = stat && livingTask(pid, stat, proc);
      if (stat === undefined || folder === undefined) return GONE;
      const before = namespacesOf(folder, proc);
      const initVpid = vpidOf(folder);
      const startNs = bootNs(proc) + BigInt(stat.startTicks) * NS_PER_TICK;
      const after = namespacesOf(folder, proc);
      const last = statOf(pid, proc);
      if (last?.startTicks !== stat.startTicks || !livingTask(pid, last, proc)) return GONE;
      if (before.some((inode, i) => inode !== after[i])) continue;
      const [pidNs = 0, mntNs = 0, netNs = 0, cgroupNs = 0] = after;
      const facts = { startNs, pidNs, mntNs, netNs, cgroupNs, initVpid };
      return { kind: "running", facts: { ...facts, startTicks: stat.startTicks } };
    }
    return { kind: "unreadable", reason: "its namespaces change" };
  } catch (error) {
    if (error instanceof TooOldKernel) return { kind: "unreadable", reason: error.message };
    return isDenied(error) ? { kind: "unreadable", reason: error.code } : GONE;
  }
}

/** Ticks from boot to the start of a process that runs; `undefined` if there is none, or it is exiting. */
export function startTicksOf(pid: number, proc: string = "/proc"): number | undefined {
  try {
    const stat = statOf(pid, proc);
    return stat && livingTask(pid, stat, proc) ? stat.startTicks : undefined;
  } catch {
    return undefined;
  }
}

/** Process id of the parent; 0 if there is none. */
export function parentOf(pid: number): number {
  return statOf(pid, "/proc")?.parent ?? 0;
}

interface Stat {
  readonly state: string;
  readonly parent: number;
  readonly threads: number;
  readonly startTicks: number;
}

/** The fields of proc_pid_stat(5) behind the command, which may hold anything; the state is number 3. */
function statOf(pid: number, proc: string): Stat | undefined {
  try {
    return parseStat(readFileSync(join(proc, String(pid), "stat"), "latin1"));
  } catch {
    return undefined;
  }
}

function parseStat(text: string): Stat | undefined {
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const [parent, threads, startTicks] = [4, 20, 22].map((number) => Number(fields[number - 3]));
  if (parent === undefined || threads === undefined || !Number.isSafeInteger(startTicks))
    return undefined;
  return { state: fields[0] ?? "", parent, threads, startTicks: startTicks ?? 0 };
}

/** The folder of a task that is not exiting: the main one, or another thread where the main one has ended alone. */
function livingTask(pid: number, stat: Stat, proc: string): string | undefined {
  const folder = join(proc, String(pid));
  if (!isExiting(stat)) return folder;
  if (stat.threads < 2) return undefined;
  return readdirSync(join(folder, "task"))
    .map((tid) => join(folder, "task", tid))
    .find((task) => !isExiting(parseStat(readFileSync(join(task, "stat"), "latin1"))));
}

function isExiting(stat: Stat | undefined): boolean {
  return stat === undefined || stat.state === "Z" || stat.state === "X";
}

/** Inodes by `KINDS`. Throws if one that the kernel has cannot be read: then the task is exiting, or we may not look. */
function namespacesOf(folder: string, proc: string): readonly number[] {
  return KINDS.map((kind) => {
    try {
      return inodeOf(join(folder, "ns", kind));
    } catch (error) {
      if (!isDenied(error) && !hasKind(kind, proc)) return 0;
      throw error;
    }
  });
}

function hasKind(kind: string, proc: string): boolean {
  try {
    return inodeOf(join(proc, "self/ns", kind)) > 0;
  } catch {
    return false;
  }
}

function inodeOf(link: string): number {
  const inode = Number(/:\[(\d+)\]$/.exec(readlinkSync(link))?.[1]);
  if (inode > 0) return inode;
  throw new Error(`${link}: expected KIND:[INODE]`);
}

/** The last one of its process ids, which are listed from the namespace of the reader inwards. */
function vpidOf(folder: string): number {
  const status = readFileSync(join(folder, "status"), "latin1");
  const vpid = /^NStgid:.*?(\d+)$/m.exec(status)?.[1];
  if (vpid === undefined) throw new TooOldKernel("its status has no NStgid, expected Linux 4.1");
  if (vpid === "0") throw new Error("its process id is free again");
  return Number(vpid);
}

class TooOldKernel extends Error {}

/** The time of boot, by what is past since then. */
function bootNs(proc: string): bigint {
  const seconds = Number(/^\d+\.\d+/.exec(readFileSync(join(proc, "uptime"), "latin1"))?.[0]);
  if (!(seconds > 0)) throw new Error("/proc/uptime: expected seconds since boot");
  return BigInt(Date.now()) * 1_000_000n - BigInt(Math.round(seconds * 100)) * NS_PER_TICK;
}

function isDenied(error: unknown): error is Error & { readonly code: string } {
  return error instanceof Error && "code" in error && ["EACCES", "EPERM"].includes(`${error.code}`);
}
