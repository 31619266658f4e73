/**
 * Processes as /proc shows them, read whole or not at all.
 *
 * /proc is no snapshot. An exiting task has no namespaces but its pid namespace any more, while its start and command can
 * still be read, and its number may be another process's by the next read. So a process is its number and its start;
 * everything is read between two looks at the start, and what was not the same before and after does not count.
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

/** Which process a number meant at some time. */
export function processKey(process: {
  readonly initPid: number;
  readonly startTicks: number;
}): string {
  return `${process.initPid} ${process.startTicks}`;
}

export type ProcessReading =
  | { readonly kind: "running"; readonly facts: ProcessFacts }
  /** It does not exist, or has exited. */
  | { readonly kind: "gone" }
  /** It is exiting, executes another program, or enters namespaces at this moment. */
  | { readonly kind: "changing" }
  /** It runs, and we may not read what it is. */
  | { readonly kind: "unreadable"; readonly reason: string };

const KINDS = ["pid", "mnt", "net", "cgroup"] as const;
const NS_PER_TICK = 10_000_000n;
/** Of a process that changes while it is read. */
const ATTEMPTS = 3;

/** @param proc where procfs is mounted */
export function readProcess(pid: number, proc: string = "/proc"): ProcessReading {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const startTicks = startTicksOf(pid, proc);
    if (startTicks === undefined) return { kind: "gone" };
    try {
      const folder = livingTask(join(proc, String(pid)));
      const before = namespacesOf(folder, proc);
      const initVpid = vpidOf(folder);
      const startNs = bootNs(proc) + BigInt(startTicks) * NS_PER_TICK;
      const after = namespacesOf(folder, proc);
      const isSame = before.every((inode, i) => inode === after[i]);
      if (!isSame || startTicksOf(pid, proc) !== startTicks) continue;
      const [pidNs = 0, mntNs = 0, netNs = 0, cgroupNs = 0] = after;
      const facts = { startTicks, startNs, pidNs, mntNs, netNs, cgroupNs, initVpid };
      return { kind: "running", facts };
    } catch (error) {
      if (error instanceof TooOldKernel) return { kind: "unreadable", reason: error.message };
      if (isDenied(error)) return { kind: "unreadable", reason: error.code };
    }
  }
  return { kind: startTicksOf(pid, proc) === undefined ? "gone" : "changing" };
}

/**
 * Ticks from boot to the start of a process; `undefined` if there is none, or it has exited.
 *
 * Only a zombie without other threads has exited. While one thread executes another program, the main one is a zombie too,
 * until the other takes its place: what was read then is looked at again.
 */
export function startTicksOf(pid: number, proc: string = "/proc"): number | undefined {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const stat = statOf(join(proc, String(pid)));
    if (stat !== undefined && (!hasExited(stat) || stat.threads > 1)) return stat.startTicks;
  }
  return undefined;
}

/** Process id of the parent; 0 if there is none. */
export function parentOf(pid: number): number {
  return statOf(`/proc/${pid}`)?.parent ?? 0;
}

interface Stat {
  readonly state: string;
  readonly parent: number;
  readonly threads: number;
  readonly startTicks: number;
}

/** The fields of proc_pid_stat(5) behind the command, which may hold anything; the state is number 3. */
function statOf(folder: string): Stat | undefined {
  let text: string;
  try {
    text = readFileSync(join(folder, "stat"), "latin1");
  } catch {
    return undefined;
  }
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const [parent = 0, threads = 0, startTicks = Number.NaN] = [4, 20, 22].map((number) =>
    Number(fields[number - 3]),
  );
  if (!Number.isSafeInteger(startTicks)) return undefined;
  return { state: fields[0] ?? "", parent, threads, startTicks };
}

/** The folder of a task that has not exited: the main one, or another thread where the main one has ended alone. */
function livingTask(folder: string): string {
  const isLiving = (task: string): boolean => {
    const stat = statOf(task);
    return stat !== undefined && !hasExited(stat);
  };
  if (isLiving(folder)) return folder;
  const tasks = readdirSync(join(folder, "task")).map((tid) => join(folder, "task", tid));
  return tasks.find(isLiving) ?? folder;
}

function hasExited({ state }: Stat): boolean {
  return state === "Z" || state === "X";
}

/** Inodes by `KINDS`. Throws if one that the kernel has cannot be read: the task is exiting, or we may not read it. */
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
